"""Does an export fail more rules of focus-validator than the file that was delivered? It must not.

    python benchmarks/focus_validator.py VALIDATOR FILE…

VALIDATOR is the Python of an environment with focus-validator 2.2.1 (`pip install focus-validator==2.2.1 pyarrow==21.0.0`
on Python 3.12 or later); nothing is installed here. Each FILE (FOCUS 1.2, CSV or Parquet) is judged as it is, typed as Parquet
with its own columns and values, and as our export of it, by the 1.2 rules that come with the validator.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import duckdb

from finopsmetrics import Workspace
from finopsmetrics.focus.columns import charges
from finopsmetrics.observability.export import export_focus

VERSION = "1.2"


def judged(python: Path, file: Path, room: Path) -> tuple[set[str], set[str], set[str]]:
    """The names of the rules that pass, that fail, and of these the ones that are no sum of others."""
    report = room / f"{file.name}.xml"
    command = [python.parent / "focus-validator", "--data-file", file, "--validate-version", VERSION, "--block-download"]
    command += ["--applicability-criteria", "ALL", "--output-type", "unittest", "--output-destination", report]
    site = subprocess.run(
        [python, "-c", "import focus_validator, pathlib; print(pathlib.Path(focus_validator.__file__).parents[1])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    done = subprocess.run([str(part) for part in command], cwd=site, capture_output=True, text=True, check=False)
    if not report.is_file():
        raise SystemExit(f"focus-validator wrote no report for {file}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    passed, failed, own = set(), set(), set()
    for case in ElementTree.parse(report).iter("testcase"):
        name, _, kind = str(case.get("name")).partition(" :: ")  # behind it stands why, in words that differ for one rule
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(name)
            own |= set() if kind.startswith("Composite") else {name}
        elif case.find("skipped") is None:
            passed.add(name)
    return passed - failed, failed, own


def typed(file: Path, target: Path) -> None:
    """The delivered file as Parquet, each column in its FOCUS type where every value can be read so."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    relation = (
        f"read_csv('{file}', all_varchar = true, nullstr = ['', 'NULL'])" if ".csv" in file.name else f"read_parquet('{file}')"
    )
    known = {column.name: column.kind for column in charges().version_columns(VERSION)}
    kinds = {"decimal": "DECIMAL(38,18)", "time": "TIMESTAMPTZ"}
    shown = []
    for name in connection.sql(f"FROM {relation} LIMIT 0").columns:
        kind = kinds.get(known.get(name, "text"), "VARCHAR")
        test = f'SELECT count(*) FROM {relation} WHERE "{name}" IS NOT NULL AND TRY_CAST("{name}" AS {kind}) IS NULL'
        fits = connection.execute(test).fetchone() == (0,)
        shown.append(f'CAST("{name}" AS {kind if fits else "VARCHAR"}) AS "{name}"')
    connection.execute(f"COPY (SELECT {', '.join(shown)} FROM {relation}) TO '{target}' (FORMAT parquet)")


def main() -> None:
    python, *files = [Path(argument).absolute() for argument in sys.argv[1:]]
    worse = False
    for file in files:
        with tempfile.TemporaryDirectory() as folder:
            room = Path(folder)
            typed(file, room / "delivered.parquet")
            with Workspace(room / "home") as workspace:
                workspace.ingest([file], source="validated")
                export_focus(workspace.opened, room / "exported.parquet", version=VERSION)
            results = {name: judged(python, room / f"{name}.parquet", room) for name in ("delivered", "exported")}
        print(f"{file.name}:")
        for name, (passed, failed, _) in results.items():
            print(f"  {name}: {len(passed)} rules passed, {len(failed)} failed")
        more = results["exported"][1] - results["delivered"][1]
        fewer = results["delivered"][1] - results["exported"][1]
        print(f"  only the delivered file fails: {', '.join(sorted(fewer)) or 'none'}")
        print(f"  only the export fails: {', '.join(sorted(more)) or 'none'}")
        worse = worse or bool(more)
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
