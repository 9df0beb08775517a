"""An OpenID provider over HTTP: its discovery document, its keys, and the claims it signs (OpenID Connect Core 1.0)."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from finopsmetrics.core.errors import StoreError, UsageError
from finopsmetrics.iam.errors import UnknownAskerError

if TYPE_CHECKING:
    from finopsmetrics.iam.sign_on import Settings

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
FRESH = 600.0  # seconds for which documents are kept
SECONDS, MOST_BYTES, LEEWAY = 10.0, 1 << 20, 60
BEGIN = "Begin again at /login."
AGAIN = "Try again; if it stays so, see that FINOPSMETRICS_OIDC_ISSUER is right and can be reached."


class ProviderError(StoreError):
    """The identity provider did not answer as OpenID Connect says."""

    code = "identity_provider"
    http_status = 502


class Provider:
    """One provider. Its addresses must be HTTPS, except on this machine."""

    def __init__(self, issuer: str) -> None:
        self.issuer = checked(issuer)
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def endpoint(self, name: str) -> str:
        """An address out of the discovery document. Raises ProviderError."""
        found = self._discovery().get(name)
        if not isinstance(found, str):
            raise ProviderError(f"The provider {self.issuer} names no {name}.", cure=AGAIN)
        return checked(found)

    def claims(self, settings: Settings, code: str, begun: Mapping[str, str], now: datetime) -> dict[str, Any]:
        """Exchange a code for the claims about its user, checked: signature, issuer, audience, times and nonce."""
        sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": begun["redirect_uri"]}
        answer = self._post(settings, {**sent, "code_verifier": begun["verifier"]})
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise UnknownAskerError("The provider did not vouch for anybody.", cure=BEGIN)
        claims = self._verified(settings, token, begun["nonce"], now)
        access = answer.get("access_token")
        if settings.groups_claim in claims or not isinstance(access, str) or "userinfo_endpoint" not in self._discovery():
            return claims
        more = self._fetch(self.endpoint("userinfo_endpoint"), {"Authorization": f"Bearer {access}"})
        return {**more, **claims} if more.get("sub") == claims["sub"] else claims

    def _verified(self, settings: Settings, token: str, nonce: str, now: datetime) -> dict[str, Any]:
        from joserfc import jwt
        from joserfc.errors import JoseError

        wanted = {
            "iss": {"essential": True, "value": self._discovery()["issuer"]},
            "aud": {"essential": True, "value": settings.client_id},
            "sub": {"essential": True},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "nonce": {"essential": True, "value": nonce},
        }
        moment = int(now.replace(tzinfo=UTC).timestamp())
        try:
            found = self._decoded(token)
            jwt.JWTClaimsRegistry(now=moment, leeway=LEEWAY, **wanted).validate(found)  # type: ignore[arg-type]
        except (JoseError, ValueError) as error:
            raise UnknownAskerError(f"What the provider vouches for does not hold: {error}.", cure=BEGIN) from error
        audience = found["aud"]
        if isinstance(audience, list) and len(audience) > 1 and found.get("azp") != settings.client_id:
            raise UnknownAskerError("The provider vouches for somebody to another program.", cure=BEGIN)
        return found

    def _decoded(self, token: str) -> dict[str, Any]:
        """The claims of a token whose signature holds. Keys may have been changed since they were fetched: then once more."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            return jwt.decode(token, KeySet.import_key_set(self._keys(again=False)), algorithms=ALGORITHMS).claims  # type: ignore[arg-type]
        except (JoseError, ValueError):
            return jwt.decode(token, KeySet.import_key_set(self._keys(again=True)), algorithms=ALGORITHMS).claims  # type: ignore[arg-type]

    def _discovery(self) -> dict[str, Any]:
        found = self._cached(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != self.issuer.rstrip("/"):
            raise ProviderError(f"The provider calls itself {str(found.get('issuer'))[:200]}, not {self.issuer}.", cure=AGAIN)
        return found

    def _keys(self, *, again: bool) -> dict[str, Any]:
        return self._cached(self.endpoint("jwks_uri"), again=again)

    def _cached(self, url: str, *, again: bool = False) -> dict[str, Any]:
        with self._lock:
            kept = self._kept.get(url)
            if kept is None or again or time.monotonic() - kept[0] > FRESH:
                kept = (time.monotonic(), self._fetch(url, {}))
                self._kept[url] = kept
            return kept[1]

    def _fetch(self, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
        import httpx

        try:
            return self._read(httpx.get(url, headers=dict(headers), timeout=SECONDS))
        except httpx.HTTPError as error:
            raise ProviderError(
                f"The provider {self.issuer} did not answer ({type(error).__name__}).", cure=AGAIN, retryable=True
            ) from error

    def _post(self, settings: Settings, form: Mapping[str, str]) -> dict[str, Any]:
        import httpx

        methods = self._discovery().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = "client_secret_basic" in methods
        secret = {} if basic else {"client_id": settings.client_id, "client_secret": settings.client_secret}
        auth = httpx.BasicAuth(settings.client_id, settings.client_secret) if basic else None
        try:
            answer = httpx.post(self.endpoint("token_endpoint"), data={**form, **secret}, auth=auth, timeout=SECONDS)
        except httpx.HTTPError as error:
            raise ProviderError(
                f"The provider {self.issuer} did not answer ({type(error).__name__}).", cure=AGAIN, retryable=True
            ) from error
        if answer.status_code in {400, 401}:
            raise UnknownAskerError("The provider refused the code.", cure=BEGIN)
        return self._read(answer)

    def _silent(self, error: Exception) -> ProviderError:
        cause = f"The provider {self.issuer} did not answer ({type(error).__name__})."
        return ProviderError(cause, cure=AGAIN, retryable=True)

    def _read(self, answer: Any) -> dict[str, Any]:
        if answer.status_code != 200 or len(answer.content) > MOST_BYTES:
            raise ProviderError(f"The provider {self.issuer} answered {answer.status_code}.", cure=AGAIN, retryable=True)
        try:
            found = answer.json()
        except ValueError as error:
            raise ProviderError(f"The provider {self.issuer} did not answer in JSON.", cure=AGAIN) from error
        if not isinstance(found, dict):
            raise ProviderError(f"The provider {self.issuer} did not answer with an object.", cure=AGAIN)
        return found


def checked(url: str) -> str:
    """An address that may be asked: HTTPS, or HTTP on this machine. Raises UsageError."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url
    if parts.scheme == "http" and parts.hostname and _here(parts.hostname):
        return url
    raise UsageError(f"{url[:200]!r} is no address of an identity provider.", cure="It begins with https://.")


def _here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
