"""Say something in a room."""

import time

from duologue.chat.delivery.group_commit import Reply
from duologue.chat.errors import sender_mismatch
from duologue.chat.model import Draft, Person, Room
from duologue.chat.service import Chat
from duologue.chat.wire import check_client_id, check_content
from duologue.contract.usernames import fold


def post_message(
    chat: Chat,
    place: tuple[Room, Person],
    content: str,
    reply: Reply,
    *,
    claimed_senders: tuple[str | None, ...] = (),
    client_id: str | None = None,
    field: str = "content",
) -> None:
    """Queue a message by a member of a room; `place` is what `Rooms.for_member` returned.

    `reply` hears the outcome once the message is durable and delivered. Raises Problem at once for a message that is
    not acceptable; `field` is what the caller's format calls the text.
    """
    room, sender = place
    # before all else: what is refused is work, too
    chat.sends.spend(sender.user_id)
    for claimed in claimed_senders:
        if claimed is not None and claimed != sender.username and fold(claimed) != sender.username:
            raise sender_mismatch()
    check_content(field, content, chat.settings.message_characters)
    check_client_id(client_id)
    chat.writer.post(Draft(room, sender, content, time.time_ns() // 1000, client_id), reply)
