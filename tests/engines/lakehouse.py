"""A small lake as the product writes it: DuckDB writes the Parquet, PyIceberg commits it by name mapping."""

from __future__ import annotations

from pathlib import Path

import duckdb
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import And, EqualTo
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import DecimalType, NestedField, StringType, TimestampType

from finopsmetrics.store.engines.base import TableSource

FIELDS = {
    "x_fm_source": StringType(),
    "x_fm_period": StringType(),
    "BilledCost": DecimalType(38, 18),
    "ChargePeriodStart": TimestampType(),
    "ChargePeriodEnd": TimestampType(),
    "ServiceName": StringType(),
    "Tags": StringType(),
    "x_fm_late": StringType(),  # no file has it yet
}
COLUMNS = {name: str(kind) for name, kind in FIELDS.items()}

# Costs have 18 digits, both signs and very different sizes; tags hold what trips up readers of JSON paths.
ROWS = """
SELECT '{source}' AS x_fm_source, '{period}' AS x_fm_period,
  CAST(CASE WHEN hash(i, 'sign', {seed}) % 10 = 0 THEN '-' ELSE '' END || (hash(i, 'w', {seed}) % 10 ** (i % 8))::BIGINT
       || '.' || lpad((hash(i, 'f', {seed}) % 1000000000000000000)::VARCHAR, 18, '0') AS DECIMAL(38, 18)) AS BilledCost,
  TIMESTAMP '{period}-01' + to_microseconds((hash(i, 's', {seed}) % 2000000000000)::BIGINT) AS ChargePeriodStart,
  TIMESTAMP '{period}-01' + to_microseconds((2000000000000 + hash(i, 'e', {seed}) % 900000000000)::BIGINT) AS ChargePeriodEnd,
  'service-' || hash(i, 'n', {seed}) % 20 AS ServiceName,
  CASE WHEN i % 10 = 0 THEN NULL
       WHEN i % 3 = 0 THEN '{{"team":"ml \\"q\\" é","a.b/c":"dotted"}}' ELSE '{{"team":"web"}}' END AS Tags
FROM range({rows}) AS t(i)
"""


class Lake:
    """One Iceberg table of charges below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.catalog = SqlCatalog("t", uri=f"sqlite:///{root}/catalog.db", warehouse=f"file://{root}/lake")
        self.catalog.create_namespace("fm")
        fields = [NestedField(number, name, kind) for number, (name, kind) in enumerate(FIELDS.items(), start=1)]
        parts = [PartitionField(1, 1000, IdentityTransform(), "x_fm_source")]
        parts.append(PartitionField(2, 1001, IdentityTransform(), "x_fm_period"))
        self.catalog.create_table("fm.charges", Schema(*fields), partition_spec=PartitionSpec(*parts))

    def table(self) -> Table:
        return self.catalog.load_table("fm.charges")

    def deliver(self, source: str, period: str, seed: int, rows: int = 5_000) -> str:
        """Replace one source's period by new rows; the path of the new file."""
        path = self.root / f"{source}-{period}-{seed}.parquet"
        select = ROWS.format(source=source, period=period, seed=seed, rows=rows)
        duckdb.connect().execute(f"COPY ({select}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
        table = self.table()
        mine = And(EqualTo("x_fm_source", source), EqualTo("x_fm_period", period))
        with table.transaction() as change:
            if list(table.scan(mine).plan_files()):
                change.delete(mine)
            change.add_files([f"file://{path}"])
        return str(path)

    def source(self, *, by_path: bool = False) -> TableSource:
        """The table as it is now."""
        table = self.table()
        files = tuple(sorted(task.file.file_path for task in table.scan().plan_files()))
        return TableSource("charges", files, None if by_path else table.metadata_location, COLUMNS)
