"""Receipts: what an answer rests on, and the proof that it can be had again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import NotFoundError
from finopsmetrics.core.exact import plus
from finopsmetrics.core.release import VERSION
from finopsmetrics.focus.normalise import MAPPING_VERSION, NO_CURRENCY
from finopsmetrics.observability.answers import digest
from finopsmetrics.observability.plan import Planned
from finopsmetrics.observability.query import CostQuery
from finopsmetrics.store.database import Database
from finopsmetrics.store.kept import find_receipt, keep_receipt
from finopsmetrics.store.lake import Input, Snapshot, inputs_to_json

if TYPE_CHECKING:
    import pyarrow


@dataclass(frozen=True)
class Receipt:
    """The question, the deliveries with their hashes, the versions of rules and software, and the hash of the answer."""

    id: str
    body: dict[str, Any]

    @property
    def query(self) -> CostQuery:
        """The question that was asked."""
        return CostQuery.from_dict(self.body["query"])

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The billing periods of deliveries that the answer rests on."""
        return tuple(Input(**entry) for entry in self.body["inputs"])

    def as_dict(self) -> dict[str, Any]:
        """The receipt as plain data: what `--receipt FILE` writes and another machine reads."""
        return {"id": self.id, **self.body}

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Receipt:
        """Read `as_dict` back."""
        return cls(str(body["id"]), {name: value for name, value in body.items() if name != "id"})


@dataclass(frozen=True)
class Verification:
    """Whether a receipt's answer was reproduced, and both hashes."""

    receipt: str
    reproduced: bool
    expected: str
    found: str
    rows: int
    totals: dict[str, str]


def issue(query: CostQuery, snapshot: Snapshot, planned: Planned, table: pyarrow.Table) -> Receipt:
    """Make the receipt of an answer. The same question on the same data gives the same receipt."""
    relevant = [one for one in snapshot.inputs if one.dataset == "CostAndUsage"]
    body: dict[str, Any] = {
        "query": query.as_dict(),
        "sql": planned.sql,
        "table": planned.source.name,
        "snapshot": {"lake_version": snapshot.version, "metadata": planned.source.metadata_location},
        "as_of": snapshot.as_of.isoformat() + "Z" if snapshot.as_of else None,
        "inputs": inputs_to_json(relevant),
        "mapping_version": MAPPING_VERSION,
        "software": f"finopsmetrics {VERSION}",
        "answer": {"rows": table.num_rows, "sha256": digest(table), "totals": _totals(table)},
    }
    return Receipt(named(body), body)


def named(body: Mapping[str, Any]) -> str:
    """The id of a receipt: a hash of its question, inputs, rules and answer."""
    known = {name: body[name] for name in ("query", "inputs", "mapping_version", "answer")}
    return "r-" + hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:20]


def keep(database: Database, receipt: Receipt) -> None:
    """Keep a receipt in the state, once."""
    keep_receipt(database, receipt.id, receipt.body, datetime.now(UTC).replace(tzinfo=None))


def find(database: Database, receipt_id: str) -> Receipt:
    """A kept receipt. Raises NotFoundError."""
    body = find_receipt(database, receipt_id)
    if body is None:
        raise unknown(receipt_id)
    return Receipt(receipt_id, body)


def unknown(receipt_id: str) -> NotFoundError:
    """The error for a receipt that is not there, or not there for who asks."""
    return NotFoundError(f"There is no receipt {receipt_id}.", cure="Receipts are named when an answer is given.")


def _totals(table: pyarrow.Table) -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    for currency, cost in zip(table.column("currency").to_pylist(), table.column("cost").to_pylist(), strict=True):
        if cost is not None:
            sums[currency or NO_CURRENCY] = plus(sums.get(currency or NO_CURRENCY, Decimal(0)), cost)
    return {currency: f"{amount:f}" for currency, amount in sorted(sums.items())}
