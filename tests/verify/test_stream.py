"""One stream out of many connections: what continues it, what it complains of."""

from typing import Any

import pytest

from duologue.verify.address import address_of
from duologue.verify.oracle import verdict
from duologue.verify.scene import Scene
from duologue.verify.stream import Stream


def message(seq: int, **fields: Any) -> dict[str, Any]:
    known = {
        "id": 100 + seq, "seq": seq, "room": 1, "sender_id": "alice", "client_id": f"id-{seq}",
        "content": f"text {seq}", "timestamp": f"T{seq}",
    }  # fmt: skip
    return known | fields


def live(seq: int, **fields: Any) -> dict[str, Any]:
    return message(seq, type="message", cursor=f"e.1.{seq}.0", **fields)


def sync(*messages: dict[str, Any], reads: tuple[tuple[str, int], ...] = ()) -> dict[str, Any]:
    moved = [{"username": name, "up_to_seq": seq} for name, seq in reads]
    return {"type": "sync", "room": 1, "messages": list(messages), "reads": moved, "cursor": "e.1.9.9", "more": False}


@pytest.fixture
def stream() -> Stream:
    return Stream(Scene(address_of("localhost"), 1), "bob's", {1: "e.1.0.0"})


def told(stream: Stream) -> list[int]:
    return [row.seq for row in stream._scene.history.heard["bob's"]]


def complaints(stream: Stream) -> list[str]:
    return stream._scene.history.complaints


def test_live_frames_and_what_was_missed_are_one_stream(stream: Stream) -> None:
    for frame in (live(1), live(2), sync(message(3), message(4)), live(5)):
        assert stream.take(frame)
    assert told(stream) == [1, 2, 3, 4, 5]
    assert stream.cursors == {1: "e.1.5.0"}
    assert not [each for each in verdict(stream._scene.history) if each.startswith("C5")]


def test_a_stream_that_misses_the_beginning_is_found_out(stream: Stream) -> None:
    stream.take(live(2))
    assert any(each.startswith("C5 bob's heard 2 after 0") for each in verdict(stream._scene.history))


def test_what_changed_meanwhile_is_no_repeat(stream: Stream) -> None:
    stream.take(live(1))
    stream.take(live(2))
    stream.take(sync(message(1, content="better", edited_at="T9"), message(3), reads=(("bob", 2),)))
    assert told(stream) == [1, 2, 3]
    assert (stream.folds[1].rows[1].content, stream.folds[1].reads) == ("better", {"bob": 2})


def test_a_sync_that_tells_again_what_did_not_change_is_a_repeat(stream: Stream) -> None:
    stream.take(live(1))
    stream.take(sync(message(1), message(2)))
    assert any(each.startswith("C5 bob's heard 1 after 1") for each in verdict(stream._scene.history))


def test_edits_and_deletions_fold(stream: Stream) -> None:
    stream.take(live(1))
    about = {"room": 1, "id": 101, "seq": 1, "cursor": "e.1.1.1"}
    stream.take({"type": "edited", "content": "better", "edited_at": "T8", **about})
    assert stream.folds[1].rows[1].content == "better"
    stream.take({"type": "deleted", "deleted_at": "T9", **about})
    row = stream.folds[1].rows[1]
    assert (row.content, row.edited_at, row.deleted_at) == ("", "T8", "T9")
    assert complaints(stream) == []


def test_a_change_of_what_was_never_told_is_complained_of(stream: Stream) -> None:
    stream.take({"type": "deleted", "room": 1, "id": 101, "seq": 1, "deleted_at": "T9", "cursor": "e.1.1.1"})
    assert "heard a change of message 101" in complaints(stream)[0]


def test_a_mark_that_goes_back_is_complained_of(stream: Stream) -> None:
    for seq in (5, 4):
        stream.take({"type": "read", "room": 1, "username": "alice", "up_to_seq": seq, "cursor": "e.1.0.1"})
    assert "go back to 4" in complaints(stream)[0]


def test_being_asked_to_drop_a_room_is_complained_of(stream: Stream) -> None:
    stream.take({"type": "resync", "room": 1, "reason": "cursor_ahead", "cursor": "e.1.0.0"})
    assert "cursor_ahead" in complaints(stream)[0]


def test_a_room_of_others_is_complained_of(stream: Stream) -> None:
    stream.take(live(1, room=2))
    assert "room 2" in complaints(stream)[0]


def test_other_frames_are_for_others(stream: Stream) -> None:
    assert not stream.take({"type": "presence", "username": "alice", "online": True})


def test_equal_messages_are_kept_once(stream: Stream) -> None:
    other = Stream(stream._scene, "carol's", {1: "e.1.0.0"})
    for each in (stream, other):
        each.take(live(1, content="long " * 1000))
    mine, others = (stream._scene.history.heard[name][0] for name in ("bob's", "carol's"))
    assert mine is others
    assert len(mine.content) < 100
