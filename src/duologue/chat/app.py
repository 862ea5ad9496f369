"""Wiring and lifespan, nothing else."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from duologue.chat import migrations
from duologue.chat.access.auth_service import AuthService
from duologue.chat.api import changes, me, messages, rooms, socket
from duologue.chat.errors import Problem
from duologue.chat.service import Chat, assemble
from duologue.chat.settings import ChatSettings
from duologue.chat.store.sqlite import SqliteStore
from duologue.kit.application import Application, route
from duologue.kit.files import private_directory
from duologue.kit.websocket import Accepted, Endpoint, Handshake, Limits, Refusal

ROUTES = (
    # the busiest first: routes are tried in this order
    route("/api/chat/rooms/{room}/messages/", GET=messages.index, POST=messages.create),
    route("/api/chat/rooms/", GET=rooms.index, POST=rooms.create),
    route("/api/chat/rooms/{room}/", GET=rooms.show),
    route("/api/chat/rooms/{room}/read/", POST=rooms.mark),
    route("/api/chat/rooms/{room}/changes", GET=changes.index),
    route("/api/chat/rooms/{room}/messages/{message}/", PATCH=messages.edit, DELETE=messages.delete),
    route("/api/chat/me/", GET=me.show, PATCH=me.change),
)
SOCKETS = tuple(route(f"/ws/chat{where}", GET=socket.over_http) for where in ("/{room}/", "/{room}", "/", ""))


class ChatApp:
    """The chat service: an ASGI application for REST, and an endpoint for sockets, while `lifespan` is entered."""

    def __init__(self, settings: ChatSettings, auth_transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._settings = settings
        self._auth_transport = auth_transport
        self._chat: Chat | None = None
        self._endpoint: Endpoint | None = None
        self.rest = Application((*ROUTES, *SOCKETS))

    @contextlib.asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Open the store and serve; at the end store and answer what has begun."""
        settings = self._settings
        private_directory(settings.directory)
        migrations.ensure(settings.database)
        auth = AuthService(settings.auth_url, settings.auth_timeout, self._auth_transport)
        chat = assemble(settings, SqliteStore(settings.database), auth)
        try:
            await chat.listen_to_auth()
            self._chat = self.rest.state.chat = chat
            self._endpoint = socket.endpoint(chat)
            yield
        finally:
            self._endpoint = None
            await chat.close()

    @property
    def directory(self) -> Path:
        """Where chat keeps its data; one process at a time serves from it."""
        return self._settings.directory

    @property
    def socket_limits(self) -> Limits:
        """What one socket may cost."""
        return self._settings.socket_limits

    @property
    def ready(self) -> bool:
        """Whether messages can be stored."""
        return self._chat is not None and self._chat.ready

    def hear_of_ended_logins(self) -> None:
        """Ask auth soon which logins have ended, and close their sockets. From any thread."""
        if self._chat is not None:
            self._chat.revocations.hurry()

    def open_socket(self, handshake: Handshake) -> Accepted:
        """Decide about an opening handshake."""
        if self._endpoint is None:
            raise Refusal(Problem(503, "overloaded", "Starting or stopping; try again.", retry_after=1))
        return self._endpoint(handshake)


def create_app(settings: ChatSettings, auth_transport: httpx.AsyncBaseTransport | None = None) -> ChatApp:
    """Return the chat service; `auth_transport` reaches auth without a network when both run in one process."""
    return ChatApp(settings, auth_transport)
