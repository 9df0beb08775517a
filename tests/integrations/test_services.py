"""What services are called in FOCUS: every table holds only what the specification lists, and no service twice."""

from __future__ import annotations

from importlib import import_module

import pytest

from finopsmetrics.focus.columns import charges
from finopsmetrics.integrations.services import Table, categories, subcategories

TABLES = {
    "aws": ("aws.services", "SERVICES"),
    "azure": ("azure.columns", "PROVIDERS"),
    "gcp": ("gcp.services", "SERVICES"),
    "oci": ("oci.services", "SERVICES"),
}


@pytest.mark.parametrize("vendor", TABLES)
def test_a_table_speaks_the_words_of_the_specification(vendor: str) -> None:
    module, name = TABLES[vendor]
    table: Table = getattr(import_module(f"finopsmetrics.integrations.{module}"), name)
    assert set(categories(table).values()) <= set(charges().columns["ServiceCategory"].allowed)
    assert set(subcategories(table).values()) <= set(charges().columns["ServiceSubcategory"].allowed)
    names = [name for groups in table.values() for listed in groups.values() for name in listed.split("|")]
    assert len(names) == len(set(names))
