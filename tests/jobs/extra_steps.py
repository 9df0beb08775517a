"""Steps for tests: one that notes that it ran, one that takes its time, one that hangs, and those that fail."""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta
from typing import Any

from pydantic import Field

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.runtime.steps import STEPS, Beat, Inputs, step


class Noted(Inputs):
    file: str
    text: str = "ran"
    seconds: float = 0
    count: int = Field(1, ge=1)


class Error(Inputs):
    kind: str = "unforeseen"


def append(file: str, text: str) -> None:
    """One line, written in one piece, so that processes can share the file."""
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{text}\n".encode())
    os.close(handle)


def register() -> None:
    if "test.note" in STEPS:
        return

    @step("test.note", description="Note that it ran.", permission="costs:read", inputs=Noted, silence=timedelta(seconds=60))
    def note(acting: Any, inputs: Noted, beat: Beat) -> dict[str, Any]:
        append(inputs.file, f"{inputs.text} begins {os.getpid()}")
        end = time.monotonic() + inputs.seconds
        while time.monotonic() < end:
            beat()
            time.sleep(0.02)
        append(inputs.file, f"{inputs.text} ends {os.getpid()}")
        return {"by": acting.principal.name, "may": sorted(acting.principal.permissions)}

    @step("test.hang", description="Hang the first time.", permission="costs:read", inputs=Noted, silence=timedelta(seconds=0.4))
    def hang(_acting: Any, inputs: Noted, _beat: Beat) -> dict[str, Any]:
        first = not os.path.exists(inputs.file)
        append(inputs.file, "began")
        if first:
            time.sleep(inputs.seconds)
            append(inputs.file, "woke")
            return {"woke": True}
        return {"woke": False}

    @step("test.error", description="Fail.", permission="costs:read", inputs=Error)
    def error(_acting: Any, inputs: Error, _beat: Beat) -> dict[str, Any]:
        raised: dict[str, BaseException] = {
            "unforeseen": KeyError("x\x00\udc80"),
            "exit": SystemExit(3),
            "hopeless": FinOpsError("It cannot be done.", cure="Do something else."),
            "passing": FinOpsError("Not now.", retryable=True),
        }
        if inputs.kind == "no json":
            return {"value": object()}
        if inputs.kind == "nan":
            return {"value": float("nan")}
        raise raised[inputs.kind]


if __name__ == "__main__":
    from finopsmetrics.cli.main import run
    from finopsmetrics.runtime import worker

    register()
    worker.LEASE = timedelta(seconds=float(os.environ.get("TEST_LEASE", "60")))
    sys.argv[0] = "finopsmetrics"
    run()
