"""`/api/chat/rooms/{room}/messages/`."""

import asyncio
from functools import partial
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from duologue.chat.actions import read_history as history
from duologue.chat.actions.post_message import post_message
from duologue.chat.api.requests import answer, body_of, caller, chat_of, number_in, room_id_of
from duologue.chat.errors import Problem, invalid
from duologue.chat.model import Draft, Page, Posted
from duologue.chat.wire import MessageIn, decoder, message_out

_message_in = decoder(MessageIn)
_LARGEST_SEQ = 10**18 - 1


async def create(request: Request) -> Response:
    """`POST`: 201 once the message is durable, 200 when this client_id had its message already."""
    who = await caller(request)
    chat = chat_of(request)
    place = await chat.rooms.for_member(who, room_id_of(request))
    said = await body_of(request, _message_in)
    outcome: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()
    post_message(
        chat,
        place,
        said.content,
        partial(_settle, outcome),
        claimed_senders=(said.sender_id,),
        client_id=_client_id(request, said),
    )
    posted = await outcome
    body = message_out(place[0], posted.message)
    if posted.duplicate:
        return answer(body, 200, {"idempotent-replayed": "true"})
    return answer(body, 201)


async def index(request: Request) -> Response:
    """`GET`: the newest messages, oldest first, with `Link` headers for the rest."""
    who = await caller(request)
    chat = chat_of(request)
    room, _ = await chat.rooms.for_member(who, room_id_of(request))
    limit = number_in(request, "limit", 1, history.MOST) or history.MOST
    before = number_in(request, "before", 1, _LARGEST_SEQ)
    after = number_in(request, "after", 0, _LARGEST_SEQ)
    page = await history.read_history(chat, room, before=before, after=after, limit=limit)
    headers = {"link": links} if (links := _links(request.url.path, page, limit)) else {}
    return answer([message_out(room, message) for message in page.messages], 200, headers)


def _settle(outcome: "asyncio.Future[Posted]", _: Draft, result: Posted | Problem) -> None:
    # the caller may have gone away meanwhile; the message is stored and delivered all the same
    if outcome.done():
        return
    if isinstance(result, Problem):
        outcome.set_exception(result)
    else:
        outcome.set_result(result)


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
