"""One contract for all sources: strict settings that are described, a page that tells of them, secrets that never get out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from finopsmetrics.core.errors import UsageError
from finopsmetrics.integrations.collecting import SourceSettings
from finopsmetrics.integrations.endpoints import ALLOWED, endpoint
from finopsmetrics.integrations.opening import check_secrets, checked_settings, collectors, settings_model
from finopsmetrics.integrations.registry import manifests
from finopsmetrics.integrations.secret_refs import redacted, resolve

ROOT = Path(__file__).parents[2]
VENDORS = sorted(collectors())
SDKS = ("boto3", "botocore", "azure", "google", "httpx")


@pytest.mark.parametrize("vendor", VENDORS)
def test_settings_are_strict_and_each_is_described(vendor: str) -> None:
    model = settings_model(vendor)
    assert issubclass(model, SourceSettings)
    assert model.model_config["extra"] == "forbid"
    assert all(field.description for field in model.model_fields.values())
    assert "source" not in model.model_fields  # it belongs to every connection


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_page_tells_of_settings_secrets_and_permissions(vendor: str) -> None:
    manifest, collect = manifests()[vendor], collectors()[vendor]
    text = (ROOT / manifest.docs).read_text()
    assert f"finopsmetrics connect {vendor}" in text
    assert "## Collecting" in text
    assert "Not proved:" in text
    for name in [*settings_model(vendor).model_fields, *collect.secret_names()]:
        assert f"`{name}`" in text or f"{name}=" in text, f"{manifest.docs} does not tell of {name}"


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_setting_or_secret_that_is_not_known_is_refused(vendor: str) -> None:
    with pytest.raises(UsageError, match="surprise"):
        checked_settings(vendor, {"surprise": 1})
    with pytest.raises(UsageError, match="surprise"):
        check_secrets(vendor, {"surprise": "x"})


def test_no_library_of_a_vendor_is_imported_to_list_sources() -> None:
    code = "import sys; from finopsmetrics.integrations.opening import collectors, settings_model; "
    code += "[settings_model(v) for v in collectors()]; "
    code += f"print([n for n in sys.modules if n in {SDKS!r}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(eval(done.stdout)) <= {"httpx"}


def test_secrets_are_read_where_they_may_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token").write_text("from-file\n")
    monkeypatch.setenv("A_TOKEN", " from-variable ")
    found = resolve({"one": "env:A_TOKEN", "two": "file:token", "three": f"file:{tmp_path}/secrets/token"}, tmp_path)
    assert found == {"one": "from-variable", "two": "from-file", "three": "from-file"}


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("env:NOT_THERE_AT_ALL", "The secret 'token' is not at env:NOT_THERE_AT_ALL"),
        ("env:FINOPSMETRICS_SECRET_KEY", "is no secret of a connection"),
        ("file:not-there", "The secret 'token' is not at file:not-there"),
        ("file:../state.db", "lies in no folder of secrets"),
        ("file:/etc/passwd", "lies in no folder of secrets"),
    ],
)
def test_a_secret_that_is_not_there_or_not_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, said: str
) -> None:
    monkeypatch.setenv("FINOPSMETRICS_SECRET_KEY", "the key of the home")
    with pytest.raises(UsageError, match=said) as told:
        resolve({"token": reference}, tmp_path)
    assert "the key of the home" not in str(told.value)


def test_a_link_out_of_the_folder_of_secrets_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "link").symlink_to("/etc/hostname")
    with pytest.raises(UsageError, match="lies in no folder"):
        resolve({"token": "file:link"}, tmp_path)


def test_secrets_leave_no_message() -> None:
    assert redacted("GET https://x?key=abcd1234 failed: abcd1234", ["abcd1234"]) == "GET https://x?key=*** failed: ***"
    assert redacted("part of a two-line secret: second", ["first-line\nsecond"]) == "part of a two-line secret: ***"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example",
        "http://s3.amazonaws.com",
        "https://user:pass@s3.amazonaws.com",
        "https://s3.amazonaws.com.evil.example",
        "https://s3.amazonaws.com:8443",
        "file:///etc/passwd",
        "https://s3.amazonaws.com?x=1",
        "https://[::1",
    ],
)
def test_only_the_vendors_hosts_are_reached(url: str) -> None:
    with pytest.raises(UsageError):
        endpoint(url, ["*.amazonaws.com"])


def test_the_keeper_allows_further_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOWED, "http://127.0.0.1:9000, https://ghe.company.example/")
    assert endpoint("http://127.0.0.1:9000/", []) == "http://127.0.0.1:9000"
    assert endpoint("https://ghe.company.example/api/v3", []) == "https://ghe.company.example/api/v3"
    with pytest.raises(UsageError):
        endpoint("http://127.0.0.1:9001", [])


def test_a_secret_is_read_from_the_keyring(tmp_path: Path) -> None:
    import keyring
    from keyring.backend import KeyringBackend

    class Kept(KeyringBackend):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return {("billing", "ann"): "from-keyring", ("billing", "finopsmetrics"): "own"}.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            raise AssertionError("a secret is only read")

    before = keyring.get_keyring()
    keyring.set_keyring(Kept())
    try:
        found = resolve({"one": "keyring:billing/ann", "two": "keyring:billing"}, tmp_path)
        assert found == {"one": "from-keyring", "two": "own"}
        with pytest.raises(UsageError, match="is not at keyring:billing/bob"):
            resolve({"one": "keyring:billing/bob"}, tmp_path)
    finally:
        keyring.set_keyring(before)
