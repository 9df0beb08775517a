"""Packages of the extra `ml`: what needs one says so plainly when it is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from finopsmetrics.core.errors import UsageError


@contextmanager
def needs(package: str, what: str, instead: str = "") -> Iterator[None]:
    """Turn a missing `package` into a UsageError that names what needs it and how to get it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != package:
            raise
        cure = f"Install it with: pip install 'finopsmetrics[ml]'{instead and ', or '}{instead}."
        raise UsageError(f"{what} needs the package {package}, which is not installed.", cure=cure) from error
