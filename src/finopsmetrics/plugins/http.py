"""Requests to addresses from settings, guarded: HTTPS only, never to this machine or a private network unless allowed.

The name is looked up once, the address that was checked is the one that is connected to, and redirects are not followed, so
that a name which changes its mind in between reaches nothing else. Proxies of the environment are not used.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from finopsmetrics.plugins.errors import PluginError


class AddressError(PluginError):
    """An address that requests do not go to."""

    code = "plugin_address"
    exit_code = 2


def check_url(url: str, *, private: bool = False) -> tuple[str, str]:
    """The host of a URL and the address that it stands for now. Raises AddressError.

    `private` allows HTTP and addresses of this machine and of private networks.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise AddressError("The URL cannot be read.", cure="Write it as https://host/path.") from error
    if not host or parts.scheme not in ({"https", "http"} if private else {"https"}):
        raise AddressError("The URL is no https:// address.", cure="Write it as https://host/path.")
    if parts.username is not None or parts.password is not None:
        raise AddressError("The URL carries a user or password.", cure="Give a secret as a header instead.")
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise AddressError(f"The host {host} cannot be found.", cure="Check the name.", retryable=True) from error
    odd = sorted(one for one in found if not private and not _public(one))
    if odd or not found:
        cure = "Use a public address, or allow private ones in the plugin's settings."
        raise AddressError(f"The host {host} is {', '.join(odd)}, an address of this machine or a private network.", cure=cure)
    return host, min(found, key=lambda one: (":" in one, one))


def post_json(
    url: str, body: Any, *, headers: Mapping[str, str] | None = None, timeout: float = 10.0, private: bool = False
) -> int:
    """Post JSON to a checked address; give the status of the answer. `timeout` is in seconds for each step.

    Raises AddressError, and PluginError when nobody answers or the answer is no success.
    """
    host, address = check_url(url, private=private)
    parts = urlsplit(url)
    shown = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port else ""
    pinned = httpx.URL(url).copy_with(host=shown)
    own = {**(headers or {}), "Host": f"{f'[{host}]' if ':' in host else host}{port}"}
    try:
        with (
            httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", pinned, json=body, headers=own, extensions={"sni_hostname": host}) as answer,
        ):
            status = answer.status_code
    except httpx.HTTPError as error:
        raise PluginError(f"{host} did not answer: {type(error).__name__}.", retryable=True) from error
    if not 200 <= status < 300:
        raise PluginError(f"{host} answered {status}.", cure="Check the address and its credentials.", retryable=status >= 500)
    return status


def _public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (mapped is None or (mapped.is_global and not mapped.is_multicast))
