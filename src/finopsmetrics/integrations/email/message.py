"""A notice as a mail: HTML with a plain twin and its chart within, nothing loaded from outside. Pure."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from finopsmetrics.core.notices import Notice
from finopsmetrics.integrations.plain_text import clean, one_line, picture, plain_text, shortened, stamp, web_address

SUBJECT = 200  # characters
COLOURS = {"critical": "#b42318", "high": "#b42318", "medium": "#b54708", "low": "#475467"}


def rendered(notice: Notice, message_id: str, sender: Address, recipients: Sequence[Address], now: datetime) -> EmailMessage:
    """The mail. Its Message-ID comes from the message's id, so that one that is sent twice is known again. `now` is UTC."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = tuple(recipients)
    mail["Subject"] = shortened(one_line(notice.title) or "(no title)", SUBJECT)
    mail["Date"] = format_datetime(now.replace(tzinfo=UTC, microsecond=0))
    mail["Message-ID"] = f"<{message_id}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notes in answer
    mail.set_content(plain_text(notice) + "\n", cte="quoted-printable")
    chart = picture(notice)
    mail.add_alternative(page(notice, with_chart=chart is not None), subtype="html", cte="quoted-printable")
    if chart is not None:
        twin = mail.get_payload(1)
        assert isinstance(twin, EmailMessage)
        twin.add_related(chart, "image", "png", cid="<chart>", filename="chart.png", disposition="inline")
    return mail


def page(notice: Notice, *, with_chart: bool = False) -> str:
    """The mail's HTML: no script, no style sheet, no picture but the chart that is in the mail."""
    told = _safe(f"chart: {one_line(notice.title)}")
    chart = f'<p><img src="cid:chart" alt="{told}" style="max-width:100%"></p>' if with_chart else ""
    body = "".join(_body(notice, 1)) + chart + f'<p style="color:#667085">{_safe(stamp(notice))}</p>'
    font = "font-family:Helvetica,Arial,sans-serif;font-size:14px;line-height:1.5;color:#101828;max-width:640px"
    return f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body style="{font}">{body}</body></html>\n'


def _body(notice: Notice, level: int) -> Iterator[str]:
    colour = "#027a48" if notice.stage == "resolve" else COLOURS[notice.severity]
    yield f'<h{level + 1} style="color:{colour}">{_safe(one_line(notice.title) or "(no title)")}</h{level + 1}>'
    yield from (f"<p>{_lines(sentence)}</p>" for sentence in notice.sentences)
    if notice.facts:
        left = '<td style="padding-right:16px;color:#667085">'
        rows = [f"<tr>{left}{_safe(one_line(one))}</td><td>{_safe(one_line(two))}</td></tr>" for one, two in notice.facts]
        yield f"<table>{''.join(rows)}</table>"
    if notice.recommendations:
        yield f"<p>To do:</p><ul>{''.join(f'<li>{_lines(one)}</li>' for one in notice.recommendations)}</ul>"
    for label, url in notice.links:
        address = web_address(url)
        shown = _safe(one_line(label) or "link")
        yield f'<p><a href="{_safe(address)}">{shown}</a></p>' if address else f"<p>{shown}: {_safe(one_line(url))}</p>"
    for part in notice.parts:
        yield f'<hr>{"".join(_body(part, min(level + 1, 4)))}<p style="color:#667085">{_safe(stamp(part))}</p>'


def _lines(text: str) -> str:
    return _safe(clean(text)).replace("\n", "<br>")


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
