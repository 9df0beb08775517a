"""A browser for tests of pages: the machine's Chromium, without a window, which asks nobody but the server under test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
QUIET = ("gpu", "quic", "background-networking", "component-update", "sync")
CALM = ["--no-sandbox", *(f"--disable-{one}" for one in QUIET)]


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser, ended after use. While it runs, an event loop runs in this thread: two at once cannot be had."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=CALM)
        yield started
        started.close()
