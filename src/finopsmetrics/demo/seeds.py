"""Randomness that is the same on every machine: numbers are digests of the seed and of what they are for."""

from __future__ import annotations

from hashlib import blake2b


def token(*parts: object, length: int = 17) -> str:
    """Return `length` (at most 64) hexadecimal digits that depend on `parts` only."""
    return blake2b(":".join(map(str, parts)).encode(), digest_size=32).hexdigest()[:length]


def draw(below: int, *parts: object) -> int:
    """Return a whole number from 0 up to, and without, `below`; it depends on `parts` only."""
    return int(token(*parts, length=15), 16) % below


def guid(*parts: object) -> str:
    """Return a text in the form of a GUID that depends on `parts` only."""
    digits = token(*parts, length=32)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
