"""How often somebody may try, and that nobody is locked out by it."""

import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.auth import second_factor
from tests.auth.conftest import PASSWORD, Person, Service, outcome, rates, unused_name
from tests.auth.test_mail import ask_for_reset, link, mails
from tests.rig.contract_check import hooks


def log_in(http: httpx.Client, username: str, password: str = PASSWORD) -> httpx.Response:
    return http.post("/api/login/", json={"username": username, "password": password})


@pytest.fixture
def elsewhere(service: Service) -> Iterator[httpx.Client]:
    """A client at another address."""
    transport = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(base_url=service.url, transport=transport, event_hooks=hooks(), timeout=20) as client:
        yield client


def assert_throttled(answer: httpx.Response, most: int) -> None:
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(answer.headers["retry-after"]) <= most


def test_wrong_passwords_are_limited_before_they_are_hashed(person: Person, count_hashes: list[str]) -> None:
    with rates(login_failed="3/m/key"):
        for _ in range(3):
            assert log_in(person.http, person.username, "Wrong-Password-1").status_code == 401
        assert len(count_hashes) == 3
        assert_throttled(log_in(person.http, person.username, "Wrong-Password-1"), 60)
        # spelled otherwise it is the same account
        assert_throttled(log_in(person.http, person.username.upper(), PASSWORD), 60)
        assert len(count_hashes) == 3


def test_right_passwords_are_not_counted(person: Person) -> None:
    with rates(login_failed="2/m/key"):
        for _ in range(5):
            assert log_in(person.http, person.username).status_code == 200


def test_nobody_is_locked_out_by_a_stranger(person: Person, elsewhere: httpx.Client) -> None:
    with rates(login_failed="2/m/key"):
        for _ in range(4):
            stranger = log_in(elsewhere, person.username, "Wrong-Password-1")
        assert_throttled(stranger, 60)
        assert log_in(person.http, person.username).status_code == 200


def test_nobody_is_locked_out_for_ever(person: Person) -> None:
    with rates(login_failed="1/1s/key"):
        assert log_in(person.http, person.username, "Wrong-Password-1").status_code == 401
        refused = log_in(person.http, person.username)
        assert_throttled(refused, 1)
        # waiting as long as the answer says is enough
        time.sleep(int(refused.headers["retry-after"]) + 0.05)
        assert log_in(person.http, person.username).status_code == 200


def test_one_address_cannot_try_many_accounts(arrive: Callable[..., Person], elsewhere: httpx.Client) -> None:
    people = [arrive() for _ in range(3)]
    with rates(login_failed="2/m/ip"):
        for person in people[:2]:
            assert log_in(person.http, person.username, "Wrong-Password-1").status_code == 401
        assert_throttled(log_in(people[2].http, people[2].username), 60)
        assert log_in(elsewhere, people[2].username).status_code == 200


def test_an_unknown_name_is_throttled_like_a_known_one(http: httpx.Client) -> None:
    name = unused_name("nobody")
    with rates(login_failed="2/m/key"):
        codes = [outcome(log_in(http, name)) for _ in range(3)]
    assert codes == ["invalid_credentials", "invalid_credentials", "rate_limited"]


def test_a_forged_address_is_not_believed(person: Person) -> None:
    with rates(login_failed="1/m/ip"):
        assert log_in(person.http, person.username, "Wrong-Password-1").status_code == 401
        body = {"username": person.username, "password": PASSWORD}
        for name in ("x-forwarded-for", "x-real-ip", "forwarded", "client-ip"):
            assert_throttled(person.http.post("/api/login/", json=body, headers={name: "192.0.2.7"}), 60)


def test_a_changed_host_header_is_no_new_try(person: Person) -> None:
    with rates(login_failed="1/m/key"):
        body = {"username": person.username, "password": "Wrong-Password-1"}
        assert person.http.post("/api/login/", json=body).status_code == 401
        assert_throttled(person.http.post("/api/login/", json=body, headers={"host": "localhost"}), 60)


