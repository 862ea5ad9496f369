"""What a body says beyond what its sender may decide is passed over and never stored."""

from typing import Any

import pytest

from tests.rig.raw_socket import text
from tests.security.conftest import Cast

ASSIGNED: dict[str, Any] = {
    "id": 999_999,
    "seq": 999_999,
    "room": 1,
    "room_id": 1,
    "timestamp": "2001-01-01T00:00:00Z",
    "created_at": 1,
    "edited_at": 1,
    "deleted_at": 1,
    "is_read": True,
    "is_system": True,
    "is_admin": True,
    "sender": 1,
    "sender_number": 1,
    "user": "admin",
    "user_id": 1,
    "type": "error",
    "cursor": "x",
    "epoch": "x",
    "__proto__": {"is_read": True},
    "constructor": {"prototype": {}},
}


def _is_untouched(cast: Cast, message: dict[str, Any], content: str) -> None:
    assert message["content"] == content
    assert message["sender_id"] == cast.a.username
    assert message["room"] == cast.room
    assert message["is_read"] is False
    assert message["id"] < 999_999
    assert not message["timestamp"].startswith("2001")


@pytest.mark.parametrize("field", [*ASSIGNED, "all"])
def test_fields_that_are_not_the_senders_are_passed_over(cast: Cast, field: str) -> None:
    extra = ASSIGNED if field == "all" else {field: ASSIGNED[field]}
    answer = cast.a.post(cast.room, f"assigned {field}", **extra)
    assert answer.status_code == 201
    message = answer.json()
    assert set(message) == {"id", "room", "sender_id", "content", "timestamp", "is_read"}
    _is_untouched(cast, message, f"assigned {field}")
    history = cast.a.whole_history(cast.room)
    assert history[-1] == message
    with cast.a.socket(cast.room) as raw:
        raw.send(text({"message": f"assigned {field}", **extra}))
        frame = raw.json()
    assert frame["type"] == "message"
    assert frame["seq"] == len(history) + 1
    _is_untouched(cast, frame, f"assigned {field}")


def test_a_room_takes_nothing_but_its_two_people(cast: Cast) -> None:
    stranger, neighbour = cast.people["stranger"], cast.people["neighbour"]
    assert stranger is not None
    assert neighbour is not None
    body = {
        "participant_a": stranger.username,
        "participant_b": neighbour.username,
        **ASSIGNED,
        "members": ["a", "b", "c"],
    }
    answer = cast.a.http.post("/api/chat/rooms/", json=body, headers=stranger.headers)
    assert answer.status_code == 201
    assert set(answer.json()) == {"id", "participant_a", "participant_b", "created_at"}
    assert answer.json()["id"] < 999_999
    assert cast.a.http.get(f"/api/chat/rooms/{answer.json()['id']}/", headers=cast.a.headers).status_code == 404


@pytest.mark.parametrize("claimed", ["b", "nobody-at-all", "", " ", "ADMIN"])
def test_nobody_speaks_for_somebody_else(cast: Cast, claimed: str) -> None:
    name = cast.b.username if claimed == "b" else claimed
    answer = cast.a.post(cast.room, "IMPOSTOR", sender_id=name)
    assert (answer.status_code, answer.json()["code"]) == (403, "sender_mismatch")
    with cast.a.socket(cast.room) as raw:
        for field in ("sender_id", "username"):
            raw.send(text({"message": "IMPOSTOR", field: name}))
            assert raw.error() == "sender_mismatch"
        raw.send(text({"message": "as myself", "sender_id": cast.a.username.upper(), "username": cast.a.username}))
        assert raw.message() == "as myself"
    assert "IMPOSTOR" not in cast.said()
