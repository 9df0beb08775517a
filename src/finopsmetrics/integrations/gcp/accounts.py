"""Service accounts of Google Cloud: a key signs for a token, which is renewed before it ends (RFC 7523)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from finopsmetrics.integrations.collecting import Outside, SourceAccessError
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.plugins.client import ApiClient, ApiError

SCOPE = "https://www.googleapis.com/auth/bigquery.readonly"
LIFE = timedelta(minutes=50)
_CURE = "Give the secret `key` the JSON key of a service account that exists and is not disabled."


@dataclass
class ServiceAccount:
    """A service account with its key; `headers` carry a token that holds."""

    email: str
    key: str = field(repr=False)
    key_id: str
    token_url: str
    outside: Outside
    _token: str = field(default="", repr=False)
    _until: datetime = datetime.min

    @classmethod
    def read(cls, text: str, hosts: Iterable[str], outside: Outside) -> ServiceAccount:
        """From the JSON that Google gives for a key. Raises SourceAccessError, which shows nothing of it."""
        try:
            body = json.loads(text)
            token_url = endpoint(str(body["token_uri"]), hosts)
            return cls(
                str(body["client_email"]), str(body["private_key"]), str(body.get("private_key_id", "")), token_url, outside
            )
        except (ValueError, KeyError, TypeError) as error:
            raise SourceAccessError("The secret `key` is no JSON key of a service account.", cure=_CURE) from error

    def headers(self) -> dict[str, str]:
        """The header that proves who asks. Raises SourceAccessError."""
        now = self.outside.now()
        if now >= self._until:
            self._token, self._until = self._renewed(now), now + LIFE
        return {"Authorization": f"Bearer {self._token}"}

    def _renewed(self, now: datetime) -> str:
        place, path = self.token_url.split("/", 3)[:3], self.token_url.split("/", 3)[3:]
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": self._assertion(now)}
        client = ApiClient("/".join(place), sleep=self.outside.sleep)
        try:
            answer, _ = client.ask("POST", "/".join(path), data=form)
            return str(answer["access_token"])
        except (KeyError, TypeError) as error:
            raise SourceAccessError("Google gave no token for the service account.", cure=_CURE) from error
        except ApiError as error:
            if error.retryable:
                raise
            raise SourceAccessError(f"Google refused the service account {self.email}: {error.cause}", cure=_CURE) from error
        finally:
            client.close()

    def _assertion(self, now: datetime) -> str:
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import RSAKey

        issued = int(now.replace(tzinfo=UTC).timestamp())
        claims = {"iss": self.email, "scope": SCOPE, "aud": self.token_url, "iat": issued, "exp": issued + 3_600}
        header = {"alg": "RS256", "typ": "JWT", **({"kid": self.key_id} if self.key_id else {})}
        try:
            return jwt.encode(header, claims, RSAKey.import_key(self.key))
        except (JoseError, ValueError) as error:
            raise SourceAccessError("The private key of the service account cannot be read.", cure=_CURE) from error
