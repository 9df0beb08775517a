"""How long an answer asks to wait before the next request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait: Retry-After, or the reset of a rate limit that is used up; names are in lower case."""
    text = headers.get("retry-after", "").strip()
    left, reset = (headers.get(f"x-ratelimit-{name}") or headers.get(f"ratelimit-{name}", "") for name in ("remaining", "reset"))
    now = datetime.now(UTC)
    if text.isdigit():
        return float(text)
    try:
        if text:
            return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (TypeError, ValueError):
        return None
    if left == "0" and reset.isdigit():  # an epoch, or seconds from now
        return max(0.0, float(reset) - (now.timestamp() if float(reset) > 1e9 else 0))
    return None
