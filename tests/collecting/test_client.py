"""The client of JSON APIs: waits, tries again what may pass, and says plainly what does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from finopsmetrics.plugins.client import ApiClient, ApiError
from tests.collecting.fake_api import HTML, FakeApi, Reply


@pytest.fixture
def api() -> Iterator[FakeApi]:
    made = FakeApi(lambda asked: Reply({"path": asked.path, "price": 0.1}))
    yield made
    made.close()


@pytest.fixture
def client(api: FakeApi, waits: list[float]) -> Iterator[ApiClient]:
    made = ApiClient(api.url, sleep=waits.append, headers=lambda: {"Authorization": "Bearer secret-token"})
    yield made
    made.close()


def test_numbers_with_a_fraction_stay_as_they_were_sent(api: FakeApi, client: ApiClient) -> None:
    api.answer = lambda _: Reply(b'{"price": 0.10000000000000000055, "tiny": 1e-7, "count": 3}')
    assert client.get("/x") == {"price": "0.10000000000000000055", "tiny": "1e-7", "count": 3}


@pytest.mark.parametrize(
    ("fault", "waited"),
    [
        (Reply({"message": "slow down"}, 429, {"Retry-After": "7"}), 7.0),
        (Reply({"message": "rate limit"}, 403, {"Retry-After": "3"}), 3.0),
        (Reply(b"", 429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "12"}), 12.0),
        (Reply(b"", 429, {"RateLimit-Remaining": "0", "RateLimit-Reset": "9"}), 9.0),
        (Reply({"error": {"message": "backend"}}, 500), None),
        (Reply(b"<html>bad gateway</html>", 502), None),
        (HTML, None),
        (Reply(b"{not json", 200), None),
    ],
    ids=["429", "403", "x-rate-limit", "rate-limit", "500", "502", "html", "cut-json"],
)
def test_what_may_pass_is_tried_again(
    api: FakeApi, client: ApiClient, waits: list[float], fault: Reply, waited: float | None
) -> None:
    api.faults = [fault]
    assert client.get("/x")["path"] == "/x"
    assert len(api.asked) == 2
    assert waits == [waited] if waited is not None else 0.5 < waits[0] < 1.5


@pytest.mark.parametrize(
    ("fault", "said", "retryable"),
    [
        (Reply({"message": "slow down"}, 429), "answered 429: slow down", True),
        (Reply({"errors": [{"detail": "broken"}]}, 503), "answered 503: broken", True),
        (Reply({"error": 503, "detail": "restarting"}, 503), "answered 503: restarting", True),
        (HTML, "answered with a page of HTML instead of data", True),
    ],
)
def test_what_does_not_pass_is_told_in_the_end(
    api: FakeApi, client: ApiClient, waits: list[float], fault: Reply, said: str, retryable: bool
) -> None:
    api.faults = [fault] * 6
    with pytest.raises(ApiError, match=said) as told:
        client.get("/x")
    assert told.value.retryable is retryable
    assert len(api.asked) == 6
    assert waits == sorted(waits)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_not_tried_again(api: FakeApi, client: ApiClient, status: int) -> None:
    api.faults = [Reply({"message": "no such token"}, status)]
    with pytest.raises(ApiError, match=f"answered {status}: no such token. The credentials are wrong or expired") as told:
        client.get("/x")
    assert not told.value.retryable
    assert "secret-token" not in str(told.value)
    assert len(api.asked) == 1


def test_an_answer_that_asks_to_wait_for_long_is_not_waited_for(api: FakeApi, client: ApiClient, waits: list[float]) -> None:
    api.faults = [Reply(b"", 429, {"Retry-After": "3600"})]
    with pytest.raises(ApiError, match="asks to wait 3600 s"):
        client.get("/x")
    assert waits == []


def test_credentials_go_to_no_other_host(api: FakeApi, client: ApiClient) -> None:
    with pytest.raises(ApiError, match="points to another host"):
        client.get("http://127.0.0.2:1/next")
    api.faults = [Reply(b"", 302, {"Location": "http://127.0.0.2:1/x"})]
    with pytest.raises(ApiError, match="answered 302"):
        client.get("/x")
    assert len(api.asked) == 1


def test_nobody_there_is_told(waits: list[float]) -> None:
    with pytest.raises(ApiError, match="did not answer: ConnectError") as told:
        ApiClient("http://127.0.0.1:9", sleep=waits.append).get("/x")
    assert told.value.retryable
    assert len(waits) == 5


def test_what_stops_the_work_stops_the_client(client: ApiClient) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    client.beat = stop
    with pytest.raises(KeyboardInterrupt):
        client.get("/x")


def test_an_api_that_says_so_in_its_answer_is_asked_again(api: FakeApi, waits: list[float]) -> None:
    client = ApiClient(api.url, sleep=waits.append, passing=lambda content: b"Throttling" in content)
    api.faults = [Reply({"Code": "Throttling", "Message": "too fast"}, 400), Reply({"Code": "Throttling"}, 200)]
    assert client.get("/x")["path"] == "/x"
    assert len(api.asked) == 3


def test_parameters_may_be_made_for_each_attempt(api: FakeApi, client: ApiClient) -> None:
    numbers = iter(range(9))
    api.faults = [Reply(b"", 500)]
    client.ask("GET", "/x", params=lambda: {"nonce": next(numbers)})
    assert [asked.query for asked in api.asked] == [{"nonce": "0"}, {"nonce": "1"}]


def test_a_page_of_html_is_no_file(api: FakeApi, client: ApiClient) -> None:
    api.faults = [HTML]
    api.answer = lambda _: Reply(b"a,b\n1,2\n")
    assert client.download("/x") == b"a,b\n1,2\n"
