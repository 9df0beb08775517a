"""Who is let in over HTTP, by what proof, and what a browser's proof alone cannot do."""

from __future__ import annotations

import subprocess
import sys
from http.cookies import SimpleCookie

import httpx
import pyotp
import pytest

from finopsmetrics.api import peers
from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.workspace import Workspace
from tests.iam.conftest import PASSWORD, Clock, Logged

COSTS = "/api/v1/costs?range=all"
ENTRY = [{"id": "e1", "timestamp": "2026-05-03T10:00:00Z", "cost": "1", "service": "x"}]


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_home_of_nobody_answers_its_owner_until_somebody_can_log_in(server: str, iam: IAMManager) -> None:
    assert httpx.get(server + COSTS).status_code == 200
    assert httpx.get(server + "/api/v1/me").json()["sort"] == "owner"
    iam.first_admin_code()  # the first admin waits; it closes nothing yet
    assert httpx.get(server + COSTS).status_code == 200
    iam.tokens.create("ci", roles=["cfo"], by=OWNER)
    refused = httpx.get(server + COSTS)
    assert code_of(refused) == (401, "unauthenticated")
    assert refused.headers["www-authenticate"].startswith("Bearer")
    for path in ("/healthz", "/readyz", "/openapi.json", "/login"):
        assert httpx.get(server + path).status_code == 200


def test_the_owner_is_the_user_that_runs_the_server(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = peers.os.geteuid()
    monkeypatch.setattr(peers.os, "geteuid", lambda: real + 1)
    assert code_of(httpx.get(server + COSTS)) == (401, "unauthenticated")


def test_another_user_of_this_machine_is_not_the_owner(server: str) -> None:
    become = "import os, encodings.idna, urllib.request as u; os.setgid(65534); os.setuid(65534);"
    program = f"{become} print(u.urlopen({server + COSTS!r}).status)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    if "PermissionError" in done.stderr:  # whoever runs the tests cannot become somebody else: the rule is tested above
        assert peers.os.geteuid() != 0
        return
    assert "401" in done.stderr


@pytest.mark.parametrize("header", sorted(peers.FORWARDED))
def test_what_a_proxy_forwards_is_not_the_owners(server: str, header: str) -> None:
    assert code_of(httpx.get(server + COSTS, headers={header: "203.0.113.9"})) == (401, "unauthenticated")


def test_a_session_writes_only_with_its_csrf_token(logged: Logged) -> None:
    client = logged("ann", "finance_analyst")
    assert client.get(COSTS).status_code == 200
    assert client.post("/api/v1/cost-entries", json=ENTRY).status_code == 201
    token = client.headers.pop("X-CSRF-Token")
    for wrong in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": token[:-1]}):
        assert code_of(client.post("/api/v1/cost-entries", json=ENTRY, headers=wrong)) == (403, "csrf")
    assert client.get("/api/v1/me").json()["csrf"] == token


def test_the_cookie_is_out_of_reach(server: str, iam: IAMManager) -> None:
    iam.users.add("ann", roles=["cfo"], by=OWNER, password=PASSWORD)
    answer = httpx.post(server + "/api/v1/auth/login", json={"name": "ann", "password": PASSWORD})
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "lax", "/", "")
    with BackgroundServer(Workspace(iam._opened.home.root)) as other:  # a name of its own asks for TLS
        far = httpx.post(
            other.url + "/api/v1/auth/login", json={"name": "ann", "password": PASSWORD}, headers={"Host": "finops.company.com"}
        )
        assert far.status_code == 421


def test_log_out_ends_the_session_at_the_server(logged: Logged) -> None:
    client = logged("ann", "cfo")
    cookie = dict(client.cookies)
    assert client.post("/api/v1/auth/logout").status_code == 204
    client.cookies.update(cookie)
    assert code_of(client.get(COSTS)) == (401, "unauthenticated")


def test_too_many_wrong_proofs_wait_and_a_right_token_does_not(server: str, iam: IAMManager) -> None:
    right = iam.tokens.create("ci", roles=["cfo"], by=OWNER)[1]
    told = [
        httpx.post(server + "/api/v1/auth/login", json={"name": f"n{number}", "password": "wrong words"}) for number in range(12)
    ]
    assert [answer.status_code for answer in told] == [401] * 10 + [429] * 2
    assert 1 <= int(told[-1].headers["retry-after"]) <= 61
    assert httpx.get(server + COSTS, headers={"Authorization": "Bearer nonsense"}).status_code == 429
    assert httpx.get(server + COSTS, headers={"Authorization": f"Bearer {right}"}).status_code == 200


