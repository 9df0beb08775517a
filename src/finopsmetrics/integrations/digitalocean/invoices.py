"""Where DigitalOcean gives its invoices: the API, a billing period at a time, and the preview of the running month.

A period may have several invoices, so it is one delivery with a file for each. The preview counts as long as its period has no
invoice; then the invoice takes its place. Requests: DigitalOcean API v2, "Billing"; read only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from finopsmetrics.integrations.collecting import Batch, Beat, Checked, Outside, Piece, Source, SourceError, SourceSettings
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.monthly import MONTH, listed, months, probed, write_lines
from finopsmetrics.integrations.opening import collector
from finopsmetrics.plugins.client import ApiClient

PAGE = 200
_INVOICES = "/v2/customers/my/invoices"
_UUID = r"^[0-9a-fA-F-]{36}$"


class Settings(SourceSettings):
    """Which invoices are fetched; the token tells whose."""

    team_uuid: str | None = Field(
        default=None, pattern=_UUID, description="The team that pays: the billing account of its charges."
    )
    since: str | None = Field(default=None, pattern=MONTH, description="The first billing period to fetch: 2026-01.")
    endpoint: str = Field(
        default="https://api.digitalocean.com", description="Another address; the server's keeper must allow it."
    )


def open_source(settings: Settings, secrets: Mapping[str, str], outside: Outside) -> Source:
    """A source of DigitalOcean's invoices."""
    headers = {"Authorization": f"Bearer {secrets['token']}"}
    client = ApiClient(endpoint(settings.endpoint, collector("digitalocean").hosts), sleep=outside.sleep, headers=lambda: headers)
    return Invoices(settings, client, outside)


class Invoices:
    """The invoices of one team; see `collecting.Source`."""

    def __init__(self, settings: Settings, client: ApiClient, outside: Outside) -> None:
        self._settings, self._client, self._outside = settings, client, outside

    def check(self) -> Iterator[Checked]:
        """Whether invoices can be listed and read."""
        return probed((("billing:read, invoices", self._told), ("billing:read, items of an invoice", self._tried)))

    def offered(self) -> Iterator[Batch]:
        """Each period's invoices, or the preview of one that has none yet."""
        wanted = months(self._settings.since, self._outside.now())  # none, when it begins later than now
        periods: dict[str, list[Piece]] = defaultdict(list)
        invoices, preview = self._invoices()
        for invoice in invoices:
            periods[invoice["invoice_period"]].append(_piece(invoice, str(invoice["amount"])))
        if preview is not None and preview["invoice_period"] not in periods:
            periods[preview["invoice_period"]].append(_piece(preview, f"preview {preview.get('updated_at', '')}"))
        for period in sorted(period for period in periods if wanted and period >= wanted[0]):
            yield Batch(period, tuple(sorted(periods[period], key=lambda piece: piece.name)))

    def fetch(self, piece: Piece, part: Path, beat: Beat) -> None:
        """Write an invoice's items as JSON lines, the invoice, its period and the team beside each."""
        self._client.beat = beat
        team = {"team_uuid": self._settings.team_uuid} if self._settings.team_uuid else {}
        beside = {"invoice_uuid": piece.place["uuid"], "invoice_period": piece.place["period"], **team}
        items, _ = self._all(f"{_INVOICES}/{piece.place['uuid']}", "invoice_items")
        write_lines(({**item, **beside} for item in items), part)

    def _invoices(self) -> tuple[list[Any], Mapping[str, Any] | None]:
        invoices, last = self._all(_INVOICES, "invoices")
        return invoices, last.get("invoice_preview") or None

    def _all(self, place: str, name: str) -> tuple[list[Any], Mapping[str, Any]]:
        """Every entry of a list, page by page, and the last answer. Raises SourceError when they are not as many as it says."""
        found: list[Any] = []
        for page in range(1, 1_000_000):
            answer = self._client.get(place, {"per_page": PAGE, "page": page})
            entries = listed(answer, name, "DigitalOcean")
            found += entries
            if not entries or not ((answer.get("links") or {}).get("pages") or {}).get("next"):
                break
        total = answer["meta"]["total"]
        if len(found) != total:
            raise SourceError(f"DigitalOcean gave {len(found)} of {total} {name}.", cure="Sync again.", retryable=True)
        return found, answer

    def _told(self) -> str:
        invoices, preview = self._invoices()
        return f"{len(invoices)} invoices{', and a preview' if preview else ''}"

    def _tried(self) -> str:
        invoices, preview = self._invoices()
        newest = preview or max(invoices, key=lambda one: str(one["invoice_period"]), default=None)
        if newest is None:
            return "there is none yet"
        items, _ = self._all(f"{_INVOICES}/{newest['invoice_uuid']}", "invoice_items")
        return f"{len(items)} items of {newest['invoice_period']}"


def _piece(invoice: Mapping[str, Any], version: str) -> Piece:
    """An invoice as a file; a closed one does not change, a preview does with its time."""
    uuid, period = invoice["invoice_uuid"], invoice["invoice_period"]
    tag = "" if version == "preview " else f"{uuid} {version}"
    return Piece(f"{uuid}.jsonl", tag, place={"uuid": uuid, "period": period})
