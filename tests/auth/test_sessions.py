"""What ends a login, and what does not."""

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.http import HttpRequest

from tests.auth.conftest import PASSWORD, Person, outcome
from tests.rig.people import bearer


def log_out(person: Person, refresh: str, access: str | None = None) -> str:
    headers = bearer(access if access is not None else person.access)
    return outcome(person.http.post("/api/logout/", json={"refresh": refresh}, headers=headers))


def both(person: Person) -> tuple[str, str]:
    return person.profile_code(), person.refresh_code()


ALIVE = ("ok", "ok")
ENDED = ("session_ended", "refresh_invalid")


def test_logging_out_ends_one_login(person: Person) -> None:
    first = person.access, person.refresh
    person.log_in()
    assert log_out(person, person.refresh) == "ok"
    assert both(person) == ENDED
    person.access, person.refresh = first
    assert both(person) == ALIVE


def test_a_second_logout_is_refused(person: Person) -> None:
    first = person.access
    person.log_in()
    assert log_out(person, person.refresh) == "ok"
    assert log_out(person, person.refresh) == "session_ended"
    assert log_out(person, person.refresh, first) == "refresh_invalid"


def test_nobody_ends_anothers_login(arrive: Callable[..., Person]) -> None:
    alice, mallory = arrive(), arrive()
    assert log_out(mallory, alice.refresh) == "refresh_invalid"
    assert both(alice) == ALIVE
    assert both(mallory) == ALIVE


@pytest.mark.parametrize("refresh", ["x", "a.b.c", "é", "null"])
def test_logging_out_with_nonsense_ends_nothing(person: Person, refresh: str) -> None:
    assert log_out(person, refresh) == "refresh_invalid"
    assert log_out(person, person.access) == "refresh_invalid"
    assert both(person) == ALIVE


def test_logging_out_takes_an_access_token(person: Person) -> None:
    assert outcome(person.http.post("/api/logout/", json={"refresh": person.refresh})) == "token_missing"
    assert log_out(person, person.refresh, person.refresh) == "token_invalid"
    assert both(person) == ALIVE


def test_a_new_password_ends_every_login(arrive: Callable[..., Person]) -> None:
    person, other = arrive(), arrive()
    first = person.access, person.refresh
    person.log_in()
    account = person.account
    account.set_password("Another-Password-2")
    account.save()
    assert both(person) == ENDED
    person.access, person.refresh = first
    assert both(person) == ENDED
    assert both(other) == ALIVE
    person.password = "Another-Password-2"
    person.log_in()
    assert both(person) == ALIVE


def test_a_deactivation_ends_every_login_for_good(person: Person) -> None:
    account = person.account
    account.is_active = False
    account.save()
    assert both(person) == ENDED
    account.is_active = True
    account.save()
    assert both(person) == ENDED
    person.log_in()
    assert both(person) == ALIVE


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "!"}], ids=str)
@pytest.mark.parametrize("path", ["/api/login/", "/_allauth/app/v1/auth/login"])
def test_a_login_that_was_under_way_when_the_account_changed_does_not_begin(
    person: Person, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], path: str
) -> None:
    from duologue.auth.adapter import AccountAdapter  # noqa: PLC0415 - as above
    from duologue.auth.models import LoginSession, User  # noqa: PLC0415 - as above

    check = AccountAdapter.authenticate

    def slow(adapter: AccountAdapter, request: HttpRequest, **credentials: Any) -> object:
        user = check(adapter, request, **credentials)
        User.objects.filter(pk=person.user_id).update(**change)
        return user

    logins = LoginSession.objects.filter(user_id=person.user_id).count()
    monkeypatch.setattr(AccountAdapter, "authenticate", slow)
    answer = person.http.post(path, json={"username": person.username, "password": person.password})
    assert (answer.status_code, answer.json().get("code")) == (401, "invalid_credentials")
    assert LoginSession.objects.filter(user_id=person.user_id).count() == logins


def test_a_deactivation_past_the_model_ends_them_too(person: Person) -> None:
    from duologue.auth.models import User  # noqa: PLC0415 - models need a prepared Django

    User.objects.filter(pk=person.user_id).update(is_active=False)
    assert both(person) == ENDED