@pytest.mark.parametrize(
    "proof", ["Bearer nonsense", "Basic YTpi", "Bearer", "bearer fm_0_0", "Bearer fm_0123456789ab_" + "x" * 43]
)
def test_a_proof_that_does_not_hold_is_never_ignored(server: str, proof: str) -> None:
    assert code_of(httpx.get(server + COSTS, headers={"Authorization": proof})) == (401, "unauthenticated")


def test_one_changes_ones_own_password_and_second_factor(logged: Logged, clock: Clock) -> None:
    client = logged("ann", "cfo")
    changed = client.post("/api/v1/me/password", json={"old": "wrong", "new": PASSWORD + "2"})
    assert code_of(changed) == (401, "unauthenticated")
    assert client.post("/api/v1/me/password", json={"old": PASSWORD, "new": PASSWORD + "2"}).status_code == 204
    assert client.get("/api/v1/me").status_code == 200  # this session stays
    secret = client.post("/api/v1/me/second-factor").json()["secret"]
    codes = client.post("/api/v1/me/second-factor/confirm", json={"code": pyotp.TOTP(secret).at(clock.moment)}).json()
    assert len(codes["recovery_codes"]) == 10
    again = {"name": "ann", "password": PASSWORD + "2"}
    assert code_of(client.post("/api/v1/auth/login", json=again)) == (401, "second_factor")
    clock.pass_(seconds=40)
    held = client.post("/api/v1/auth/login", json={**again, "code": pyotp.TOTP(secret).at(clock.moment)})
    assert held.status_code == 200


def test_ones_own_tokens_are_made_by_a_session_not_by_a_token(logged: Logged, server: str) -> None:
    client = logged("ann", "cfo")
    made = client.post("/api/v1/me/tokens", json={"name": "mine", "roles": ["cfo"]})
    assert made.status_code == 201
    proof = {"Authorization": f"Bearer {made.json()['token']}"}
    assert httpx.get(server + COSTS, headers=proof).status_code == 200
    refused = httpx.post(server + "/api/v1/me/tokens", json={"name": "more", "roles": ["cfo"]}, headers=proof)
    assert code_of(refused) == (401, "unauthenticated")
    assert [token["name"] for token in client.get("/api/v1/me/tokens").json()["tokens"]] == ["mine"]
    assert "token" not in client.get("/api/v1/me/tokens").json()["tokens"][0]
    other = logged("bob", "cfo")
    assert other.delete("/api/v1/me/tokens/mine").status_code == 404
    assert client.delete("/api/v1/me/tokens/mine").status_code == 204
    assert code_of(httpx.get(server + COSTS, headers=proof)) == (401, "unauthenticated")


def test_the_pages_of_a_first_start(server: str, iam: IAMManager) -> None:
    code = iam.first_admin_code()
    with httpx.Client(base_url=server, follow_redirects=False) as browser:
        assert 'name="password"' in browser.get("/welcome", params={"code": code}).text
        weak = browser.post("/welcome", data={"code": code, "password": "weak"})
        assert weak.status_code == 400
        assert "8 to" in weak.text
        done = browser.post("/welcome", data={"code": code, "password": PASSWORD})
        assert (done.status_code, done.headers["location"]) == (303, "/")
        page = browser.get("/", headers={"Accept": "text/html"})
        assert '"name": "admin"' in page.text
        browser.post("/logout")
        away = browser.get("/", headers={"Accept": "text/html"})
        assert (away.status_code, away.headers["location"]) == (303, "/login?next=%2F")
        wrong = browser.post("/login", data={"name": '"><script>', "password": "x", "next": "//evil.example"})
        assert wrong.status_code == 401
        assert "<script>" not in wrong.text
        back = browser.post("/login", data={"name": "admin", "password": PASSWORD, "next": "https://evil.example/"})
        assert (back.status_code, back.headers["location"]) == (303, "/")
    used = httpx.post(server + "/welcome", data={"code": code, "password": PASSWORD})
    assert used.status_code == 401
