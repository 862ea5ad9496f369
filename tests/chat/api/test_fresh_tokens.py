"""A v1 socket is told in time that its token ends, lives on with a fresh one, and ends without."""

import time

import pytest

from tests.rig.people import Person, forge
from tests.rig.raw_socket import RawSocket, text

V1 = {"Sec-WebSocket-Protocol": "duologue.v1"}


def greeted(person: Person, token: str) -> RawSocket:
    socket = RawSocket.open(person.server.port, "/ws/chat/", V1, timeout=20)
    socket.send(text({"type": "hello", "token": token}))
    assert socket.json()["type"] == "ready"
    return socket


@pytest.mark.slow
def test_a_socket_is_told_in_time_and_ends_with_its_token(alice: Person) -> None:
    ends = int(time.time()) + 8
    with greeted(alice, forge(alice, exp=ends)) as left, greeted(alice, forge(alice, exp=ends)) as renewed:
        for socket in (left, renewed):
            assert socket.json() == {
                "type": "token_expiring",
                "expires_at": time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(ends)),
            }
        renewed.send(text({"type": "auth", "token": alice.token}))
        assert renewed.json()["type"] == "auth"
        assert left.error() == "token_expired"
        assert left.close_code() == 4401
        renewed.send(text({"type": "auth", "token": alice.token}))
        assert renewed.json()["type"] == "auth"


def test_a_token_that_lasts_is_no_news(alice: Person) -> None:
    """Nor is one of less than a minute with most of its life ahead: a client would renew it again and again."""
    with greeted(alice, alice.token) as lasting, greeted(alice, forge(alice, exp=int(time.time()) + 50)) as short:
        time.sleep(6)
        for socket in (lasting, short):
            socket.send(text({"type": "hello"}))
            assert socket.error() == "validation_failed"
