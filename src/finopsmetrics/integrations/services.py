"""What FOCUS calls a vendor's services: their category and subcategory, from a table of the vendor. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from finopsmetrics.focus.sqltext import literal

# Category, subcategory, and the names of the services in it, parted by `|`.
Table = Mapping[str, Mapping[str, str]]


def classified(service: str, table: Table) -> dict[str, str]:
    """The FOCUS columns of a service, given as SQL; what the table does not list is `Other` and `Other (Other)`."""
    category, subcategory = categories(table), subcategories(table)
    return {
        "ServiceCategory": looked_up(service, category, "Other"),
        "ServiceSubcategory": looked_up(service, subcategory, "Other (Other)"),
    }


def categories(table: Table) -> dict[str, str]:
    """The category of each service in a table."""
    return {name: category for category, name, _ in _entries(table)}


def subcategories(table: Table) -> dict[str, str]:
    """The subcategory of each service in a table."""
    return {name: subcategory for _, name, subcategory in _entries(table)}


def looked_up(text: str, pairs: Mapping[str, str], otherwise: str | None = None) -> str:
    """SQL that looks a text up; `otherwise`, or NULL, for one that is not there."""
    listed = ", ".join(f"{literal(key)}: {literal(value)}" for key, value in pairs.items())
    found = f"MAP {{{listed}}}[{text}]"
    return found if otherwise is None else f"coalesce({found}, {literal(otherwise)})"


def _entries(table: Table) -> list[tuple[str, str, str]]:
    return [
        (category, name, subcategory)
        for category, groups in table.items()
        for subcategory, names in groups.items()
        for name in names.split("|")
    ]
