"""Say up to where one has read."""

from duologue.chat.delivery.group_commit import Reply
from duologue.chat.model import MarkMove, Person, Room
from duologue.chat.service import Chat


def mark_read(chat: Chat, place: tuple[Room, Person], up_to_seq: int, reply: Reply) -> None:
    """Queue a move of the caller's mark; one that is further already stays.

    `reply` hears MarkMoved or a Problem once it is durable and told. Raises Problem `rate_limited`, `overloaded`.
    """
    room, reader = place
    chat.signals.spend(reader.user_id)
    chat.writer.post(MarkMove(room, reader, up_to_seq), reply)
