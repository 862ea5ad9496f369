"""The judge of the benchmark's socket runs: what was lost, doubled, mixed up or changed must not count."""

import json
from collections.abc import Callable

import pytest
from bench.load.plans import Seat, SocketPlan
from bench.load.recording import Recording, tail_of
from bench.load.verdict import judge

ROOM = 7
Frames = list[bytes]


def frame(seq: int, text: str, **changes: object) -> bytes:
    keys = {"type": "message", "id": 100 + seq, "room": ROOM, "sender_id": "alice", "username": "alice"}
    keys |= {"message": text, "content": text, "timestamp": "2026-01-01T00:00:00Z", "is_read": False, "seq": seq}
    return json.dumps(keys | changes).encode()


def played(change: Callable[[Frames, Frames], object] = lambda one, other: None) -> tuple[list[str], int | None]:
    """Two seats that sent two messages each; `change` spoils what they heard. Return faults and the room's count."""
    seats = [Seat(number, ROOM, "token") for number in (0, 1)]
    plan = SocketPlan(port=1, seats=seats, server_pid=1, window=1)
    pair = [Recording(seat, tail_of(plan.characters), sent_at=[0.0, 1.0]) for seat in seats]
    texts = [pair[0].text(0), pair[1].text(0), pair[0].text(1), pair[1].text(1)]
    for recording in pair:
        recording.frames = [frame(seq, text) for seq, text in enumerate(texts, 5)]
    change(pair[0].frames, pair[1].frames)
    faults, trace = judge(pair, plan)
    return faults, None if trace is None else trace.count


def both(change: Callable[[Frames], object]) -> Callable[[Frames, Frames], None]:
    def to_each(one: Frames, other: Frames) -> None:
        change(one)
        change(other)

    return to_each


def swap(frames: Frames) -> None:
    frames[0], frames[2] = frames[2], frames[0]


def test_a_right_run_has_no_faults_and_says_what_the_history_must_hold() -> None:
    assert played() == ([], 4)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(both(lambda frames: frames.pop()), id="lost for both"),
        pytest.param(lambda one, other: other.pop(), id="lost for one"),
        pytest.param(both(lambda frames: frames.append(frames[-1])), id="doubled"),
        pytest.param(both(swap), id="out of order"),
        pytest.param(lambda one, other: swap(one), id="another order for one"),
        pytest.param(both(lambda frames: frames.__setitem__(0, frame(4, "#00000.00000000"))), id="gap and other words"),
        pytest.param(both(lambda frames: frames.append(b'{"type":"error","room":7}')), id="an error frame"),
        pytest.param(both(lambda frames: frames.append(b"{")), id="not JSON"),
        pytest.param(
            both(lambda frames: frames.__setitem__(0, frames[0].replace(b'"room": 7', b'"room": 8'))), id="another room"
        ),
        pytest.param(
            both(lambda frames: frames.__setitem__(0, frames[0].replace(b'"username": "alice"', b'"username": "bob"'))),
            id="another name beside sender_id",
        ),
    ],
)
def test_a_wrong_run_has_faults(change: Callable[[Frames, Frames], object]) -> None:
    faults, _ = played(change)
    assert faults
