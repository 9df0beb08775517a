"""A notice as the body of a webhook, and its signature by Standard Webhooks 1.0. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from datetime import UTC, datetime

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.notices import Notice

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)  # as Standard Webhooks wants them


def rendered(notice: Notice, message_id: str, recipient: str) -> bytes:
    """The body: JSON in UTF-8 with `type`, `timestamp` and `data`; equal for equal notices."""
    data = {"id": message_id, "recipient": recipient, **notice.as_dict(), "at": _zulu(notice.at)}
    data["parts"] = [{**part.as_dict(), "at": _zulu(part.at)} for part in notice.parts]
    body = {"type": f"notice.{notice.stage}", "timestamp": _zulu(notice.at), "data": data}
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode()


def signing_key(text: str) -> bytes:
    """The key that a secret `whsec_<base64>` stands for. Raises UsageError, which never shows it."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in KEY_BYTES:
        cure = "Write whsec_ and 24 to 64 random bytes in base64, such as `openssl rand -base64 32` gives."
        raise UsageError("The secret signing_key is no key of Standard Webhooks.", cure=cure)
    return key


def signed(key: bytes, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that prove who sent a body, and when: HMAC-SHA256 over `id.timestamp.body`. `at` is UTC without zone."""
    timestamp = str(int(at.replace(tzinfo=UTC).timestamp()))
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


def _zulu(at: datetime) -> str:
    return f"{at.isoformat()}Z"
