"""Tokens: made late, renewed once however many ask, and nobody sees them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from duologue.client import ApiError, BadAnswer, Client, LoginRequired, NotInRoom, ResyncRequired, Unreachable
from tests.client.auth_stand_in import SECRETS, AuthStandIn, problem

pytestmark = pytest.mark.anyio
URL = "http://duologue.test"
LOGIN, REFRESH = "/api/login/", "/api/token/refresh/"


@pytest.fixture
def auth() -> AuthStandIn:
    return AuthStandIn()


@pytest.fixture
async def client(auth: AuthStandIn) -> AsyncIterator[Client]:
    async with Client(URL, username="alice", password="the-password", transport=auth.transport) as client:
        yield client


async def rooms(client: Client) -> int:
    return len([room async for room in client.rooms()])


async def test_it_logs_in_when_the_first_request_is_made(client: Client, auth: AuthStandIn) -> None:
    assert auth.asked == {}
    await rooms(client)
    await rooms(client)
    assert auth.asked == {LOGIN: 1, "/api/chat/rooms/": 2}


async def test_many_who_ask_at_once_log_in_once(client: Client, auth: AuthStandIn) -> None:
    await asyncio.gather(*(rooms(client) for _ in range(20)))
    assert auth.asked[LOGIN] == 1


async def test_twenty_refused_requests_cause_one_refresh(client: Client, auth: AuthStandIn) -> None:
    await rooms(client)
    auth.expire()
    await asyncio.gather(*(rooms(client) for _ in range(20)))
    assert (auth.asked[LOGIN], auth.asked[REFRESH]) == (1, 1)


async def test_twenty_who_wait_for_a_refresh_that_fails_share_its_failure(client: Client, auth: AuthStandIn) -> None:
    await rooms(client)
    auth.expire()
    auth.ailments = [problem(429, "rate_limited") for _ in range(20)]
    answers = await asyncio.gather(*(rooms(client) for _ in range(20)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {ApiError}
    assert auth.asked[REFRESH] == 1
    # and who asks afterwards asks anew
    auth.ailments = []
    await asyncio.gather(*(rooms(client) for _ in range(20)))
    assert auth.asked[REFRESH] == 2


async def test_who_gives_up_a_refresh_leaves_it_to_the_next(client: Client, auth: AuthStandIn) -> None:
    await rooms(client)
    auth.expire()
    auth.refreshes.clear()
    impatient, patient = (asyncio.create_task(rooms(client)) for _ in range(2))
    await auth.is_asked(REFRESH, 1)
    impatient.cancel()
    await asyncio.wait({impatient})
    auth.refreshes.set()
    await patient
    assert impatient.cancelled()
    assert auth.asked[REFRESH] == 2


async def test_a_refused_refresh_logs_in_again_when_the_password_is_there(client: Client, auth: AuthStandIn) -> None:
    await rooms(client)
    auth.expire()
    auth.refresh_is_good = False
    await rooms(client)
    assert (auth.asked[LOGIN], auth.asked[REFRESH]) == (2, 1)


async def test_without_a_password_a_refused_refresh_asks_for_a_login(auth: AuthStandIn) -> None:
    async with Client(URL, refresh_token="the-refresh-token", transport=auth.transport) as client:
        await rooms(client)
        auth.expire()
        auth.refresh_is_good = False
        with pytest.raises(LoginRequired) as refused:
            await rooms(client)
        assert refused.value.code == "refresh_invalid"
        with pytest.raises(LoginRequired):
            await rooms(client)
    assert auth.asked[LOGIN] == 0


async def test_a_wrong_password_asks_for_a_login(client: Client, auth: AuthStandIn) -> None:
    auth.password_is_good = False
    with pytest.raises(LoginRequired) as refused:
        await rooms(client)
    assert refused.value.code == "invalid_credentials"


async def test_after_a_logout_nothing_is_left_to_log_in_with(client: Client, auth: AuthStandIn) -> None:
    await rooms(client)
    await client.log_out()
    with pytest.raises(LoginRequired):
        await rooms(client)
    assert client.refresh_token is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (problem(404, "not_found"), NotInRoom),
        (problem(410, "resync_required"), ResyncRequired),
        (problem(403, "not_a_participant"), ApiError),
        (httpx.Response(200, content=b"<html>"), BadAnswer),
        (httpx.Response(404, content=b"<html>"), BadAnswer),
        (httpx.Response(302, headers={"location": "http://elsewhere.test/"}), BadAnswer),
        (httpx.Response(502), Unreachable),
    ],
)
async def test_each_refusal_has_its_exception(answer: httpx.Response, expected: type[Exception]) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == LOGIN:
            return httpx.Response(200, json={"access": "a.b.c", "refresh": "d.e.f"})
        assert request.url.host == "duologue.test"
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

    async with Client(URL, username="alice", password="p", transport=httpx.MockTransport(respond)) as client:
        with pytest.raises(expected) as raised:
            await rooms(client)
        assert type(raised.value) is expected


async def test_an_error_tells_all_that_the_server_said() -> None:
    busy = problem(429, "rate_limited", {"retry-after": "7"}, errors={"field": ["why"]})
    async with Client(URL, username="a", password="p", transport=httpx.MockTransport(lambda _: busy)) as client:
        with pytest.raises(ApiError) as raised:
            await client.open_room("bob")
    error = raised.value
    assert (error.code, error.status, error.detail, error.errors) == ("rate_limited", 429, "No.", {"field": ["why"]})
    assert (error.retryable, error.retry_after) == (True, 7.0)


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no", request=request)

    async with Client(URL, username="a", password="p", transport=httpx.MockTransport(respond)) as client:
        with pytest.raises(Unreachable):
            await rooms(client)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://a", "http://", "http://me:secret@host", "http://a?token=b"])
def test_an_address_must_be_one(url: str) -> None:
    with pytest.raises(ValueError, match="address") as raised:
        Client(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"event_limit": limit} for limit in (0, -1, True, 1.5, "7", None)),
        *({"unsent_limit": limit} for limit in (0, -1, None)),
        *({"messages_kept": limit} for limit in (-1, False, "1")),
        # what JSON makes of the keys, and other things that a room cannot be told by
        *({"cursors": cursors} for cursors in ({"7": "1/e.7.1.0"}, {7: None}, {7: ""}, {True: "e"}, [7], "7")),
    ],
)
def test_an_option_that_cannot_be_is_named(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=f"`{name}`"):
        Client(URL, **wrong)


def test_options_at_their_bounds_can_be() -> None:
    Client(URL, event_limit=1, unsent_limit=1, messages_kept=0, cursors={7: "1/e.7.1.0"})


@pytest.mark.parametrize("unsent", [b"", b"a secret text", b'[{"kind":"message"}]', b'{"a":"a secret text"}'])
def test_what_is_no_outbox_is_refused_without_being_shown(unsent: bytes) -> None:
    with pytest.raises(ValueError, match="unsent") as raised:
        Client(URL, unsent=unsent)
    assert "secret" not in str(raised.value)


async def test_no_secret_is_shown_or_logged(
    client: Client, auth: AuthStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.NOTSET + 1)
    await rooms(client)
    auth.expire()
    await rooms(client)
    auth.expire()
    auth.refresh_is_good = auth.password_is_good = False
    with pytest.raises(LoginRequired) as refused:
        await rooms(client)
    inside = [vars(client), *(vars(part) for part in vars(client).values() if hasattr(part, "__dict__"))]
    shown = [repr(client), str(refused.value), repr(refused.value), caplog.text]
    shown += [repr(value) for part in inside for value in part.values() if not isinstance(value, str | None)]
    assert not [text for text in shown for secret in SECRETS if secret in text]
    assert "alice" in repr(client)
