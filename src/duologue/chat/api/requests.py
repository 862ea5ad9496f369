"""What every REST endpoint does first and last: who asks, what they say, how the answer looks."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from duologue.chat.access.tokens import bearer
from duologue.chat.errors import Problem, invalid, no_such_message, not_found
from duologue.chat.service import Chat
from duologue.chat.wire import decode, encode, read_id
from duologue.contract.claims import AccessClaims
from duologue.kit.application import Answer
from duologue.kit.media_type import is_json

MOST_BODY_BYTES = 64 * 1024
_JSON = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]

Shape = TypeVar("Shape")


def chat_of(request: Request) -> Chat:
    """Return the wired parts."""
    chat: Chat = request.app.state.chat
    return chat


async def caller(request: Request) -> AccessClaims:
    """Return who asks; raise Problem 401."""
    return await chat_of(request).tokens.verify(bearer(request.headers.get("authorization")))


def reading(endpoint: Callable[[Request, AccessClaims], Awaitable[Response]]) -> Answer:
    """Make a function of a request and who asks an endpoint that reads; it raises Problem 401 and 429 by itself."""

    @wraps(endpoint)
    async def read(request: Request) -> Response:
        who = await caller(request)
        # before anything is looked up: a refusal tells nothing of what is there
        async with chat_of(request).reads.turn(who.sub) as count:
            response = await endpoint(request, who)
            count(len(response.body))
        return response

    return read


def room_id_of(request: Request) -> int:
    """Return the room's id from the path; anything but plain digits is a room that is not there."""
    number = read_id(request.path_params["room"])
    if number is None:
        raise not_found()
    return number


def message_id_of(request: Request) -> int:
    """Return the message's id from the path, likewise."""
    number = read_id(request.path_params["message"])
    if number is None:
        raise no_such_message()
    return number


async def body_of(request: Request, how: "msgspec.json.Decoder[Shape]") -> Shape:
    """Return the typed body; raise Problem for another media type, an oversize or a malformed one."""
    headers = request.headers
    if not is_json(headers.get("content-type", ""), headers.get("origin")):
        raise Problem(415, "unsupported_media_type", "Send JSON: Content-Type: application/json.")
    return decode(how, await _read(request))


async def _read(request: Request) -> bytes:
    body = b""
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > MOST_BODY_BYTES:
            raise Problem(413, "body_too_large", f"At most {MOST_BODY_BYTES} bytes.")
        more = message.get("more_body", False)
    return body


def number_in(request: Request, name: str, smallest: int, largest: int) -> int | None:
    """Return a number from the query, or None; raise Problem that names it."""
    values = request.query_params.getlist(name)
    if not values:
        return None
    text = values[-1]
    if (
        len(values) == 1
        and text.isascii()
        and text.isdecimal()
        and len(text) <= 18
        and smallest <= int(text) <= largest
    ):
        return int(text)
    raise invalid({name: [f"A whole number from {smallest} to {largest}, given once."]})


def answer(content: object, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    """Return JSON that nobody caches."""
    return _Json(encode(content), status, headers)


class _Json(Response):
    """A response whose headers are ready: encoding the same three for each answer costs as much as the JSON."""

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [
            *_JSON,
            (b"content-length", b"%d" % len(body)),
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()),
        ]
