"""How much of a room a client has, as one word that only we take apart: `epoch.room.seq.change`."""

import re

import msgspec

from duologue.chat.errors import invalid

# numbers of up to 18 digits fit every store
_CURSOR = re.compile(
    r"(?P<epoch>[0-9a-z]{1,32})\.(?P<room>[1-9][0-9]{0,17})\.(?P<seq>0|[1-9][0-9]{0,17})\.(?P<change>0|[1-9][0-9]{0,17})",
    re.ASCII,
)


class Cursor(msgspec.Struct, frozen=True):
    """All messages of a room up to `seq`, and all its changes up to `change`. `epoch`: of which database."""

    epoch: str
    room_id: int
    seq: int
    change: int


def cursor(epoch: str, room_id: int, seq: int, change: int) -> str:
    """Return the word for a point in a room."""
    return f"{epoch}.{room_id}.{seq}.{change}"


def read_cursor(text: str, room_id: int, field: str) -> Cursor:
    """Return the point that a client's word names; raise Problem that names the field for what was never ours.

    Another room's is refused too: taken for this one's it would skip messages in silence.
    """
    parts = _CURSOR.fullmatch(text)
    if parts is None:
        raise invalid({field: ["This is no cursor; send back the last one that you received, unchanged."]})
    found = Cursor(parts["epoch"], int(parts["room"]), int(parts["seq"]), int(parts["change"]))
    if found.room_id != room_id:
        raise invalid({field: ["This cursor belongs to another room."]})
    return found
