"""allauth's own API with our tokens: logins, second factors, password changes."""

import json
from collections.abc import Callable

import httpx
import pytest

from tests.auth import second_factor
from tests.auth.conftest import PASSWORD, Person, outcome, unused_name
from tests.rig.people import bearer

API = "/_allauth/app/v1"


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    # allauth keeps counts of its own defaults too, and remembers used codes
    from django.core.cache import cache  # noqa: PLC0415 - Django must be prepared first

    cache.clear()


def log_in(person: Person) -> httpx.Response:
    return person.http.post(f"{API}/auth/login", json={"username": person.username, "password": person.password})


def take_tokens(person: Person, answer: httpx.Response) -> str:
    """Adopt the tokens of a finished login and return its session token."""
    assert answer.status_code == 200, answer.text
    meta = answer.json()["meta"]
    person.access, person.refresh = meta["access_token"], meta["refresh_token"]
    return str(meta.get("session_token", ""))


def test_a_login_there_gives_tokens_that_work_here(person: Person) -> None:
    take_tokens(person, log_in(person))
    assert (person.profile_code(), person.refresh_code()) == ("ok", "ok")


def test_a_wrong_password_there_gives_none(person: Person) -> None:
    person.password = "Wrong-Password-1"
    answer = log_in(person)
    assert answer.status_code == 400
    assert "access_token" not in answer.text


def test_a_registration_there_follows_the_same_rules(http: httpx.Client, person: Person) -> None:
    name = unused_name("Headless")
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    made = http.post(f"{API}/auth/signup", json=body)
    assert made.status_code == 200, made.text
    assert made.json()["data"]["user"]["username"] == name.lower()
    for username in (person.username.upper(), "admin", "näme", "x"):
        answer = http.post(f"{API}/auth/signup", json=body | {"username": username})
        assert answer.status_code == 400
        assert {error["param"] for error in answer.json()["errors"]} == {"username"}
    weak = http.post(f"{API}/auth/signup", json=body | {"username": unused_name(), "password": "short"})
    assert {error["param"] for error in weak.json()["errors"]} == {"password"}


def test_a_name_that_is_taken_in_between_is_no_error_of_ours(
    person: Person, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from duologue.auth.adapter import AccountAdapter  # noqa: PLC0415 - as above

    # two checks at once both pass; the database decides
    monkeypatch.setattr(AccountAdapter, "clean_username", lambda _self, username, **_: username)
    body = {"username": person.username, "email": "x@example.com", "password": PASSWORD}
    answer = http.post(f"{API}/auth/signup", json=body)
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"username"})


def test_an_access_token_opens_it_and_a_forged_one_does_not(person: Person) -> None:
    seen = person.http.get(f"{API}/auth/session", headers=person.headers)
    assert seen.json()["data"]["user"]["id"] == person.user_id
    assert person.http.get(f"{API}/auth/session").status_code == 401
    assert person.http.get(f"{API}/auth/session", headers=bearer(person.access[:-9])).status_code == 401


def test_it_keeps_one_state_for_a_login(person: Person) -> None:
    from duologue.auth.models import LoginSession  # noqa: PLC0415 - as above

    names = set()
    for _ in range(2):
        person.http.get(f"{API}/auth/session", headers=person.headers)
        names.add(LoginSession.objects.get(user_id=person.user_id).django_session)
    assert len(names) == 1
    assert "" not in names


def test_logging_out_there_ends_the_tokens_here(person: Person) -> None:
    token = take_tokens(person, log_in(person))
    person.http.delete(f"{API}/auth/session", headers={"x-session-token": token})
    assert (person.profile_code(), person.refresh_code()) == ("session_ended", "refresh_invalid")


def test_logging_out_there_with_an_access_token_ends_it_too(person: Person) -> None:
    person.http.delete(f"{API}/auth/session", headers=person.headers)
    assert (person.profile_code(), person.refresh_code()) == ("session_ended", "refresh_invalid")


def test_logging_out_here_ends_the_state_there(person: Person) -> None:
    token = take_tokens(person, log_in(person))
    state = {"x-session-token": token}
    assert person.http.get(f"{API}/auth/session", headers=state).status_code == 200
    assert person.http.post("/api/logout/", json={"refresh": person.refresh}, headers=person.headers).status_code == 200
    assert person.http.get(f"{API}/auth/session", headers=state).status_code == 410


def test_refreshing_there_gives_the_next_access_token(person: Person) -> None:
    answer = person.http.post(f"{API}/tokens/refresh", json={"refresh_token": person.refresh})
    assert answer.status_code == 200
    assert "refresh_token" not in answer.json()["data"]
    person.access = answer.json()["data"]["access_token"]
    assert person.profile_code() == "ok"
    for bad in (person.access, "x", person.refresh[:-9]):
        assert person.http.post(f"{API}/tokens/refresh", json={"refresh_token": bad}).status_code == 400


