"""The web app's files, as they were built: the page that loads them, and the files with their compressed twins."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from finopsmetrics.core.errors import StoreError

BUILT = Path(str(files("finopsmetrics.api"))) / "built"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
)
MEDIA = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".svg": "image/svg+xml", ".png": "image/png"}
ENCODINGS = {"br": ".br", "gzip": ".gz"}
_SLOT = re.compile(r'<script id="facts" type="application/json">.*?</script>', re.DOTALL)


@dataclass(frozen=True)
class Asset:
    """A built file, in the best form that a browser takes."""

    path: Path
    media: str
    encoding: str | None


def page(facts: dict[str, Any], *modules: str, data: str | None = None, built: Path = BUILT) -> str:
    """The app's page with facts in it as data, which no script of it runs. What its `modules` load, and the answer at the address
    `data`, a browser asks for at once.

    Raises StoreError when the app was not built.
    """
    index = _index(built)
    text = json.dumps(facts, ensure_ascii=True).replace("<", "\\u003c")  # no </script> can end it early
    first = f'<link rel="preload" as="fetch" crossorigin href="{escape(data)}">' if data else ""
    told = f'{first}{_ahead(modules, built)}<script id="facts" type="application/json">{text}</script>'
    return _SLOT.sub(lambda _: told, index, count=1)


def policy(ancestors: str = "'none'") -> str:
    """The Content-Security-Policy of the app: its own files and its own server alone; `ancestors` may frame it."""
    return POLICY.format(ancestors=ancestors)


def asset(name: str, accepts: str, *, built: Path = BUILT) -> Asset | None:
    """A built file by its name, compressed where the browser takes that; None for a name that was not built."""
    if name not in _names(built):
        return None
    path = built / "assets" / name
    wanted = {one.split(";")[0].strip() for one in accepts.split(",")}
    for encoding, suffix in ENCODINGS.items():
        twin = path.with_name(path.name + suffix)
        if encoding in wanted and twin.is_file():
            return Asset(twin, MEDIA[path.suffix], encoding)
    return Asset(path, MEDIA[path.suffix], None)


@cache
def _index(built: Path) -> str:
    try:
        return (built / "index.html").read_text("utf-8")
    except FileNotFoundError as error:
        cure = "Build it with `make ui`, which needs Node, or install the wheel, which carries it. The API works without."
        raise StoreError("The web app was not built here.", cure=cure) from error


@cache
def _ahead(modules: tuple[str, ...], built: Path) -> str:
    """Links that let a browser fetch at once what it would find out step by step."""
    manifest = json.loads((built / "manifest.json").read_text("utf-8"))
    entry = next(name for name, one in manifest.items() if one.get("isEntry"))
    seen, wanted = {entry}, [name for name in modules if name in manifest]
    links = []
    while wanted:
        name = wanted.pop(0)
        if name in seen:
            continue
        seen.add(name)
        links.append(f'<link rel="modulepreload" href="/{manifest[name]["file"]}">')
        links += [f'<link rel="stylesheet" href="/{file}">' for file in manifest[name].get("css", ())]
        wanted += manifest[name].get("imports", ())
    return "".join(links)


@cache
def _names(built: Path) -> frozenset[str]:
    return frozenset(path.name for path in (built / "assets").glob("*") if path.suffix in MEDIA)
