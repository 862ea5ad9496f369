"""Edit or delete what one has said."""

import time

from duologue.chat.delivery.group_commit import Reply
from duologue.chat.model import Person, Rewrite, Room
from duologue.chat.service import Chat
from duologue.chat.wire import check_content


def edit_message(
    chat: Chat, place: tuple[Room, Person], message_id: int, content: str, reply: Reply, *, field: str = "content"
) -> None:
    """Queue new words for a message of the caller's.

    `reply` hears the outcome once it is durable and told: Rewritten, or Problem `not_found`, `not_the_author`,
    `message_deleted`, `edit_too_late`. Raises Problem at once for words that are not acceptable; `field` is what the
    caller's format calls them.
    """
    chat.sends.spend(place[1].user_id)
    check_content(field, content, chat.settings.message_characters)
    _queue(chat, place, message_id, content, reply)


def delete_message(chat: Chat, place: tuple[Room, Person], message_id: int, reply: Reply) -> None:
    """Queue the end of a message of the caller's; `reply` as with `edit_message`."""
    chat.sends.spend(place[1].user_id)
    _queue(chat, place, message_id, None, reply)


def _queue(chat: Chat, place: tuple[Room, Person], message_id: int, content: str | None, reply: Reply) -> None:
    room, author = place
    now = time.time_ns() // 1000
    seconds = chat.settings.edit_seconds
    written_since = now - seconds * 1_000_000 if seconds else 0
    chat.writer.post(Rewrite(room, author, message_id, content, now, written_since), reply)
