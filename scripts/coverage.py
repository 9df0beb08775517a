"""Write docs/integrations/coverage.md from the manifests, or with --check fail when it is stale."""

from __future__ import annotations

import sys
from pathlib import Path

from finopsmetrics.integrations.registry import manifests

PAGE = Path(__file__).parents[1] / "docs" / "integrations" / "coverage.md"
HEAD = """\
# Coverage

Written by `scripts/coverage.py` from the manifests. What a tier means stands in [README](README.md).

| vendor | capability | format | what | files | mapping | tier | fixtures |
|---|---|---|---|---|---|---|---|
"""


def page() -> str:
    """The page as it should be."""
    lines = []
    for manifest in manifests().values():
        link = f"[{manifest.title}]({Path(manifest.docs).name})"
        for form in manifest.formats():
            mapping = f"`{manifest.name}.{form.id}/{form.version}`" if form.module else "FOCUS as it is"
            fixtures = "; ".join(f"{Path(one.path).name} ({one.provenance}, {one.licence})" for one in form.fixtures)
            files = ", ".join(form.files)
            lines.append(f"| {link} | charges | `{form.id}` | {form.title} | {files} | {mapping} | {form.tier} | {fixtures} |")
        for name, socket in (("collect", manifest.capabilities.collect), ("channel", manifest.capabilities.channel)):
            if socket is not None:
                lines.append(f"| {link} | {name} | | {socket.title} | | | | tested against {socket.contract} |")
    return HEAD + "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the page; 1 when it is stale."""
    if "--check" not in arguments:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print(f"{PAGE.name} is stale: run python -m scripts.coverage", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
