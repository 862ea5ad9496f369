"""Say something in a room."""

import asyncio
import time

from duologue.chat.errors import sender_mismatch
from duologue.chat.model import Draft, Person, Posted, Room
from duologue.chat.service import Chat
from duologue.chat.wire import check_client_id, check_content
from duologue.contract.usernames import fold


def post_message(
    chat: Chat,
    place: tuple[Room, Person],
    content: str,
    *,
    claimed_senders: tuple[str | None, ...] = (),
    client_id: str | None = None,
    field: str = "content",
) -> "asyncio.Future[Posted]":
    """Queue a message by a member of a room; `place` is what `Rooms.for_member` returned.

    The future holds the outcome once it is durable and delivered. Raises Problem at once for a message that is not
    acceptable; `field` is what the caller's format calls the text.
    """
    room, sender = place
    if any(claimed is not None and fold(claimed) != sender.username for claimed in claimed_senders):
        raise sender_mismatch()
    check_content(field, content, chat.settings.message_characters)
    check_client_id(client_id)
    chat.sends.spend(sender.user_id)
    return chat.writer.post(Draft(room, sender, content, time.time_ns() // 1000, client_id))
