"""`/api/chat/rooms/`."""

from starlette.requests import Request
from starlette.responses import Response

from duologue.chat.access.tokens import bearer
from duologue.chat.actions.open_room import open_room
from duologue.chat.api.requests import answer, body_of, caller, chat_of, room_id_of
from duologue.chat.wire import RoomIn, decoder, room_out

_room_in = decoder(RoomIn)


async def create(request: Request) -> Response:
    """`POST`: 201 with a new room, 200 with the one that these two have."""
    who = await caller(request)
    wanted = await body_of(request, _room_in)
    token = bearer(request.headers.get("authorization"))
    room, new = await open_room(chat_of(request), who, token, wanted.participant_a, wanted.participant_b)
    return answer(room_out(room), 201 if new else 200)


async def show(request: Request) -> Response:
    """`GET {id}/`: the room."""
    who = await caller(request)
    room, _ = await chat_of(request).rooms.for_member(who, room_id_of(request))
    return answer(room_out(room))
