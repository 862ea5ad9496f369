"""Mails: confirming an address, and getting back in without the password."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from smtplib import SMTPServerDisconnected
from urllib.parse import unquote

import httpx
import pytest

from tests.auth.conftest import PASSWORD, Person, Service, outcome, unused_name

API = "/_allauth/app/v1"


@contextmanager
def mails(verification: str) -> Iterator[list[str]]:
    """Collect the text of what is sent."""
    from django.core import mail  # noqa: PLC0415 - Django must be prepared first
    from django.core.cache import cache  # noqa: PLC0415 - as above
    from django.test.utils import override_settings  # noqa: PLC0415 - as above

    cache.clear()
    sent: list[str] = []
    backend = "django.core.mail.backends.locmem.EmailBackend"
    with override_settings(ACCOUNT_EMAIL_VERIFICATION=verification, EMAIL_BACKEND=backend):
        mail.outbox = []
        yield sent
        everything_sent()
        sent.extend(f"{message.subject}\n\n{message.body}" for message in mail.outbox)


def everything_sent() -> None:
    """Wait for what is sent after its answer."""
    from duologue.auth.runtime import runtime  # noqa: PLC0415 - as above

    # one thread sends, in the order in which it was asked
    runtime().outbox._executor.submit(lambda: None).result(30)


def register(http: httpx.Client) -> str:
    name = unused_name()
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    assert http.post("/api/register/", json=body).status_code == 201
    return name


def log_in(http: httpx.Client, name: str, password: str = PASSWORD) -> str:
    return outcome(http.post("/api/login/", json={"username": name, "password": password}))


def link(text: str, purpose: str) -> str:
    """Return the key in a mail's link, which must lead to the public address."""
    found = re.search(rf"http://localhost:8000/#{purpose}=(\S+)", text)
    assert found, text
    return unquote(found[1])


def test_no_mail_is_sent_unless_asked_for(http: httpx.Client) -> None:
    with mails("none") as sent:
        assert log_in(http, register(http)) == "ok"
    assert sent == []


def test_where_it_is_mandatory_an_address_is_confirmed_before_the_first_login(http: httpx.Client) -> None:
    with mails("mandatory") as sent:
        name = register(http)
        assert log_in(http, name) == "email_unverified"
        # a wrong password tells nothing of it
        assert log_in(http, name, "Wrong-Password-1") == "invalid_credentials"
    assert len(sent) == 1
    # minutes later, which `mails` lets pass by forgetting what was counted
    with mails("mandatory") as again:
        assert log_in(http, name) == "email_unverified"
    link(again[0], "confirm-email")
    with mails("mandatory"):
        key = link(sent[0], "confirm-email")
        http.post(f"{API}/auth/email/verify", json={"key": key + "x"})
        assert log_in(http, name) == "email_unverified"
        http.post(f"{API}/auth/email/verify", json={"key": key})
        assert log_in(http, name) == "ok"


def test_where_it_is_optional_a_mail_is_sent_and_nobody_waits(http: httpx.Client) -> None:
    with mails("optional") as sent:
        assert log_in(http, register(http)) == "ok"
    link(sent[0], "confirm-email")
    assert len(sent) == 1


def test_a_mail_server_that_is_away_does_not_undo_a_registration(
    http: httpx.Client, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.core.mail import EmailMessage  # noqa: PLC0415 - as above

    def fail(*_: object, **__: object) -> None:
        raise SMTPServerDisconnected("gone")

    monkeypatch.setattr(EmailMessage, "send", fail)
    with mails("optional"):
        assert log_in(http, register(http)) == "ok"


def ask_for_reset(http: httpx.Client, address: str) -> tuple[int, bytes]:
    answer = http.post(f"{API}/auth/password/request", json={"email": address})
    return answer.status_code, answer.content


def test_nobody_gets_a_mail_because_a_stranger_named_an_address(http: httpx.Client, person: Person) -> None:
    with mails("none") as sent:
        unknown = ask_for_reset(http, f"{unused_name('nobody')}@example.com")
    assert sent == []
    with mails("none") as sent:
        assert ask_for_reset(http, f"{person.username}@example.com") == unknown
    assert len(sent) == 1


def test_a_mail_server_tells_nobody_who_has_an_account(
    http: httpx.Client, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.core.mail import EmailMessage  # noqa: PLC0415 - as above

    answered, tried = threading.Event(), threading.Event()

    def fail(*_: object, **__: object) -> None:
        # as long as the mail server likes: the answer does not wait for it
        assert answered.wait(30)
        tried.set()
        raise SMTPServerDisconnected("gone")

    monkeypatch.setattr(EmailMessage, "send", fail)
    with mails("none"):
        known = ask_for_reset(http, f"{person.username}@example.com")
        assert not tried.is_set()
        answered.set()
        assert known == ask_for_reset(http, "nobody@example.com")
        assert tried.wait(30)


def test_more_mails_than_may_wait_are_dropped_and_the_next_ones_are_sent() -> None:
    from duologue.auth.outbox import Outbox  # noqa: PLC0415 - as above

    go, sent = threading.Event(), threading.Semaphore(0)
    outbox = Outbox(waiting=1)

    def send() -> None:
        go.wait(30)
        sent.release()

    for _ in range(5):
        outbox.put(send)
    go.set()
    assert sent.acquire(timeout=30)
    assert sent.acquire(timeout=30)
    outbox.put(lambda: 1 / 0)
    outbox.put(sent.release)
    assert sent.acquire(timeout=30)
    assert not sent.acquire(blocking=False)
    outbox.close()


@pytest.mark.parametrize("host", ["prize-evil.example", "localhost:8000.prize-evil.example"])
def test_no_mail_repeats_the_host_header(http: httpx.Client, host: str) -> None:
    http.headers["host"] = host
    with mails("optional") as sent:
        name = register(http)
        person = Person(http, name, 0)
        person.log_in()
        ask_for_reset(http, f"{name}@example.com")
        recent = http.post(f"{API}/auth/reauthenticate", json={"password": PASSWORD}, headers=person.headers)
        assert recent.status_code == 200
        another = {"email": f"{unused_name('second')}@example.com"}
        assert http.post(f"{API}/account/email", json=another, headers=person.headers).status_code == 200
    with mails("mandatory") as more:
        assert log_in(http, register(http)) == "email_unverified"
    assert len(sent) == 3
    for text in sent + more:
        assert "evil" not in text
        assert "Hello from localhost:8000!" in text
        assert "Thank you for using localhost:8000!" in text


def test_a_forgotten_password_is_reset_by_mail_and_ends_every_login(http: httpx.Client, person: Person) -> None:
    address = f"{person.username}@example.com"
    with mails("none") as sent:
        known = http.post(f"{API}/auth/password/request", json={"email": address})
    with mails("none"):
        unknown = http.post(f"{API}/auth/password/request", json={"email": "nobody@example.com"})
    # who asks learns nothing
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    key = link(sent[0], "reset-password")
    body = {"key": key, "password": "Another-Password-2"}
    with mails("none"):
        assert http.post(f"{API}/auth/password/reset", json=body | {"key": key + "x"}).status_code == 400
        assert http.post(f"{API}/auth/password/reset", json=body | {"password": "short"}).status_code == 400
        assert person.profile_code() == "ok"
        http.post(f"{API}/auth/password/reset", json=body)
        assert (person.profile_code(), person.refresh_code()) == ("session_ended", "refresh_invalid")
        assert log_in(http, person.username, "Another-Password-2") == "ok"
        # and it works once
        assert http.post(f"{API}/auth/password/reset", json=body).status_code == 400
