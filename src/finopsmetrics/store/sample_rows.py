"""Samples as rows: of the state, where they wait, and of the lake, under the names that charges have."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.samples import Sample, plain

if TYPE_CHECKING:
    import pyarrow

SAMPLES = "samples"
SAMPLE_COLUMNS = {
    "x_fm_source": "text",
    "x_fm_period": "text",
    "SampleKey": "text",
    "Place": "count",
    "SampledAt": "time",
    "Measure": "text",
    "Value": "decimal",
    "Unit": "text",
    "ResourceId": "text",
    "ServiceProviderName": "text",
    "SubAccountId": "text",
    "ServiceName": "text",
    "RegionId": "text",
    "Tags": "json",
}
"""The columns of the lake's table, with their logical types; the first two are its partition."""

COLUMN_OF = {
    "source": "x_fm_source",
    "period": "x_fm_period",
    "key": "SampleKey",
    "place": "Place",
    "at": "SampledAt",
    "measure": "Measure",
    "value": "Value",
    "unit": "Unit",
    "resource": "ResourceId",
    "provider": "ServiceProviderName",
    "account": "SubAccountId",
    "service": "ServiceName",
    "region": "RegionId",
    "tags": "Tags",
}
"""From a column of the state to that of the lake."""

CONTENT = tuple(name for name in COLUMN_OF if name not in {"key", "place"})
"""What a sample says: two rows of one key with equal content are the same sample, sent again."""


def row_of(sample: Sample) -> dict[str, Any]:
    """A sample as a row that waits in the state, but for its batch."""
    names = ("source", "at", "measure", "unit", "resource", "provider", "account", "service", "region")
    return {
        **{name: getattr(sample, name) for name in names},
        "key": sample.key(),
        "named": sample.id is not None,
        "period": f"{sample.at:%Y-%m}",
        "value": plain(sample.value),
        "tags": json.dumps(dict(sample.tags), sort_keys=True, ensure_ascii=False) if sample.tags else None,
    }


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two rows of one key say the same."""
    return all(one[name] == other[name] for name in CONTENT)


def in_chunks(keys: Iterable[str], size: int = 500) -> Iterable[Sequence[str]]:
    """Keys in lists that fit into one statement of every database."""
    every = list(keys)
    for start in range(0, len(every), size):
        yield every[start : start + size]


def as_arrow(rows: Sequence[Mapping[str, Any]]) -> pyarrow.Table:
    """Rows of the state as the lake's columns, in its types. A row without a batch has no place."""
    import pyarrow as pa

    kinds = {"text": pa.string(), "json": pa.string(), "time": pa.timestamp("us"), "decimal": pa.decimal128(38, 18)}
    columns = {}
    for name, column in COLUMN_OF.items():
        found = [row.get(name) for row in rows]
        values = [Decimal(str(value)) for value in found] if name == "value" else found
        columns[column] = pa.array(values, kinds.get(SAMPLE_COLUMNS[column], pa.int64()))
    return pa.table({column: columns[column] for column in SAMPLE_COLUMNS})
