"""What a forecast learns from: daily costs to the last complete day, by group, and what of them can come again."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.exact import minus, plus, total
from finopsmetrics.core.windows import Window
from finopsmetrics.core.windows.months import DAY, midnight
from finopsmetrics.observability.query import CostQuery, build, naive

if TYPE_CHECKING:
    from finopsmetrics.observability.cost_observatory import CostObservatory

CLOSED = 7
"""From so many days of age on the last day with charges is taken for complete; a younger one is left out."""
TAX_DAYS = 91
"""The rate of tax is that of so many days."""
KINDS = ("recurring", "tax", "one-time", "credit", "adjustment")
"""What charges are to a forecast. Recurring ones are learnt from; tax follows them; the others are not expected to come again."""
Group = tuple[Any, ...]
Amounts = dict[datetime, Decimal]


@dataclass(frozen=True)
class CostHistory:
    """Daily costs in one currency up to `end` (exclusive), by kind and group; `receipts` prove them.

    `kinds` holds every charge of the question once: the amounts of all kinds together are the answer's total.
    """

    currency: str | None
    start: datetime
    end: datetime
    kinds: dict[str, dict[Group, Amounts]]
    receipts: tuple[str, ...]

    @property
    def days(self) -> int:
        """Complete days from the first charge on."""
        return max((self.end - self.start).days, 0)

    def amount(self, kind: str, start: datetime | None = None, end: datetime | None = None) -> Decimal:
        """What all groups of a kind came to, within bounds."""
        return total(
            cost
            for amounts in self.kinds[kind].values()
            for day, cost in amounts.items()
            if (start is None or day >= start) and (end is None or day < end)
        )

    def tax_rate(self, group: Group) -> Decimal:
        """Tax of a group as a share of its recurring charges, or of those of all groups where it has none of its own.

        Counted over TAX_DAYS to the last day with tax: the tax of a running month often comes with its invoice.
        """
        taxed = self.kinds["tax"].get(group, {})
        until = min(max(taxed, default=self.end) + DAY, self.end)
        since = until - timedelta(days=TAX_DAYS)
        own = self.kinds["recurring"].get(group)
        below = [own] if own else list(self.kinds["recurring"].values())
        tax = total(cost for day, cost in taxed.items() if since <= day < until)
        paid = total(cost for amounts in below for day, cost in amounts.items() if since <= day < until)
        return (tax / paid) if paid > 0 and tax > 0 else Decimal(0)


def kind_of(category: Any, frequency: Any = None) -> str:
    """What a charge is to a forecast, by its ChargeCategory and ChargeFrequency."""
    if category == "Purchase":
        return "one-time" if frequency == "One-Time" else "recurring"
    return {"Tax": "tax", "Credit": "credit", "Adjustment": "adjustment"}.get(str(category), "recurring")


def complete_until(costs: CostObservatory, metric: str, now: datetime) -> datetime:
    """The end of the last complete day, UTC without zone.

    Charges of today and of yesterday are still coming in, and so are those of the last day with use, unless it is a week old.
    Raises UsageError when there is no charge.
    """
    today = naive(midnight(now.astimezone(UTC)))
    assert today is not None
    usage = Condition.parse('ChargeCategory == "Usage"')
    for where in (str(usage), None):
        asked = build(metric=metric, filters=where, grain="day", window=Window(None, today.replace(tzinfo=UTC)))
        days = [row["period"] for row in costs.ask(asked, keep_receipt=False) if row["cost"]]
        if days:
            last: datetime = max(days)
            return min(today - DAY, last + DAY if (today - last).days >= CLOSED else last)
    raise UsageError("There are no charges to look ahead from.", cure="Take a bill in: finopsmetrics ingest FILE.")


def history(costs: CostObservatory, question: CostQuery, end: datetime) -> CostHistory:
    """The daily costs of a question before `end`, by its groups. Raises UsageError for more than one currency."""
    asked = replace(question, grain="day", end=end, top=None)
    every = costs.ask(replace(asked, group_by=(*question.group_by, "ChargeCategory")))
    # Only what was bought once tells frequencies apart: the rest is answered by the daily rollup, which does not hold them.
    once = costs.ask(asked.narrowed(Condition.parse('ChargeCategory == "Purchase" AND ChargeFrequency == "One-Time"')))
    currencies = sorted({str(row["currency"]) for row in every if row["cost"]})
    if len(currencies) > 1:
        cure = f'Choose one by a filter: BillingCurrency == "{currencies[0]}".'
        raise UsageError(f"The charges are in several currencies: {', '.join(currencies)}.", cure=cure)
    kinds: dict[str, dict[Group, Amounts]] = {kind: defaultdict(dict) for kind in KINDS}
    for row in every:
        _note(kinds[kind_of(row["ChargeCategory"])], question, row, row["cost"])
    for row in once:
        _note(kinds["one-time"], question, row, row["cost"])
        _note(kinds["recurring"], question, row, minus(Decimal(0), row["cost"]) if row["cost"] else None)
    kept = {kind: {group: days for group, days in groups.items() if any(days.values())} for kind, groups in kinds.items()}
    start = min((day for groups in kept.values() for days in groups.values() for day in days), default=end)
    receipts = tuple(answer.receipt.id for answer in (every, once) if answer.receipt)
    return CostHistory(currencies[0] if currencies else None, start, end, kept, receipts)


def _note(groups: dict[Group, Amounts], question: CostQuery, row: dict[str, Any], cost: Decimal | None) -> None:
    if cost:
        amounts = groups[tuple(row[name] for name in question.group_by)]
        amounts[row["period"]] = plus(amounts.get(row["period"], Decimal(0)), cost)
