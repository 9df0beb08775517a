"""The pages before a log-in: name and password, and the link that sets a password once. No script, every value escaped."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib.resources import files
from urllib.parse import urlencode

import finopsmetrics

_DESIGN = files("finopsmetrics.api") / "design"
CSS = "".join((_DESIGN / name).read_text("utf-8") for name in ("tokens.css", "entry.css"))
_HASH = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


def log_in_page(
    *, after: str, name: str = "", told: str = "", second: bool = False, wrong: bool = False, single_sign_on: bool = False
) -> str:
    """The form for name and password; with `second` it asks for the code of the authenticator too, `wrong`: once more."""
    fields = [
        f'<input type="hidden" name="next" value="{escape(after)}">',
        _field("name", "Name", value=name, complete="username"),
        _field("password", "Password", sort="password", complete="current-password"),
    ]
    if second:
        label = "Code of your authenticator app, or a recovery code"
        fields.append(_field("code", label, complete="one-time-code", fault=told if wrong else ""))
    link = f'<p><a href="/api/v1/auth/oidc/start?{escape(urlencode({"next": after}))}">Log in with single sign-on</a></p>'
    return document("Log in", _told("" if wrong else told) + _form("/login", fields, "Log in") + (link if single_sign_on else ""))


def welcome_page(*, code: str, name: str, told: str = "") -> str:
    """The form that sets a password with a one-time link; only what is told for a link that does not work."""
    if not name:
        return document("Welcome", _told(told))
    fields = [
        f'<input type="hidden" name="code" value="{escape(code)}">',
        f"<p>You log in as <strong>{escape(name)}</strong>.</p>",
        f'<input type="hidden" name="name" value="{escape(name)}" autocomplete="username">',  # for password managers
        _field("password", "New password, at least 8 characters", sort="password", complete="new-password"),
    ]
    return document("Welcome", _told(told) + _form("/welcome", fields, "Set the password"))


def document(title: str, body: str) -> str:
    """A whole page around a body that is HTML already."""
    return (
        '<!doctype html>\n<html lang="en" data-ready="true"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)} · finopsmetrics</title>'
        f'<style>{CSS}</style></head><body><main><p class="brand">finopsmetrics</p><h1>{escape(title)}</h1>{body}'
        f"<footer>finopsmetrics {escape(finopsmetrics.__version__)}</footer></main></body></html>\n"
    )


def _form(action: str, fields: list[str], button: str) -> str:
    return f'<form class="entry" method="post" action="{action}">{"".join(fields)}<button>{button}</button></form>'


def _field(name: str, label: str, *, sort: str = "text", value: str = "", complete: str, fault: str = "") -> str:
    given = f'type="{sort}" value="{escape(value)}" autocomplete="{complete}"'
    given += f' aria-invalid="true" aria-describedby="{name}-fault" autofocus' if fault else ""
    told = f'<p class="fault" id="{name}-fault" role="alert">{escape(fault)}</p>' if fault else ""
    return f'<label for="{name}">{label}</label><input id="{name}" name="{name}" {given} required>{told}'


def _told(text: str) -> str:
    return f'<p class="banner" role="alert">{escape(text)}</p>' if text else ""
