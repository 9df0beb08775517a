"""Drawing without a browser: the bundle that the browser has, in an embedded V8, gives SVG.

One engine a process, made when the first chart is drawn; drawings take turns in it. A drawing that takes too long or too much
memory ends with an error, and the next is drawn.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from finopsmetrics.vizlychart.errors import ChartError
from finopsmetrics.vizlychart.spec import ChartSpec

if TYPE_CHECKING:
    from py_mini_racer import MiniRacer

Theme = Literal["light", "dark"]
BUILT = Path(str(files("finopsmetrics.vizlychart"))) / "built"
FONTS = BUILT
GROUND = {"light": "#ffffff", "dark": "#151b23"}
MOST_SECONDS, MOST_BYTES = 20.0, 600_000_000
LEAST_SIDE, MOST_SIDE = 40, 4_000
# What a page has and an engine without one has not; nothing is drawn later, so nothing need be called later.
PAGE = "var setTimeout=()=>0,clearTimeout=()=>{},setInterval=()=>0,clearInterval=()=>{},requestAnimationFrame=()=>0;"
_TAG = re.compile(r"<[^>]*>")  # ids stand in tags; text is left as it is
_ID = re.compile(r"\bzr\d+-[a-z]+-?\d*")
_UNPRINTABLE = re.compile("[^\\t\\n\\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold


def svg(spec: ChartSpec, *, theme: Theme = "light", width: int = 900, height: int = 360) -> str:
    """A spec as SVG text of a size in pixels, the same text for the same spec. Raises ChartError."""
    options = {"theme": _theme(theme), "width": _side(width, "width"), "height": _side(height, "height")}
    text = spec.model_dump_json(exclude_none=True)
    name = hashlib.sha256(f"{text}{options}".encode()).hexdigest()[:8]
    return _steady(_ENGINE.call("vizly.renderToSVG", text, json.dumps(options)), f"v{name}")


def printable(text: str) -> str:
    """A text without the signs that XML cannot hold."""
    return _UNPRINTABLE.sub("", text)


def twin(spec: ChartSpec) -> dict[str, Any]:
    """The table twin: `columns` with label and align, `rows` of text."""
    found: dict[str, Any] = json.loads(_ENGINE.call("vizly.twinOf", spec.model_dump_json(exclude_none=True)))
    return found


def option(spec: ChartSpec, *, theme: Theme = "light", width: int = 900, height: int = 360) -> dict[str, Any]:
    """The ECharts option of a spec, each formatter as what it makes of sample values."""
    options = json.dumps({"theme": theme, "width": width, "height": height})
    found: dict[str, Any] = json.loads(_ENGINE.call("vizly.optionOf", spec.model_dump_json(exclude_none=True), options))
    return found


def script(name: str) -> str:
    """The text of a bundle. Raises ChartError where it was not built."""
    try:
        return (BUILT / name).read_text("utf-8")
    except FileNotFoundError as error:
        cure = "Build it with `make ui`, which needs Node, or install the wheel, which carries it."
        raise ChartError("The chart bundle was not built here.", cure=cure) from error


class _Engine:
    """The embedded V8 with the bundle in it, started when it is first called, and again after a limit ended it."""

    def __init__(self) -> None:
        self._running: MiniRacer | None = None
        self._begin()

    def call(self, function: str, *arguments: str) -> str:
        """What a function of the bundle gives for text. Raises ChartError.

        It runs in a thread of its own: the engine takes no limits where an event loop runs, as it does in notebooks.
        """
        return self._thread.submit(self._call, function, *arguments).result()

    def _call(self, function: str, *arguments: str) -> str:
        with self._turn:
            return self._drawn(function, *arguments)

    def _drawn(self, function: str, *arguments: str) -> str:
        from py_mini_racer import JSEvalException, JSOOMException, JSTimeoutException

        running = self._running = self._running or self._start()
        try:
            return str(running.call(function, *arguments, timeout_sec=MOST_SECONDS, max_memory=MOST_BYTES))
        except (JSTimeoutException, JSOOMException) as error:
            late = isinstance(error, JSTimeoutException)
            if not late:  # one that ran out of memory goes on refusing; one that was late was stopped, and can go on
                self.close()
            limit = f"{MOST_SECONDS:.0f} seconds" if late else f"{MOST_BYTES // 1_000_000} MB"
            cure = "Draw fewer rows: use top, or a coarser grain."
            raise ChartError(f"The chart took more than {limit}.", cure=cure) from error
        except JSEvalException as error:
            first = " ".join(str(error).strip().splitlines()[:1])
            raise ChartError(f"The chart could not be drawn: {first[:200]}", cure="Check its columns.") from error

    def close(self) -> None:
        """End the engine; a process whose engine still runs may never end."""
        running, self._running = self._running, None
        if running is not None:
            running.close()

    def before_fork(self) -> None:
        """End the engine before the process is copied: a copy waits at its end for threads that it has not, for ever."""
        self._turn.acquire()
        self.close()

    def after_fork(self) -> None:
        """Go on in the process that was copied; the engine starts again when it is needed."""
        self._turn.release()

    def after_fork_in_child(self) -> None:
        """Begin anew in the copy, which has no thread but one."""
        self._begin()

    def _begin(self) -> None:
        self._turn = Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vizlychart")

    @staticmethod
    def _start() -> MiniRacer:
        from py_mini_racer import MiniRacer

        running = MiniRacer()
        running.eval(PAGE)
        running.eval(_bundle())
        return running


@cache
def _bundle() -> str:
    return script("vizly.js")


_ENGINE = _Engine()
atexit.register(_ENGINE.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_ENGINE.before_fork, after_in_parent=_ENGINE.after_fork, after_in_child=_ENGINE.after_fork_in_child
    )


def _steady(drawn: str, name: str) -> str:
    """The same SVG with ids numbered from the first that is met, for the engine goes on counting from drawing to drawing.

    `name` begins them, so that two pictures on one page do not share one.
    """
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return numbers.setdefault(found[0], f"{name}-{len(numbers)}")

    head, close, rest = printable(drawn).partition(">")  # the first tag holds the sentence, and no id
    return head + close + _TAG.sub(lambda found: _ID.sub(number, found[0]), rest)


def _theme(theme: str) -> str:
    if theme not in GROUND:
        raise ChartError(f"There is no theme {theme!r}.", cure="Use light or dark.")
    return theme


def _side(pixels: int, what: str) -> int:
    if not LEAST_SIDE <= pixels <= MOST_SIDE:
        raise ChartError(f"The {what} is {pixels} pixels.", cure=f"Use {LEAST_SIDE} to {MOST_SIDE}.")
    return int(pixels)
