"""`/ws/chat/{room}/` and `/ws/chat/`: who opens a socket, and which dialect it speaks."""

import re
from functools import partial
from urllib.parse import parse_qsl

from duologue.chat.api.chat_socket import ChatSocket
from duologue.chat.api.origins import is_welcome
from duologue.chat.errors import Problem
from duologue.chat.frames import PROTOCOL
from duologue.chat.service import Chat
from duologue.kit.websocket import Accepted, Endpoint, Handshake, Refusal

_PATH = re.compile(r"/ws/chat(?:/([1-9][0-9]{0,17}))?/?", re.ASCII)


def endpoint(chat: Chat) -> Endpoint:
    """Return what decides about an opening handshake on this chat."""
    return partial(_open, chat)


def _open(chat: Chat, handshake: Handshake) -> Accepted:
    path = _PATH.fullmatch(handshake.path)
    if path is None:
        raise Refusal(Problem(404, "not_found", "Sockets are at /ws/chat/{room}/ and /ws/chat/."))
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
    socket = ChatSocket(chat, room_id, handshake.headers.get("authorization"), greets=offered or room_id is None)
    return Accepted(socket, PROTOCOL if offered else None)
