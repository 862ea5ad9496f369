"""What the log tells, and what it must not."""

import io
import logging

import httpx
import pytest
import structlog

from tests.auth.conftest import PASSWORD, Person, rates


def live_through_everything(person: Person) -> None:
    http = person.http
    wrong = {"username": person.username, "password": "Wrong-Password-1"}
    assert http.post("/api/login/", json=wrong).status_code == 401
    person.log_in()
    assert person.refresh_code() == "ok"
    assert http.post("/api/token/refresh/", json={"refresh": person.refresh + "A"}).status_code == 401
    with rates(login_failed="1/m/key"):
        http.post("/api/login/", json=wrong)
        assert http.post("/api/login/", json=wrong).status_code == 429
    http.post("/api/register/", json={"username": person.username, "email": "leak@example.com", "password": PASSWORD})
    http.post("/api/login/", content=b'{"password": "Half-A-Secret', headers={"content-type": "application/json"})
    http.post("/_allauth/app/v1/auth/login", json=wrong)
    assert http.post("/api/logout/", json={"refresh": person.refresh}, headers=person.headers).status_code == 200


def test_the_log_tells_what_happened_and_no_secret(person: Person) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logging.getLogger("django").addHandler(handler)
    logging.getLogger("allauth").addHandler(handler)
    with structlog.testing.capture_logs() as events:
        live_through_everything(person)
    logging.getLogger("django").removeHandler(handler)
    logging.getLogger("allauth").removeHandler(handler)
    names = {event["event"] for event in events}
    assert names >= {"login_failed", "session_started", "refresh_refused", "throttled", "session_ended"}
    everything = written.getvalue() + repr(events)
    secrets = (PASSWORD, "Wrong-Password-1", "Half-A-Secret", "example.com", person.refresh[-40:], person.access[-40:])
    assert [secret for secret in secrets if secret in everything] == []


def test_a_stranger_puts_no_traceback_into_the_log(http: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    assert http.get("/admin/login/", headers={"host": "no such\\host"}).status_code == 400
    assert http.post("/admin/login/", data={"a": "b"}).status_code == 403
    assert [(record.name, record.exc_info) for record in caplog.records if record.name.startswith("django")] == [
        ("django.security.csrf", None)
    ]


def test_what_holds_a_secret_does_not_show_it() -> None:
    from duologue.auth.tokens import TokenPair  # noqa: PLC0415 - models need a prepared Django
    from duologue.auth.views.body import Credentials, RefreshBody, Registration  # noqa: PLC0415 - as above

    shown = [
        TokenPair(access="secret", refresh="secret"),
        Credentials(username="alice", password="secret"),
        Registration(username="alice", email="secret", password="secret"),
        RefreshBody(refresh="secret"),
    ]
    assert "secret" not in repr(shown) + str(shown)