def test_changing_the_password_ends_every_login(arrive: Callable[..., Person]) -> None:
    person, other = arrive(), arrive()
    first = person.access
    person.log_in()
    body = {"current_password": PASSWORD, "new_password": "Another-Password-2"}
    wrong = body | {"current_password": "Wrong-Password-1"}
    assert person.http.post(f"{API}/account/password/change", json=wrong, headers=person.headers).status_code == 400
    assert person.profile_code() == "ok"
    person.http.post(f"{API}/account/password/change", json=body, headers=person.headers)
    assert (person.profile_code(), person.refresh_code()) == ("session_ended", "refresh_invalid")
    assert outcome(person.http.get("/api/users/profile/", headers=bearer(first))) == "session_ended"
    assert other.profile_code() == "ok"
    person.password = "Another-Password-2"
    person.log_in()


def test_with_a_second_factor_a_password_is_not_enough(person: Person) -> None:
    secret = second_factor.turn_on(person.http, person.headers, PASSWORD)
    # the login that turned it on goes on
    assert person.profile_code() == "ok"

    answer = person.http.post("/api/login/", json={"username": person.username, "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_required")
    assert "/_allauth/" in answer.json()["detail"]
    # a wrong password tells nothing of it
    wrong = person.http.post("/api/login/", json={"username": person.username, "password": "Wrong-Password-1"})
    assert wrong.json()["code"] == "invalid_credentials"

    pending = log_in(person)
    assert pending.status_code == 401
    assert "access_token" not in pending.text
    state = {"x-session-token": pending.json()["meta"]["session_token"]}
    refused = person.http.post(f"{API}/auth/2fa/authenticate", json={"code": "000000"}, headers=state)
    assert refused.status_code == 400
    assert person.http.get(f"{API}/auth/session", headers=state).status_code == 401
    right = {"code": second_factor.code(secret, step=1)}
    take_tokens(person, person.http.post(f"{API}/auth/2fa/authenticate", json=right, headers=state))
    assert (person.profile_code(), person.refresh_code()) == ("ok", "ok")


def test_a_second_factors_secret_is_stored_encrypted(person: Person) -> None:
    from allauth.mfa.models import Authenticator  # noqa: PLC0415 - as above

    secret = second_factor.turn_on(person.http, person.headers, PASSWORD)
    stored = Authenticator.objects.filter(user_id=person.user_id)
    assert stored
    assert all(secret not in json.dumps(each.data) for each in stored)


def test_a_second_factor_takes_the_password_first(person: Person) -> None:
    answer = person.http.post(f"{API}/account/authenticators/totp", json={"code": "000000"}, headers=person.headers)
    assert answer.status_code in (400, 401)


NASTY = [
    "\ud800",
    "a\0b",
    2**70,
    -1,
    1.5,
    None,
    True,
    [],
    {},
    [[]],
    {"a": {}},
    "x" * 5000,
    "\x1b",
    ["a", 1],
    "9" * 5000,
]
FIELDS = (
    "username",
    "email",
    "password",
    "current_password",
    "new_password",
    "key",
    "code",
    "refresh_token",
    "primary",
)
PATHS = {
    "POST": (
        *("auth/login", "auth/signup", "auth/reauthenticate", "auth/password/request", "auth/password/reset"),
        *("auth/email/verify", "auth/code/confirm", "auth/2fa/authenticate", "auth/2fa/reauthenticate"),
        *("account/password/change", "account/email", "account/phone", "account/authenticators/totp"),
        *("account/authenticators/recovery-codes", "tokens/refresh", "auth/email/verify/resend"),
    ),
    "PUT": ("account/email",),
    "PATCH": ("account/email",),
    "DELETE": ("account/email", "account/authenticators/totp"),
}


@pytest.mark.parametrize("value", NASTY, ids=lambda value: repr(value)[:20])
def test_odd_fields_there_are_no_error_of_ours(http: httpx.Client, resident: Person, value: object) -> None:
    from tests.auth.conftest import rates  # noqa: PLC0415 - as above

    content = json.dumps(dict.fromkeys(FIELDS, value)).encode()
    with rates():
        for method, paths in PATHS.items():
            for path in paths:
                for headers in ({}, resident.headers):
                    answer = http.request(
                        method,
                        f"{API}/{path}",
                        content=content,
                        headers={"content-type": "application/json", **headers},
                    )
                    assert answer.status_code < 500, (method, path, answer.text)
    assert resident.profile_code() == "ok"


@pytest.mark.parametrize("content", [b"[" * 50_000, b"9" * 20_000, b"\xff", b'{"a": "\\u0000"}', b"[]", b"null", b"{"])
def test_odd_bodies_there_are_malformed(http: httpx.Client, content: bytes) -> None:
    answer = http.post(f"{API}/auth/login", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("token", ["x", "../../x", "a" * 4000, "å"])
def test_an_unknown_state_is_gone(http: httpx.Client, token: str) -> None:
    answer = http.get(f"{API}/auth/session", headers={b"x-session-token": token.encode()})
    assert answer.status_code == 410
