"""What others build on: a name that goes, or a parameter that changes, is a change for them."""

import inspect

import duologue.client as package
from duologue.client import Client

NAMES = [
    "ApiError", "BadAnswer", "Changes", "Client", "ClientClosed", "ConnectionChanged", "ConnectionRefused",
    "Conversation", "DuologueError", "Event", "Limits", "LoginRequired", "Mark", "Message", "MessageDeleted",
    "MessageEdited", "MessageReceived", "NotInRoom", "OutboxFull", "Presence", "ReadMoved", "ReadState", "Receipt",
    "ResyncRequired", "Resynced", "Room", "RoomInList", "RoomOpened", "SendRefused", "Typing", "Unreachable",
]  # fmt: skip

METHODS = {
    "changes": "(self, room, since=None, *, limit=None)",
    "close": "(self)",
    "delete": "(self, room, message_id)",
    "edit": "(self, room, message_id, text)",
    "events": "(self)",
    "hide_presence": "(self, *, hidden=True)",
    "history": "(self, room, *, before=None, after=None, page=100)",
    "log_out": "(self)",
    "mark_read": "(self, room, up_to_seq)",
    "open_room": "(self, other)",
    "rooms": "(self, *, page=100)",
    "send": "(self, room, text, *, client_id=None)",
    "typing": "(self, room, *, active=True)",
    "username": "(self)",
}
PROPERTIES = {"conversations", "cursors", "limits", "refresh_token", "unsent"}
PARAMETERS = [
    "self", "url", "username", "password", "refresh_token", "cursors", "unsent", "event_limit", "unsent_limit",
    "messages_kept", "ssl_context", "transport",
]  # fmt: skip


def without_types(function: object) -> str:
    """Return a signature as a caller sees it."""
    assert callable(function)
    signature = inspect.signature(function)
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def test_the_names() -> None:
    assert package.__all__ == NAMES
    assert all(hasattr(package, name) for name in NAMES)


def test_the_client() -> None:
    public = {name: member for name, member in vars(Client).items() if not name.startswith("_")}
    methods = {name: without_types(member) for name, member in public.items() if inspect.isfunction(member)}
    assert methods == METHODS
    assert {name for name, member in public.items() if isinstance(member, property)} == PROPERTIES
    assert list(inspect.signature(Client.__init__).parameters) == PARAMETERS


def test_every_public_thing_is_described() -> None:
    for name in NAMES:
        member = getattr(package, name)
        assert not inspect.isclass(member) or inspect.getdoc(member), name
