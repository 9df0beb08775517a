"""Tokens of OAuth clients: an id and a secret ask for a token, which is renewed before it ends (RFC 6749, section 4.4)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from finopsmetrics.integrations.collecting import Outside, SourceAccessError
from finopsmetrics.plugins.client import ApiClient, ApiError

SHARE = 0.8
"""A token is used for so much of the time that it holds."""


@dataclass
class ClientCredentials:
    """A client of `whose` API with its secret; `headers` carry a token that holds. `base` was checked by the caller."""

    whose: str
    base: str
    path: str
    client_id: str
    client_secret: str = field(repr=False)
    outside: Outside
    scope: str = ""
    _token: str = field(default="", repr=False)
    _until: datetime = datetime.min

    def headers(self) -> dict[str, str]:
        """The header that proves who asks. Raises SourceAccessError, or ApiError when nobody answers."""
        now = self.outside.now()
        if now >= self._until:
            self._token, life = self._renewed()
            self._until = now + timedelta(seconds=life * SHARE)
        return {"Authorization": f"Bearer {self._token}"}

    def _renewed(self) -> tuple[str, int]:
        cure = f"Give the id and the secret of a client that {self.whose} knows and whose secret has not ended."
        pair = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        form = {"grant_type": "client_credentials", **({"scope": self.scope} if self.scope else {})}
        client = ApiClient(self.base, sleep=self.outside.sleep, headers=lambda: {"Authorization": f"Basic {pair}"})
        try:
            answer, _ = client.ask("POST", self.path, data=form)
            return str(answer["access_token"]), int(answer["expires_in"])
        except (KeyError, TypeError, ValueError) as error:
            raise SourceAccessError(f"{self.whose} gave no token for the client.", cure=cure) from error
        except ApiError as error:
            if error.retryable:
                raise
            raise SourceAccessError(f"{self.whose} refused the client {self.client_id}: {error.cause}", cure=cure) from error
        finally:
            client.close()
