"""API keys of IBM Cloud: a key is given for a token, which is renewed before it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from finopsmetrics.integrations.collecting import Outside, SourceAccessError
from finopsmetrics.plugins.client import ApiClient, ApiError

GRANT = "urn:ibm:params:oauth:grant-type:apikey"
EARLY = timedelta(minutes=5)
_CURE = "Give the secret `api_key` an API key of IBM Cloud that exists and is not locked or disabled."


@dataclass
class ApiKey:
    """An API key; `headers` carry a token that holds."""

    key: str = field(repr=False)
    place: str
    outside: Outside
    _token: str = field(default="", repr=False)
    _until: datetime = datetime.min

    def headers(self) -> dict[str, str]:
        """The header that proves who asks. Raises SourceAccessError."""
        if self.outside.now() >= self._until:
            self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    def tried(self) -> str:
        """Nothing to tell, if IBM Cloud gives a token. Raises SourceAccessError."""
        self.headers()
        return ""

    def _renew(self) -> None:
        now = self.outside.now()
        client = ApiClient(self.place, sleep=self.outside.sleep)
        try:
            answer, _ = client.ask("POST", "/identity/token", data={"grant_type": GRANT, "apikey": self.key})
            self._token = str(answer["access_token"])
            self._until = now + timedelta(seconds=int(answer["expires_in"])) - EARLY
        except (KeyError, TypeError, ValueError) as error:
            raise SourceAccessError("IBM Cloud gave no token for the API key.", cure=_CURE) from error
        except ApiError as error:
            if error.retryable:
                raise
            raise SourceAccessError(f"IBM Cloud refused the API key: {error.cause}", cure=_CURE) from error
        finally:
            client.close()
