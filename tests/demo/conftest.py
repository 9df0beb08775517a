"""One small estate, written twice: with and without what is planted in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from finopsmetrics.demo import Estate, generate

END = date(2026, 3, 20)
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
NUMBERS = (*COSTS, "PricingQuantity", "ConsumedQuantity", "ContractedUnitPrice", "ListUnitPrice", "CommitmentDiscountQuantity")


@dataclass(frozen=True)
class Written:
    folder: Path
    estate: Estate
    truth: dict[str, Any]

    def deliveries(self, dataset: str = "CostAndUsage") -> list[tuple[dict[str, Any], Path]]:
        """Every delivery of one data set in the order of folder names: its manifest and its file."""
        found = []
        for manifest in sorted((self.folder / "deliveries").glob("*/manifest.json")):
            told = json.loads(manifest.read_text())
            if told["dataset"] == dataset:
                found.append((told, manifest.parent / told["files"][0]["path"]))
        return found

    def latest(self) -> dict[tuple[str, str], Path]:
        """The file that is the last word on each (source, billing period)."""
        return {(told["source"], told["billing_periods"][0]): path for told, path in self.deliveries()}

    def load(self) -> duckdb.DuckDBPyConnection:
        """A database with the table charges: the latest delivery of every period, read only from the files."""
        con = duckdb.connect()
        for (source, period), path in self.latest().items():
            con.execute(f"CREATE TABLE part AS SELECT * FROM {reader(path)}")
            names = [row[0] for row in con.execute("DESCRIBE part").fetchall()]
            for name in names:
                if name in NUMBERS:
                    con.execute(f'ALTER TABLE part ALTER "{name}" TYPE DECIMAL(38, 18)')
                elif name.endswith(("PeriodStart", "PeriodEnd")):
                    con.execute(f'ALTER TABLE part ALTER "{name}" TYPE TIMESTAMP USING {moment(name, path)}')
                elif name == "x_Synthetic":
                    con.execute(f'ALTER TABLE part ALTER "{name}" TYPE BOOLEAN')
            tagged = f"SELECT '{source}' AS source, '{period}' AS period, * FROM part"
            if con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'charges'").fetchall() == [(0,)]:
                con.execute(f"CREATE TABLE charges AS {tagged}")
            else:
                have = {row[0] for row in con.execute("DESCRIBE charges").fetchall()}
                for name, kind, *_ in con.execute("DESCRIBE part").fetchall():
                    if name not in have:
                        con.execute(f'ALTER TABLE charges ADD COLUMN "{name}" {kind}')
                con.execute(f"INSERT INTO charges BY NAME {tagged}")
            con.execute("DROP TABLE part")
        return con


def moment(name: str, path: Path) -> str:
    """The expression that reads a moment without a time zone, which needs no further package in Python."""
    return f'make_timestamp(epoch_us("{name}"))' if path.suffix == ".parquet" else f"strptime(\"{name}\", '%Y-%m-%dT%H:%M:%SZ')"


def reader(path: Path) -> str:
    if path.suffix == ".parquet":
        return f"read_parquet('{path}')"
    return f"read_csv('{path}', header = true, all_varchar = true)"


def write(folder: Path, **changes: Any) -> Written:
    estate = generate(folder, **{"end": END, "months": 3, "scale": 0.1, **changes})
    return Written(folder, estate, json.loads((folder / "truth.json").read_text()))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write(tmp_path_factory.mktemp("plain"), planted=False)


@pytest.fixture(scope="session")
def writer() -> Any:
    return write


@pytest.fixture(scope="session")
def charges(demo: Written) -> duckdb.DuckDBPyConnection:
    return demo.load()


@pytest.fixture(scope="session")
def plain_charges(plain: Written) -> duckdb.DuckDBPyConnection:
    return plain.load()
