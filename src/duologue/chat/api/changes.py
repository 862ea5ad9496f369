"""`/api/chat/rooms/{room}/changes`: for bots and long absences."""

from starlette.requests import Request
from starlette.responses import Response

from duologue.chat.actions.read_changes import MOST, read_changes
from duologue.chat.api.requests import answer, chat_of, number_in, reading, room_id_of
from duologue.chat.errors import invalid
from duologue.chat.frames import changes_out
from duologue.contract.claims import AccessClaims


@reading
async def index(request: Request, who: AccessClaims) -> Response:
    """`GET`: what happened since a cursor, in pages."""
    chat = chat_of(request)
    room, _ = await chat.rooms.for_member(who, room_id_of(request))
    limit = number_in(request, "limit", 1, MOST) or MOST
    since = request.query_params.getlist("since")
    if len(since) > 1:
        raise invalid({"since": ["Give it once."]})
    changes = await read_changes(chat, room, since[0] if since else None, limit)
    return answer(changes_out(chat.store.epoch, room, changes))
