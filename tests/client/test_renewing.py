"""Auth that is away just when a token ends: it is asked again until it is back, and only its own no is a no."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from duologue.client import Client, ConnectionChanged, LoginRequired
from tests.client.auth_stand_in import AuthStandIn, away, suffered
from tests.client.chat_stand_in import ChatStandIn
from tests.client.company import WAIT_SECONDS, Ear, client_of
from tests.rig.people import Person, forge

pytestmark = pytest.mark.anyio
LOGIN, REFRESH = "/api/login/", "/api/token/refresh/"


@pytest.fixture
def auth() -> AuthStandIn:
    return AuthStandIn()


@pytest.fixture
async def chat(auth: AuthStandIn) -> AsyncIterator[ChatStandIn]:
    async with ChatStandIn(auth).running() as chat:
        yield chat


@pytest.fixture
async def client(auth: AuthStandIn, chat: ChatStandIn) -> AsyncIterator[Client]:
    async with Client(chat.url, username="alice", password="the-password", transport=auth.transport) as client:
        yield client


def times_live(ear: Ear) -> int:
    return len([event for event in ear.of(ConnectionChanged) if event.state == "live"])


@pytest.mark.slow
async def test_a_client_outlives_an_auth_that_is_away_when_the_token_ends(
    client: Client, chat: ChatStandIn, auth: AuthStandIn
) -> None:
    ear = await Ear.at(client)
    auth.ailments = away()
    await chat.expire()
    waiting = asyncio.create_task(client.send(1, "said meanwhile"))
    await ear.until(lambda: times_live(ear) == 2 or ear.error is not None)
    assert ear.error is None
    assert (await chat.next_frame())["message"] == "said meanwhile"
    # the old token was not shown again, and the password was not needed
    assert chat.tokens == ["the-access-token-1", auth.newest]
    assert (auth.asked[LOGIN], auth.asked[REFRESH]) == (1, 5)
    waiting.cancel()


async def test_a_fresh_token_that_is_refused_ends_it(client: Client, chat: ChatStandIn, auth: AuthStandIn) -> None:
    ear = await Ear.at(client)
    auth.ailments = away()[:1]
    chat.refuses_all = True
    await chat.expire()
    await ear.until(lambda: ear.error is not None)
    assert isinstance(ear.error, LoginRequired)
    assert len(chat.tokens) == 2
    assert auth.asked[REFRESH] == 2
    with pytest.raises(LoginRequired):
        await client.send(1, "nobody")


async def test_a_living_socket_gets_its_fresh_token_when_auth_is_back(
    client: Client, chat: ChatStandIn, auth: AuthStandIn
) -> None:
    ear = await Ear.at(client)
    auth.ailments = away()
    await chat.tell(type="token_expiring", expires_at="2100-01-01T00:00:00Z")
    assert await chat.next_frame() == {"type": "auth", "token": "the-access-token-2"}
    assert auth.asked[REFRESH] == 5
    assert times_live(ear) == 1


async def test_a_refused_renewal_is_not_repeated(auth: AuthStandIn, chat: ChatStandIn) -> None:
    async with Client(chat.url, refresh_token="the-refresh-token", transport=auth.transport) as client:
        ear = await Ear.at(client)
        auth.refresh_is_good = False
        await chat.tell(type="token_expiring", expires_at="2100-01-01T00:00:00Z")
        await auth.is_asked(REFRESH, 2)
        await chat.expire()
        await ear.until(lambda: ear.error is not None)
        assert isinstance(ear.error, LoginRequired)
        assert (auth.asked[LOGIN], auth.asked[REFRESH]) == (0, 2)


async def test_nothing_is_asked_for_a_socket_that_is_gone(client: Client, chat: ChatStandIn, auth: AuthStandIn) -> None:
    ear = await Ear.at(client)
    auth.ailments = away() * 100
    await chat.tell(type="token_expiring", expires_at="2100-01-01T00:00:00Z")
    await auth.is_asked(REFRESH, 1)
    assert renewals()
    await chat.close(1012)
    await ear.until(lambda: times_live(ear) == 2)
    assert not renewals()


class WornRoad(httpx.AsyncBaseTransport):
    """The way to a server: the first token on it ends before it arrives, and the next refreshes meet `ailments`."""

    def __init__(self, person: Person) -> None:
        self.ailments = away()
        self.refreshes = 0
        self._person = person
        self._road = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == REFRESH:
            self.refreshes += 1
            if self.ailments:
                return suffered(self.ailments.pop(0))
        answer = await self._road.handle_async_request(request)
        if request.url.path == LOGIN:
            await answer.aread()
            ended = forge(self._person, exp=int(time.time()) - 60)
            return httpx.Response(answer.status_code, json=answer.json() | {"access": ended})
        return answer

    async def aclose(self) -> None:
        await self._road.aclose()


async def test_nothing_is_lost_while_the_token_has_ended_and_auth_is_away(alice: Person, bob: Person) -> None:
    room = alice.room_with(bob)
    async with client_of(bob) as his:
        await Ear.at(his)
        saved = his.cursors
    alice.post(room, "before")
    road = WornRoad(bob)
    async with client_of(bob, cursors=saved, transport=road) as his:
        ear = Ear(his)
        sends = [asyncio.create_task(his.send(room, f"his {number}")) for number in range(3)]
        await ear.until(lambda: road.refreshes > 0 or ear.error is not None)
        alice.post(room, "meanwhile")
        await asyncio.wait_for(asyncio.gather(*sends), WAIT_SECONDS)
        await ear.until(lambda: len(ear.texts()) == 5)
        assert ear.texts() == ["before", "meanwhile", "his 0", "his 1", "his 2"]
        assert (road.refreshes, times_live(ear)) == (5, 1)


def renewals() -> list[str]:
    """Return what still asks for a token."""
    return [name for task in asyncio.all_tasks() if "Renewing" in (name := repr(task.get_coro()))]
