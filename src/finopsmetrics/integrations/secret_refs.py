"""Secrets of connections: read where a reference names them, and kept out of every message.

Whoever may declare a connection chooses the references, and the server reads them: so variables of finopsmetrics itself are
never read, and files only where the server's keeper put secrets.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from finopsmetrics.core.errors import UsageError

ROOTS = "FINOPSMETRICS_SECRET_ROOTS"
"""Names the folders whose files may be secrets, like PATH; those within them too. `secrets` in the home is always one."""
OWN = "FINOPSMETRICS_"
_LARGEST = 65_536
_SHORTEST_HIDDEN = 4


def resolve(references: Mapping[str, str], home: Path) -> dict[str, str]:
    """The secrets that a connection's references name. Raises UsageError, which says what is missing, never what was found."""
    return {name: _one(name, reference, home) for name, reference in references.items()}


def redacted(text: str, secrets: Iterable[str]) -> str:
    """A text without the secrets that stand in it."""
    for secret in sorted({part for one in secrets for part in (one, *one.split())}, key=len, reverse=True):
        if len(secret) >= _SHORTEST_HIDDEN:
            text = text.replace(secret, "***")
    return text


def _one(name: str, reference: str, home: Path) -> str:
    kind, _, place = reference.partition(":")
    readers = {"env": _variable, "file": lambda path: _file(path, home), "keyring": _keyring}
    found = readers[kind](place) if kind in readers else ""
    if not found:
        cure = f"Put the secret there, or name another place: {name}=env:NAME, file:PATH or keyring:SERVICE/USER."
        raise UsageError(f"The secret {name!r} is not at {reference}.", cure=cure)
    return found


def _variable(name: str) -> str:
    if name.startswith(OWN):
        raise UsageError(f"The variable {name} is no secret of a connection.", cure=f"Use one that does not begin with {OWN}.")
    return os.environ.get(name, "").strip()


def _file(path: str, home: Path) -> str:
    given = [Path(root) for root in os.environ.get(ROOTS, "").split(os.pathsep) if root]
    roots = [root.resolve() for root in (home / "secrets", *given)]
    file = (home / "secrets" / path).resolve()  # an absolute path stands for itself
    if not any(file.is_relative_to(root) for root in roots):
        cure = f"Put it into {home / 'secrets'}, or name its folder in {ROOTS}."
        raise UsageError(f"The file {path} lies in no folder of secrets.", cure=cure)
    try:
        with file.open(encoding="utf-8") as text:
            return text.read(_LARGEST).strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _keyring(place: str) -> str:
    service, _, user = place.partition("/")
    try:
        import keyring
        import keyring.errors
    except ModuleNotFoundError as error:
        cure = "pip install finopsmetrics[keyring]."
        raise UsageError("Secrets of the keyring need the package keyring.", cure=cure) from error
    try:
        return keyring.get_password(service, user or "finopsmetrics") or ""
    except keyring.errors.KeyringError as error:
        cure = "Unlock it, or keep the secret in a file or a variable."
        raise UsageError(f"The keyring cannot be read: {type(error).__name__}.", cure=cure) from error
