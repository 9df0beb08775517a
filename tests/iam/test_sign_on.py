"""Single sign-on against a running OpenID provider, and against one that lies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from finopsmetrics.core.errors import UsageError
from finopsmetrics.iam import IAMManager
from finopsmetrics.iam.errors import UnknownAskerError
from finopsmetrics.iam.provider import Provider
from finopsmetrics.iam.sign_on import Settings
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.specs import SpecBook

GROUPS = {"ann": ["finance", "staff"], "lead": ["ml-leads"], "eve": ["strangers"]}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    users = [
        oidc_provider_mock.User(sub=name, claims={"groups": groups, "email": f"{name}@company.com", "preferred_username": name})
        for name, groups in GROUPS.items()
    ]
    with oidc_provider_mock.run_server_in_thread(user_claims=users) as running:
        yield f"http://localhost:{running.server_port}"


@pytest.fixture(autouse=True)
def set_up(issuer: str, home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPSMETRICS_OIDC_ISSUER", issuer)
    monkeypatch.setenv("FINOPSMETRICS_OIDC_CLIENT_ID", "finopsmetrics")
    monkeypatch.setenv("FINOPSMETRICS_OIDC_CLIENT_SECRET", "a secret of the client")
    book = SpecBook(home.opened.database, home.opened.now)
    roles = {"finance_analyst": ["costs:read", "budget:*"], "team_lead": ["costs:read"]}
    groups = {"finance_analyst": ["finance"], "team_lead": ["ml-leads"]}
    for name, permissions in roles.items():
        sees = "own_teams" if name == "team_lead" else "everything"
        body = {"name": name, "permissions": permissions, "groups": groups[name], "sees": sees}
        book.put("role", name, body, actor="test")
    book.put("team", "ml", {"name": "ml", "groups": ["ml-leads"]}, actor="test")


@pytest.fixture
def clock() -> object:
    """The provider's clock is the real one."""
    from datetime import UTC, datetime

    return lambda: datetime.now(UTC)


def begun(browser: httpx.Client, after: str = "/") -> httpx.URL:
    """Go to the provider; give its address."""
    answer = browser.get("/api/v1/auth/oidc/start", params={"next": after})
    assert answer.status_code == 303, answer.text
    return httpx.URL(answer.headers["location"])


def vouched(address: httpx.URL, sub: str) -> str:
    """Log in at the provider; give the address that it sends back to."""
    answer = httpx.post(address, data={"sub": sub}, follow_redirects=False)
    assert answer.status_code in {302, 303}, answer.text
    return str(answer.headers["location"])


def came_back(browser: httpx.Client, sub: str, after: str = "/") -> httpx.Response:
    return browser.get(vouched(begun(browser, after), sub))


def test_groups_become_roles_and_teams(server: str, iam: IAMManager, home: Workspace) -> None:
    with httpx.Client(base_url=server) as browser:
        back = came_back(browser, "ann", "/?x=1")
        assert (back.status_code, back.headers["location"]) == (303, "/?x=1")
        me = browser.get("/api/v1/me").json()
        assert (me["name"], me["roles"], me["teams"], me["scope"]) == ("ann", ["finance_analyst"], [], None)
    with httpx.Client(base_url=server) as browser:
        came_back(browser, "lead")
        me = browser.get("/api/v1/me").json()
        assert (me["roles"], me["teams"], me["scope"]) == (["team_lead"], ["ml"], 'tags.team == "ml"')
        rows = browser.get("/api/v1/costs?range=all").json()["totals"]
        assert {currency: float(amount) for currency, amount in rows.items()} == {"USD": 13.75}
    assert {user.name for user in iam.users.all()} == {"ann", "lead"}
    assert not iam.users.get("ann").has_password
    # The next log-in follows the groups of then.
    book = SpecBook(home.opened.database, home.opened.now)
    book.put("role", "cfo2", {"name": "cfo2", "permissions": ["costs:read"], "groups": ["finance"]}, actor="test")
    with httpx.Client(base_url=server) as browser:
        came_back(browser, "ann")
        assert sorted(browser.get("/api/v1/me").json()["roles"]) == ["cfo2", "finance_analyst"]
    assert len(iam.users.all()) == 2


def test_who_has_no_group_is_not_let_in(server: str, iam: IAMManager) -> None:
    with httpx.Client(base_url=server) as browser:
        refused = came_back(browser, "eve")
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert iam.users.all() == []


