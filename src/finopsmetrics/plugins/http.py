"""Requests to addresses from settings, guarded: HTTPS only, never to this machine or a private network unless allowed.

The name is looked up once, the address that was checked is the one that is connected to, and redirects are not followed, so
that a name which changes its mind in between reaches nothing else. Proxies of the environment are not used.
"""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from finopsmetrics.plugins.errors import PluginError
from finopsmetrics.plugins.waiting import retry_after

PRIVATE_HOSTS = "FINOPSMETRICS_PRIVATE_HOSTS"
"""Names hosts that may be reached although they are private: names, addresses or networks (10.1.0.0/16), with commas."""
MOST_BYTES = 65_536  # of an answer that are kept


class AddressError(PluginError):
    """An address that requests do not go to."""

    code = "plugin_address"
    exit_code = 2


@dataclass(frozen=True)
class Answer:
    """The answer to a request: its status, its headers by names in lower case, and the beginning of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether it means success."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def wait(self) -> float | None:
        """Seconds that it asks to wait before the next request."""
        return retry_after(self.headers)

    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def check_url(url: str, *, private: bool = False) -> tuple[str, str]:
    """The host of a URL and the address that it stands for now. Raises AddressError.

    `private` allows HTTP and addresses of this machine and of private networks; so does the server's keeper for those named
    in FINOPSMETRICS_PRIVATE_HOSTS.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise AddressError("The URL cannot be read.", cure="Write it as https://host/path.") from error
    if not host or parts.scheme not in {"https", "http"}:
        raise AddressError("The URL is no https:// address.", cure="Write it as https://host/path.")
    if parts.username is not None or parts.password is not None:
        raise AddressError("The URL carries a user or password.", cure="Give a secret as a header instead.")
    address, public = _looked_up(host, port, private=private)
    if parts.scheme != "https" and public and not private:
        raise AddressError("The URL is no https:// address.", cure="Write it as https://host/path.")
    return host, address


def check_host(host: str, port: int) -> str:
    """The address that a host stands for now, when it is public or the server's keeper allows it. Raises AddressError."""
    return _looked_up(host, port, private=False)[0]


def post(
    url: str, content: bytes, *, headers: Mapping[str, str] | None = None, timeout: float = 10.0, private: bool = False
) -> Answer:
    """Post bytes to a checked address; give the answer, whatever its status, and a redirect as it is.

    `timeout` is in seconds for each step, and three times that for all of them. Raises AddressError, and PluginError when
    nobody answers in full.
    """
    host, address = check_url(url, private=private)
    parts = urlsplit(url)
    shown = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port else ""
    own = {**(headers or {}), "Host": f"{f'[{host}]' if ':' in host else host}{port}"}
    until = time.monotonic() + 3 * timeout
    try:
        pinned = httpx.URL(url).copy_with(host=shown)
        with (
            httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False, verify=_trusted()) as client,
            client.stream("POST", pinned, content=content, headers=own, extensions={"sni_hostname": host}) as answer,
        ):
            body = bytearray()
            for block in answer.iter_bytes():
                body += block
                if len(body) > MOST_BYTES:
                    break
                if time.monotonic() > until:
                    raise PluginError(f"{host} did not answer in full within {3 * timeout:g} s.", retryable=True)
            return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, bytes(body[:MOST_BYTES]))
    except httpx.InvalidURL as error:
        raise AddressError("The URL cannot be read.", cure="Write it as https://host/path.") from error
    except httpx.HTTPError as error:
        raise PluginError(f"{host} did not answer: {type(error).__name__}.", retryable=True) from error


def post_json(
    url: str, body: Any, *, headers: Mapping[str, str] | None = None, timeout: float = 10.0, private: bool = False
) -> Answer:
    """Post JSON to a checked address; give the answer. `timeout` is in seconds for each step.

    Raises AddressError, and PluginError when nobody answers or the answer is no success.
    """
    told = {"Content-Type": "application/json", **(headers or {})}
    answer = post(url, json.dumps(body).encode(), headers=told, timeout=timeout, private=private)
    if not answer.ok:
        cause = f"{urlsplit(url).hostname} answered {answer.status}."
        raise PluginError(cause, cure="Check the address and its credentials.", retryable=answer.status >= 500)
    return answer


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities whose certificates are believed; reading them takes 17 ms."""
    return httpx.create_ssl_context(trust_env=False)


def _looked_up(host: str, port: int, *, private: bool) -> tuple[str, bool]:
    """The address of a host, and whether it is one that anybody may be sent to."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise AddressError(f"The host {host} cannot be found.", cure="Check the name.", retryable=True) from error
    odd = sorted(one for one in found if not _public(one))
    barred = [one for one in odd if not private and not _allowed(host, one)]
    if barred or not found:
        cure = f"Use a public address, or let the server's keeper name it in {PRIVATE_HOSTS}."
        raise AddressError(f"The host {host} is {', '.join(barred)}, an address of this machine or a private network.", cure=cure)
    named = host.lower() in _listed()
    return min(found, key=lambda one: (":" in one, one)), not odd and not named


def _listed() -> list[str]:
    return [one.strip().lower() for one in os.environ.get(PRIVATE_HOSTS, "").split(",") if one.strip()]


def _allowed(host: str, address: str) -> bool:
    """Whether the server's keeper named the host, or a network that its address lies in."""
    for one in _listed():
        if one == host.lower():
            return True
        try:
            if ipaddress.ip_address(address.partition("%")[0]) in ipaddress.ip_network(one, strict=False):
                return True
        except ValueError:
            continue  # it is a name
    return False


def _public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (mapped is None or (mapped.is_global and not mapped.is_multicast))
