"""One-time passwords by time (RFC 6238): 6 digits, 30 seconds, one step of tolerance, each step taken once."""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime

STEP = 30
ISSUER = "finopsmetrics"
RECOVERY_CODES = 10


def new_secret() -> str:
    """A secret for an authenticator app, in base32."""
    import pyotp

    return pyotp.random_base32()


def uri(secret: str, name: str) -> str:
    """The otpauth:// address that authenticator apps read, as a QR code or by hand."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def step_of(secret: str, code: str, now: datetime, used: int | None) -> int | None:
    """The time step whose code this is, a step after `used`; None when the code is wrong, too old, or was taken already."""
    import pyotp

    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        return None
    current = int(now.replace(tzinfo=UTC).timestamp()) // STEP
    maker = pyotp.TOTP(secret)
    for step in (current - 1, current, current + 1):
        if (used is None or step > used) and hmac.compare_digest(maker.at(step * STEP), code):
            return step
    return None


def recovery_codes() -> list[str]:
    """Codes that each log in once when the authenticator is lost."""
    return [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(RECOVERY_CODES)]
