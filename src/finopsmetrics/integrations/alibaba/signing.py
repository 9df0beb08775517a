"""Signatures of Alibaba Cloud's RPC requests: HMAC-SHA1 over method and sorted parameters. Pure.

Algorithm: Alibaba Cloud, "Request syntax and signature method V2 for RPC APIs".
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote


def signed(
    asked: Mapping[str, str], *, method: str, key_id: str, key_secret: str, now: datetime, nonce: str, form: str = "JSON"
) -> dict[str, str]:
    """The parameters of a request with those that every request has, its signature among them. `now` is UTC."""
    common = {
        "Format": form,
        "AccessKeyId": key_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": nonce,
        "Timestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}",
    }
    parameters = {**asked, **common}
    return {**parameters, "Signature": signature(method, parameters, key_secret)}


def signature(method: str, parameters: Mapping[str, str], key_secret: str) -> str:
    """The signature of a request."""
    key, text = f"{key_secret}&".encode(), string_to_sign(method, parameters).encode()
    return b64encode(hmac.new(key, text, hashlib.sha1).digest()).decode()


def string_to_sign(method: str, parameters: Mapping[str, str]) -> str:
    """What is signed: the method, the root, and the sorted parameters, percent-encoded once more."""
    query = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(parameters.items()))
    return f"{method}&{_encoded('/')}&{_encoded(query)}"


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
