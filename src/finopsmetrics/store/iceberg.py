"""The lake's tables as Apache Iceberg, for every engine that reads it. Metadata is written first, pointers move last.

Table pointers live in the state database and move in the caller's transaction, so that several tables and the state change
together or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.io.pyarrow import parquet_files_to_data_files
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform
from pyiceberg.typedef import Record
from pyiceberg.types import DecimalType, IcebergType, LongType, NestedField, StringType, TimestampType
from sqlalchemy import Connection

from finopsmetrics.focus.columns import COST_COLUMNS, datasets
from finopsmetrics.store.durable import flush
from finopsmetrics.store.quarantine import QUARANTINE_COLUMNS, QUARANTINE_TABLE
from finopsmetrics.store.rollup import DIMENSIONS, ROLLUP_TABLE
from finopsmetrics.store.sample_rows import SAMPLE_COLUMNS, SAMPLES

# PyIceberg's threads share one evaluator of manifests, which forgets which manifest it is at: with more than one thread a
# commit now and then does not find the files it removes, and fails. Its setting is read when the first thread is made.
os.environ["PYICEBERG_MAX_WORKERS"] = "1"

NAME = "finopsmetrics"
NAMESPACE = "lake"
STAMP = ("x_fm_source", "x_fm_period", "x_fm_delivery")
_TYPES: dict[str, IcebergType] = {
    "text": StringType(),
    "json": StringType(),
    "time": TimestampType(),
    "decimal": DecimalType(38, 18),
    "count": LongType(),
}


@dataclass(frozen=True)
class GoneFile:
    """A data file that a snapshot removes: a snapshot finds it by its path and partition."""

    path: Path
    source: str
    period: str
    rows: int
    size: int

    def as_data_file(self) -> DataFile:
        """The file as Iceberg describes it."""
        file = DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=location(self.path),
            file_format=FileFormat.PARQUET,
            partition=Record(self.source, self.period),
            record_count=self.rows,
            file_size_in_bytes=self.size,
        )
        file.spec_id = 0
        return file


class LakeCatalog(SqlCatalog):
    """PyIceberg's SQL catalog inside a transaction that is already open: what it commits waits for that transaction."""

    def __init__(self, connection: Connection, warehouse: Path) -> None:
        super().__init__(NAME, uri="sqlite://", warehouse=location(warehouse), init_catalog_tables="false")
        self.engine.dispose()
        # A session on a connection joins the connection's transaction and does not commit it.
        self.engine = connection  # type: ignore[assignment]
        self._schema_version = "v1"


def columns_of(table: str) -> dict[str, str]:
    """The columns of a lake table with their logical types: text, json, time, decimal or count."""
    if table == QUARANTINE_TABLE:
        return {**dict.fromkeys(STAMP, "text"), **QUARANTINE_COLUMNS}
    if table == SAMPLES:
        return dict(SAMPLE_COLUMNS)
    if table == ROLLUP_TABLE:
        known = {name: column.kind for name, column in datasets()["CostAndUsage"].columns.items()}
        dims = {name: str(known[name]) for name in DIMENSIONS}
        costs = dict.fromkeys(COST_COLUMNS, "decimal")
        return {**dict.fromkeys(STAMP, "text"), **dims, "Tags": "json", "ChargeDay": "time", **costs, "Charges": "count"}
    dataset = next(entry for entry in datasets().values() if entry.table == table)
    return {**dict.fromkeys(STAMP, "text"), **{name: str(column.kind) for name, column in dataset.columns.items()}}


def open_table(catalog: LakeCatalog, table: str) -> Table:
    """Load a lake table, or make it, empty."""
    try:
        return catalog.load_table((NAMESPACE, table))
    except NoSuchTableError:
        fields = [
            NestedField(number, name, _TYPES[kind], required=False)
            for number, (name, kind) in enumerate(columns_of(table).items(), start=1)
        ]
        spec = PartitionSpec(
            PartitionField(1, 1000, IdentityTransform(), STAMP[0]), PartitionField(2, 1001, IdentityTransform(), STAMP[1])
        )
        catalog.create_namespace_if_not_exists(NAMESPACE)
        properties = {"format-version": "2", "write.metadata.delete-after-commit.enabled": "false"}
        return catalog.create_table((NAMESPACE, table), Schema(*fields), partition_spec=spec, properties=properties)


def replace_files(
    catalog: LakeCatalog, table: str, added: Sequence[Path], removed: Iterable[GoneFile], extras: Iterable[str], note: str
) -> int | None:
    """Add one snapshot of `table` that adds and removes whole files; give its id. `extras` become columns of text."""
    opened = open_table(catalog, table)
    unknown = sorted(set(extras) - {field.name for field in opened.schema().fields})
    transaction = opened.transaction()
    if unknown:
        with transaction.update_schema() as change:
            for name in unknown:
                change.add_column(name, StringType())
    if opened.name_mapping() is None or unknown:
        mapping = transaction.table_metadata.schema().name_mapping
        transaction.set_properties({"schema.name-mapping.default": mapping.model_dump_json()})
    gone = [file.as_data_file() for file in removed]
    files = list(parquet_files_to_data_files(opened.io, transaction.table_metadata, iter([location(path) for path in added])))
    with transaction.update_snapshot(snapshot_properties={"finopsmetrics.delivery": note}).overwrite() as snapshot:
        for file in gone:
            snapshot.delete_data_file(file)
        for file in files:
            snapshot.append_data_file(file)
    committed = transaction.commit_transaction()
    make_durable(committed)
    current = committed.current_snapshot()
    return current.snapshot_id if current else None


def make_durable(table: Table) -> None:
    """Flush what the newest snapshot wrote: metadata, manifest list, manifests."""
    snapshot = table.current_snapshot()
    written = [table.metadata_location]
    if snapshot:
        own = [manifest.manifest_path for manifest in snapshot.manifests(table.io) if _is_own(manifest, snapshot.snapshot_id)]
        written += [snapshot.manifest_list, *own]
    for place in written:
        flush(local_path(place))
    folder = local_path(table.metadata_location).parent
    flush(folder)
    if len(table.metadata.snapshots) <= 1:
        for parent in folder.parents[:3]:
            flush(parent)


def _is_own(manifest: Any, snapshot_id: int) -> bool:
    return bool(manifest.added_snapshot_id == snapshot_id)


def location(path: Path) -> str:
    """A path as Iceberg names files; unlike a URI it is not escaped."""
    return f"file://{path}"


def local_path(place: str) -> Path:
    """The path of a location."""
    return Path(place.removeprefix("file://"))
