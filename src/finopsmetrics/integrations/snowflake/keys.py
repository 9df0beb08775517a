"""Key pairs of Snowflake users: the private key signs a token that says which user of which account asks (RS256)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from finopsmetrics.integrations.collecting import Outside, SourceAccessError

LIFE = timedelta(minutes=45)
ENDS = timedelta(minutes=59)  # Snowflake takes no token that holds for more than an hour


@dataclass
class KeyPair:
    """A user's key pair; `headers` carry a token that holds. `account` is an identifier, or a locator with its region."""

    account: str
    user: str
    private_key: str = field(repr=False)
    passphrase: str | None = field(repr=False)
    outside: Outside
    _token: str = field(default="", repr=False)
    _until: datetime = datetime.min

    def headers(self) -> dict[str, str]:
        """The headers that prove who asks. Raises SourceAccessError for a key that cannot be read."""
        now = self.outside.now()
        if now >= self._until:
            self._token, self._until = self._signed(now), now + LIFE
        return {"Authorization": f"Bearer {self._token}", "X-Snowflake-Authorization-Token-Type": "KEYPAIR_JWT"}

    def _signed(self, now: datetime) -> str:
        from cryptography.hazmat.primitives import serialization as form
        from joserfc import jwt
        from joserfc.jwk import RSAKey

        spki = self._key.public_key().public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
        fingerprint = base64.b64encode(hashlib.sha256(spki).digest()).decode()
        who = f"{self.account.split('.')[0]}.{self.user}".upper()
        issued = now.replace(tzinfo=UTC)
        claims = {
            "iss": f"{who}.SHA256:{fingerprint}",
            "sub": who,
            "iat": int(issued.timestamp()),
            "exp": int((issued + ENDS).timestamp()),
        }
        pem = self._key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
        return jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, RSAKey.import_key(pem))

    @cached_property
    def _key(self) -> Any:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        cure = "Give the secret `private_key` the user's RSA key as PEM, and `passphrase` where it has one."
        try:
            key = load_pem_private_key(self.private_key.encode(), self.passphrase.encode() if self.passphrase else None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise SourceAccessError("The private key of the Snowflake user cannot be read.", cure=cure) from error
        if not isinstance(key, RSAPrivateKey):
            raise SourceAccessError("The private key of the Snowflake user is no RSA key.", cure=cure)
        return key
