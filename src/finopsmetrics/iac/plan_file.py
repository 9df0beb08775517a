"""Plans as files: written by `plan --out`, applied later, refused when stale."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from finopsmetrics.core.errors import UsageError
from finopsmetrics.iac.checked import checked
from finopsmetrics.iac.loading import Loaded, Wanted
from finopsmetrics.iac.plan import Plan

LARGEST = 64 * 1024 * 1024


def write_plan(plan: Plan, file: Path) -> None:
    """Write a plan. Raises UsageError when the file cannot be written."""
    try:
        file.write_text(json.dumps(plan.as_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.", cure="Name another file with --out.") from error


def read_plan(file: Path) -> tuple[Loaded, str, bool] | None:
    """What a plan wants, its hash, and whether it takes over; None when the file is no plan. Raises UsageError, SpecError."""
    if file.suffix != ".json" or not file.is_file() or file.stat().st_size > LARGEST:
        return None
    try:
        told: Any = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is no plan: it cannot be read as JSON.", cure="Make it with plan --out.") from error
    if not isinstance(told, dict) or told.get("finopsmetrics_plan") != 1:
        raise UsageError(f"{file} is no plan of this version.", cure="Make it with plan --out.")
    try:
        wanted = [_wanted(one) for one in told["wanted"]]
        origins = frozenset(str(one) for one in told["origins"])
        return Loaded(wanted, origins, 0), str(told["hash"]), bool(told["take_over"])
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{file} is no whole plan.", cure="Make it with plan --out.") from error


def _wanted(one: Any) -> Wanted:
    spec = checked(one["kind"], one["body"])
    return Wanted(spec.kind, spec.name, spec.plain(), str(one["origin"]), str(one["where"]))