def test_logins_registrations_and_refreshes_have_limits_of_their_own(person: Person) -> None:
    http = person.http
    with rates(login="1/m/ip", signup="1/h/ip", refresh="1/m/key"):
        assert log_in(http, person.username).status_code == 200
        assert_throttled(log_in(http, person.username), 60)
        assert person.refresh_code() == "ok"
        assert person.refresh_code() == "rate_limited"
        for expected in (201, 429):
            name = unused_name()
            body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
            answer = http.post("/api/register/", json=body)
            assert answer.status_code == expected
        assert_throttled(answer, 3600)


def test_one_persons_refreshing_takes_nothing_from_another(arrive: Callable[..., Person]) -> None:
    alice, bob = arrive(), arrive()
    with rates(refresh="1/m/key"):
        assert [alice.refresh_code(), alice.refresh_code(), bob.refresh_code()] == ["ok", "rate_limited", "ok"]


def test_allauths_own_refreshing_counts_into_the_same_limit(arrive: Callable[..., Person]) -> None:
    alice, bob = arrive(), arrive()

    def refresh_there(person: Person) -> httpx.Response:
        return person.http.post("/_allauth/app/v1/tokens/refresh", json={"refresh_token": person.refresh})

    with rates(refresh="2/m/key"):
        assert refresh_there(alice).status_code == 200
        assert alice.refresh_code() == "ok"
        assert_throttled(refresh_there(alice), 60)
        assert alice.refresh_code() == "rate_limited"
        assert refresh_there(bob).status_code == 200


def test_allauths_own_login_counts_into_the_same_limit(person: Person) -> None:
    with rates(login_failed="2/m/key"):
        assert log_in(person.http, person.username, "Wrong-Password-1").status_code == 401
        wrong = {"username": person.username, "password": "Wrong-Password-1"}
        assert person.http.post("/_allauth/app/v1/auth/login", json=wrong).status_code == 400
        assert_throttled(person.http.post("/_allauth/app/v1/auth/login", json=wrong), 60)
        assert_throttled(log_in(person.http, person.username), 60)


def test_a_right_second_factor_forgives_no_guess_at_others(arrive: Callable[..., Person]) -> None:
    guesser, victim = arrive(), arrive()
    http = guesser.http
    secret = second_factor.turn_on(http, guesser.headers, PASSWORD)
    with rates(login_failed="2/m/ip"):
        body = {"username": guesser.username, "password": PASSWORD}
        state = http.post("/_allauth/app/v1/auth/login", json=body).json()["meta"]["session_token"]
        for _ in range(2):
            assert log_in(http, victim.username, "Wrong-Password-1").status_code == 401
        right = {"code": second_factor.code(secret, step=1)}
        done = http.post("/_allauth/app/v1/auth/2fa/authenticate", json=right, headers={"x-session-token": state})
        assert done.status_code == 200
        assert_throttled(log_in(http, victim.username, "Wrong-Password-1"), 60)


def test_a_reset_forgives_no_guess_at_others(arrive: Callable[..., Person]) -> None:
    guesser, victim = arrive(), arrive()
    http = guesser.http
    with mails("none") as sent:
        ask_for_reset(http, f"{guesser.username}@example.com")
    with rates(login_failed="2/m/ip"):
        for _ in range(2):
            assert log_in(http, victim.username, "Wrong-Password-1").status_code == 401
        body = {"key": link(sent[0], "reset-password"), "password": "Another-Password-2"}
        assert http.post("/_allauth/app/v1/auth/password/reset", json=body).status_code in (200, 401)
        assert_throttled(log_in(http, victim.username, "Wrong-Password-1"), 60)


def test_allauths_own_throttles_answer_like_ours(http: httpx.Client) -> None:
    with rates(login="1/m/ip"):
        body = {"username": "nobody-at-all", "password": "x"}
        assert http.post("/_allauth/app/v1/auth/login", json=body).status_code == 400
        assert_throttled(http.post("/_allauth/app/v1/auth/login", json=body), 60)
