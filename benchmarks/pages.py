"""Pages in headless Chromium: how soon a dashboard is whole, cold and warm, in how many bytes, and how soon the explorer regroups.

`python -m benchmarks.pages ADDRESS`, of a server that runs: `finopsmetrics --home demo-home serve`.
"""

from __future__ import annotations

import statistics
import sys

from playwright.sync_api import Browser, sync_playwright

from benchmarks.measure import show

CALM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
READY = "html[data-ready=true]"
RUNS = 10


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


def main(address: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CALM)
        show("Pages", [dashboard(browser, address), regrouped(browser, address)])
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/") + "/" if len(sys.argv) > 1 else "http://127.0.0.1:8080/")
