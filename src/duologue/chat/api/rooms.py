"""`/api/chat/rooms/`."""

import re
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from duologue.chat.access.tokens import bearer
from duologue.chat.actions.list_rooms import MOST, list_rooms
from duologue.chat.actions.mark_read import mark_read
from duologue.chat.actions.open_room import open_room
from duologue.chat.api.outcomes import Waiting
from duologue.chat.api.requests import answer, body_of, caller, chat_of, number_in, reading, room_id_of
from duologue.chat.errors import invalid
from duologue.chat.model import MarkMoved
from duologue.chat.wire import ReadIn, ReadOut, RoomIn, decoder, room_in_list, room_out
from duologue.contract.claims import AccessClaims

_room_in = decoder(RoomIn)
_read_in = decoder(ReadIn)
_PLACE = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})", re.ASCII)
_USUAL = 100


async def create(request: Request) -> Response:
    """`POST`: 201 with a new room, 200 with the one that these two have."""
    who = await caller(request)
    wanted = await body_of(request, _room_in)
    token = bearer(request.headers.get("authorization"))
    room, new = await open_room(chat_of(request), who, token, wanted.participant_a, wanted.participant_b)
    return answer(room_out(room), 201 if new else 200)


@reading
async def index(request: Request, who: AccessClaims) -> Response:
    """`GET`: the caller's rooms, the liveliest first, with a `Link` header for the rest."""
    limit = number_in(request, "limit", 1, MOST) or _USUAL
    chat = chat_of(request)
    summaries = await list_rooms(chat, who, before=_place_in(request), limit=limit)
    headers = {}
    if len(summaries) == limit:
        last = summaries[-1]
        query = urlencode({"before": f"{last.activity}.{last.room.id}", "limit": limit})
        headers["link"] = f'<{request.url.path}?{query}>; rel="next"'
    return answer([room_in_list(chat.store.epoch, summary) for summary in summaries], 200, headers)


async def mark(request: Request) -> Response:
    """`POST {id}/read/`: up to where the caller has read."""
    who = await caller(request)
    chat = chat_of(request)
    place = await chat.rooms.for_member(who, room_id_of(request))
    wanted = await body_of(request, _read_in)
    moved: Waiting[MarkMoved] = Waiting()
    mark_read(chat, place, int(wanted.up_to_seq), moved.settle)
    now = (await moved).mark
    return answer(ReadOut(now.last_read_seq, now.unread))


def _place_in(request: Request) -> tuple[int, int] | None:
    """Return the place in the list that `before` names, as a link of ours had it."""
    text = request.query_params.get("before")
    if text is None:
        return None
    place = _PLACE.fullmatch(text)
    if place is None:
        raise invalid({"before": ["Take it from the Link header of the answer before."]})
    return int(place[1]), int(place[2])


@reading
async def show(request: Request, who: AccessClaims) -> Response:
    """`GET {id}/`: the room."""
    room, _ = await chat_of(request).rooms.for_member(who, room_id_of(request))
    return answer(room_out(room))
