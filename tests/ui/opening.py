"""A page in the browser: opened, waited for, listened to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Response

ROOT = Path(__file__).resolve().parents[2]
PICTURES = Path(os.environ.get("UI_PICTURES", ROOT / "build" / "pictures"))
READY = "html[data-ready=true]"
# A browser tells the console of every answer that is no success; those that a test provokes are no fault of the page.
TOLD_BY_BROWSER = "Failed to load resource"


class Opened:
    """One page with its own session; `faults` are errors of its scripts and breaches of its policy, `traffic` all it got."""

    def __init__(
        self, browser: Browser, *, width: int = 1400, height: int = 1000, dark: bool = False, listen: bool = False, **more: Any
    ) -> None:
        scheme: Any = "dark" if dark else "light"
        self._context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **more)
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(20_000)
        self.faults: list[str] = []
        self.traffic: list[str] = []
        self.page.on("console", self._told)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        if listen:
            self.page.on("response", self._received)
            self.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: self.traffic.append(str(frame))))

    def go(self, address: str) -> None:
        """Open an address, and wait until all is drawn."""
        self.page.goto(address)
        self.ready()

    def ready(self) -> None:
        """Wait until all that the page shows is drawn."""
        self.page.wait_for_selector(READY)

    def picture(self, name: str) -> None:
        """Keep how it looks."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        height = self.page.evaluate("Math.min(document.documentElement.scrollHeight, 6000)")
        size = self.page.viewport_size
        assert size is not None
        self.page.set_viewport_size({"width": size["width"], "height": max(size["height"], int(height))})
        self.page.wait_for_timeout(150)  # charts are drawn anew at the new size
        self.page.screenshot(path=str(PICTURES / f"{name}.png"))
        self.page.set_viewport_size(size)

    def overflows(self) -> bool:
        """Whether the page is wider than what shows it."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    def close(self) -> None:
        """End the session."""
        self._context.close()

    def _told(self, message: ConsoleMessage) -> None:
        if message.type == "error" and TOLD_BY_BROWSER not in message.text:
            self.faults.append(message.text)

    def _received(self, response: Response) -> None:
        kind = response.headers.get("content-type", "")
        if response.ok and any(one in kind for one in ("json", "html", "csv")):
            self.traffic.append(response.text())
