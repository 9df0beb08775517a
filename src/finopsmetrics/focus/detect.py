"""What a delivered table is: which FOCUS dataset, and which version, told from its header alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.focus.columns import datasets, migration

# Without these a table is not the dataset; every other column may be absent.
REQUIRED = {
    "CostAndUsage": ("BilledCost", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"),
    "ContractCommitment": ("ContractCommitmentId", "ContractId"),
    "InvoiceDetail": ("InvoiceId", "InvoiceDetailId", "BilledCost", "BillingCurrency", "BillingPeriodStart"),
    "BillingPeriod": ("BillingPeriodStart", "BillingPeriodEnd", "BillingPeriodStatus"),
}
_ORDER = ("CostAndUsage", "InvoiceDetail", "ContractCommitment", "BillingPeriod")
_NATIVE_SIGNS = {
    "an AWS Cost and Usage Report": ("lineitem/unblendedcost", "line_item_unblended_cost"),
    "an Azure cost export": ("costinbillingcurrency", "pretaxcost", "metersubcategory"),
    "a GCP billing export": ("cost_at_list", "usage.amount_in_pricing_units", "project.id"),
    "an OCI cost report": ("cost/mycost", "lineitem/intervalusagestart"),
}


@dataclass(frozen=True)
class Shape:
    """What a header tells: the dataset, the FOCUS version it is nearest to, and each delivered column's FOCUS name."""

    dataset: str
    version: str
    names: dict[str, str]  # FOCUS name -> delivered name
    extras: dict[str, str]  # name in the lake (x_...) -> delivered name


def detect(header: Sequence[str]) -> Shape:
    """Tell dataset, version and columns from a header. Raises DeliveryError when the table is not FOCUS."""
    _refuse_doubles(header)
    found = {name: _match(name, header) for name in datasets()}
    for name in _ORDER:
        if all(column in found[name] for column in REQUIRED[name]):
            return Shape(name, _version(name, found[name]), found[name], _extras(header, found[name]))
    raise DeliveryError(_not_focus(header), cure=_cure(header, found["CostAndUsage"]))


def _match(dataset: str, header: Sequence[str]) -> dict[str, str]:
    known = datasets()[dataset]
    by_lower = {name.lower(): name for name in [*known.columns, *known.removed]}
    aliases = migration()["aliases"]
    names: dict[str, str] = {}
    for delivered in header:
        plain = delivered.strip().lstrip("\ufeff").lower()
        name = by_lower.get(plain) or by_lower.get(plain.replace("_", ""))
        name = name or by_lower.get(str(aliases.get(plain, "")).lower())
        if name and name not in names:
            names[name] = delivered
    return names


def _extras(header: Sequence[str], names: dict[str, str]) -> dict[str, str]:
    taken = set(names.values())
    extras: dict[str, str] = {}
    for delivered in header:
        if delivered in taken:
            continue
        plain = "".join(letter if letter.isalnum() else "_" for letter in delivered.strip().lstrip("\ufeff"))
        name = plain if plain.lower().startswith("x_") else f"x_{plain}"
        while name.lower() in {other.lower() for other in extras} or name.lower().startswith("x_fm_"):
            name = f"x_{name}" if name.lower().startswith("x_fm_") else f"{name}_2"
        extras[name] = delivered
    return extras


def _version(dataset: str, names: dict[str, str]) -> str:
    known = datasets()[dataset]
    every = {**known.columns, **known.removed}
    introduced = max((every[name].introduced for name in names), default="1.0")
    return max(introduced, "1.0")


def _refuse_doubles(header: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in header:
        if name.lower() in seen:
            raise DeliveryError(f"The header has the column {name!r} twice.", cure="Keep one of them and deliver again.")
        seen.add(name.lower())


def _not_focus(header: Sequence[str]) -> str:
    lower = {name.strip().lstrip("\ufeff").lower() for name in header}
    for what, signs in _NATIVE_SIGNS.items():
        if lower & set(signs):
            return f"This is {what} in the provider's own shape, not a FOCUS table."
    shown = ", ".join(list(header)[:6])
    return f"This is not a FOCUS table: its {len(header)} columns begin with {shown}."


def _cure(header: Sequence[str], names: dict[str, str]) -> str:
    missing = [column for column in REQUIRED["CostAndUsage"] if column not in names]
    if len(missing) < len(REQUIRED["CostAndUsage"]):
        return f"A table of charges also needs {', '.join(missing)}."
    return "Deliver the provider's FOCUS export (1.0 to 1.4)." if header else "The file has no header."
