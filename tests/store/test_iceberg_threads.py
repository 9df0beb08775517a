"""PyIceberg's evaluator of manifests is not safe for threads: commits must not use more than one."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from pyiceberg.expressions import EqualTo, Reference
from pyiceberg.expressions.visitors import manifest_evaluator
from pyiceberg.manifest import ManifestFile, PartitionFieldSummary
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import NestedField, StringType
from pyiceberg.utils.concurrent import ExecutorFactory

from finopsmetrics.store import iceberg


@pytest.fixture(autouse=True)
def eager_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def manifest(value: str) -> ManifestFile:
    bounds = PartitionFieldSummary(False, None, value.encode(), value.encode())
    counts = {"added_files_count": 1, "existing_files_count": 0, "deleted_files_count": 0}
    return ManifestFile.from_args(manifest_path=value, partitions=[bounds], **counts)


def test_every_manifest_is_judged_by_its_own_partitions() -> None:
    assert iceberg.NAME
    schema = Schema(NestedField(1, "x_fm_source", StringType(), required=False))
    spec = PartitionSpec(PartitionField(1, 1000, IdentityTransform(), "x_fm_source"))
    judge = manifest_evaluator(spec, schema, EqualTo(Reference("x_fm_source"), "aws"))
    manifests, pool = [manifest("aws"), manifest("gcp")], ExecutorFactory.get_or_create()
    assert {tuple(pool.map(judge, manifests)) for _ in range(20_000)} == {(True, False)}
