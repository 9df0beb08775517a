"""One contract for all integrations: manifests strict and true, mappings pure, money in is money out, no secret in a fixture."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import yaml

import finopsmetrics.integrations as family
from finopsmetrics.core.errors import ConflictError, DeliveryError, UsageError
from finopsmetrics.focus.normalise import NEEDED
from finopsmetrics.integrations.manifest import ChargesFormat, Fixture, ManifestError, canonical, read_manifest
from finopsmetrics.integrations.native import Native
from finopsmetrics.integrations.registry import Recognised, candidates, manifests, recognise
from finopsmetrics.integrations.scaffold import write_scaffold
from tests.integrations.reading import read_native

ROOT = Path(__file__).parents[2]
HOME = Path(family.__file__).parent
FOLDERS = sorted(path.name for path in HOME.iterdir() if (path / "__init__.py").is_file())
FORMATS = [(vendor, form) for vendor, manifest in manifests().items() for form in manifest.formats()]
MAPPED = [(vendor, form) for vendor, form in FORMATS if form.module]
FIXTURES = [(vendor, form, ROOT / fixture.path) for vendor, form in MAPPED for fixture in form.fixtures]
ENGINES = {"duckdb", "pyarrow", "pyiceberg", "sqlalchemy", "httpx", "os", "socket", "subprocess", "random", "time", "datetime"}
SECRETS = re.compile(
    r"AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|gh[pousr]_[A-Za-z0-9]{20}|xox[abpr]-|"
    r"(?i:secret_?access_?key|client_?secret|password)[\"']?\s*[:=]\s*[\"']?[A-Za-z0-9/+]{8}|sig=[A-Za-z0-9%]{20}"
)


def ids(entry: object) -> str:
    if isinstance(entry, Fixture):
        return Path(entry.path).stem
    return entry.id if isinstance(entry, ChargesFormat) else entry.stem if isinstance(entry, Path) else str(entry)


def test_every_folder_has_a_manifest_and_is_listed() -> None:
    assert sorted(manifests()) == FOLDERS


@pytest.mark.parametrize("vendor", FOLDERS)
def test_what_a_manifest_declares_is_there(vendor: str) -> None:
    manifest = manifests()[vendor]
    page = ROOT / manifest.docs
    assert page.is_file()
    assert manifest.formats() or manifest.capabilities.channel
    text = page.read_text()
    for form in manifest.formats():
        assert f"`{form.id}`" in text, f"{manifest.docs} does not tell of {form.id}"
        if form.tier == "bronze":
            assert "made up" in text, f"{manifest.docs} does not say that a fixture is made up"
        for fixture in form.fixtures:
            assert (ROOT / fixture.path).is_file(), fixture.path


def test_manifests_are_read_without_the_code_of_vendors() -> None:
    code = "import sys; from finopsmetrics.integrations.registry import vendors_as_rows; assert len(vendors_as_rows()) > 3; "
    code += "print([n for n in sys.modules if n.startswith('finopsmetrics.integrations.') and n.count('.') > 2 or n == 'duckdb'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def mapping_files(vendor: str) -> list[Path]:
    """The modules of a vendor that map, and those of the vendor that they import."""
    found: set[str] = set()
    names = {form.module for form in manifests()[vendor].formats() if form.module}
    while names - found:
        name = min(names - found)
        found.add(name)
        text = (HOME / vendor / f"{name}.py").read_text()
        names |= set(re.findall(rf"^from finopsmetrics\.integrations\.{vendor}\.(\w+) import", text, re.M))
    return [HOME / vendor / f"{name}.py" for name in sorted(found)]


@pytest.mark.parametrize("vendor", FOLDERS)
def test_a_mapping_imports_no_engine_and_no_clock(vendor: str) -> None:
    for file in mapping_files(vendor):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & ENGINES, file


@pytest.mark.parametrize(("vendor", "form"), MAPPED, ids=ids)
def test_a_mapping_is_a_function_of_what_it_is_given(vendor: str, form: ChargesFormat) -> None:
    module = import_module(f"finopsmetrics.integrations.{vendor}.{form.module}")
    columns = [entry.split("|")[0] for entry in form.required]
    names = {canonical(name): name for name in columns}

    def once() -> tuple[object, ...]:
        native = Native(names, dict.fromkeys(columns, "VARCHAR"))
        return module.facts(native), module.mapping(native), native.steps, native.faults

    assert once() == once()
    mapped = once()[1]
    needed = {name for name in NEEDED if name != "BillingCurrency"}
    assert needed <= set(mapped.rows[0].columns)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("vendor", "form", "fixture"), FIXTURES, ids=ids)
def test_a_fixture_is_read_by_its_own_format(vendor: str, form: ChargesFormat, fixture: Path) -> None:
    found = read_native(fixture)
    assert found.mapping == f"{vendor}.{form.id}/{form.version}"
    assert not found.rejected


PROOFS = [(vendor, form, fixture) for vendor, form in MAPPED for fixture in form.fixtures]


@pytest.mark.parametrize(("vendor", "form", "fixture"), PROOFS, ids=ids)
def test_money_in_is_money_out(vendor: str, form: ChargesFormat, fixture: Fixture) -> None:
    found = read_native(ROOT / fixture.path)
    currencies = {row["BillingCurrency"] for row in found.rows}
    # A bill that names no currency is in XXX, as ISO 4217 has it.
    assert {currency or "XXX": found.total(BillingCurrency=currency) for currency in currencies} == fixture.billed


@pytest.mark.parametrize("fixture", sorted((ROOT / "tests" / "fixtures" / "native").rglob("*.*")), ids=ids)
def test_no_fixture_holds_a_secret(fixture: Path) -> None:
    assert not SECRETS.search(fixture.read_text(encoding="utf-8-sig"))


def test_a_secret_would_be_seen() -> None:
    assert SECRETS.search("AKIA" + "ABCDEFGHIJKLMNOP")
    assert SECRETS.search('"client_secret": "abcdefghij"')


@pytest.mark.parametrize(("vendor", "form"), MAPPED, ids=ids)
def test_every_required_column_is_named_when_it_is_missing(vendor: str, form: ChargesFormat) -> None:
    names = [entry.split("|")[0] for entry in form.required]
    signs = [sign.replace("*", "Sign") for sign in form.signs]
    for entry in form.required:
        header = [name for name in [*names, *signs] if canonical(name) not in {canonical(part) for part in entry.split("|")}]
        if any(canonical(name) in {canonical(part) for part in entry.split("|")} for name in signs):
            continue
        with pytest.raises(DeliveryError, match=re.escape(entry.replace("|", " or "))):
            recognised_or_refused(header, form)


def recognised_or_refused(header: list[str], form: ChargesFormat) -> None:
    """Recognise a header; where it is another format, or none, tell what this one lacks, as an ingest does of the nearest."""
    found = recognise(header)
    assert found is None or found.format.id != form.id
    lacking = form.missing(frozenset(canonical(name) for name in header))
    raise DeliveryError("not this format", cure="; ".join([*lacking, *candidates(header)]))


def test_the_same_header_is_never_two_formats() -> None:
    for vendor, form in MAPPED:
        header = [entry.split("|")[0] for entry in form.required]
        found = recognise(header)
        assert isinstance(found, Recognised)
        assert (found.vendor, found.format.id) == (vendor, form.id)


def manifest_text(folder: Path, **change: object) -> Path:
    body = yaml.safe_load((HOME / "aws" / "manifest.yaml").read_text())
    body["capabilities"]["charges"] = [body["capabilities"]["charges"][0] | change]
    file = folder / "manifest.yaml"
    file.write_text(yaml.safe_dump(body))
    return file


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tier": "platinum"}, "tier"),
        ({"surprise": 1}, "surprise"),
        ({"fixtures": []}, "fixtures"),
        ({"required": []}, "names the columns that it requires"),
        (
            {"fixtures": [{"path": "a", "provenance": "real", "licence": "x", "source": "y"}]},
            "says what is billed in it",
        ),
        (
            {"fixtures": [{"path": "a", "provenance": "made-up", "licence": "x", "source": "y", "billed": {"USD": "1"}}]},
            "gold needs a fixture that is real",
        ),
    ],
)
def test_a_manifest_that_is_not_true_is_refused(tmp_path: Path, change: dict[str, object], told: str) -> None:
    with pytest.raises(ManifestError, match=told):
        read_manifest(manifest_text(tmp_path, **change), "aws")


def test_a_manifest_names_its_own_folder(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="names itself aws"):
        read_manifest(manifest_text(tmp_path), "azure")


def test_a_fresh_scaffold_fails_its_contract(tmp_path: Path) -> None:
    files = write_scaffold("acme_cloud", tmp_path)
    assert {file.name for file in files} == {"manifest.yaml", "__init__.py", "bill.py"}
    for file in files:
        if file.suffix == ".py":
            compile(file.read_text(), file.name, "exec")
    with pytest.raises(ManifestError, match="fixtures"):
        read_manifest(tmp_path / "acme_cloud" / "manifest.yaml", "acme_cloud")
    with pytest.raises(ConflictError, match="there already"):
        write_scaffold("acme_cloud", tmp_path)
    with pytest.raises(UsageError, match="no name"):
        write_scaffold("../up", tmp_path)


def test_what_is_not_known_is_refused_with_the_nearest(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("Date,SubscriptionId,Amount\n2026-09-01,s,3\n")
    with pytest.raises(DeliveryError, match="Nearest native formats: the Azure cost export of an Enterprise Agreement"):
        read_native(file)