def test_who_is_deactivated_is_not_found(arrive: Callable[..., Person]) -> None:
    alice, bob = arrive(), arrive()
    account = bob.account
    account.is_active = False
    account.save()
    assert alice.http.get(f"/api/users/{bob.username}/", headers=alice.headers).status_code == 404


def test_a_deletion_ends_every_login(person: Person) -> None:
    person.account.delete()
    assert both(person) == ENDED


def test_other_changes_of_an_account_end_nothing(person: Person) -> None:
    account = person.account
    account.first_name = "Somebody"
    account.save()
    assert both(person) == ALIVE


def test_a_login_expires(person: Person) -> None:
    from duologue.auth.models import LoginSession  # noqa: PLC0415 - as above

    login = LoginSession.objects.get(user_id=person.user_id)
    login.expires_at -= timedelta(days=31)
    login.save()
    assert both(person) == ENDED


def test_old_logins_are_removed_and_living_ones_stay(person: Person) -> None:
    from django.utils import timezone  # noqa: PLC0415 - as above

    from duologue.auth.housekeeping import clean_up  # noqa: PLC0415 - as above
    from duologue.auth.models import LoginSession  # noqa: PLC0415 - as above

    old = LoginSession.objects.get(user_id=person.user_id)
    person.log_in()
    LoginSession.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(days=31))
    clean_up()
    assert not LoginSession.objects.filter(pk=old.pk).exists()
    assert both(person) == ALIVE


def test_more_old_logins_than_one_turn_removes_do_not_pile_up(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.utils import timezone  # noqa: PLC0415 - as above

    from duologue.auth import housekeeping, login  # noqa: PLC0415 - as above
    from duologue.auth.models import LoginSession  # noqa: PLC0415 - as above
    from duologue.auth.runtime import runtime  # noqa: PLC0415 - as above

    monkeypatch.setattr(housekeeping, "_MOST_AT_ONCE", 2)
    monkeypatch.setattr(login, "_SECONDS_WHILE_MORE_IS_LEFT", 0.0)
    runtime().housekeeping.be_due_in(0)
    longer_ago = timezone.now() - timedelta(days=31)
    LoginSession.objects.bulk_create(
        LoginSession(user_id=person.user_id, refresh_hash=b"", expires_at=longer_ago) for _ in range(5)
    )
    left = []
    for _ in range(4):
        person.log_in()
        left.append(LoginSession.objects.filter(expires_at=longer_ago).count())
    assert left == [3, 1, 0, 0]


def test_a_new_password_ends_more_logins_than_a_statement_takes_values(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection  # noqa: PLC0415 - as above
    from django.utils import timezone  # noqa: PLC0415 - as above

    from duologue.auth import models  # noqa: PLC0415 - as above

    monkeypatch.setattr(models, "_MOST_AT_ONCE", 10)
    tomorrow = timezone.now() + timedelta(days=1)
    models.LoginSession.objects.bulk_create(
        models.LoginSession(user_id=person.user_id, refresh_hash=b"", expires_at=tomorrow) for _ in range(60)
    )
    before = connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 50)
    try:
        account = person.account
        account.set_password("Another-Password-1")
        account.save()
    finally:
        connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, before)
    assert not models.LoginSession.objects.filter(user_id=person.user_id, ended_at=None).exists()
    assert both(person) == ENDED


def test_the_last_use_is_noted_now_and_then(person: Person) -> None:
    from duologue.auth.models import LoginSession  # noqa: PLC0415 - as above

    login = LoginSession.objects.get(user_id=person.user_id)
    assert person.refresh_code() == "ok"
    assert LoginSession.objects.get(pk=login.pk).last_used_at == login.last_used_at
    login.last_used_at -= timedelta(hours=1)
    login.save()
    assert person.refresh_code() == "ok"
    assert LoginSession.objects.get(pk=login.pk).last_used_at > login.last_used_at


@pytest.mark.parametrize("header", ["Basic YWxpY2U6eA==", "Bearer", "bearer", "", "Token abc"])
def test_what_is_no_bearer_token_is_missing(http: httpx.Client, header: str) -> None:
    answer = http.get("/api/users/profile/", headers={"authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_password_is_never_asked_for_again(person: Person) -> None:
    assert PASSWORD not in repr(person.account)
    assert both(person) == ALIVE
