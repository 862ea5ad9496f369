"""What a request costs in trips to the store and to auth: a fixed number, whatever was said before."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from duologue.chat.app import ChatApp, create_app
from duologue.chat.settings import ChatSettings
from duologue.chat.store.sqlite import SqliteStore
from duologue.kit.settings import load
from tests.rig.issuer import Issuer
from tests.rig.people import bearer

pytestmark = pytest.mark.anyio

USERS = {"alice": "1", "bob": "2", "eve": "3"}


class Trips:
    """Counts what goes to the store and to auth."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def since(self) -> list[str]:
        """Return what was counted since the last call."""
        made, self.made = self.made, []
        return made


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> Trips:
    counted = Trips()

    def counting(name: str) -> Callable[..., Any]:
        plain = getattr(SqliteStore, name)

        async def count(self: SqliteStore, work: Callable[..., object], *arguments: object) -> object:
            counted.made.append(f"{name.removeprefix('_')} {work.__name__}")
            return await plain(self, work, *arguments)

        return count

    for name in ("_read", "_write"):
        monkeypatch.setattr(SqliteStore, name, counting(name))
    return counted


@pytest.fixture
async def chat(tmp_path: Path, issuer: Issuer, trips: Trips) -> AsyncIterator[ChatApp]:
    def auth(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/.well-known/ended-sessions.json":
            # by the clock, whoever asks what
            return httpx.Response(503)
        trips.made.append(f"auth {request.url.path}")
        if request.url.path == "/.well-known/jwks.json":
            return httpx.Response(200, content=issuer.jwks())
        name = request.url.path.split("/")[3]
        found = name in USERS
        return httpx.Response(200, json={"id": int(USERS[name]), "username": name}) if found else httpx.Response(404)

    app = create_app(load(ChatSettings, data=tmp_path), httpx.MockTransport(auth))
    async with app.lifespan():
        yield app


@pytest.fixture
async def http(chat: ChatApp, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    headers = bearer(issuer.token("alice", sub=USERS["alice"]))
    transport = httpx.ASGITransport(app=chat.rest)
    async with httpx.AsyncClient(transport=transport, base_url="http://chat", headers=headers) as client:
        yield client


async def open_room(http: httpx.AsyncClient, other: str = "bob") -> httpx.Response:
    return await http.post("/api/chat/rooms/", json={"participant_a": "alice", "participant_b": other})


async def test_a_new_room_costs_a_look_a_question_and_a_write_and_an_old_one_a_look(
    http: httpx.AsyncClient, trips: Trips
) -> None:
    assert (await open_room(http)).status_code == 201
    assert trips.since() == ["auth /.well-known/jwks.json", "read find_pair", "auth /api/users/bob/", "write open_pair"]
    assert (await open_room(http)).status_code == 200
    assert trips.since() == ["read find_pair"]
    assert (await open_room(http, "nobody")).status_code == 400
    assert trips.since() == ["read find_pair", "auth /api/users/nobody/"]


@pytest.mark.parametrize("said_before", [0, 90])
async def test_a_message_costs_one_write_and_a_page_one_read(
    http: httpx.AsyncClient, trips: Trips, said_before: int
) -> None:
    await open_room(http)
    for n in range(said_before):
        await http.post("/api/chat/rooms/1/messages/", json={"content": str(n)})
    trips.since()
    assert (await http.post("/api/chat/rooms/1/messages/", json={"content": "Hi", "client_id": "a"})).status_code == 201
    assert trips.since() == ["write commit"]
    assert (await http.post("/api/chat/rooms/1/messages/", json={"content": "Hi", "client_id": "a"})).status_code == 200
    assert trips.since() == ["write commit"]
    assert (await http.get("/api/chat/rooms/1/messages/")).status_code == 200
    assert trips.since() == ["read read_page"]
    assert (await http.get("/api/chat/rooms/1/")).status_code == 200
    assert trips.since() == []


async def test_a_refusal_costs_no_write(http: httpx.AsyncClient, issuer: Issuer, trips: Trips) -> None:
    await open_room(http)
    trips.since()
    outsider = bearer(issuer.token("eve", sub=USERS["eve"]))
    refused = [
        await http.post("/api/chat/rooms/1/messages/", json={"content": ""}),
        await http.post("/api/chat/rooms/1/messages/", json={"content": "Hi", "sender_id": "bob"}),
        await http.post("/api/chat/rooms/1/messages/", json={"content": "Hi"}, headers=outsider),
        await http.get("/api/chat/rooms/1/messages/", headers=outsider),
        await http.post("/api/chat/rooms/", json={"participant_a": "bob", "participant_b": "eve"}),
        await http.post("/api/chat/rooms/", json={"participant_a": "alice", "participant_b": "no such name!"}),
    ]
    assert [answer.status_code for answer in refused] == [400, 403, 404, 404, 403, 400]
    assert trips.since() == []
    assert (await http.get("/api/chat/rooms/2/", headers=outsider)).status_code == 404
    assert trips.since() == ["read find"]
