"""`/ws/chat/{room}/` and `/ws/chat/`: who opens a socket, and which dialect it speaks."""

import re
from functools import partial
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from duologue.chat.access.tokens import bearer
from duologue.chat.api.chat_socket import ChatSocket
from duologue.chat.api.origins import is_welcome
from duologue.chat.errors import Problem
from duologue.chat.frames import PROTOCOL
from duologue.chat.service import Chat
from duologue.kit.application import refuse
from duologue.kit.websocket import Accepted, Endpoint, Handshake, Refusal

_PATH = re.compile(r"/ws/chat(?:/([1-9][0-9]{0,17}))?/?", re.ASCII)


def endpoint(chat: Chat) -> Endpoint:
    """Return what decides about an opening handshake on this chat."""
    return partial(_open, chat)


async def over_http(request: Request) -> Response:
    """Say to a request that opens no socket that one is spoken to here (RFC 9110 section 15.5.22)."""
    if _PATH.fullmatch(request.scope["path"]) is None:
        raise _no_such_address()
    how = "This is a WebSocket: open it with ws:// or wss://. A proxy on the way must pass `Upgrade` on."
    response = refuse(Problem(426, "upgrade_required", how))
    # section 7.8: an Upgrade field goes with this option
    response.headers.update({"upgrade": "websocket", "connection": "upgrade", "sec-websocket-version": "13"})
    return response


def _no_such_address() -> Problem:
    return Problem(404, "not_found", "Sockets are at /ws/chat/{room}/ and /ws/chat/.")


def _open(chat: Chat, handshake: Handshake) -> Accepted:
    path = _PATH.fullmatch(handshake.path)
    if path is None:
        raise Refusal(_no_such_address())
    if not is_welcome(handshake, chat.settings.origins):
        raise Refusal(
            Problem(403, "origin_refused", "This page's origin may not open sockets; see DUOLOGUE_ALLOWED_ORIGINS.")
        )
    if any(
        name in {"token", "access_token", "ticket"} for name, _ in parse_qsl(handshake.query, keep_blank_values=True)
    ):
        # a URL ends up in logs, histories and Referer headers
        raise Refusal(Problem(400, "token_in_url", "Never put a token into a URL: use the header or the first frame."))
    room_id = None if path[1] is None else int(path[1])
    offered = PROTOCOL in handshake.subprotocols
    authorization = handshake.headers.get("authorization")
    try:
        place = chat.waiting.place(_origin(chat, authorization, handshake.client))
    except Problem as problem:
        raise Refusal(problem) from None
    socket = ChatSocket(chat, room_id, authorization, place, greets=offered or room_id is None)
    return Accepted(socket, PROTOCOL if offered else None)


def _origin(chat: Chat, authorization: str | None, address: str) -> str:
    """Return on whose account a socket waits: strangers on their address's, whoever has a good token on their own.

    Strangers at an address cannot lock its people out, and nobody gets past a bound by making tokens up.
    """
    try:
        who = chat.tokens.recognised(bearer(authorization))
    except Problem:
        who = None
    return address if who is None else f"user {who.sub}"
