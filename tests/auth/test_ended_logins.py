"""The list of ended logins: every way to end one puts it there, and nothing else does."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from time import monotonic
from typing import Any

import httpx
import pytest

from duologue.contract.ended_sessions import MOST_ON_A_PAGE, digest_of
from tests.auth.conftest import PASSWORD, Person
from tests.auth.queries import queries_of
from tests.rig.people import unverified

LIST = "/.well-known/ended-sessions.json"


def page(http: httpx.Client, since: str | None = None) -> dict[str, Any]:
    answer = http.get(LIST, params={} if since is None else {"since": since})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    document: dict[str, Any] = answer.json()
    return document


@pytest.fixture
def now(http: httpx.Client) -> str:
    """The place at the end of the list."""
    place: str = page(http)["next"]
    return place


def sid_of(person: Person) -> str:
    sid: str = unverified(person.access)[1]["sid"]
    return sid


def log_out(person: Person) -> None:
    body = {"refresh": person.refresh}
    assert person.http.post("/api/logout/", json=body, headers=person.headers).status_code == 200


def change_password(person: Person) -> None:
    body = {"current_password": PASSWORD, "new_password": "Another-Password-2"}
    person.http.post("/_allauth/app/v1/account/password/change", json=body, headers=person.headers)


def set_password(person: Person) -> None:
    account = person.account
    account.set_password("Another-Password-2")
    account.save()


def deactivate(person: Person) -> None:
    account = person.account
    account.is_active = False
    account.save()


def delete(person: Person) -> None:
    person.account.delete()


def delete_by_query(person: Person) -> None:
    from duologue.auth.models import User  # noqa: PLC0415 - models need a prepared Django

    User.objects.filter(pk=person.user_id).delete()


def delete_the_login(person: Person) -> None:
    from duologue.auth.models import LoginSession  # noqa: PLC0415 - as above

    LoginSession.objects.filter(user_id=person.user_id).delete()


def end_as_administrator(person: Person) -> None:
    from duologue.auth.models import LoginSession  # noqa: PLC0415 - as above

    LoginSession.objects.filter(user_id=person.user_id).end("administrator")


WAYS = (
    log_out,
    change_password,
    set_password,
    deactivate,
    delete,
    delete_by_query,
    delete_the_login,
    end_as_administrator,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_way_to_end_a_login_is_told_once_and_no_other_login(
    arrive: Callable[..., Person], http: httpx.Client, now: str, way: Callable[[Person], None]
) -> None:
    person, _ = arrive(), arrive()
    assert page(http, now)["ended"] == []
    way(person)
    told = page(http, now)
    assert told["ended"] == [digest_of(sid_of(person))]
    assert page(http, told["next"]) == told | {"ended": []}


def test_what_ends_with_the_first_way_is_not_told_again_by_the_next(person: Person, http: httpx.Client) -> None:
    log_out(person)
    place = page(http)["next"]
    for way in (deactivate, end_as_administrator, delete):
        way(person)
    assert page(http, place)["ended"] == []


def test_every_login_of_an_account_is_told(person: Person, http: httpx.Client, now: str) -> None:
    sids = [sid_of(person)]
    for _ in range(2):
        person.log_in()
        sids.append(sid_of(person))
    delete(person)
    assert set(page(http, now)["ended"]) == {digest_of(sid) for sid in sids}


def test_other_things_that_happen_to_an_account_are_not_told(person: Person, http: httpx.Client, now: str) -> None:
    person.log_in()
    assert person.refresh_code() == "ok"
    account = person.account
    account.first_name = "Somebody"
    account.save()
    assert page(http, now)["ended"] == []


def test_a_list_tells_no_session_and_no_token(person: Person, http: httpx.Client) -> None:
    log_out(person)
    whole = json.dumps(page(http))
    assert digest_of(sid_of(person)) in whole
    for secret in (sid_of(person), person.username, *person.access.split("."), *person.refresh.split(".")):
        assert secret not in whole


def test_a_rollback_tells_nothing(person: Person, http: httpx.Client, now: str) -> None:
    from django.db import transaction  # noqa: PLC0415 - as above

    with transaction.atomic():
        delete(person)
        transaction.set_rollback(True)
    assert page(http, now)["ended"] == []
    assert person.profile_code() == "ok"


@pytest.fixture
def listener() -> Iterator[list[bool]]:
    """What is told after a commit; each entry says whether a transaction was still open."""
    from django.db import connection  # noqa: PLC0415 - as above

    from duologue.auth.runtime import runtime  # noqa: PLC0415 - as above

    heard: list[bool] = []

    def hear() -> None:
        heard.append(connection.in_atomic_block)
        raise RuntimeError("a listener that trips")

    runtime().when_logins_end.append(hear)
    yield heard
    runtime().when_logins_end.remove(hear)


def test_who_listens_hears_after_the_commit_and_trips_nobody(person: Person, listener: list[bool]) -> None:
    from django.db import transaction  # noqa: PLC0415 - as above

    with transaction.atomic():
        end_as_administrator(person)
        transaction.set_rollback(True)
    assert listener == []
    with transaction.atomic():
        end_as_administrator(person)
        assert listener == []
    assert listener == [False]


@pytest.mark.parametrize("since", ["", "0", "x", "-1", "é", "9" * 30, "none.1", ".5", "a.b.c", "\0"])
def test_a_place_that_nobody_gave_is_the_beginning(person: Person, http: httpx.Client, since: str) -> None:
    log_out(person)
    assert page(http, since) == page(http)
    assert digest_of(sid_of(person)) in page(http, since)["ended"]


def test_after_a_restart_a_place_is_the_beginning(
    person: Person, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from duologue.auth import ended_logins  # noqa: PLC0415 - as above

    log_out(person)
    before = page(http)
    assert page(http, before["next"])["ended"] == []
    monkeypatch.setattr(ended_logins, "_LIST", "another")
    assert page(http, before["next"])["ended"] == before["ended"]
    # numbers go on where the database is the same, and may be any where it is not
    far = f"another.{10**17}"
    assert page(http, far) == before | {"ended": [], "next": far}


def test_a_long_list_comes_in_pages(http: httpx.Client, now: str) -> None:
    from duologue.auth.models import EndedLogin  # noqa: PLC0415 - as above

    sids = [f"long {number}" for number in range(MOST_ON_A_PAGE + 1)]
    EndedLogin.objects.tell(sids[:-1])
    first = page(http, now)
    assert (len(first["ended"]), first["more"]) == (MOST_ON_A_PAGE, False)
    EndedLogin.objects.tell(sids[-1:])
    first = page(http, now)
    assert (len(first["ended"]), first["more"]) == (MOST_ON_A_PAGE, True)
    second = page(http, first["next"])
    assert (second["ended"], second["more"]) == ([digest_of(sids[-1])], False)
    assert first["ended"] == [digest_of(sid) for sid in sids[:-1]]
    EndedLogin.objects.filter(digest__in=first["ended"] + second["ended"]).delete()


def test_what_no_token_needs_is_not_told_and_leaves_with_the_next(person: Person, http: httpx.Client, now: str) -> None:
    from django.utils import timezone  # noqa: PLC0415 - as above

    from duologue.auth.models import EndedLogin, longest_token_life  # noqa: PLC0415 - as above

    life = longest_token_life()
    assert timedelta(seconds=page(http)["keep"]) == life > timedelta(minutes=10)
    EndedLogin.objects.tell(["old", "young"])
    old, young = (EndedLogin.objects.filter(digest=digest_of(name)) for name in ("old", "young"))
    old.update(ended_at=timezone.now() - life - timedelta(seconds=1))
    young.update(ended_at=timezone.now() - life + timedelta(seconds=60))
    assert page(http, now)["ended"] == [digest_of("young")]
    assert old.exists()
    log_out(person)
    assert page(http, now)["ended"] == [digest_of("young"), digest_of(sid_of(person))]
    assert not old.exists()


def test_tokens_from_before_the_start_are_thought_of_for_an_hour(
    person: Person, http: httpx.Client, now: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.utils import timezone  # noqa: PLC0415 - as above

    from duologue.auth import models  # noqa: PLC0415 - as above

    log_out(person)
    ended = models.EndedLogin.objects.filter(digest=digest_of(sid_of(person)))
    # they may live an hour, whatever the setting says now
    ended.update(ended_at=timezone.now() - timedelta(minutes=60))
    told = page(http, now)
    assert (told["ended"], told["keep"]) == ([digest_of(sid_of(person))], 3660)
    # and after an hour there is none of them
    later = monotonic() + 3661
    monkeypatch.setattr(models, "monotonic", lambda: later)
    told = page(http, now)
    assert (told["ended"], told["keep"]) == ([], 660)


def test_old_logins_that_are_tidied_away_are_not_told(person: Person, http: httpx.Client, now: str) -> None:
    from django.utils import timezone  # noqa: PLC0415 - as above

    from duologue.auth.housekeeping import clean_up  # noqa: PLC0415 - as above
    from duologue.auth.models import LoginSession  # noqa: PLC0415 - as above

    LoginSession.objects.filter(user_id=person.user_id).update(expires_at=timezone.now() - timedelta(days=31))
    clean_up()
    assert not LoginSession.objects.filter(user_id=person.user_id).exists()
    assert page(http, now)["ended"] == []


def test_a_look_takes_one_query_that_uses_the_key(person: Person, http: httpx.Client, now: str) -> None:
    from django.db import connection  # noqa: PLC0415 - as above

    (query,) = queries_of("GET", LIST)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {query}")
        plan = [row[3] for row in cursor.fetchall()]
    assert not [step for step in plan if step.startswith("SCAN")], plan


def test_numbers_are_given_once(http: httpx.Client) -> None:
    from django.db import connection  # noqa: PLC0415 - as above

    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'duologue_auth_endedlogin'")
        assert "PRIMARY KEY AUTOINCREMENT" in cursor.fetchone()[0]
