"""`Client`: everything a person can do, for programs."""

import random
import ssl
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Self

import httpx
import msgspec

from duologue.client import options
from duologue.client.core import frames
from duologue.client.core.conversation import Conversation
from duologue.client.core.outbox import Outbox, Unsent, new_client_id
from duologue.client.core.rooms import Rooms
from duologue.client.errors import ClientClosed
from duologue.client.events import Event
from duologue.client.http import Http
from duologue.client.inbox import Inbox
from duologue.client.live import Live
from duologue.client.model import Changes, Limits, Message, ReadState, Receipt, Room, RoomInList
from duologue.client.rest import Rest
from duologue.client.sending import Sending
from duologue.client.session import Session


class Client:
    """One person on one server: `async with Client("http://localhost:8000", username=…, password=…) as client:`.

    Nothing happens before it is asked for: the first request logs in, the first `send` or `events` opens the one socket
    for all rooms, which comes back by itself. Methods raise `DuologueError`: `ApiError` for what the server refuses
    (with `LoginRequired`, `NotInRoom`), `Unreachable` when it does not answer. Requests are not repeated on their own,
    except once after a token was renewed; what is sent with `send`, `edit` and `delete` is.

    `refresh_token` can stand in for the password; `cursors` and `unsent` are what the properties of these names were
    in an earlier run. Without `cursors` the client hears what happens from now on; with `{}` everything of every room.
    From `event_limit` events that nobody has read it stops listening, and fetches the rest when they are. Raises
    ValueError, which names it, for an option that cannot be.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        refresh_token: str | None = None,
        cursors: Mapping[int, str] | None = None,
        unsent: bytes | None = None,
        event_limit: int = 1000,
        unsent_limit: int = 1000,
        messages_kept: int = 200,
        ssl_context: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = options.address(url)
        places = options.places(cursors)
        self._http = Http(self._url, ssl_context, transport)
        self._session = Session(self._http, username, password, refresh_token)
        self._rest = Rest(self._session)
        outbox = Outbox(random.random, limit=options.at_least(1, unsent_limit=unsent_limit))
        if unsent is not None:
            _restore(outbox, unsent)
        self._inbox = Inbox(options.at_least(1, event_limit=event_limit), dict(places or {}), self._regulate)
        self._sending = Sending(outbox, self._inbox.tell)
        self._live = Live(
            f"ws{self._url.removeprefix('http')}/ws/chat/",
            self._session,
            self._rest,
            Rooms(places, options.at_least(0, messages_kept=messages_kept)),
            self._inbox,
            self._sending,
            ssl_context,
        )
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "live" if self._live.is_live else "not connected"
        return f"<Client of {self._session.username} at {self._url}, {state}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the socket and all connections. Who still waits for an acknowledgement gets `ClientClosed`."""
        self._closed = True
        await self._live.stop()
        self._sending.give_up(ClientClosed("the client was closed"))
        self._inbox.end(None)
        await self._http.close()

    # The state

    @property
    def cursors(self) -> dict[int, str] | None:
        """How far each room was dealt with: give it to the next `Client` as `cursors` to go on from here.

        An event counts as dealt with when the next one is asked for. None until a client that was given none has been
        told of every room, since a room that is missing in `cursors` is heard from its beginning.
        """
        if not self._live.rooms.begun:
            return None
        return {room: place for room, place in self._inbox.places.items() if place is not None}

    @property
    def unsent(self) -> bytes:
        """What is not acknowledged, as JSON: give it to the next `Client` as `unsent`. It holds the texts."""
        return self._sending.outbox.snapshot()

    @property
    def refresh_token(self) -> str | None:
        """A secret that logs in in place of the password; None before the first login."""
        return self._session.refresh_token

    @property
    def limits(self) -> Limits:
        """The server's bounds, once the socket is live; before that each of them is None."""
        return self._sending.limits

    @property
    def conversations(self) -> Mapping[int, Conversation]:
        """Rooms as far as they were heard on the socket, by id. To read, not to change."""
        return self._live.rooms.conversations

    # Listening and speaking

    async def events(self) -> AsyncIterator[Event]:
        """Yield what happens, in the order of each room. For one reader; ends when the client is closed."""
        self._connect()
        while (event := await self._inbox.next()) is not None:
            yield event

    async def send(self, room: int, text: str, *, client_id: str | None = None) -> Receipt:
        """Say something; return when the server has stored it, however often the connection fails meanwhile.

        `client_id` (1 to 64 visible ASCII characters, no quotes or backslash) makes the same call safe to repeat for
        ever, after a restart too; without it the message gets one of its own. Messages of a room keep their order. Who
        stops waiting does not take the message back. Raises ApiError when it is refused for good, OutboxFull.
        """
        return await self._deliver(Unsent("message", room, client_id or new_client_id(), text))

    async def edit(self, room: int, message_id: int, text: str) -> Receipt:
        """Give one's own message other words; return when that is stored, as `send` does."""
        return await self._deliver(Unsent("edit", room, new_client_id(), text, message_id))

    async def delete(self, room: int, message_id: int) -> Receipt:
        """Take one's own message back; return when that is stored, as `send` does."""
        return await self._deliver(Unsent("delete", room, new_client_id(), id=message_id))

    def typing(self, room: int, *, active: bool = True) -> None:
        """Tell the other one that the person types, or stopped; left out while there is no connection."""
        self._live.send(frames.typing(room, "start" if active else "stop"))

    # Over REST

    async def username(self) -> str:
        """Return whose login it is."""
        return await self._rest.username()

    def rooms(self, *, page: int = 100) -> AsyncIterator[RoomInList]:
        """Yield one's rooms, the liveliest first, asking for `page` (1 to 1000) at a time."""
        return self._rest.rooms(page)

    async def open_room(self, other: str) -> Room:
        """Return the room with another person, which is made when it is new; raise ApiError for a name nobody has."""
        return await self._rest.open_room(other)

    def history(
        self, room: int, *, before: int | None = None, after: int | None = None, page: int = 100
    ) -> AsyncIterator[list[Message]]:
        """Yield pages of up to `page` (1 to 1000) messages, each oldest first.

        `after` a seq they go forward to the newest; otherwise backward, from `before` a seq or from the newest.
        """
        return self._rest.history(room, before=before, after=after, limit=page)

    async def changes(self, room: int, since: str | None = None, *, limit: int | None = None) -> Changes:
        """Return a page of what happened since a cursor of `changes`, None for the beginning; ask while `more`."""
        return await self._rest.changes(room, since, limit)

    async def mark_read(self, room: int, up_to_seq: int) -> ReadState:
        """Say that everything up to a `seq` is read; a mark never moves back."""
        return await self._rest.mark_read(room, up_to_seq)

    async def hide_presence(self, *, hidden: bool = True) -> None:
        """Let nobody be told any more whether the person is here, or let them; it holds for all of their devices."""
        await self._rest.hide_presence(hidden)

    async def log_out(self) -> None:
        """End the login: the server closes its sockets within seconds."""
        await self._session.log_out()

    # Inside

    async def _deliver(self, unsent: Unsent) -> Receipt:
        if self._live.ended is not None:
            raise self._live.ended
        self._connect()
        self._sending.add(unsent)
        waiting = self._sending.wait_for(unsent)
        self._sending.flush()
        self._regulate()
        return await waiting

    def _connect(self) -> None:
        if self._closed:
            raise ClientClosed("the client was closed")
        self._live.start()

    def _regulate(self) -> None:
        self._live.regulate()


def _restore(outbox: Outbox, unsent: bytes) -> None:
    try:
        outbox.restore(unsent)
    except msgspec.DecodeError:
        # the decoder's own words may hold a text
        raise ValueError("`unsent` is not what Client.unsent was") from None
