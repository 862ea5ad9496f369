"""Who has left is held by nothing: neither by the rooms, nor by presence, nor by the heartbeat."""

import gc
import weakref
from unittest.mock import Mock

import pytest

from duologue.chat.api.chat_socket import ChatSocket
from duologue.chat.api.places import Places
from duologue.chat.frames import Hello
from duologue.chat.service import Chat
from tests.chat.api.test_places import _BOB, SlowReader, chat, opened
from tests.chat.people import ALICE, BOB

__all__ = ["chat"]
pytestmark = pytest.mark.anyio


async def left(chat: Chat, room_id: int | None) -> "weakref.ref[SlowReader]":
    """Come in, leave, and return what can tell whether anything still holds the socket."""
    bob = SlowReader()
    bob.reads.set()
    bob.places = Places(chat, bob, room_id, Hello())
    await bob.places.join(_BOB)
    bob.places.leave()
    return weakref.ref(bob)


@pytest.mark.parametrize("everywhere", [True, False])
async def test_places_that_were_left_hold_nobody(chat: Chat, everywhere: bool) -> None:
    room = await opened(chat, ALICE, BOB)
    bob = await left(chat, None if everywhere else room.id)
    gc.collect()
    assert bob() is None


async def test_a_socket_that_closed_is_held_by_nothing(chat: Chat) -> None:
    socket = ChatSocket(chat, None, None, Mock(), greets=True)
    socket.opened()
    socket.closed()
    known = id(socket)
    del socket
    gc.collect()
    assert not any(isinstance(each, ChatSocket) and id(each) == known for each in gc.get_objects())
