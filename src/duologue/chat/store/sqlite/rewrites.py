"""Edits and deletions: the message keeps its place and gets the room's next change number."""

import hashlib

import apsw
import msgspec
from msgspec.structs import replace

from duologue.chat.model import Message, Rewrite, Rewritten
from duologue.chat.store.api import MessageDeletedError, NoSuchMessageError, NotTheAuthorError, Refused, TooLateError
from duologue.chat.store.sqlite.columns import message_columns
from duologue.chat.store.sqlite.heads import Heads

_FIND = f"SELECT {message_columns('m')} FROM messages AS m WHERE id = ? AND room_id = ?"  # noqa: S608 - constants only
_EDIT = """
    UPDATE messages SET content = :content, edited_at = :at, changed = :change,
        first_content = coalesce(first_content, :digest)
    WHERE id = :id
"""
# nothing of the words stays, not even a digest: short ones could be guessed from it
_DELETE = "UPDATE messages SET content = NULL, first_content = NULL, deleted_at = :at, changed = :change WHERE id = :id"


def digest(content: str) -> bytes:
    """Return what an edited row keeps of its first words, to recognise a send that is repeated."""
    return hashlib.blake2b(content.encode(), digest_size=16).digest()


def rewrite(connection: apsw.Connection, heads: Heads, wanted: Rewrite) -> Rewritten | Refused:
    """Edit or delete a message. The caller holds the transaction and has checked that the author is a member."""
    row = connection.execute(_FIND, (wanted.message_id, wanted.room.id)).fetchone()
    if row is None:
        return NoSuchMessageError()
    message = msgspec.convert(row, Message, strict=False)
    head = heads.of(wanted.room.id)
    refusal = _refusal(wanted, message)
    if refusal is not None:
        return refusal
    if _is_so(wanted, message):
        return Rewritten(message, fresh=False, seq=head.seq, change=head.change)
    head.change += 1
    # the clock may have been set back: nothing is changed before it was said, nor before it was changed last
    at = max(wanted.at, message.created_at, message.edited_at or 0)
    bindings = {"id": message.id, "at": at, "change": head.change}
    if wanted.content is None:
        connection.execute(_DELETE, bindings)
        now = replace(message, content="", deleted_at=at)
    else:
        connection.execute(_EDIT, {**bindings, "content": wanted.content, "digest": digest(message.content)})
        now = replace(message, content=wanted.content, edited_at=at)
    return Rewritten(now, fresh=True, seq=head.seq, change=head.change)


def _refusal(wanted: Rewrite, message: Message) -> Refused | None:
    if message.sender != wanted.author.number:
        return NotTheAuthorError()
    if message.deleted_at is not None:
        # deleting twice is done once
        return None if wanted.content is None else MessageDeletedError()
    if message.created_at < wanted.written_since and not _is_so(wanted, message):
        return TooLateError()
    return None


def _is_so(wanted: Rewrite, message: Message) -> bool:
    # asked again, because the first answer was lost: that must not be refused as too late, for it was done
    return message.deleted_at is not None or message.content == wanted.content
