"""Where a source may be reached: the hosts of its vendor, and those that the server's keeper allows. Nothing else.

A connection's settings are given by its users and its secrets are read by the server, so a host that anybody can name would
be handed them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from finopsmetrics.core.errors import UsageError

ALLOWED = "FINOPSMETRICS_ALLOWED_ENDPOINTS"
"""Further addresses as `https://host[:port]`, with commas; http and this machine's addresses too, where they stand here."""


def endpoint(url: str, hosts: Iterable[str]) -> str:
    """A base URL that may be asked, without a trailing slash. `hosts` are the vendor's, `*` for any part.

    Raises UsageError for another host, another scheme, or a URL with a user, a query or a fragment.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise UsageError("The endpoint cannot be read as a URL.", cure="Write it as https://host.") from error
    if parts.scheme not in {"https", "http"} or not host or parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError("The endpoint is no plain https:// address.", cure="Write it as https://host.")
    place = f"{parts.scheme}://{host}{f':{port}' if port else ''}"
    vendors = parts.scheme == "https" and port in {None, 443} and any(fnmatchcase(host, pattern) for pattern in hosts)
    if not vendors and place not in _allowed():
        cure = f"Use the vendor's own address, or let the server's keeper name {place} in {ALLOWED}."
        raise UsageError(f"The endpoint {place} is not the vendor's.", cure=cure)
    return f"{place}{parts.path.rstrip('/')}"


def _allowed() -> set[str]:
    return {one.strip().rstrip("/").lower() for one in os.environ.get(ALLOWED, "").split(",") if one.strip()}
