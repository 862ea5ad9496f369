"""The client of Duologue: send so that nothing is lost or doubled, listen without a gap. `docs/sdk.md` is the guide."""

from duologue.client.client import Client
from duologue.client.core.conversation import Conversation
from duologue.client.errors import (
    ApiError,
    BadAnswer,
    ClientClosed,
    ConnectionRefused,
    DuologueError,
    LoginRequired,
    NotInRoom,
    OutboxFull,
    ResyncRequired,
    Unreachable,
)
from duologue.client.events import (
    ConnectionChanged,
    Event,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    Presence,
    ReadMoved,
    Resynced,
    RoomOpened,
    SendRefused,
    Typing,
)
from duologue.client.model import Changes, Limits, Mark, Message, ReadState, Receipt, Room, RoomInList

__all__ = [
    "ApiError",
    "BadAnswer",
    "Changes",
    "Client",
    "ClientClosed",
    "ConnectionChanged",
    "ConnectionRefused",
    "Conversation",
    "DuologueError",
    "Event",
    "Limits",
    "LoginRequired",
    "Mark",
    "Message",
    "MessageDeleted",
    "MessageEdited",
    "MessageReceived",
    "NotInRoom",
    "OutboxFull",
    "Presence",
    "ReadMoved",
    "ReadState",
    "Receipt",
    "ResyncRequired",
    "Resynced",
    "Room",
    "RoomInList",
    "RoomOpened",
    "SendRefused",
    "Typing",
    "Unreachable",
]
