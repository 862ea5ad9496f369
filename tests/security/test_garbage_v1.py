"""Greetings and frames of v1 that no client of ours would send: refused with a reason, never a 1011 or silence."""

import json
from typing import Any, get_args

import pytest

from duologue.chat.frames import FrameIn
from tests.rig.contract_check import check_frame
from tests.rig.raw_socket import CLOSE, TEXT, RawSocket, frame, text
from tests.rig.server import RunningServer
from tests.security.conftest import Cast
from tests.security.test_garbage import BROKEN_UTF8, RAW, TOO_LONG, VALUES, spelled

V1 = {"Sec-WebSocket-Protocol": "duologue.v1"}
GOOD: dict[str, dict[str, Any]] = {
    "message": {"client_id": "g", "message": "x", "username": "gar.bage", "sender_id": "gar.bage", "room": 1},
    "edit": {"id": 1, "message": "x", "client_id": "g", "room": 1},
    "delete": {"id": 1, "client_id": "g", "room": 1},
    "read": {"up_to_seq": 1, "client_id": "g", "room": 1},
    "typing": {"state": "start", "client_id": "g", "room": 1},
    "auth": {"token": "a.b.c"},
    "hello": {"token": "a.b.c", "since": "k.1.0.0", "rooms": {"1": "k.1.0.0"}, "more": False},
}
SPOILT = {
    f"{kind}-{field}-{name}": spelled({"type": kind, **good}, field, value)
    for kind, good in GOOD.items()
    for field in good
    for name, value in VALUES.items()
    if name != "long"
}
SPOILT |= {
    f"type-{name}": spelled({"type": "typing", "state": "stop"}, "type", value) for name, value in VALUES.items()
}
SPOILT |= {name: raw for name, raw in RAW.items() if name not in BROKEN_UTF8 | TOO_LONG}
HELLOS = [name for name in SPOILT if name.startswith("hello-")]


def inside(cast: Cast, where: str = "") -> RawSocket:
    """Return a socket that was greeted."""
    socket = RawSocket.open(cast.server.port, f"/ws/chat/{where}", V1)
    socket.send(text({"type": "hello", "token": cast.b.token}))
    while socket.json()["type"] != "ready":
        pass
    return socket


def test_every_kind_of_frame_is_spoilt() -> None:
    assert {kind.__struct_config__.tag for kind in get_args(FrameIn)} == set(GOOD)


@pytest.mark.parametrize("name", SPOILT)
def test_a_frame_is_answered_and_the_socket_lives(cast: Cast, name: str) -> None:
    raw = SPOILT[name]
    with inside(cast, f"{cast.room}/") as socket:
        socket.send(frame(TEXT, raw))
        if len(raw) > 32 * 1024:
            assert socket.close_code() == 1009
            return
        socket.send(
            text({"type": "message", "client_id": f"after {name}".replace(" ", "-")[:64], "message": "still here"})
        )
        while (heard := socket.json())["type"] != "ack":
            if heard.get("code") in ("token_invalid", "token_missing"):
                # a token that is none ends the socket
                assert name.startswith("auth-")
                assert socket.close_code() == 4401
                return


@pytest.mark.parametrize("where", ["room", "all"])
@pytest.mark.parametrize("name", HELLOS)
def test_a_greeting_is_answered_and_the_socket_ends_or_waits(cast: Cast, name: str, where: str) -> None:
    path = f"/ws/chat/{cast.room}/" if where == "room" else "/ws/chat/"
    raw = SPOILT[name].replace(b'"a.b.c"', json.dumps(cast.b.token).encode())
    raw = raw.replace(b',"rooms":{"1":"k.1.0.0"}', b"") if where == "room" else raw.replace(b',"since":"k.1.0.0"', b"")
    # one that is not finished ends after the five seconds that there are to authenticate
    with RawSocket.open(cast.server.port, path, V1, timeout=10) as socket:
        socket.send(frame(TEXT, raw))
        first = socket.receive()
        if first.opcode == CLOSE:
            # none of these cursors is of this database
            assert first.close_code == 4410
            return
        heard = check_frame(first.payload)
        assert heard["type"] in {"error", "resync", "rooms", "ready", "presence"}
        if heard["type"] == "error":
            # the last: more was promised, and nothing came
            assert heard["code"] in {
                "malformed_json",
                "validation_failed",
                "token_missing",
                "token_invalid",
                "auth_timeout",
            }
            assert socket.close_code() in {1008, 4401, 4408}


def test_nothing_was_logged_as_a_failure(server: RunningServer, cast: Cast) -> None:
    already = len(server.log())
    for start in range(0, len(SPOILT), 3):
        with inside(cast) as socket:
            for raw in list(SPOILT.values())[start : start + 3]:
                if len(raw) <= 32 * 1024:
                    socket.send(frame(TEXT, raw))
            socket.send(text({"type": "applause"}))
            assert socket.json()["type"]
    assert "Traceback" not in server.log()[already:]
