"""One seat of the socket load: sends, receives, and writes down what it needs to judge afterwards.

The hot path keeps whole frames and moments; everything is decoded and judged when the run is over, so that the client
stays lighter than any server that it measures.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from picows import WSFrame, WSListener, WSMsgType, WSTransport

from bench.load.plans import Seat, SocketPlan

_FILLER = b"the quick brown fox jumps over the lazy dog and then over the moon, "


class Talker(WSListener):
    """A socket that talks plain: `{"message", "client_id"?}`."""

    def __init__(self, seat: Seat, plan: SocketPlan, next_id: Callable[[], bytes]) -> None:
        self.seat = seat
        self.frames: list[bytes] = []
        self.moments: list[float] = []
        self.sent_at: list[float] = []
        self.open_loop = not plan.window
        self.talking = True
        self.lost = False
        self.mark = b"#%05d." % seat.number
        self._next_id = next_id if plan.client_ids else None
        filler = _FILLER * (plan.characters // len(_FILLER) + 1)
        self.tail = b" " + filler[: max(0, plan.characters - len(self.mark) - 9)]
        self._wire: WSTransport

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the way out."""
        self._wire = transport

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Note that the server went away; a run in which this happens early has faults."""
        self.lost = True

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Keep the frame; in a closed loop, answer the own echo with the next message."""
        payload = frame.get_payload_as_bytes()
        self.moments.append(time.perf_counter())
        self.frames.append(payload)
        if not self.open_loop and self.talking and self.mark in payload:
            self.say()

    def say(self) -> None:
        """Send the next message."""
        text = b"%s%08d%s" % (self.mark, len(self.sent_at), self.tail)
        if self._next_id is None:
            message = b'{"message":"%s"}' % text
        else:
            message = b'{"message":"%s","client_id":"%s"}' % (text, self._next_id())
        self.sent_at.append(time.perf_counter())
        self._wire.send(WSMsgType.TEXT, message)

    def hang_up(self) -> None:
        """Close the socket."""
        self._wire.disconnect()
