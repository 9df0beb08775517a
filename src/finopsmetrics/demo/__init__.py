"""A fictitious company with bills: three clouds, three SaaS vendors, and the truth about what is planted in them.

`generate` writes deliveries as vendors would deliver them, and a ledger (truth.json) that tests can hold a product
against. Everything in it is synthetic.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

from finopsmetrics.demo.charges import connect, make_charges
from finopsmetrics.demo.deliveries import write_deliveries
from finopsmetrics.demo.estate import Estate
from finopsmetrics.demo.model import build_estate
from finopsmetrics.demo.readme import readme
from finopsmetrics.demo.truth import Ledger

__all__ = ["Estate", "build_estate", "generate"]


def generate(
    folder: Path,
    *,
    seed: int = 7,
    months: int = 14,
    end: date | None = None,
    scale: float = 1.0,
    planted: bool = True,
) -> Estate:
    """Write the demo estate into `folder` and return its model.

    `months` billing periods end with the month of the day before `end` (default: today, UTC); no charge lies on `end`
    or later. `scale` multiplies the resources. `planted=False` leaves out every planted event: the difference is what
    they cost. Equal arguments give equal deliveries on every machine. `folder`/deliveries is replaced.
    Raises UsageError for fewer than two months or a scale that is not above 0.
    """
    estate = build_estate(seed=seed, months=months, end=end or datetime.now(UTC).date(), scale=scale, planted=planted)
    folder.mkdir(parents=True, exist_ok=True)
    with connect() as con:
        make_charges(estate, con)
        ledger = Ledger(estate)
        write_deliveries(estate, con, folder / "deliveries", ledger)
        truth = ledger.truth(con)
    (folder / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    (folder / "README.txt").write_text(readme(estate), encoding="utf-8")
    return estate
