"""`/api/chat/rooms/{room}/messages/`."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from duologue.chat.actions import read_history as history
from duologue.chat.actions.post_message import post_message
from duologue.chat.actions.rewrite_message import delete_message, edit_message
from duologue.chat.api.outcomes import Waiting
from duologue.chat.api.requests import answer, body_of, caller, chat_of, message_id_of, number_in, reading, room_id_of
from duologue.chat.errors import invalid
from duologue.chat.model import Page, Posted, Rewritten
from duologue.chat.wire import EditIn, MessageIn, decoder, message_out
from duologue.contract.claims import AccessClaims

_message_in = decoder(MessageIn)
_edit_in = decoder(EditIn)
_LARGEST_SEQ = 10**18 - 1


async def create(request: Request) -> Response:
    """`POST`: 201 once the message is durable, 200 when this client_id had its message already."""
    who = await caller(request)
    chat = chat_of(request)
    place = await chat.rooms.for_member(who, room_id_of(request))
    said = await body_of(request, _message_in)
    outcome: Waiting[Posted] = Waiting()
    post_message(
        chat,
        place,
        said.content,
        outcome.settle,
        claimed_senders=(said.sender_id,),
        client_id=_client_id(request, said),
    )
    posted = await outcome
    body = message_out(place[0], posted.message)
    if posted.duplicate:
        return answer(body, 200, {"idempotent-replayed": "true"})
    return answer(body, 201)


@reading
async def index(request: Request, who: AccessClaims) -> Response:
    """`GET`: the newest messages, oldest first, with `Link` headers for the rest."""
    chat = chat_of(request)
    room, _ = await chat.rooms.for_member(who, room_id_of(request))
    limit = number_in(request, "limit", 1, history.MOST) or history.MOST
    before = number_in(request, "before", 1, _LARGEST_SEQ)
    after = number_in(request, "after", 0, _LARGEST_SEQ)
    around = number_in(request, "around", 1, _LARGEST_SEQ)
    if around is None:
        page = await history.read_history(chat, room, before=before, after=after, limit=limit)
    elif before is None and after is None:
        page = await history.read_history_around(chat, room, around, limit)
    else:
        raise invalid({"around": ["It goes with neither before nor after."]})
    headers = {"link": links} if (links := _links(request.url.path, page, limit)) else {}
    return answer([message_out(room, message) for message in page.messages], 200, headers)


async def edit(request: Request) -> Response:
    """`PATCH {id}/`: other words for a message of the caller's."""
    who = await caller(request)
    chat = chat_of(request)
    place = await chat.rooms.for_member(who, room_id_of(request))
    message_id = message_id_of(request)
    wanted = await body_of(request, _edit_in)
    outcome: Waiting[Rewritten] = Waiting()
    edit_message(chat, place, message_id, wanted.content, outcome.settle)
    return answer(message_out(place[0], (await outcome).message))


async def delete(request: Request) -> Response:
    """`DELETE {id}/`: the empty message that keeps the place."""
    who = await caller(request)
    chat = chat_of(request)
    place = await chat.rooms.for_member(who, room_id_of(request))
    outcome: Waiting[Rewritten] = Waiting()
    delete_message(chat, place, message_id_of(request), outcome.settle)
    return answer(message_out(place[0], (await outcome).message))


def _client_id(request: Request, said: MessageIn) -> str | None:
    # draft-ietf-httpapi-idempotency-key-header: the value is a quoted string; a bare one is what people type
    header = request.headers.get("idempotency-key")
    key = header.strip().removeprefix('"').removesuffix('"') if header is not None else None
    if key is not None and said.client_id is not None and key != said.client_id:
        raise invalid({"client_id": ["It differs from the Idempotency-Key header; send one of them."]})
    return said.client_id if key is None else key


def _links(path: str, page: Page, limit: int) -> str:
    """Return RFC 8288 links: `prev` to older messages, `next` to newer ones."""
    links = []
    if page.older:
        links.append(f'<{path}?{urlencode({"before": page.messages[0].seq, "limit": limit})}>; rel="prev"')
    if page.newer:
        links.append(f'<{path}?{urlencode({"after": page.messages[-1].seq, "limit": limit})}>; rel="next"')
    return ", ".join(links)