def test_a_name_that_is_taken_is_not_taken_over(server: str, iam: IAMManager) -> None:
    from finopsmetrics.iam import OWNER
    from tests.iam.conftest import PASSWORD

    iam.users.add("ann", roles=["admin"], by=OWNER, password=PASSWORD)
    with httpx.Client(base_url=server) as browser:
        assert came_back(browser, "ann").status_code == 409


def test_an_answer_works_once_in_the_browser_that_began_and_as_it_was_sent(server: str) -> None:
    with httpx.Client(base_url=server) as browser, httpx.Client(base_url=server) as other:
        back = vouched(begun(browser), "ann")
        assert other.get(back).status_code == 401  # another browser did not begin it
        asked = parse_qs(urlsplit(back).query)
        for state, code in (("x", asked["code"][0]), ("", asked["code"][0]), (asked["state"][0], "x" * 20)):
            told = browser.get("/api/v1/auth/oidc/callback", params={"state": state, "code": code})
            assert told.status_code == 401, told.text
        assert browser.get(back).status_code == 401  # the try with a wrong code used the state up
        again = vouched(begun(browser), "ann")
        assert browser.get(again).status_code == 303
        assert browser.get(again).status_code == 401
        denied = browser.get("/api/v1/auth/oidc/callback", params={"error": "access_denied", "state": "x"})
        assert (denied.status_code, "access_denied" in denied.json()["detail"]) == (401, True)


KEY, OTHER = RSAKey.generate_key(2048, {"kid": "a"}), RSAKey.generate_key(2048, {"kid": "a"})
GOOD = {"iss": "http://127.0.0.1:9", "aud": "me", "sub": "ann", "nonce": "n"}


@pytest.mark.parametrize(
    ("change", "key", "algorithm"),
    [
        ({"iss": "http://evil"}, KEY, "RS256"),
        ({"aud": "someone else"}, KEY, "RS256"),
        ({"aud": ["me", "other"]}, KEY, "RS256"),
        ({"nonce": "m"}, KEY, "RS256"),
        ({"nonce": None}, KEY, "RS256"),
        ({"exp": 1}, KEY, "RS256"),
        ({"exp": None}, KEY, "RS256"),
        ({"sub": None}, KEY, "RS256"),
        ({}, OTHER, "RS256"),
    ],
)
def test_claims_that_do_not_hold(monkeypatch: pytest.MonkeyPatch, change: dict[str, object], key: RSAKey, algorithm: str) -> None:
    from datetime import UTC, datetime

    now = int(time.time())
    provider, settings = Provider(GOOD["iss"]), Settings(GOOD["iss"], "me", "s")
    monkeypatch.setattr(provider, "_discovery", lambda: {"issuer": GOOD["iss"]})
    monkeypatch.setattr(provider, "_keys", lambda again: {"keys": [KEY.as_dict(private=False)]})

    def verified(claims: dict[str, object], by: RSAKey) -> dict[str, object]:
        kept = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode({"alg": algorithm, "kid": "a"}, kept, by)
        return provider._verified(settings, token, "n", datetime.now(UTC).replace(tzinfo=None))

    good = {**GOOD, "iat": now, "exp": now + 60}
    assert verified(good, KEY)["sub"] == "ann"
    with pytest.raises(UnknownAskerError):
        verified({**good, **change}, key)


def test_tokens_without_a_signature_do_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = Provider(GOOD["iss"])
    monkeypatch.setattr(provider, "_keys", lambda again: {"keys": [KEY.as_dict(private=False)]})
    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ."
    from joserfc.errors import JoseError

    with pytest.raises((JoseError, ValueError)):
        provider._decoded(unsigned)


@pytest.mark.parametrize("address", ["http://idp.company.com", "ftp://x", "https://", "idp", "http://10.0.0.1"])
def test_a_provider_is_asked_over_tls_only(address: str) -> None:
    with pytest.raises(UsageError, match="https"):
        Provider(address)


def test_settings_that_lack_something_say_what() -> None:
    with pytest.raises(UsageError, match="CLIENT_ID and FINOPSMETRICS_OIDC_CLIENT_SECRET"):
        Settings.of_environment({"FINOPSMETRICS_OIDC_ISSUER": "https://x"})
    assert Settings.of_environment({}) is None
    told = Settings.of_environment(
        {
            "FINOPSMETRICS_OIDC_ISSUER": "https://x",
            "FINOPSMETRICS_OIDC_CLIENT_ID": "a",
            "FINOPSMETRICS_OIDC_CLIENT_SECRET": "hush",
        }
    )
    assert "hush" not in repr(told)
