"""A client_id names one message for ever: said again in turn, at once, with another token, after restarts, days later.

Every answer is the first one, whoever asks and on whatever path; other words under the id are refused each time.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from tests.rig.contract_check import async_hooks, check_frame
from tests.rig.people import Person, bearer
from tests.rig.server import RunningServer, running_server
from tests.rig.v1_client import V1Client
from tests.rig.wall_clock import HOUR, WallClock

pytestmark = pytest.mark.slow

WORDS = "once and for all"
ON_EACH_PATH = (8, 6, 6)
"""How many say it at once over REST, on v1 sockets, on plain sockets."""

Answer = tuple[int, str]
"""The message's id and time."""


@pytest.fixture
def clock(folder: Path) -> WallClock:
    """What the server takes for the time."""
    return WallClock(folder)


@pytest.fixture
def server(clock: WallClock, folder: Path) -> Iterator[RunningServer]:
    """A server that looks at that clock."""
    with running_server(folder, clock.env) as running:
        yield running


def answer_of(document: dict[str, Any]) -> Answer:
    return document["id"], document["timestamp"]


class Sayer:
    """Says the same on each path; `begin` opens the connection, so that many can then speak at once."""

    def __init__(self, person: Person, room: int) -> None:
        self.person = person
        self.room = room

    async def over_rest(self, client_id: str, begin: asyncio.Barrier) -> tuple[Answer, bool | None]:
        """Return the answer and whether it was new."""
        async with httpx.AsyncClient(
            base_url=self.person.server.url, headers=self.person.headers, event_hooks=async_hooks(), trust_env=False
        ) as http:
            await begin.wait()
            body = {"content": WORDS, "client_id": client_id}
            answer = await http.post(f"/api/chat/rooms/{self.room}/messages/", json=body)
            assert answer.status_code in (200, 201), answer.text
            other = await http.post(f"/api/chat/rooms/{self.room}/messages/", json=body | {"content": "other"})
            assert (other.status_code, other.json()["code"]) == (409, "client_id_reused")
            return answer_of(answer.json()), answer.status_code == 201

    async def over_v1(self, client_id: str, begin: asyncio.Barrier) -> tuple[Answer, bool | None]:
        """Return the answer and whether it was new."""
        async with V1Client(self.person, self.room) as client:
            await begin.wait()
            ack = await client.say(WORDS, client_id)
            other = await client.refused({"type": "message", "message": "other", "client_id": client_id})
            assert other["code"] == "client_id_reused"
            return answer_of(ack), not ack["duplicate"]

    async def over_plain(self, client_id: str, begin: asyncio.Barrier) -> tuple[Answer, bool | None]:
        """Return the answer; whether it is new is not told."""
        url = f"{self.person.server.ws_url}/ws/chat/{self.room}/"
        headers = bearer(self.person.token)
        async with websockets.connect(url, additional_headers=headers, proxy=None) as socket, asyncio.timeout(15):
            await begin.wait()
            await socket.send(json.dumps({"message": WORDS, "client_id": client_id}))
            heard = check_frame(await socket.recv(), "plain")
            await socket.send(json.dumps({"message": "other", "client_id": client_id}))
            while (other := check_frame(await socket.recv(), "plain"))["type"] != "error":
                assert answer_of(other) == answer_of(heard)
            assert other["code"] == "client_id_reused"
            return answer_of(heard), None


async def at_once(sayer: Sayer, client_id: str, counts: tuple[int, int, int]) -> tuple[set[Answer], int]:
    """Let many say it in the same moment; return their answers and how many were told that it was new."""
    begin = asyncio.Barrier(sum(counts))
    paths = (sayer.over_rest, sayer.over_v1, sayer.over_plain)
    answers = await asyncio.gather(
        *(path(client_id, begin) for path, count in zip(paths, counts, strict=True) for _ in range(count))
    )
    return {answer for answer, _ in answers}, sum(new is True for _, new in answers)


def again(person: Person, room: int, client_id: str) -> set[Answer]:
    """Say it on each path, one after the other; return the answers."""
    found: set[Answer] = set()
    for counts in ((1, 0, 0), (0, 1, 0), (0, 0, 1)):
        answers, new = asyncio.run(at_once(Sayer(person, room), client_id, counts))
        assert new == 0
        found |= answers
    return found


def test_whenever_it_is_said_again_it_is_the_same_message(server: RunningServer, clock: WallClock) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    room = alice.room_with(bob)
    first = {answer_of(alice.post(room, WORDS, client_id="in-turn").json())}
    assert again(alice, room, "in-turn") == first
    alice.token = alice.http.post("/api/token/refresh/", json={"refresh": alice.refresh_token}).json()["access"]
    assert again(alice, room, "in-turn") == first
    alice.log_in()
    assert again(alice, room, "in-turn") == first
    for end in (server.stop, server.kill):
        end()
        server.start()
        assert again(alice, room, "in-turn") == first
    clock.set(25 * HOUR)
    assert alice.post(room, WORDS, client_id="in-turn").json()["code"] == "token_expired"
    alice.log_in()
    assert again(alice, room, "in-turn") == first
    server.kill()
    server.start()
    assert again(alice, room, "in-turn") == first

    # the id is the sender's, and the clock was really set
    later = bob_says_it(bob, room)
    assert later["id"] > max(first)[0]
    assert later["timestamp"] > max(first)[1]
    assert [message["id"] for message in bob.whole_history(room)] == [*(number for number, _ in first), later["id"]]


def bob_says_it(bob: Person, room: int) -> dict[str, Any]:
    """Use the other's id for the same words."""
    bob.log_in()
    answer = bob.post(room, WORDS, client_id="in-turn")
    assert answer.status_code == 201
    said: dict[str, Any] = answer.json()
    return said


def test_said_twenty_times_at_once_it_is_one_message(server: RunningServer) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    room = alice.room_with(bob)
    for round_ in range(5):
        answers, new = asyncio.run(at_once(Sayer(alice, room), f"at-once-{round_}", ON_EACH_PATH))
        assert len(answers) == 1
        # to somebody on a plain socket it looks the same
        assert new <= 1
        assert len(bob.whole_history(room)) == round_ + 1
        assert bob.whole_history(room)[-1]["id"] == next(iter(answers))[0]
