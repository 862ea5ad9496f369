"""Speaks the example conversations of `protocol/examples/` with a running server; the README there describes them."""

import contextlib
import json
from collections.abc import Callable
from itertools import count
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.protocol.placeholders import Placeholders
from tests.rig.contract_check import Dialect, check_close, check_frame, hooks
from tests.rig.server import RunningServer

PEOPLE = ("alice", "bob", "carol")
PATIENCE = 5.0
V1 = Subprotocol("duologue.v1")

_numbers = count(1)


class Stage:
    """Three people with an account, and a room of the first two. Their names are their own in each conversation."""

    def __init__(self, server: RunningServer) -> None:
        number = next(_numbers)
        self._server = server
        self._names = {person: f"{person}-{number}" for person in PEOPLE}
        self._sockets: dict[str, ClientConnection] = {}
        self._dialects: dict[str, Dialect] = {}
        self._open = contextlib.ExitStack()
        self._tokens: dict[str, str] = {}
        self._token("bob")
        pair = {"participant_a": self._names["alice"], "participant_b": self._names["bob"]}
        with self._client() as client:
            room = client.post("/api/chat/rooms/", json=pair, headers=self._headers("alice")).json()["id"]
        self._placeholders = Placeholders(room, self._names, self._token)

    def play(self, line: dict[str, Any]) -> None:
        """Say one line, or hear it."""
        steps: dict[str, Callable[[str, dict[str, Any]], None]] = {
            "connect": self._connect,
            "client": self._send,
            "client_text": lambda socket, line: self._sockets[socket].send(line["client_text"]),
            "server": lambda socket, line: self._hear(socket, [line["server"]]),
            "server_in_any_order": lambda socket, line: self._hear(socket, line["server_in_any_order"]),
            "closed": self._hear_the_end,
            "hang_up": lambda socket, _: self._sockets[socket].close(),
            "request": self._request,
        }
        (step,) = set(line) & set(steps)
        steps[step](line.get("socket", ""), line)

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

    def _headers(self, person: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token(person)}"}

    def _connect(self, socket: str, line: dict[str, Any]) -> None:
        headers = self._headers(line["connect"]) if line["authorization_header"] else {}
        where = "" if line.get("all_rooms") else f"{self._placeholders.room}/"
        url = f"{self._server.ws_url}/ws/chat/{where}"
        offered = [V1] if line.get("subprotocol") else None
        opening = connect(url, additional_headers=headers, proxy=None, compression=None, subprotocols=offered)
        opened = self._open.enter_context(opening)
        assert (opened.subprotocol == V1) is bool(line.get("subprotocol"))
        self._sockets[socket] = opened
        self._dialects[socket] = "plain"
        if headers:
            self._wait_until_inside(socket)

    def _send(self, socket: str, line: dict[str, Any]) -> None:
        frame = self._placeholders.fill(line["client"])
        if line.get("becomes_v1"):
            self._dialects[socket] = "v1"
        self._sockets[socket].send(json.dumps(frame))
        if "token" in frame:
            self._wait_until_inside(socket)

    def _wait_until_inside(self, socket: str) -> None:
        # the server reads nothing while it checks a token: its pong says that it is done
        with contextlib.suppress(ConnectionClosed):
            assert self._sockets[socket].ping(ack_on_close=True).wait(PATIENCE)

    def _hear(self, socket: str, expected: list[Any]) -> None:
        waiting = list(expected)
        while waiting:
            heard = check_frame(self._sockets[socket].recv(timeout=PATIENCE), self._dialects[socket])
            for each in waiting:
                if self._placeholders.agrees(each, heard):
                    waiting.remove(each)
                    break
            else:
                raise AssertionError(f"heard {heard}\nwaited for {waiting}")

    def _hear_the_end(self, socket: str, line: dict[str, Any]) -> None:
        with pytest.raises(ConnectionClosed) as end:
            self._sockets[socket].recv(timeout=PATIENCE)
        assert end.value.rcvd is not None
        assert check_close(end.value.rcvd.code) == line["closed"]

    def _request(self, _: str, line: dict[str, Any]) -> None:
        method, path = self._placeholders.fill_text(line["request"]).split(" ")
        with self._client() as client:
            body = self._placeholders.fill(line.get("body"))
            answer = client.request(method, path, json=body, headers=self._headers(line["person"]))
        assert answer.status_code == line["status"], answer.text
        if "answer" in line:
            assert self._placeholders.agrees(line["answer"], answer.json()), answer.text


def _account(client: httpx.Client, name: str) -> str:
    person = {"username": name, "email": f"{name}@example.com", "password": "TestPass123!"}
    assert client.post("/api/register/", json=person).status_code == 201
    answer = client.post("/api/login/", json={key: person[key] for key in ("username", "password")})
    access: str = answer.json()["access"]
    return access
