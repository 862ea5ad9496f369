"""Whoever leaves in the middle of a request writes nothing into the log, and nobody else notices."""

import socket
import time

import pytest

from tests.rig.people import Person


def leave_early(person: Person, method: str, path: str) -> None:
    """Send half of what the head says, and go."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {person.token}\r\n"
    body = 'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"content": "ha'
    with socket.create_connection(("127.0.0.1", person.server.port), timeout=5) as tcp:
        tcp.sendall((head + body).encode())
        # it is being read before the end comes
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/chat/rooms/"),
        ("POST", "/api/chat/rooms/{room}/messages/"),
        ("PATCH", "/api/chat/rooms/{room}/messages/1/"),
        ("POST", "/api/login/"),
        ("POST", "/api/register/"),
    ],
)
def test_half_a_body_writes_no_traceback(alice: Person, bob: Person, method: str, path: str) -> None:
    room = alice.room_with(bob)
    alice.post(room, "whole")
    already = len(alice.server.log())
    for _ in range(5):
        leave_early(alice, method, path.format(room=room))
    assert alice.history(room)[-1]["content"] == "whole"
    time.sleep(0.1)
    said = alice.server.log()[already:]
    assert "Traceback" not in said
    assert "request_failed" not in said
