"""One page of all pictures that the browser tests took: `python -m scripts.gallery [FOLDER]` writes its `index.html`."""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

FOLDER = Path("build/pictures")
STYLE = (
    "body{font:14px sans-serif;margin:2rem}figure{display:inline-block;margin:0 1rem 1rem 0;vertical-align:top}"
    "img{width:22rem;border:1px solid #ccc}"
)


def page(folder: Path) -> str:
    """The page's HTML: every picture by name, with its name."""
    figures = [
        f'<figure><a href="{escape(path.name)}"><img src="{escape(path.name)}" alt="{escape(path.stem)}" loading="lazy"></a>'
        f"<figcaption>{escape(path.stem)}</figcaption></figure>"
        for path in sorted(folder.glob("*.png"))
    ]
    if not figures:
        sys.exit(f"{folder} holds no picture. Run the tests in tests/ui first.")
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Pictures</title><style>{STYLE}</style>'
    return f"{head}<h1>{len(figures)} pictures</h1>{''.join(figures)}</html>"


if __name__ == "__main__":
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    (given / "index.html").write_text(page(given), encoding="utf-8")
    print(f"{given / 'index.html'}")
