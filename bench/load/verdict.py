"""Judges a socket run: every message reached both seats of its room once, in one order, whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from bench.load.plans import SocketPlan, Trace
from bench.load.recording import Recording

_FAULTS_TOLD = 5


class Delivered(msgspec.Struct, frozen=True):
    """What is read of a message frame; the echo reference puts the sent frame into `echo` instead."""

    type: str
    room: int
    message: str = ""
    content: str = ""
    sender_id: str = ""
    username: str = ""
    timestamp: str = ""
    is_read: bool = False
    id: int = 0
    seq: int = 0
    client_id: str | None = None
    cursor: str | None = None
    echo: Echoed | None = None

    @property
    def text(self) -> str:
        """The words, wherever they stand."""
        return self.message if self.echo is None else self.echo.message


class Echoed(msgspec.Struct, frozen=True):
    """The frame as it was sent."""

    message: str


_decoder = msgspec.json.Decoder(Delivered)


def judge(pair: Sequence[Recording], plan: SocketPlan) -> tuple[list[str], Trace | None]:
    """Return the faults of one room and, where the server numbers messages, what its history must hold."""
    room = pair[0].seat.room
    try:
        heard = [[_decoder.decode(frame) for frame in recording.frames] for recording in pair]
    except msgspec.MsgspecError as error:
        return [f"room {room}: not a message frame: {error}"], None
    faults = [f"seat {recording.seat.number}: cut off" for recording in pair if recording.lost]
    faults += [
        f"seat {recording.seat.number}: {recording.acknowledged} of {len(recording.sent_at)} acknowledged"
        for recording in pair
        if plan.v1 and recording.acknowledged != len(recording.sent_at)
    ]
    # the reference promises no common order of the two seats: each sender's own order is judged instead
    orders = heard[:1] if plan.numbered else heard
    if plan.numbered and heard[0] != heard[1]:
        faults.append(f"room {room}: the two seats saw different things")
    for order in orders:
        faults += _same_words(order, pair)
    faults += _places(heard[0], room, numbered=plan.numbered)
    return faults[:_FAULTS_TOLD], _trace(heard[0], room) if plan.numbered else None


def _same_words(order: Iterable[Delivered], pair: Sequence[Recording]) -> list[str]:
    texts = [message.text for message in order]
    faults = []
    for recording in pair:
        got = [text for text in texts if text.startswith(recording.mark)]
        sent = len(recording.sent_at)
        if got != [recording.text(number) for number in range(sent)]:
            faults.append(f"seat {recording.seat.number}: sent {sent}, delivered {len(got)}, not the same")
    if len(texts) != sum(len(recording.sent_at) for recording in pair):
        faults.append(f"room {pair[0].seat.room}: {len(texts)} frames are not what was sent")
    return faults


def _places(order: Sequence[Delivered], room: int, *, numbered: bool) -> list[str]:
    faults = []
    if any(message.type != "message" or message.room != room for message in order):
        faults.append(f"room {room}: a frame of another type or room")
    if numbered and order:
        if [message.seq for message in order] != list(range(order[0].seq, order[0].seq + len(order))):
            faults.append(f"room {room}: seq has a gap or a repeat")
        if any(message.message != message.content or message.sender_id != message.username for message in order):
            faults.append(f"room {room}: the doubled keys differ")
    return faults


def _trace(order: Sequence[Delivered], room: int) -> Trace:
    after = order[0].seq - 1 if order else 0
    return Trace(room, after, len(order), digest(message.id for message in order))


def digest(ids: Iterable[int]) -> str:
    """Return a short form of a list of ids, in order."""
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()[:32]
