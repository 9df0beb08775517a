"""Passwords: Argon2id hashes (RFC 9106), and what a password must be."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

from finopsmetrics.core.errors import UsageError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 8, 1_000
_AT_ONCE = threading.BoundedSemaphore(2)  # a hash takes 64 MB and some ten milliseconds: a flood of log-ins waits here


def check_strength(password: str, name: str) -> None:
    """Raise UsageError for a password that is too short, too long, made of one letter, or the name itself (NIST SP 800-63B)."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(
            f"A password has {SHORTEST} to {LONGEST} characters.", cure="Take a sentence, or let a manager make one."
        )
    if len(set(password)) < 5 or name.lower() in password.lower():
        raise UsageError("The password is too easy to guess.", cure="Use more different characters, and not the name.")


def hashed(password: str) -> str:
    """The Argon2id hash of a password, with its salt and parameters."""
    with _AT_ONCE:
        return _hasher().hash(password)


def checked_hash(name: str, password: str) -> str:
    """The hash of a password that is good enough for the user of a name. Raises UsageError."""
    check_strength(password, name)
    return hashed(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether a password is the one of a hash. Without a hash it takes as long, and is False."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    with _AT_ONCE:
        try:
            return _hasher().verify(kept or _nobody(), password[: LONGEST + 1]) and kept is not None
        except (Argon2Error, InvalidHashError):
            return False


def outdated(kept: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return _hasher().check_needs_rehash(kept)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher().hash("nobody has this password")
