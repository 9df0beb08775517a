"""Requests of channels: posted once to a checked address; an answer that is no success is an error that says what to do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from finopsmetrics.core.errors import UsageError
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.sending import ChannelError
from finopsmetrics.plugins.errors import PluginError
from finopsmetrics.plugins.http import Answer, post

PASSING = frozenset({408, 425, 429})
_LONGEST_TOLD = 200


def send_json(url: str, body: Any, *, headers: Mapping[str, str] | None = None, told: bool = True) -> Answer:
    """Post JSON; give the answer, which is a success. Raises ChannelError; see `send_bytes`."""
    content = json.dumps(body, ensure_ascii=False).encode()
    return send_bytes(url, content, headers={"Content-Type": "application/json", **(headers or {})}, told=told)


def send_bytes(url: str, content: bytes, *, headers: Mapping[str, str], told: bool = True) -> Answer:
    """Post bytes; give the answer, which is a success. Raises ChannelError, with what the answer says when it is `told`.

    The error names the host and never the rest of the URL, which may be a secret.
    """
    try:
        answer = post(url, content, headers=headers)
    except PluginError as error:
        raise ChannelError(error.cause, cure=error.cure, retryable=error.retryable) from None
    if not answer.ok:
        raise refusal(urlsplit(url).hostname or "", answer, told=told)
    return answer


def refusal(host: str, answer: Answer, *, told: bool) -> ChannelError:
    """The error for an answer that is no success: it can pass for 408, 425, 429 and what the server's own faults are."""
    status = answer.status
    said = " ".join(answer.text.split())[:_LONGEST_TOLD] if told and not answer.text.lstrip().startswith("<") else ""
    cause = f"{host} answered {status}{f': {said}' if said else ''}."
    if status in PASSING or status >= 500:
        return ChannelError(cause, cure="It is tried again.", retryable=True, wait=answer.wait)
    cures = {
        401: "Check its secret.",
        403: "Check its secret.",
        404: "Check its address.",
        410: "It is gone: make a new address.",
    }
    cure = "Redirects are not followed: give the address itself." if 300 <= status < 400 else cures.get(status, "")
    return ChannelError(cause, cure=cure or "Check the connection's settings and secrets.")


def secret_url(url: str, hosts: Iterable[str]) -> str:
    """A whole URL that is a secret, when its host is the vendor's or the server's keeper allows it. Raises UsageError.

    `hosts` are the vendor's, `*` for any part. The error names no part of the URL but its host.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        host = ""
    if not host:
        raise UsageError("The secret is no URL.", cure="Put the whole https:// address there.")
    if parts.scheme == "https" and parts.port in {None, 443} and any(fnmatchcase(host, pattern) for pattern in hosts):
        return url
    endpoint(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", ())
    return url
