"""The ledger of truth: what the deliveries say, to the last digit, and what was planted in them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from finopsmetrics.demo.amounts import exact
from finopsmetrics.demo.estate import Estate
from finopsmetrics.demo.planted import commitments, events, owners
from finopsmetrics.demo.schedule import Delivery, is_closed
from finopsmetrics.demo.tag_gaps import tag_gaps
from finopsmetrics.demo.window import next_month

_SUMS = """
    SELECT count(*), coalesce(sum(billed), 0), coalesce(sum(effective), 0), coalesce(sum(list_cost), 0),
           coalesce(sum(contracted), 0), coalesce(sum(billed) FILTER (category = 'Tax'), 0),
           coalesce(sum(effective) FILTER (r.n IS NOT NULL), 0),
           coalesce(sum(effective) FILTER (r.has_team), 0)
    FROM cut LEFT JOIN resource r ON r.n = cut.resource
"""
_DETAILS = """
    SELECT invoice_id, category, sum(billed) FROM cut WHERE invoice_id IS NOT NULL GROUP BY ALL ORDER BY ALL
"""
Key = tuple[str, date]


class Ledger:
    """Notes what is delivered, in order; a later delivery of a period takes the place of an earlier one."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._sums: dict[Key, tuple[Any, ...]] = {}
        self._details: dict[Key, list[tuple[str, str, Decimal]]] = {}
        self._invoiced: dict[Key, list[tuple[str, str, Decimal]]] = {}
        self._last: dict[Key, tuple[str, Delivery]] = {}
        self._number: dict[Key, int] = {}
        self._deliveries: list[dict[str, Any]] = []
        self._changes: list[dict[str, Any]] = []

    def read_cut(self, con: duckdb.DuckDBPyConnection, delivery: Delivery, change: dict[str, Any] | None) -> None:
        """Note the sums of the table `cut`, which is about to be written for `delivery`."""
        key = (delivery.source, delivery.period)
        before = self._sums.get(key)
        self._sums[key] = con.execute(_SUMS).fetchall()[0]
        self._details[key] = con.execute(_DETAILS).fetchall()
        if delivery.state == "final":
            self._invoiced[key] = self._details[key]
        if change is not None and before is not None:
            self._changes.append(self._changed(delivery, change, self._sums[key][1] - before[1]))

    def rows(self, delivery: Delivery) -> int:
        """Return the number of charges in the last cut of the period."""
        return int(self._sums[delivery.source, delivery.period][0])

    def details(self, delivery: Delivery) -> list[tuple[str, str, Decimal]]:
        """Return (invoice id, charge category, billed) as invoiced for the period of `delivery`."""
        return self._invoiced[delivery.source, delivery.period]

    def delivered(self, name: str, delivery: Delivery, rows: int) -> None:
        """Note that the folder `name` was written."""
        if delivery.dataset == "CostAndUsage":
            key = (delivery.source, delivery.period)
            self._last[key] = (name, delivery)
            self._number[key] = self._number.get(key, 0) + 1
        self._deliveries.append(
            {
                "folder": name,
                "source": delivery.source,
                "dataset": delivery.dataset,
                "period": delivery.period.isoformat(),
                "state": delivery.state,
                "delivered_at": f"{delivery.delivered_at:%Y-%m-%dT%H:%M:%SZ}",
                "rows": rows,
            }
        )

    def truth(self, con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
        """Return the whole ledger, ready to be written as JSON; every amount is exact decimal text."""
        estate = self._estate
        taxes = {key: sums[5] for key, sums in self._sums.items()}
        return {
            "synthetic": True,
            "company": estate.company,
            "seed": estate.seed,
            "months": len(estate.window.periods),
            "start": estate.window.start.isoformat(),
            "end": estate.window.end.isoformat(),
            "scale": estate.scale,
            "planted": estate.planted,
            "currencies": {source.key: source.currency for source in estate.sources},
            "periods": [self._period(key) for key in sorted(self._sums)],
            "invoices": [invoice for key in sorted(self._invoiced) for invoice in self._invoices(key)],
            "events": events(estate, con, taxes),
            "commitments": commitments(estate, con),
            "owners": owners(estate),
            "tags": tag_gaps(estate, {key: (sums[6], sums[7]) for key, sums in self._sums.items()}),
            "inconsistencies": self._changes,
            "deliveries": self._deliveries,
        }

    def _period(self, key: Key) -> dict[str, Any]:
        source, period = key
        rows, billed, effective, at_list, contracted = self._sums[key][:5]
        closed = is_closed(self._estate.source(source), period, self._estate.window.end)
        return {
            "source": source,
            "period": period.isoformat(),
            "period_end": next_month(period).isoformat(),
            "currency": self._estate.source(source).currency,
            "status": "Closed" if closed else "Open",
            "rows": rows,
            "billed": exact(billed),
            "effective": exact(effective),
            "list": exact(at_list),
            "contracted": exact(contracted),
            "deliveries": self._number[key],
            "last_delivery": self._last[key][0],
        }

    def _invoices(self, key: Key) -> list[dict[str, Any]]:
        source = self._estate.source(key[0])
        invoiced, shown = _by_invoice(self._invoiced[key]), _by_invoice(self._details[key])
        return [
            {
                "source": source.key,
                "period": key[1].isoformat(),
                "invoice_id": invoice,
                "issuer": source.provider,
                "currency": source.currency,
                "invoice_total": exact(total),
                "billed_total": exact(shown[invoice]),
                "residual": exact(total - shown[invoice]),
            }
            for invoice, total in sorted(invoiced.items())
        ]

    def _changed(self, delivery: Delivery, change: dict[str, Any], difference: Decimal) -> dict[str, Any]:
        resource = self._estate.resources[change["resource"]]
        told = {
            "restated": "A closed month was delivered again with more use; its invoice was not issued again.",
            "moved": "A closed month was delivered again with a resource in another account; its sum is the same.",
        }
        return {
            "kind": delivery.state,
            "cause": told[delivery.state],
            "source": delivery.source,
            "period": delivery.period.isoformat(),
            "delivered_at": f"{delivery.delivered_at:%Y-%m-%dT%H:%M:%SZ}",
            "resource": resource.id,
            "account": change["account"],
            "moved_to": change.get("moved_to"),
            "difference": exact(difference),
        }


def _by_invoice(details: list[tuple[str, str, Decimal]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for invoice, _, billed in details:
        sums[invoice] = sums.get(invoice, Decimal(0)) + billed
    return sums
