"""Steps: what a run can do. Each is a named function with a model of its inputs and the permission it takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from finopsmetrics.core.errors import FinOpsError, NotFoundError, UsageError
from finopsmetrics.core.spec import Fault

if TYPE_CHECKING:
    from finopsmetrics.iam.principal import Principal
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.store.run_rows import Run

Outcome = dict[str, Any]
SILENCE = timedelta(minutes=30)


class Inputs(BaseModel):
    """The inputs of a step; a step without any takes this."""

    model_config = ConfigDict(extra="forbid")


class Beat(Protocol):
    """A sign of life. A step calls it between pieces of its work; it raises StoppedError when the step is to stop."""

    def __call__(self) -> None:
        """Say that the work goes on."""


class StoppedError(FinOpsError):
    """A step that was told to stop: the process ends, or somebody else has its run."""

    code = "stopped"


class InputsError(UsageError):
    """Inputs that a step does not take. `faults` name each place within them."""

    code = "inputs"

    def __init__(self, cause: str, faults: list[Fault], *, cure: str) -> None:
        super().__init__(cause, cure=cure)
        self.faults = faults


Work = Callable[["Acting", Any, Beat], Outcome]


@dataclass(frozen=True)
class Step:
    """A step. `permission` is what it takes to start it, and all that it may do; `reads` what it takes to see its outcome.

    A run whose step gives no sign of life for `silence` is taken from it.
    """

    name: str
    description: str
    permission: str
    inputs: type[Inputs]
    work: Work
    reads: str | None
    silence: timedelta

    def checked(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Inputs as plain data, with the defaults written out. Raises InputsError."""
        try:
            return self.inputs.model_validate(dict(inputs)).model_dump(mode="json")
        except ValidationError as error:
            faults = [Fault(one["loc"], one["msg"]) for one in error.errors()]
            told = "; ".join(f"{'.'.join(map(str, one.path)) or 'inputs'}: {one.message}" for one in faults[:5])
            known = ", ".join(self.inputs.model_fields) or "none"
            raise InputsError(f"The inputs of {self.name} are wrong: {told}.", faults, cure=f"It takes: {known}.") from error

    def shown_to(self, principal: Principal) -> bool:
        """Whether somebody may see what its runs came to."""
        return self.reads is None or principal.may(self.reads)


STEPS: dict[str, Step] = {}
"""Every step by its name."""


def step(
    name: str,
    *,
    description: str,
    permission: str,
    inputs: type[Inputs] = Inputs,
    reads: str | None = None,
    silence: timedelta = SILENCE,
) -> Callable[[Work], Work]:
    """Register a function `(acting, inputs, beat) -> outcome` as a step; the outcome is plain data for JSON.

    Raises ValueError for a name that another function has.
    """

    def register(work: Work) -> Work:
        if STEPS.get(name) is not None:
            raise ValueError(f"There are two steps {name}.")
        STEPS[name] = Step(name, description, permission, inputs, work, reads, silence)
        return work

    return register


def all_steps() -> dict[str, Step]:
    """Every step by its name, the built-in ones included."""
    import finopsmetrics.runtime.built_in_steps  # noqa: F401 (registers them)

    return dict(sorted(STEPS.items()))


def one_step(name: str) -> Step:
    """A step by its name. Raises NotFoundError, which names those there are."""
    known = all_steps()
    if name not in known:
        raise NotFoundError(f"There is no step {name[:80]!r}.", cure=f"Steps are: {', '.join(known)}.")
    return known[name]


def perform(acting: Acting, run: Run, beat: Beat) -> Outcome:
    """Do a run's step, as whoever started it and with the step's permission only; give its outcome as plain data."""
    from finopsmetrics.iam.principal import Principal
    from finopsmetrics.runtime.acting import Acting as Act

    found = one_step(run.step)
    inputs = found.inputs.model_validate(found.checked(run.inputs))
    own = Act(acting.workspace, Principal(run.actor, "service", frozenset({found.permission})))
    outcome: Outcome = json.loads(json.dumps(found.work(own, inputs, beat), allow_nan=False))
    return outcome
