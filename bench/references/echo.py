"""The limit of the sockets: picows hands each frame to the two sockets of its room, and does nothing else.

No token, no JSON, no checks, no storage, no numbering. Each frame goes out inside a frozen shell that brings it to the
size of the product's message frame. Run as `python -m bench.references.echo --frame-bytes 300`; prints its port.
"""

from __future__ import annotations

import argparse
import asyncio
import functools

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

_PADDING = b"x" * 4096


class Room:
    """The sockets of one room, and the shell of its frames."""

    def __init__(self, number: int, frame_bytes: int) -> None:
        self.wires: list[WSTransport] = []
        self.head = b'{"type":"message","room":%d,"echo":' % number
        self._frame_bytes = frame_bytes
        self.tails: dict[int, bytes] = {}

    def tail(self, payload_bytes: int) -> bytes:
        """Return what brings a payload of this size up to the frame size."""
        bare = len(self.head) + payload_bytes + len(b',"pad":""}')
        return b',"pad":"%s"}' % _PADDING[: max(0, self._frame_bytes - bare)]


class Echo(WSListener):
    """One socket."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Join the room."""
        self._room.wires.append(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Leave the room."""
        self._room.wires.remove(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Hand the frame to everybody in the room."""
        if frame.msg_type is not WSMsgType.TEXT:
            transport.disconnect()
            return
        payload = frame.get_payload_as_bytes()
        room = self._room
        tail = room.tails.get(len(payload))
        if tail is None:
            tail = room.tails[len(payload)] = room.tail(len(payload))
        message = b"%s%s%s" % (room.head, payload, tail)
        for wire in room.wires:
            wire.send(WSMsgType.TEXT, message)


def enter(rooms: dict[int, Room], frame_bytes: int, request: WSUpgradeRequest) -> Echo:
    """Return the listener for `/ws/chat/{room}/`."""
    number = int(request.path.rstrip(b"/").rpartition(b"/")[2])
    return Echo(rooms.setdefault(number, Room(number, frame_bytes)))


async def _serve(frame_bytes: int) -> None:
    rooms: dict[int, Room] = {}
    server = await ws_create_server(functools.partial(enter, rooms, frame_bytes), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frame-bytes", type=int, default=300)
    uvloop.run(_serve(parser.parse_args().frame_bytes))


if __name__ == "__main__":
    main()
