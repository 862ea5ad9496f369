"""What happens after each close code, and how long the pauses are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.client import ApiError, ConnectionRefused, LoginRequired, NotInRoom
from duologue.client.core.backoff import LONGEST_SECONDS, full_jitter
from duologue.client.core.connection import LOST, Connection, GiveUp, Retry


def longest(lower: float = 1.0) -> Connection:
    return Connection(lambda: lower)


@pytest.mark.parametrize("code", [1001, 1006, 1011, 1012, 4408, 1000, 1005, 4999])
def test_it_comes_back_after_a_pause_that_doubles(code: int) -> None:
    connection = longest()
    assert [connection.closed(code, 0.0) for _ in range(8)] == [
        Retry(pause) for pause in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0)
    ]


@pytest.mark.parametrize("code", [1013, 4429])
def test_it_waits_longer_when_it_was_too_much(code: int) -> None:
    connection = longest()
    assert [connection.closed(code, 0.0) for _ in range(4)] == [Retry(pause) for pause in (5.0, 10.0, 20.0, 30.0)]


@pytest.mark.parametrize("code", [1002, 1003, 1007, 1008, 1009])
def test_it_gives_up_and_says_why_when_the_client_is_at_fault(code: int) -> None:
    verdict = longest().closed(code, 0.0, "validation_failed")
    assert isinstance(verdict, GiveUp)
    assert isinstance(verdict.error, ConnectionRefused)
    assert verdict.error.close_code == code
    assert "validation_failed" in str(verdict.error)


def test_not_in_the_room_is_not_tried_again() -> None:
    verdict = longest().closed(4403, 0.0)
    assert isinstance(verdict, GiveUp)
    assert isinstance(verdict.error, NotInRoom)


def test_another_epoch_drops_the_cursors() -> None:
    assert longest().closed(4410, 0.0) == Retry(0.5, drop_cursors=True)


def test_a_refused_token_is_renewed_once() -> None:
    connection = longest()
    assert connection.closed(4401, 0.0) == Retry(0.0, fresh_token=True)
    connection.token_renewed()
    verdict = connection.closed(4401, 0.0)
    assert isinstance(verdict, GiveUp)
    assert isinstance(verdict.error, LoginRequired)


def test_a_fresh_token_is_wanted_until_it_was_had() -> None:
    connection = longest()
    assert connection.closed(4401, 0.0) == Retry(0.0, fresh_token=True)
    assert connection.closed(LOST, 0.0) == Retry(1.0, fresh_token=True)
    assert connection.login_failed(ApiError("rate_limited", 429, retryable=True, retry_after=7.0)) == Retry(7.0, True)
    assert connection.closed(1013, 0.0) == Retry(30.0, fresh_token=True)
    connection.token_renewed()
    assert connection.closed(LOST, 0.0) == Retry(8.0, fresh_token=False)
    verdict = connection.closed(4401, 0.0)
    assert isinstance(verdict, GiveUp), "what the lost connection did not show is shown by the next one"


def test_a_token_that_was_taken_may_be_refused_later() -> None:
    connection = longest()
    for _ in range(3):
        connection.opened(0.0)
        connection.ready(0.0)
        assert connection.closed(4401, 600.0) == Retry(0.0, fresh_token=True)


def test_a_server_that_takes_and_refuses_a_token_in_turn_is_not_asked_without_a_pause() -> None:
    connection = longest()
    pauses = []
    for _ in range(4):
        verdict = connection.closed(4401, 0.0)
        assert isinstance(verdict, Retry)
        pauses.append(verdict.after)
        connection.opened(0.0)
        connection.ready(0.0)
    assert pauses == [0.0, 1.0, 2.0, 4.0]


def test_a_connection_that_lived_makes_the_pauses_small_again() -> None:
    connection = longest()
    for _ in range(5):
        connection.closed(1006, 0.0)
    connection.opened(0.0)
    connection.ready(0.0)
    assert connection.closed(1012, 11.0) == Retry(0.5)
    connection.opened(20.0)
    connection.ready(20.0)
    assert connection.closed(1012, 21.0) == Retry(1.0)


def test_a_login_that_ended_is_the_end_and_a_busy_auth_is_not() -> None:
    connection = longest()
    gone = LoginRequired("refresh_invalid")
    assert connection.login_failed(gone) == GiveUp(gone)
    wrong = ApiError("validation_failed", 400)
    assert connection.login_failed(wrong) == GiveUp(wrong)
    assert connection.login_failed(ApiError("rate_limited", 429, retryable=True, retry_after=7.0)) == Retry(7.0)


def test_silence_is_asked_about_once_and_then_it_is_the_end() -> None:
    connection = longest()
    connection.opened(0.0)
    connection.ready(0.0)
    assert not connection.must_ask(24.9)
    assert connection.must_ask(25.0)
    assert not connection.must_ask(26.0)
    assert not connection.is_dead(34.9)
    assert connection.is_dead(35.0)
    connection.heard(35.0)
    assert not connection.is_dead(36.0)
    assert connection.must_ask(60.0)


def test_a_server_that_answers_pings_and_says_nothing_is_left() -> None:
    connection = longest()
    connection.opened(0.0)
    connection.heard(59.0)
    assert not connection.is_dead(59.0)
    connection.heard(60.0)
    assert connection.is_dead(60.0)


@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0.1, 10))
def test_a_pause_is_bounded(attempt: int, chance: float, first: float) -> None:
    assert 0 <= full_jitter(attempt, lambda: chance, first) <= LONGEST_SECONDS
