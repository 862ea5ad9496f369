"""The example conversations of `protocol/examples/`, spoken with the running server."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.rig.contract_check import PROTOCOL, check_close, check_frame, hooks
from tests.rig.server import RunningServer

CONVERSATIONS = sorted((PROTOCOL / "examples").glob("*.json"))
PEOPLE = ("alice", "bob", "carol")
PATIENCE = 5.0

_numbers = count(1)


class Stage:
    """Three people with an account, and a room of the first two. Their names are their own in each conversation."""

    def __init__(self, server: RunningServer) -> None:
        number = next(_numbers)
        self._server = server
        self._names = {person: f"{person}-{number}" for person in PEOPLE}
        self._sockets: dict[str, ClientConnection] = {}
        self._open = contextlib.ExitStack()
        self._tokens: dict[str, str] = {}
        self._token("bob")
        pair = {"participant_a": self._names["alice"], "participant_b": self._names["bob"]}
        headers = {"authorization": f"Bearer {self._token('alice')}"}
        with self._client() as client:
            self._room: int = client.post("/api/chat/rooms/", json=pair, headers=headers).json()["id"]

    def play(self, line: dict[str, Any]) -> None:
        """Say one line, or hear it."""
        steps: dict[str, Callable[[str, dict[str, Any]], None]] = {
            "connect": self._connect,
            "client": self._send,
            "client_text": lambda socket, line: self._sockets[socket].send(line["client_text"]),
            "server": self._hear,
            "closed": self._hear_the_end,
        }
        (step,) = set(line) & set(steps)
        steps[step](line["socket"], line)

    def end(self) -> None:
        """Nothing more may come; then hang up."""
        with self._open:
            for socket in self._sockets.values():
                with contextlib.suppress(ConnectionClosed):
                    socket.ping(ack_on_close=True).wait(PATIENCE)
                    with pytest.raises(TimeoutError):
                        socket.recv(timeout=0)

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self._server.url, event_hooks=hooks(), timeout=PATIENCE, trust_env=False)

    def _token(self, person: str) -> str:
        # an account and a login are two hashes: only those who appear get one
        if person not in self._tokens:
            with self._client() as client:
                self._tokens[person] = _account(client, self._names[person])
        return self._tokens[person]

    def _connect(self, socket: str, line: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {self._token(line['connect'])}"} if line["authorization_header"] else {}
        url = f"{self._server.url.replace('http', 'ws', 1)}/ws/chat/{self._room}/"
        opening = connect(url, additional_headers=headers, proxy=None, compression=None)
        self._sockets[socket] = self._open.enter_context(opening)
        if headers:
            self._wait_until_inside(socket)

    def _send(self, socket: str, line: dict[str, Any]) -> None:
        frame = self._fill(line["client"])
        self._sockets[socket].send(json.dumps(frame))
        if "token" in frame:
            self._wait_until_inside(socket)

    def _wait_until_inside(self, socket: str) -> None:
        # the server reads nothing while it checks a token: its pong says that it is done
        with contextlib.suppress(ConnectionClosed):
            assert self._sockets[socket].ping(ack_on_close=True).wait(PATIENCE)

    def _hear(self, socket: str, line: dict[str, Any]) -> None:
        heard = check_frame(self._sockets[socket].recv(timeout=PATIENCE))
        assert _agrees(self._fill(line["server"]), heard), heard

    def _hear_the_end(self, socket: str, line: dict[str, Any]) -> None:
        with pytest.raises(ConnectionClosed) as end:
            self._sockets[socket].recv(timeout=PATIENCE)
        assert end.value.rcvd is not None
        assert check_close(end.value.rcvd.code) == line["closed"]

    def _fill(self, value: Any) -> Any:
        """Put this stage's names, room and tokens in the place of the example's."""
        if isinstance(value, dict):
            return {key: self._fill(each) for key, each in value.items()}
        if not isinstance(value, str):
            return value
        if value == "<room>":
            return self._room
        if token := re.fullmatch(r"<token:(\w+)>", value):
            return self._token(token[1])
        if value.lower() in PEOPLE:
            return value + self._names[value.lower()].removeprefix(value.lower())
        return value


def _account(client: httpx.Client, name: str) -> str:
    person = {"username": name, "email": f"{name}@example.com", "password": "TestPass123!"}
    assert client.post("/api/register/", json=person).status_code == 201
    answer = client.post("/api/login/", json={key: person[key] for key in ("username", "password")})
    access: str = answer.json()["access"]
    return access


def _agrees(expected: Any, heard: Any) -> bool:
    """Tell whether what was heard is what the example says, with `<…>` for what differs each time."""
    match expected:
        case "<integer>":
            return isinstance(heard, int)
        case "<text>":
            return isinstance(heard, str) and heard != ""
        case "<timestamp>":
            return isinstance(heard, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", heard) is not None
        case dict():
            return (
                isinstance(heard, dict)
                and set(expected) == set(heard)
                and all(_agrees(each, heard[key]) for key, each in expected.items())
            )
        case list():
            return isinstance(heard, list) and len(expected) == len(heard) and all(map(_agrees, expected, heard))
        case _:
            return bool(expected == heard)


@pytest.fixture
def stage(server: RunningServer) -> Iterator[Stage]:
    made = Stage(server)
    yield made
    made.end()


@pytest.mark.parametrize("path", CONVERSATIONS, ids=lambda path: path.stem)
def test_the_server_says_its_lines(stage: Stage, path: Path) -> None:
    for line in json.loads(path.read_text(encoding="utf-8"))["lines"]:
        stage.play(line)


def test_there_are_conversations_and_each_has_both_sides() -> None:
    assert len(CONVERSATIONS) >= 5
    for path in CONVERSATIONS:
        lines = json.loads(path.read_text(encoding="utf-8"))["lines"]
        assert any("connect" in line for line in lines)
        assert any("server" in line for line in lines)


@pytest.mark.parametrize(
    ("expected", "heard"),
    [("<integer>", "1"), ({"a": 1}, {"a": 1, "b": 2}), ({"a": 1}, {}), (["<text>"], [""]), (1, 2)],
)
def test_a_wrong_line_is_noticed(expected: Any, heard: Any) -> None:
    assert not _agrees(expected, heard)
