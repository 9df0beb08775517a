"""What responses look like, for OpenAPI and its readers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Amounts = dict[str, str]


def whole(value: object) -> object:
    """Take a JSON integer as JSON Schema defines it: 5 and 5.0, and neither "5" nor true. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("Input should be a whole number")
    return value


WHOLE = BeforeValidator(whole)
"""Annotates a whole number in a request's body; bounds stand before it, so that the schema shows them."""


class WindowShown(BaseModel):
    """A window of time in UTC, its end exclusive; null where it has no bound."""

    start: datetime | None
    end: datetime | None
    label: str = Field(description="The same for people, the last day included.")


class CostRow(BaseModel):
    """One group: the dimensions as they were asked for, `period` with a grain, `previous` and `change` when compared."""

    model_config = ConfigDict(extra="allow")
    cost: str | None = Field(description="Decimal text in full scale.")
    currency: str | None


class ComparedShown(WindowShown):
    """The window before another one."""

    held_from: str | None = Field(
        description="When the first charge that is held begins, where that is after this window began: changes tell nothing then."
    )


class Costs(BaseModel):
    """Rows of an answer, their sums by currency, the window, and the receipt that explains them."""

    rows: list[CostRow]
    totals: Amounts = Field(description="By currency, exactly the sum of the rows.")
    window: WindowShown
    compared: ComparedShown | None = Field(None, description="The window before, where the answer is compared with it.")
    receipt: str


class Known(BaseModel):
    """One side of a difference: when it was known (null for now) and its receipt."""

    as_of: str | None
    receipt: str
    totals: Amounts


class ChangedRow(BaseModel):
    """A group whose cost was changed by later deliveries."""

    model_config = ConfigDict(extra="allow")
    then: str
    now: str
    change: str


class Difference(BaseModel):
    """What deliveries changed between two moments of knowledge, the greatest change first."""

    rows: list[ChangedRow]
    window: WindowShown
    then: Known
    now: Known


class Charges(BaseModel):
    """A page of charges: FOCUS 1.4 columns, columns of the bill's own (x_), and where each came from (x_fm_)."""

    rows: list[dict[str, Any]]
    window: WindowShown
    limit: int
    offset: int
    next: str | None = Field(description="The path of the next page; null on the last.")


class Added(BaseModel):
    """What became of cost entries that were sent."""

    added: int = Field(description="New ones; they are durable now.")
    known: int = Field(description="Those that were there already with the same content.")


class DeliveryShown(BaseModel):
    """One delivery in a list."""

    id: str
    source: str
    dataset: str
    focus_version: str
    status: str = Field(description="taken, or history when a later delivery was in effect already.")
    delivered_at: datetime
    ingested_at: datetime
    rows: int
    accepted: int
    quarantined: int
    periods: list[str]
    totals: dict[str, Amounts]


class Deliveries(BaseModel):
    """A page of deliveries, the newest first."""

    deliveries: list[DeliveryShown]
    total: int
    limit: int
    offset: int
    next: str | None = Field(description="The path of the next page; null on the last.")


class DeliveredFile(BaseModel):
    """A file as it was delivered."""

    name: str
    sha256: str
    bytes: int


class DeliveryReported(DeliveryShown):
    """A delivery with all of its report."""

    content_hash: str
    mapping_version: str
    delivered_files: list[DeliveredFile]
    quarantined_totals: dict[str, Amounts]
    repairs: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    notes: list[str]
    rejected: list[dict[str, Any]]
    replaced: list[dict[str, Any]]
    closed_changes: list[dict[str, Any]]


class InvoiceTotals(BaseModel):
    """Sums of invoices in one currency, as decimal text. `residual` is of those that have an invoice's figure."""

    charges: str
    figure: str
    residual: str


class Reconciled(BaseModel):
    """Every invoice against its charges, every commitment against its use."""

    ties: bool = Field(description="Whether no line differs by more than a cent and no closed period arrived changed.")
    statuses: dict[str, int] = Field(description="How many of all invoices have which status.")
    issuers: list[str] = Field(description="Every issuer of an invoice or a charge.")
    totals: dict[str, InvoiceTotals] = Field(description="Of all invoices, by currency.")
    counts: dict[str, int] = Field(description="How many lines there are that match: invoices, commitments, closed_changes.")
    limit: int
    invoices: list[dict[str, Any]] = Field(description="Invoices of this page, the newest period first.")
    commitments: list[dict[str, Any]] = Field(description="Commitments of this page.")
    closed_changes: list[dict[str, Any]] = Field(description="Closed periods that arrived changed, of this page.")


class ColumnShown(BaseModel):
    """A FOCUS column to group or filter by."""

    name: str
    snake: str
    short: str | None = Field(description="The short name, where there is one.")
    kind: str = Field(description="text, decimal, time or json.")
    introduced: str = Field(description="The FOCUS version that brought it.")
    level: str = Field(description="Mandatory, Conditional or Recommended in FOCUS.")
    nullable: bool
    allowed: list[str] = Field(description="The values FOCUS allows; empty when any.")


class Dimensions(BaseModel):
    """What costs can be grouped and filtered by in this home."""

    columns: list[ColumnShown]
    kinds: dict[str, str] = Field(description="What each kind of column holds.")
    short_names: dict[str, str]
    own_columns: list[str] = Field(description="Columns of the delivered bills beyond FOCUS.")
    tag_keys: list[str] = Field(description="The most used tag keys; any other is asked for as tags.KEY too.")


class Alive(BaseModel):
    """The process answers."""

    status: str
    version: str


class Ready(BaseModel):
    """The state and the lake can be read."""

    status: str
    lake_version: int
