"""Receipts as requests and responses carry them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from finopsmetrics.api.schemas import WHOLE
from finopsmetrics.core.errors import UsageError
from finopsmetrics.observability.query import MOST_DIMENSIONS, MOST_TOP, Basis, Grain, Metric
from finopsmetrics.observability.receipts import Receipt

MOST_INPUTS = 4_000
Short = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Instant = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{6})?$"
    ),
]


class QueryShown(BaseModel):
    """The question of a receipt. Times are UTC without zone, ends exclusive."""

    model_config = ConfigDict(extra="forbid")
    metric: Metric
    group_by: list[Short] = Field(max_length=MOST_DIMENSIONS)
    start: Instant | None = None
    end: Instant | None = None
    where: Annotated[str, StringConstraints(max_length=20_000)] | None = None
    basis: Basis = "accrual"
    grain: Grain | None = None
    previous_start: Instant | None = None
    previous_end: Instant | None = None
    top: Annotated[int, Field(ge=1, le=MOST_TOP), WHOLE] | None = None


class InputShown(BaseModel):
    """A billing period of a delivery that an answer rests on."""

    model_config = ConfigDict(extra="forbid")
    delivery: Short
    source: Short
    dataset: Short
    period: Short
    content_hash: Short


class AnswerShown(BaseModel):
    """What the answer was: its rows, their hash, and its totals by currency."""

    rows: Annotated[int, Field(ge=0), WHOLE]
    sha256: Hash
    totals: dict[str, str]


class ReceiptShown(BaseModel):
    """A receipt: the question, the deliveries with their hashes, the versions, and the hash of the answer."""

    id: Annotated[str, StringConstraints(pattern=r"^r-[0-9a-f]{1,40}$")]
    query: QueryShown
    inputs: list[InputShown] = Field(max_length=MOST_INPUTS)
    answer: AnswerShown
    sql: str | None = Field(default=None, description="The SQL that answered.")
    table: str | None = None
    snapshot: dict[str, Any] | None = None
    as_of: str | None = None
    mapping_version: str | None = None
    software: str | None = None

    def to_receipt(self) -> Receipt:
        """The receipt to verify. Raises UsageError for a question that cannot be asked."""
        made = Receipt.from_dict(self.model_dump())
        try:
            _ = made.query  # reads its times, which a pattern cannot judge in full
        except ValueError as error:
            cure = "Send the receipt as it was given."
            raise UsageError(f"The receipt's question cannot be read: {error}.", cure=cure) from error
        return made


class Verified(BaseModel):
    """Whether the answer was reproduced, and both hashes."""

    receipt: str
    reproduced: bool
    expected: str
    found: str
    rows: int
    totals: dict[str, str]
