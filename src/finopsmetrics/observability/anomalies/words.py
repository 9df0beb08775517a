"""What is said of an incident: a title and one sentence with the likely cause; every figure in them comes from rows."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from finopsmetrics.core.exact import total
from finopsmetrics.observability.anomalies.causes import Driver, Explained
from finopsmetrics.observability.anomalies.incidents import CURRENCY, Incident
from finopsmetrics.observability.anomalies.quantities import Split
from finopsmetrics.observability.anomalies.watch import column_of

MOSTLY = 0.6
"""The share of a change from which on one value is called its cause."""
TITLE = 300
NAMED = {
    "ResourceId": "resource",
    "SkuId": "SKU",
    "ServiceName": "service",
    "SubAccountId": "account",
    "RegionId": "region",
    "ChargeDescription": "charge",
}
ORDER = ("ResourceId", "SkuId", "ChargeDescription", "RegionId", "ServiceName", "SubAccountId")


def money(amount: Decimal, currency: str) -> str:
    """An amount at cents, with its currency; more places where it is smaller than a cent."""
    places = Decimal("0.01") if abs(amount) >= Decimal("0.01") or not amount else Decimal("0.000001")
    return f"{amount.quantize(places, ROUND_HALF_EVEN):,f} {currency}"


def days(start: date, end: date) -> str:
    """Days [start, end) in words."""
    last = end - timedelta(days=1)
    return f"on {start}" if last == start else f"from {start} to {last}"


def subject(incident: Incident) -> str:
    """What it is about: the greatest series, and how many beside it."""
    group = {column_of(name): value for name, value in incident.lead.group.items() if name != CURRENCY}
    service = group.pop("ServiceName", None)
    rest = [f"{NAMED.get(name, name)} {value if value is not None else '(none)'}" for name, value in group.items()]
    told = " in ".join([str(service), *rest] if service else rest) or "All charges"
    others = len(incident.parts) - 1
    return f"{told} and {others} more" if others else told


def title(incident: Incident) -> str:
    """The title of its finding."""
    way = "more" if incident.impact >= 0 else "less"
    told = f" cost {money(abs(incident.impact), incident.currency)} {way} than expected {days(incident.start, incident.end)}"
    about = subject(incident)
    room = TITLE - len(told)
    return (about if len(about) <= room else about[: room - 1] + "…") + told


def cause(incident: Incident, explained: Explained) -> tuple[str, str]:
    """The likely cause: a word for its sort, and one sentence."""
    currency, change = incident.currency, explained.change
    since = days(explained.start, explained.start + timedelta(days=explained.days))
    whole = f"{money(explained.during, currency)} {since}"
    if change * incident.impact <= 0:  # what it rose from was itself below the weeks before
        return "return", f"{whole}, no more than on the same weekdays of the weeks before: the days right before it cost less."
    sort, why = _why(explained, currency)
    way = "more" if change > 0 else "less"
    return sort, f"{whole}, {money(abs(change), currency)} {way} than on the same weekdays before: {why}."


def _why(explained: Explained, currency: str) -> tuple[str, str]:
    change, parts = explained.change, explained.split
    for name, sort in (("ResourceId", "new_resource"), ("SkuId", "new_sku")):
        count, gained = explained.new.get(name, (0, Decimal(0)))
        if count and float(gained / change) >= MOSTLY:
            return sort, _of_new(explained, name, count, gained)
    if parts and float(parts.price / change) >= MOSTLY:
        price, use = money(parts.price, currency), money(parts.usage, currency)
        return "price", f"a unit costs more than before, which makes {price} of it, and use makes {use}"
    usage = ""
    if parts and float(parts.usage / change) >= MOSTLY:
        usage = f"; {_share(parts.usage, change)} of it is use, not price"
    return _of_values(explained, usage)


def _of_new(explained: Explained, name: str, count: int, gained: Decimal) -> str:
    """What is said when it is mostly values that cost nothing before."""
    fresh = [one for one in explained.drivers[name] if one.new]
    share = _share(gained, explained.change)
    told = f"{_count(count, f'new {NAMED[name]}')} ({_listed(fresh, count)}) {_explain(count)} {share} of it"
    sku = next((one for one in explained.drivers.get("SkuId", ()) if one.new and one.share >= MOSTLY), None)
    return f"{told}; {_called(sku, 'SKU')} was not used before" if sku and name != "SkuId" else told


def _of_values(explained: Explained, usage: str) -> tuple[str, str]:
    """What is said when one value makes most of it, or when it is spread over many."""
    drivers, change = explained.drivers, explained.change
    for name in (*ORDER, *(one for one in drivers if one.startswith("tags."))):
        first = next(iter(drivers.get(name, ())), None)
        if first is not None and first.share >= MOSTLY:
            made = f"{_called(first, NAMED.get(name, name))} explains {_share(first.change, change)} of it{usage}"
            return "usage" if usage else "one_value", made
    for name in ORDER:
        if few := drivers.get(name):
            count = len(few) + explained.more[name]
            among = _share(total(one.change for one in few), change)
            spread = f"it is spread over {_count(count, NAMED[name])}, of which {_listed(few, count)} explain {among}"
            return "spread", spread + usage
    return ("usage", usage.removeprefix("; ")) if usage else ("unknown", "nothing tells the charges apart")


def advice(sort: str, explained: Explained) -> list[str]:
    """What to do about a cause, in the order of doing it; it promises nothing."""
    name = {"new_resource": "ResourceId", "new_sku": "SkuId"}.get(sort)
    first = next((those[0] for one in ORDER if (those := explained.drivers.get(one))), None)
    if name is not None:
        fresh = [one for one in explained.drivers[name] if one.new]
        count = explained.new[name][0]
        told = f"Find out who started {_listed(fresh, count)}, and stop what nobody needs."
    elif sort == "price":
        told = "Compare the price of a unit with the contract; what was announced can be declared as planned."
    elif first is not None:
        told = f"Look at {_called(first, NAMED[first.dimension])}: what runs there that did not run before?"
    else:
        told = "Look at the charges of these days beside those of the week before."
    return [told, "If it was expected, say so as feedback: its like is told less easily then."]


def _called(one: Driver, sort: str) -> str:
    told = one.name or (one.value if one.value is not None else "(none)")
    return f"the {sort} {told[:80]}"


def _listed(few: list[Driver] | tuple[Driver, ...], count: int) -> str:
    told = [(one.name or str(one.value if one.value is not None else "(none)"))[:60] for one in few[:3]]
    return ", ".join(told) + (f" and {count - len(told)} more" if count > len(told) else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _explain(number: int) -> str:
    return "explains" if number == 1 else "explain"


def _share(part: Decimal, whole: Decimal) -> str:
    share = float(part / whole)
    return "all" if share >= 0.995 else f"{share:.0%}"


def plain(explained: Explained) -> dict[str, Any]:
    """What explains an incident as plain data: amounts as exact text."""
    return {
        "start": explained.start.isoformat(),
        "days": explained.days,
        "before": f"{explained.before:f}",
        "during": f"{explained.during:f}",
        "change": f"{explained.change:f}",
        "drivers": {name: [_driver(one) for one in those] for name, those in explained.drivers.items()},
        "more": {name: count for name, count in explained.more.items() if count},
        "new": {name: {"count": count, "change": f"{amount:f}"} for name, (count, amount) in explained.new.items() if count},
        "split": {name: f"{getattr(explained.split, name):f}" for name in explained.split.__dataclass_fields__}
        if explained.split
        else None,
    }


def _split(parts: Split) -> dict[str, str]:
    return {name: f"{getattr(parts, name):f}" for name in ("usage", "price", "new", "gone", "unmeasured")}


def _driver(one: Driver) -> dict[str, Any]:
    told = {"value": one.value, "name": one.name, "share": round(one.share, 4), "new": one.new}
    return {**told, **{name: f"{getattr(one, name):f}" for name in ("before", "during", "change")}}
