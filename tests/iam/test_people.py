"""Users: what they are added with, what shuts them out, and what nobody can give away."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyotp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsmetrics.core.errors import ConflictError, NotFoundError, UsageError
from finopsmetrics.core.spec import SpecError
from finopsmetrics.iam import OWNER, ForbiddenError, IAMManager
from finopsmetrics.iam.errors import SecondFactorError, TooManyAttemptsError, UnknownAskerError
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.workspace import Workspace
from tests.iam.conftest import PASSWORD, Clock


def test_a_password_is_kept_as_argon2id_and_nothing_else(iam: IAMManager, home: Workspace) -> None:
    iam.users.add("ann", roles=["cfo"], by=OWNER, password=PASSWORD)
    text, token = iam.tokens.create("ci", roles=["cfo"], by=OWNER)[::-1]
    kept = b"".join(path.read_bytes() for path in Path(home.home).glob("state.db*"))
    assert b"$argon2id$" in kept
    assert PASSWORD.encode() not in kept
    assert text.encode() not in kept
    assert text.split("_", 2)[2].encode() not in kept
    assert token.name == "ci"
    assert iam.logins.log_in("ann", PASSWORD).name == "ann"


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaa", "my name is ann ok", "x" * 2000])
def test_a_weak_password_is_refused(iam: IAMManager, password: str) -> None:
    with pytest.raises(UsageError, match="password"):
        iam.users.add("ann", roles=["cfo"], by=OWNER, password=password)
    assert iam.users.all() == []


def test_wrong_log_ins_lock_for_longer_and_longer(iam: IAMManager, clock: Clock) -> None:
    iam.users.add("ann", roles=["cfo"], by=OWNER, password=PASSWORD)
    for _ in range(5):
        with pytest.raises(UnknownAskerError, match="name or the password"):
            iam.logins.log_in("ann", "wrong")
    with pytest.raises(TooManyAttemptsError) as first:
        iam.logins.log_in("ann", PASSWORD)
    assert 55 <= first.value.seconds <= 61
    clock.pass_(minutes=1.1)
    with pytest.raises(UnknownAskerError):
        iam.logins.log_in("ann", "wrong")
    with pytest.raises(TooManyAttemptsError) as second:
        iam.logins.log_in("ann", PASSWORD)
    assert second.value.seconds > 100
    iam.users.unlock("ann", by=OWNER)
    assert iam.logins.log_in("ann", PASSWORD).locked_until is None
    for _ in range(4):  # a success begins the count again
        with pytest.raises(UnknownAskerError):
            iam.logins.log_in("ann", "wrong")
    iam.logins.log_in("ann", PASSWORD)


def test_nobody_and_the_shut_out_are_told_the_same(iam: IAMManager) -> None:
    iam.users.add("ann", roles=["cfo"], by=OWNER, password=PASSWORD)
    iam.users.add("bot", roles=["cfo"], by=OWNER, sort="service")
    iam.users.change("ann", active=False, by=OWNER)
    told = []
    for name in ("ann", "bot", "nobody"):
        with pytest.raises(UnknownAskerError) as error:
            iam.logins.log_in(name, PASSWORD)
        told.append(str(error.value))
    assert len(set(told)) == 1


def test_an_invitation_works_once_and_in_time(iam: IAMManager, clock: Clock) -> None:
    iam.users.add("ann", roles=["cfo"], by=OWNER)
    code = iam.users.invite("ann", by=OWNER)
    with pytest.raises(UsageError):
        iam.logins.claim(code, "weak")
    assert iam.logins.claim(code, PASSWORD).has_password
    with pytest.raises(UnknownAskerError, match="used already"):
        iam.logins.claim(code, PASSWORD + "2")
    late = iam.users.invite("ann", by=OWNER)
    clock.pass_(days=3.1)
    with pytest.raises(UnknownAskerError):
        iam.logins.claim(late, PASSWORD)


def test_the_first_admin_comes_by_a_link_and_only_once(iam: IAMManager) -> None:
    assert not iam.anybody()
    first, second = iam.first_admin_code(), iam.first_admin_code()
    assert first is not None
    assert second is not None
    assert not iam.anybody()
    admin = iam.of_user(iam.logins.claim(second, PASSWORD))
    with pytest.raises(UnknownAskerError):  # the link that was used ends the others
        iam.logins.claim(first, PASSWORD + "2")
    assert admin.may("users:write")
    assert admin.scope is None
    assert iam.anybody()
    assert iam.first_admin_code() is None


def test_servers_that_start_side_by_side_each_have_a_link(home: Workspace) -> None:
    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda _: IAMManager(home.opened).first_admin_code(), range(6)))
    assert len(set(codes)) == 6
    iam = IAMManager(home.opened)
    assert [user.name for user in iam.users.all()] == ["admin"]
    assert iam.logins.claim(str(codes[0]), PASSWORD).name == "admin"


def test_the_second_factor(iam: IAMManager, clock: Clock, home: Workspace) -> None:
    iam.users.add("ann", roles=["cfo"], by=OWNER, password=PASSWORD)
    secret, uri = iam.logins.start_second_factor("ann")
    assert uri.startswith("otpauth://totp/finopsmetrics:ann?")
    iam.logins.log_in("ann", PASSWORD)  # it does not count before a code confirmed it
    with pytest.raises(SecondFactorError):
        iam.logins.confirm_second_factor("ann", "000000")
    made = pyotp.TOTP(secret)
    recovery = iam.logins.confirm_second_factor("ann", made.at(clock.moment))
    with pytest.raises(SecondFactorError, match="is needed"):
        iam.logins.log_in("ann", PASSWORD)
    with pytest.raises(SecondFactorError, match="wrong or was used"):  # the code that confirmed it is used up
        iam.logins.log_in("ann", PASSWORD, made.at(clock.moment))
    clock.pass_(seconds=31)
    assert iam.logins.log_in("ann", PASSWORD, made.at(clock.moment)).has_second_factor
    with pytest.raises(SecondFactorError):
        iam.logins.log_in("ann", PASSWORD, made.at(clock.moment))
    assert iam.logins.log_in("ann", PASSWORD, recovery[3])
    with pytest.raises(SecondFactorError):
        iam.logins.log_in("ann", PASSWORD, recovery[3])
    kept = b"".join(path.read_bytes() for path in Path(home.home).glob("state.db*"))
    assert secret.encode() not in kept
    assert (home.home / "secret.key").stat().st_mode & 0o777 == 0o600
    iam.logins.remove_second_factor("ann", by=OWNER)
    iam.logins.log_in("ann", PASSWORD)


def test_the_last_who_can_manage_users_stays(iam: IAMManager) -> None:
    iam.users.add("root", roles=["admin"], by=OWNER, password=PASSWORD)
    iam.users.add("eng", roles=["engineer"], by=OWNER, password=PASSWORD)
    for change in ({"active": False}, {"roles": ["engineer"]}):
        with pytest.raises(ConflictError, match="last who can manage"):
            iam.users.change("root", by=OWNER, **change)  # type: ignore[arg-type]
    iam.users.change("eng", roles=["admin"], by=OWNER)
    iam.users.change("root", active=False, by=OWNER)
    assert not iam.users.get("root").active


def test_nobody_gives_what_they_do_not_have(iam: IAMManager) -> None:
    iam.users.add("cfo", roles=["cfo"], by=OWNER, password=PASSWORD)
    cfo = iam.of_user(iam.users.get("cfo"))
    with pytest.raises(ForbiddenError, match=r"\*:\*"):
        iam.users.add("me2", roles=["admin"], by=cfo)
    with pytest.raises(ForbiddenError):
        iam.tokens.create("t", roles=["admin"], by=cfo)
    iam.users.add("lead", roles=["team_lead"], teams=["ml"], by=OWNER, password=PASSWORD)
    lead = iam.of_user(iam.users.get("lead"))
    with pytest.raises(ForbiddenError, match="only some charges"):
        iam.tokens.create("t", roles=["team_lead"], by=lead)
    with pytest.raises(ForbiddenError):
        iam.users.set_password("cfo", PASSWORD, by=lead)
    with pytest.raises(UsageError, match="There is no role"):
        iam.users.add("x", roles=["emperor"], by=OWNER)
    with pytest.raises(NotFoundError):
        iam.users.change("ghost", roles=["cfo"], by=OWNER)


def test_a_users_own_token_never_permits_more_than_its_user(iam: IAMManager) -> None:
    user = iam.users.add("lead", roles=["team_lead", "engineer"], teams=["ml"], by=OWNER, password=PASSWORD)
    by = iam.of_user(user)
    with pytest.raises(ForbiddenError):
        iam.tokens.create("t", roles=["admin"], by=by, user_id=user.id)
    text = iam.tokens.create("t", roles=["team_lead"], by=by, user_id=user.id, scope='ServiceName == "Compute"')[1]
    held = iam.of_token(text)
    assert held is not None
    assert {"tags.team", "ServiceName"} == {".".join(path) for path in held.scope.fields()}  # type: ignore[union-attr]
    iam.users.change("lead", roles=["engineer"], by=OWNER)
    assert not iam.of_token(text).may("costs:read")  # type: ignore[union-attr]
    iam.users.change("lead", active=False, by=OWNER)
    assert iam.of_token(text) is None


def test_tokens_end(iam: IAMManager, clock: Clock) -> None:
    text = iam.tokens.create("ci", roles=["engineer"], by=OWNER)[1]
    assert iam.of_token(text) is not None
    for wrong in (text[:-1], text + "x", text.replace("fm_", "fn_"), "", "fm__", text.upper()):
        assert iam.of_token(wrong) is None
    clock.pass_(days=90.1)
    assert iam.of_token(text) is None
    forever = iam.tokens.create("ci2", roles=["engineer"], by=OWNER, life=None)[1]
    clock.pass_(days=4000)
    assert iam.of_token(forever) is not None
    iam.tokens.revoke("ci2", by=OWNER)
    assert iam.of_token(forever) is None
    with pytest.raises(ConflictError, match="not used again"):
        iam.tokens.create("ci2", roles=["engineer"], by=OWNER)


def test_sessions_end(iam: IAMManager, clock: Clock) -> None:
    user = iam.users.add("ann", roles=["cfo"], by=OWNER, password=PASSWORD)
    idle, used = iam.sessions.begin(user, "password"), iam.sessions.begin(user, "password")
    for _ in range(3):
        clock.pass_(hours=5)
        assert iam.of_session(used.cookie) is not None
    assert iam.of_session(idle.cookie) is None
    assert iam.of_session("nothing") is None
    for _ in range(40):
        clock.pass_(hours=5)
        iam.of_session(used.cookie)
    assert iam.of_session(used.cookie) is None  # a week is the longest
    third = iam.sessions.begin(user, "password")
    iam.users.set_password("ann", PASSWORD + "!", by=OWNER)
    assert iam.of_session(third.cookie) is None


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.text(max_size=30) | st.sampled_from(["ann", "a.b@c", "../x", "a b", "é", "", "-x", "a" * 101]))
def test_names_are_plain(iam: IAMManager, name: str) -> None:
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}", name) is not None
    try:
        iam.users.add(name, roles=["cfo"], by=OWNER)
        assert plain
    except UsageError:
        assert not plain
    except ConflictError:
        assert plain


def test_a_role_names_permissions_that_there_are(home: Workspace) -> None:
    specs = Acting(home, OWNER).specs
    with pytest.raises(SpecError, match="/permissions/1: there is no such permission"):
        specs.put("role", "r", {"name": "r", "permissions": ["costs:read", "costs:reed", "budget:*"]})
    specs.put("role", "r", {"name": "r", "permissions": ["costs:read", "*:read", "budget:*", "kinds:read"]})
