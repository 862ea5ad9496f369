"""The first frame of a socket whose handshake named nobody: it is told how to add a token, whatever it was."""

from typing import Any

import pytest

from tests.rig.raw_socket import TEXT, RawSocket, frame
from tests.security.conftest import Cast
from tests.security.test_garbage import BROKEN_UTF8, FRAMES, TOO_LONG


def first_answer(cast: Cast, raw: bytes, subprotocol: dict[str, str] | None = None) -> tuple[dict[str, Any], int]:
    """Return what a socket says to its first frame when no header named anybody, and how it closes."""
    with RawSocket.open(cast.server.port, f"/ws/chat/{cast.room}/", subprotocol or {}) as socket:
        socket.send(frame(TEXT, raw))
        return socket.json(), socket.close_code()


WITHOUT_A_TOKEN = {
    **{name: raw for name, raw in FRAMES.items() if name not in BROKEN_UTF8 | TOO_LONG},
    "a-greeting-to-people": b"Hello!",
    "a-question-about-it": b"where does the token go?",
    "a-number-for-words": b'{"message":5}',
    "nobody's-token": b'{"message":"x","token":null}',
}


@pytest.mark.parametrize("name", WITHOUT_A_TOKEN)
def test_garbage_as_the_first_frame_is_told_what_is_missing(cast: Cast, name: str) -> None:
    refusal, code = first_answer(cast, WITHOUT_A_TOKEN[name])
    assert (refusal["type"], refusal["code"], code) == ("error", "token_missing", 4401)
    assert '{"token": "<access>", ...}' in refusal["detail"]


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b'{"token":"a.b.c","message":5}', "validation_failed"),
        (b'{"token":5,"message":"x"}', "validation_failed"),
        (b'{"token":"a.b.c","message":"x"', "malformed_json"),
        (b"{token: 'a.b.c', message: 'x'}", "malformed_json"),
        (b"token=a.b.c", "malformed_json"),
    ],
)
def test_garbage_that_shows_a_token_is_told_its_own_fault(cast: Cast, raw: bytes, fault: str) -> None:
    refusal, code = first_answer(cast, raw)
    assert (refusal["code"], code) == (fault, 1008)


def test_a_bad_greeting_is_told_its_own_fault(cast: Cast) -> None:
    """Whoever offers v1 reads the protocol's page: the first frame is a `hello`."""
    for raw, fault in ((b"Hello!", "malformed_json"), (b'{"type":"edit"}', "validation_failed")):
        refusal, code = first_answer(cast, raw, {"Sec-WebSocket-Protocol": "duologue.v1"})
        assert (refusal["code"], code) == (fault, 1008)
