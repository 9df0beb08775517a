"""Pictures without a browser: a stacked area of 365 days and 10 services as SVG, PNG, PDF and live widget, the first and those after.

`python -m benchmarks.vizlychart`; needs the built bundle (`make ui`).
"""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from benchmarks.measure import apart, show, timed

FIRST = """
import resource, time
began = time.perf_counter()
from finopsmetrics import VizlyChart
imported = time.perf_counter()
VizlyChart.kpi([{"cost": 1}]).to_svg()
result = {"load": (time.perf_counter() - imported) * 1000, "import": (imported - began) * 1000}
"""


def year(services: int = 10) -> list[dict[str, Any]]:
    """A year of days by service, the same each time."""
    return [
        {
            "period": date(2025, 1, 1) + timedelta(days=day),
            "service": f"service {at}",
            "currency": "USD",
            "cost": Decimal(1000 + at * 137 + (day * (at + 3) * 7919) % 400) / 7,
        }
        for day in range(365)
        for at in range(services)
    ]


def main() -> None:
    """Measure and print."""
    from finopsmetrics import VizlyChart
    from finopsmetrics.vizlychart.drawing import script

    rows = year()
    area = VizlyChart.area(rows, series="service")
    svg = area.to_svg()
    foreign = VizlyChart.line(year(1), title="日本語")
    first = apart(FIRST)
    show(
        "Charts",
        [
            {"what": "the first picture of a process: the engine starts, ms", "figure": first["load"]},
            {"what": "peak memory of a process that drew one, MB", "figure": first["peak_mb"]},
            {"what": "spec of 365 days x 10 services from a list of dicts, median ms", "figure": _median(lambda: _spec(rows))},
            {"what": "365 days x 10 services, stacked area to SVG, median ms", "figure": _median(area.to_svg)},
            {"what": "the same to PNG of 1800 x 720, median ms", "figure": _median(area.to_png, 15)},
            {"what": "the same to PDF: the picture and 3,650 rows of table, least CPU ms", "figure": _cpu(area.to_pdf)},
            {"what": "pages and bytes of that PDF", "figure": _extent(area.to_pdf())},
            {"what": "a line of 365 days with a title in Japanese to PNG, least CPU ms", "figure": _cpu(foreign.to_png)},
            {"what": "a live widget of the area, made, median ms", "figure": _median(lambda: area.widget().close(), 15)},
            {"what": "bytes that it sends to the page: the bundle, once for each widget", "figure": len(script("widget.js"))},
            {"what": "bytes that it sends for each drawing: the spec", "figure": len(area.to_json())},
            {"what": "one line of 365 days to SVG, median ms", "figure": _median(VizlyChart.line(year(1)).to_svg)},
            {"what": "bytes of the area as SVG", "figure": len(svg)},
        ],
    )


def _cpu(work: Callable[[], Any]) -> float:
    return timed(work, 5)[0] * 1000


def _extent(pdf: bytes) -> str:
    from pypdf import PdfReader

    return f"{len(PdfReader(io.BytesIO(pdf)).pages)} pages, {len(pdf):,} bytes"


def _spec(rows: list[dict[str, Any]]) -> Any:
    from finopsmetrics import VizlyChart

    return VizlyChart.area(rows, series="service").spec


def _median(work: Callable[[], Any], runs: int = 40) -> float:
    laps = []
    for _ in range(runs + 3):
        began = time.perf_counter()
        work()
        laps.append((time.perf_counter() - began) * 1000)
    return statistics.median(laps[3:])


if __name__ == "__main__":
    main()
