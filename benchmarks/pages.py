"""Pages in headless Chromium: how soon a dashboard is whole, cold and warm, in how many bytes, and how soon the explorer regroups.

`python -m benchmarks.pages ADDRESS`, of a server that runs: `finopsmetrics --home demo-home serve`.
`python -m benchmarks.pages ROWS [FOLDER]` makes a home of that many charges over 13 months, serves it and measures it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from playwright.sync_api import Browser, sync_playwright

from benchmarks import data
from benchmarks.measure import show
from finopsmetrics import Workspace

CALM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
READY = "html[data-ready=true]"
RUNS = 10
MONTHS = 13


def dashboard(browser: Browser, address: str) -> dict[str, object]:
    """The median of ten opens with an empty cache, and of ten with what the first brought."""
    cold, warm, sizes = [], [], []
    for _ in range(RUNS):
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        page = context.new_page()
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        received: list[float] = []
        wire.on("Network.loadingFinished", lambda told, received=received: received.append(told["encodedDataLength"]))
        page.goto(address)
        page.wait_for_selector(READY)
        cold.append(page.evaluate("performance.now()"))
        sizes.append(sum(received))
        page.reload()
        page.wait_for_selector(READY)
        warm.append(page.evaluate("performance.now()"))
        context.close()
    return {
        "page": "/",
        "cold ms": round(statistics.median(cold)),
        "warm ms": round(statistics.median(warm)),
        "KB over the wire": round(max(sizes) / 1000),
    }


def regrouped(browser: Browser, address: str) -> dict[str, object]:
    """The median time from another grouping's being chosen until all is drawn."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{address}explorer?range=90d")
    page.wait_for_selector(READY)
    took = []
    for name in ("RegionId", "ServiceCategory", "SubAccountId", "ChargeCategory", "ServiceName") * 2:
        began = page.evaluate("performance.now()")
        page.get_by_label("Group by").select_option(name)
        page.wait_for_url(f"**group_by={name}**")
        page.wait_for_selector(READY)
        took.append(page.evaluate("performance.now()") - began)
    return {"page": "/explorer, regrouped", "cold ms": "", "warm ms": round(statistics.median(took)), "KB over the wire": ""}


def home_of(folder: Path, rows: int) -> Path:
    """A home whose charges reach over the last 13 months until this midnight, as many in each; made once."""
    home, end = folder / f"months-{rows}", datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if home.exists():
        return home
    month = (end - timedelta(days=1)).date().replace(day=1)
    with Workspace(home) as workspace:
        for _ in range(MONTHS):
            source = data.make(folder / f"{month}-{rows}.parquet", rows // MONTHS, month, end)
            workspace.ingest([source], source="bench")
            source.unlink()
            month = (month - timedelta(days=1)).replace(day=1)
    return home


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The address of a server over a home."""
    command = [str(Path(sys.executable).parent / "finopsmetrics"), "--home", str(home), "serve", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert server.stdout is not None
    try:
        address = next(word for line in server.stdout for word in line.split() if word.startswith("http://127."))
        _ready(address)
        yield address + "/"
    finally:
        server.terminate()
        server.wait(20)


def _ready(address: str) -> None:
    for _ in range(200):
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    sys.exit(f"{address} does not answer")


def measured(title: str, address: str) -> None:
    """Measure a server's pages and print."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CALM)
        show(title, [dashboard(browser, address), regrouped(browser, address)])
        browser.close()


def main(what: str, folder: Path) -> None:
    """Measure the server at an address, or one over a home of that many rows."""
    if what.startswith("http"):
        measured("Pages", what.rstrip("/") + "/")
        return
    rows = int(what.replace("_", ""))
    folder.mkdir(parents=True, exist_ok=True)
    with served(home_of(folder, rows)) as address:
        measured(f"Pages over {rows:,} rows", address)


if __name__ == "__main__":
    given = [*sys.argv[1:], "http://127.0.0.1:8080/"][0]
    main(given, Path(sys.argv[2]) if len(sys.argv) > 2 else Path(tempfile.gettempdir()) / "finopsmetrics-benchmarks")
