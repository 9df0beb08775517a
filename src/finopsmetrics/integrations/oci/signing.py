"""Request signatures of Oracle: RSA-SHA256 over date, request target and host (draft-cavage-http-signatures-08). Pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime

from finopsmetrics.integrations.collecting import SourceAccessError

SIGNED = "date (request-target) host"


@dataclass(frozen=True)
class ApiKey:
    """An API key of a user: the tenancy and the user by OCID, the key's fingerprint, and the private key as PEM."""

    tenancy: str
    user: str
    fingerprint: str
    private_key: str = field(repr=False)
    passphrase: str | None = field(default=None, repr=False)

    def headers(self, method: str, target: str, host: str, now: datetime) -> dict[str, str]:
        """The headers that sign a request without a body. `target` is its path with its query, `now` UTC without zone.

        Raises SourceAccessError for a private key that cannot be read.
        """
        date = now.strftime("%a, %d %b %Y %H:%M:%S GMT")
        text = f"date: {date}\n(request-target): {method.lower()} {target}\nhost: {host}"
        parts = {
            "algorithm": "rsa-sha256",
            "headers": SIGNED,
            "keyId": f"{self.tenancy}/{self.user}/{self.fingerprint}",
            "signature": self._signature(text),
            "version": "1",
        }
        told = ",".join(f'{name}="{value}"' for name, value in parts.items())
        return {"date": date, "host": host, "authorization": f"Signature {told}"}

    def _signature(self, text: str) -> str:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        cure = "Give the secret `private_key` the PEM file of the API key, and `passphrase` where it has one."
        try:
            key = load_pem_private_key(self.private_key.encode(), self.passphrase.encode() if self.passphrase else None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise SourceAccessError("The private key of the API key cannot be read.", cure=cure) from error
        if not isinstance(key, RSAPrivateKey):
            raise SourceAccessError("The private key of the API key is no RSA key.", cure=cure)
        return base64.b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()
