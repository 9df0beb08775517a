"""A client of a vendor's JSON API: waits when it is asked to, tries again what may pass, and says plainly what does not.

Redirects are not followed and proxies of the environment are not used, so that credentials reach the host that was checked.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.plugins.waiting import retry_after

ATTEMPTS = 6
LONGEST_WAIT = 120.0  # seconds that an answer may ask us to wait before it counts as refused
MOST_BYTES = 256 << 20
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
Headers = Mapping[str, str]


class ApiError(FinOpsError):
    """An API did not give a usable answer. `status` is the last one, None when nobody answered."""

    code = "api"
    http_status = 502

    def __init__(
        self,
        cause: str,
        *,
        cure: str = "",
        retryable: bool = False,
        status: int | None = None,
        wait: float | None = None,
    ) -> None:
        super().__init__(cause, cure=cure, retryable=retryable)
        self.status, self.wait = status, wait


class ApiClient:
    """Asks one host. `base` was checked by the caller; `headers` gives those of each request, credentials among them.

    `sign` gives further ones for a method, a path with its query, and a host; `digest` is a user and password for digest
    authentication. `passing` tells from an answer's bytes whether it asks to be asked again, for an API that does not say so by
    its status. `sleep` waits for seconds, `beat` is called before every request and may stop the work.
    """

    def __init__(
        self,
        base: str,
        *,
        sleep: Callable[[float], None],
        headers: Callable[[], Headers] | None = None,
        sign: Callable[[str, str, str], Headers] | None = None,
        digest: tuple[str, str] | None = None,
        timeout: float = 60.0,
        attempts: int = ATTEMPTS,
        passing: Callable[[bytes], bool] = lambda _: False,
    ) -> None:
        self.base = base.rstrip("/")
        self.host = httpx.URL(self.base).host
        self.beat: Callable[[], None] = lambda: None
        self._sleep, self._headers, self._sign, self._attempts = sleep, headers or dict, sign, attempts
        auth = httpx.DigestAuth(*digest) if digest else None
        self._passing = passing
        self._client = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False, auth=auth)

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, headers: Headers | None = None) -> Any:
        """The JSON answer of a GET. Raises ApiError."""
        return self.ask("GET", path, params=params, headers=headers)[0]

    def post(
        self, path: str, body: Any = None, *, params: Mapping[str, Any] | None = None, headers: Headers | None = None
    ) -> Any:
        """The JSON answer of a POST of JSON; only for what may be sent twice. Raises ApiError."""
        return self.ask("POST", path, params=params, json=body, headers=headers)[0]

    def ask(self, method: str, path: str, **asked: Any) -> tuple[Any, Headers]:
        """The JSON answer and its headers. Numbers with a fraction are given as the text that was sent. Raises ApiError.

        `asked` is what httpx takes: `params`, `json`, `data` (a form), `headers`. Where `params` is a function, it gives those
        of each attempt: a signature with a time in it holds once.
        """
        found = self._answered(method, path, asked, _parsed)
        return found.read, found.headers

    def download(self, path: str, *, params: Mapping[str, Any] | None = None, headers: Headers | None = None) -> bytes:
        """The bytes that a GET gives, never those of a page of HTML. Raises ApiError."""
        return bytes(self._answered("GET", path, {"params": params, "headers": headers}, _no_page).read)

    def blocks(self, path: str, *, headers: Headers | None = None) -> Iterator[bytes]:
        """The bytes that a GET gives, as they come. Raises ApiError, also in their middle, where it can be gone on later."""
        asked = {"headers": headers, "stream": True}
        answer = self._answered("GET", path, asked, lambda _: None)
        try:
            yield from answer.rest
        except httpx.HTTPError as error:
            cause = f"{self.host} broke off in the middle: {type(error).__name__}."
            raise ApiError(cause, cure="Sync again; it goes on where it was cut.", retryable=True) from error
        finally:
            answer.rest.close()

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def _answered(self, method: str, path: str, asked: Mapping[str, Any], read: Callable[[bytes], Any]) -> _Answer:
        last: ApiError | None = None
        for attempt in range(self._attempts):
            if last is not None:
                self._sleep(_pause(last, attempt))
            self.beat()
            try:
                answer = self._once(method, path, asked)
                passing = self._passing(answer.content)
                if answer.good and not passing:
                    answer.read = read(answer.content)
                    return answer
                last = _fault(self.host, answer, passing)
            except httpx.HTTPError as error:
                last = ApiError(f"{self.host} did not answer: {type(error).__name__}.", cure="Try again later.", retryable=True)
            except ValueError:
                last = _unreadable(self.host, answer)
            if not last.retryable:
                break
        raise last or ApiError(f"{self.host} was not asked.")

    def _once(self, method: str, path: str, asked: Mapping[str, Any]) -> _Answer:
        url = path if path.startswith(("http://", "https://")) else f"{self.base}/{path.lstrip('/')}"
        if httpx.URL(url).netloc != httpx.URL(self.base).netloc:  # a next page elsewhere would be handed the credentials
            raise ApiError(f"{self.host} points to another host, {httpx.URL(url).host}.", cure="Nothing was sent there.")
        own = {"Accept": "application/json", **self._headers(), **(asked.get("headers") or {})}
        given = {name: asked[name] for name in ("params", "json", "data") if asked.get(name) is not None}
        if callable(given.get("params")):  # they may be signed, anew for each attempt
            given["params"] = given["params"]()
        request = self._client.build_request(method, url, headers=own, **given)
        if self._sign is not None:
            request.headers.update(self._sign(method, request.url.raw_path.decode(), request.url.netloc.decode()))
        answer = self._client.send(request, stream=True)
        if asked.get("stream") and answer.is_success:
            return _Answer(answer.status_code, dict(answer.headers), b"", rest=_rest(answer))
        try:
            return _Answer(answer.status_code, dict(answer.headers), b"".join(_bounded(answer, self.host)))
        finally:
            answer.close()


@dataclass
class _Answer:
    status: int
    headers: Headers
    content: bytes
    read: Any = None
    rest: Generator[bytes] = field(default_factory=lambda: (_ for _ in ()))

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


def _fault(host: str, answer: _Answer, passing: bool) -> ApiError:
    status, told = answer.status, _message(answer.content)
    said = f"{host} answered {status}{f': {told}' if told else ''}."
    wait = retry_after(answer.headers)
    if passing or status in PASSING or (status == 403 and wait is not None):
        return ApiError(said, cure="Try again later.", retryable=True, status=status, wait=wait)
    if status in {401, 403}:
        cure = "The credentials are wrong or expired, or lack a permission: see `finopsmetrics connect`."
        return ApiError(said, cure=cure, status=status)
    return ApiError(said, cure="Check the connection's settings.", status=status)


def _unreadable(host: str, answer: _Answer) -> ApiError:
    what = "a page of HTML" if answer.content.lstrip()[:1] == b"<" else "what is no JSON"
    return ApiError(
        f"{host} answered with {what} instead of data.", cure="Try again later.", retryable=True, status=answer.status
    )


def _rest(answer: httpx.Response) -> Generator[bytes]:
    try:
        yield from answer.iter_raw(1 << 20)
    finally:
        answer.close()


def _bounded(answer: httpx.Response, host: str) -> Iterator[bytes]:
    got = 0
    for block in answer.iter_bytes():
        got += len(block)
        if got > MOST_BYTES:
            raise ApiError(f"{host} answered with more than {MOST_BYTES >> 20} MiB at once.", cure="Ask for smaller pages.")
        yield block


def _pause(last: ApiError, attempt: int) -> float:
    """Seconds until the next attempt: what the answer asks for, else twice as long each time, spread a little."""
    if last.wait is None:
        return float(2 ** (attempt - 1)) * random.uniform(0.75, 1.25)  # noqa: S311 - only spreads the load
    if last.wait > LONGEST_WAIT:
        cause = f"{last.cause} It asks to wait {last.wait:.0f} s."
        raise ApiError(cause, cure="Try again later.", retryable=True, status=last.status)
    return last.wait


def _parsed(content: bytes) -> Any:
    return json.loads(content, parse_float=str) if content.strip() else None


def _no_page(content: bytes) -> bytes:
    if content.lstrip()[:14].lower().startswith((b"<html", b"<!doctype html")):
        raise ValueError("a page of HTML")
    return content


def _message(content: bytes) -> str:
    """What an error's answer says in words, in one short line; nothing of what is no JSON."""
    try:
        body = json.loads(content)
    except ValueError:
        return ""
    found = body
    for name in ("error", "errors", "message", "Message", "error_description", "detail", "errorMessage", "description"):
        if isinstance(found, list):
            found = found[0] if found else ""
        if isinstance(found, dict) and not isinstance(found.get(name), int | None):  # a number says what the status said
            found = found[name]
    if isinstance(found, dict):
        found = next((found[name] for name in ("message", "detail", "description", "error") if name in found), "")
    return " ".join(str(found).split())[:300] if isinstance(found, (str, int)) else ""
