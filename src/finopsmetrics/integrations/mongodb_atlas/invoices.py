"""Where MongoDB Atlas gives invoices: its Administration API v2, all invoices of an organization and month together.

A list tells of each invoice its status and when it was last updated, so that months whose invoices are closed and the same as
before are not fetched again. An invoice that is pending grows, and is fetched with each sync.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from finopsmetrics.integrations.collecting import Batch, Beat, Checked, Outside, Piece, Source, SourceError, SourceSettings
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.monthly import MONTH, listed, months, probed, write_lines
from finopsmetrics.integrations.opening import collector
from finopsmetrics.integrations.tokens import ClientCredentials
from finopsmetrics.plugins.client import ApiClient

ACCEPT = "application/vnd.atlas.2023-01-01+json"
PAGE = 500
APART = frozenset({"lineItems", "linkedInvoices", "links", "payments", "refunds"})
"""What of an invoice is not put beside its line items: they themselves, and what is no charge."""
TOLD = ("id", "statusName", "updated", "subtotalCents", "salesTaxCents", "creditsCents", "amountBilledCents")


class Settings(SourceSettings):
    """Whose invoices, and who asks."""

    organization: str = Field(pattern=r"^[a-f0-9]{24}$", description="The id of the organization that pays.")
    client_id: str | None = Field(
        default=None, pattern=r"^mdb_sa_id_[a-f0-9]{24}$", description="The client id of a service account."
    )
    public_key: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9]{4,40}$", description="In its place, an API key's public part."
    )
    since: str | None = Field(default=None, pattern=MONTH, description="The first month whose invoices are fetched: 2026-01.")
    endpoint: str = Field(default="https://cloud.mongodb.com", description="Another address; the server's keeper must allow it.")


@dataclass(frozen=True)
class Invoices:
    """An organization's invoices; see `collecting.Source`."""

    client: ApiClient
    settings: Settings
    outside: Outside

    def check(self) -> Iterator[Checked]:
        """Whether Atlas knows us and lets us read the invoices."""
        first = f"Organization Billing Viewer of {self.settings.organization}"
        return probed(((first, lambda: f"{sum(1 for _ in self._listed())} invoices"),))

    def offered(self) -> Iterator[Batch]:
        """Each month that has invoices, oldest first."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for invoice in self._listed():
            found.setdefault(str(invoice["startDate"])[:7], []).append(invoice)
        for month, invoices in sorted(found.items()):
            ids = sorted({str(invoice["id"]) for invoice in invoices})
            grows = any(_status(one) == "PENDING" for invoice in invoices for one in _with_linked(invoice))
            tag = "" if grows else json.dumps(sorted(_told(one) for invoice in invoices for one in _with_linked(invoice)))
            yield Batch(month, (Piece(f"{month}.jsonl", tag, place={"ids": ids}),))

    def fetch(self, piece: Piece, part: Path, beat: Beat) -> None:
        """Write the line items of a month's invoices, each with its invoice beside it."""
        self.client.beat = beat
        write_lines((row for one in piece.place["ids"] for row in self._items(self._invoice(one))), part)

    def _listed(self) -> Iterator[Mapping[str, Any]]:
        first = months(self.settings.since, self.outside.now())[0:1]
        asked = {"fromDate": f"{first[0]}-01", "itemsPerPage": PAGE} if first else None
        got, page = 0, 1
        while asked:
            answer = self.client.get(self._place, {**asked, "pageNum": page})
            found = listed(answer, "results", "MongoDB Atlas")
            yield from found
            got, page = got + len(found), page + 1
            if len(found) < PAGE:
                if got != answer.get("totalCount", got):
                    cause = f"MongoDB Atlas listed {got} of {answer['totalCount']} invoices."
                    raise SourceError(cause, cure="Sync again.", retryable=True)
                return

    def _invoice(self, number: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.client.get(f"{self._place}/{number}")
        return found

    def _items(self, invoice: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The line items of an invoice and of those that are linked to it."""
        beside = {name: value for name, value in invoice.items() if name not in APART}
        items = invoice.get("lineItems") or ()
        if not items and (invoice.get("salesTaxCents") or invoice.get("subtotalCents")):
            cause = f"The invoice {invoice['id']} of MongoDB Atlas has amounts and no line items."
            raise SourceError(cause, cure="Ask MongoDB; or the client lacks the role to see linked invoices.")
        yield from ({**item, "invoice": beside} for item in items)
        for linked in invoice.get("linkedInvoices") or ():
            yield from self._items(linked if "lineItems" in linked else self._invoice(str(linked["id"])))

    @property
    def _place(self) -> str:
        return f"/api/atlas/v2/orgs/{self.settings.organization}/invoices"


def open_source(settings: Settings, secrets: Mapping[str, str], outside: Outside) -> Source:
    """A source of an organization's invoices."""
    base = endpoint(settings.endpoint, collector("mongodb_atlas").hosts)
    accept = {"Accept": ACCEPT}
    if settings.client_id and "client_secret" in secrets:
        place, secret = "/api/oauth/token", secrets["client_secret"]
        account = ClientCredentials("MongoDB Atlas", base, place, settings.client_id, secret, outside)
        client = ApiClient(base, sleep=outside.sleep, headers=lambda: {**account.headers(), **accept})
    elif settings.public_key and "private_key" in secrets:
        pair = (settings.public_key, secrets["private_key"])
        client = ApiClient(base, sleep=outside.sleep, headers=lambda: accept, digest=pair)
    else:
        cure = "Give the setting `client_id` with the secret `client_secret`, or `public_key` with `private_key`."
        raise SourceError("MongoDB Atlas is not told who asks.", cure=cure)
    return Invoices(client, settings, outside)


def _with_linked(invoice: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield invoice
    for linked in invoice.get("linkedInvoices") or ():
        yield from _with_linked(linked)


def _status(invoice: Mapping[str, Any]) -> str:
    return str(invoice.get("statusName", "")).upper()


def _told(invoice: Mapping[str, Any]) -> list[str]:
    return [str(invoice.get(name)) for name in TOLD]
