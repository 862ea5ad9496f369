"""Whoever says something and leaves in the same breath is answered first, and then told goodbye."""

from typing import Any

import pytest

from tests.chat.api.conftest import Trio
from tests.rig.contract_check import check_frame
from tests.rig.raw_socket import CLOSE, RawSocket, close, text

MANY = 30


def to_the_end(socket: RawSocket) -> tuple[list[dict[str, Any]], int]:
    """Read up to the close; return what came before it, and its code."""
    frames = []
    while (got := socket.receive()).opcode != CLOSE:
        frames.append(check_frame(got.payload))
    return frames, got.close_code


def says(number: int, **more: str) -> bytes:
    return text({"type": "message", "message": f"words {number}", "client_id": f"last-{number}", **more})


@pytest.mark.parametrize("code", [1000, 1001, 4000])
def test_all_that_came_before_the_close_is_answered_before_the_goodbye(trio: Trio, code: int) -> None:
    with RawSocket.open(trio.alice.server.port, f"/ws/chat/{trio.room}/") as socket:
        socket.send(text({"type": "hello", "token": trio.alice.token}))
        assert socket.json()["type"] == "ready"
        socket.send(b"".join(map(says, range(MANY))) + close(code))
        frames, told = to_the_end(socket)
    acks = [frame["client_id"] for frame in frames if frame["type"] == "ack"]
    assert (acks, told) == ([f"last-{n}" for n in range(MANY)], code)
    assert len(trio.bob.history(trio.room)) == MANY


def test_so_it_is_in_the_plain_dialect(trio: Trio) -> None:
    with trio.alice.socket(trio.room) as socket:
        # when this has been heard the token was verified
        assert trio.bob.post(trio.room, "Hi").status_code == 201
        assert socket.message() == "Hi"
        socket.send(b"".join(map(says, range(MANY))) + close(1000))
        frames, told = to_the_end(socket)
    assert ([frame["client_id"] for frame in frames], told) == ([f"last-{n}" for n in range(MANY)], 1000)


def test_whoever_leaves_while_the_token_is_verified_has_been_heard_too(trio: Trio) -> None:
    hello = text({"type": "hello", "token": trio.alice.token})
    with RawSocket.open(trio.alice.server.port, f"/ws/chat/{trio.room}/") as v1:
        v1.send(hello + says(1) + close(1000))
        frames, told = to_the_end(v1)
        assert (sorted(frame["type"] for frame in frames), told) == (["ack", "message", "ready"], 1000)
    with RawSocket.open(trio.alice.server.port, f"/ws/chat/{trio.room}/") as plain:
        plain.send(says(2, token=trio.alice.token) + says(3) + close(1000))
        frames, told = to_the_end(plain)
        assert ([frame["client_id"] for frame in frames], told) == (["last-2", "last-3"], 1000)
