"""Drive the installed command as people and scripts do."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from finopsmetrics.cli import main

COMMAND = Path(sys.executable).with_name("finopsmetrics")


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def receipt(self) -> str:
        """The id of the receipt, as told on standard error."""
        return next(line.removeprefix("receipt ") for line in self.err.splitlines() if line.startswith("receipt "))


def finopsmetrics(*words: str | Path, home: Path | None = None, **settings: str) -> Said:
    """Run the command with a home by `--home`, or with settings in its environment."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("FINOPSMETRICS_")}
    before = ["--home", str(home)] if home else []
    ran = subprocess.run(
        [COMMAND, *before, *map(str, words)], capture_output=True, check=False, env={**known, **settings}, timeout=300
    )
    said = Said(ran.returncode, ran.stdout, ran.stderr.decode())
    assert "Traceback" not in said.err, said.err
    return said


def inside(*words: str | Path, home: Path) -> Said:
    """Run the command's entry point in this process: the same words, output and exit code, without a new interpreter."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    argv = ["finopsmetrics", "--home", str(home), *map(str, words)]
    code: object = 0
    with patch.object(sys, "argv", argv), patch.dict(os.environ), redirect_stdout(out), redirect_stderr(err):
        try:
            main.run()
        except SystemExit as end:
            code = end.code or 0
    out.flush()
    assert isinstance(code, int), code
    return Said(code, out.buffer.getvalue(), err.getvalue())  # type: ignore[attr-defined]
