"""The v1 dialect: what a client says on a socket and what it hears."""

from duologue.chat.frames.incoming import TYPES, Auth, Delete, Edit, FrameIn, Hello, Read, Say, Typing
from duologue.chat.frames.outgoing import (
    ack_frame,
    auth_frame,
    event_frame,
    presence_frame,
    ready_frame,
    resync_frame,
    rooms_frame,
    sync_frame,
    token_expiring_frame,
    typing_frame,
)
from duologue.chat.frames.states import (
    ChangesOut,
    Limits,
    MessageState,
    ReadState,
    RoomState,
    changes_out,
    message_state,
    read_states,
    room_state,
)

PROTOCOL = "duologue.v1"
"""The subprotocol (RFC 6455 section 1.9) that opts in."""

__all__ = [
    "PROTOCOL",
    "TYPES",
    "Auth",
    "ChangesOut",
    "Delete",
    "Edit",
    "FrameIn",
    "Hello",
    "Limits",
    "MessageState",
    "Read",
    "ReadState",
    "RoomState",
    "Say",
    "Typing",
    "ack_frame",
    "auth_frame",
    "changes_out",
    "event_frame",
    "message_state",
    "presence_frame",
    "read_states",
    "ready_frame",
    "resync_frame",
    "room_state",
    "rooms_frame",
    "sync_frame",
    "token_expiring_frame",
    "typing_frame",
]
