"""Secrets: random ones that are shown once and kept as digests, and those that must be read again, kept encrypted."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from finopsmetrics.core.errors import StoreError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

KEY_FILE = "secret.key"
KEY_VARIABLE = "FINOPSMETRICS_SECRET_KEY"


def random_secret() -> str:
    """256 random bits as text that is safe in a URL and a header."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of a random secret: its SHA-256. It has 256 random bits, so that a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Vault:
    """Encrypts what must be read again (the secrets of one-time passwords) with a key that is not in the state.

    The key is FINOPSMETRICS_SECRET_KEY, else the file secret.key of the home, made when it is first needed. Servers that share
    a state on PostgreSQL need the same key.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / KEY_FILE

    def seal(self, text: str) -> str:
        """Encrypt a text."""
        return self._cipher(make=True).encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Decrypt what `seal` gave. Raises StoreError when the key is another one."""
        from cryptography.fernet import InvalidToken

        try:
            return self._cipher(make=False).decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            cure = f"Bring back the home's {KEY_FILE}, or set {KEY_VARIABLE} to the key that was used."
            raise StoreError("A kept secret cannot be read: the key is not the one it was kept with.", cure=cure) from error

    def _cipher(self, *, make: bool) -> Fernet:
        from cryptography.fernet import Fernet

        key = os.environ.get(KEY_VARIABLE) or self._own_key(make=make)
        try:
            return Fernet(key)
        except ValueError as error:
            cure = 'Make one: python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())".'
            raise StoreError(f"{KEY_VARIABLE} (or {KEY_FILE}) holds no key.", cure=cure) from error

    def _own_key(self, *, make: bool) -> str:
        from cryptography.fernet import Fernet

        if make and not self._path.exists():
            made = self._path.with_name(f"{KEY_FILE}.{secrets.token_hex(4)}")
            descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as out:
                out.write(Fernet.generate_key().decode())
                out.flush()
                os.fsync(out.fileno())
            try:
                os.link(made, self._path)  # of two processes at the same time, one wins and both use its key
            except FileExistsError:
                pass
            finally:
                made.unlink()
        try:
            return self._path.read_text().strip()
        except OSError as error:
            cure = f"Bring back {KEY_FILE}, or set {KEY_VARIABLE}."
            raise StoreError(f"The home's {KEY_FILE} cannot be read.", cure=cure) from error
