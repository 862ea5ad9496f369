"""The one socket for all rooms, made anew as often as it takes."""

import asyncio
import logging
import random
import ssl

import msgspec

from duologue.client.catching_up import CatchingUp
from duologue.client.core import frames
from duologue.client.core.connection import LOST, Connection, GiveUp, Retry
from duologue.client.core.conversation import GapError
from duologue.client.core.rooms import Rooms
from duologue.client.errors import ApiError, BadAnswer, DuologueError, Unreachable
from duologue.client.events import ConnectionChanged
from duologue.client.hearing import Hearing
from duologue.client.inbox import Inbox
from duologue.client.renewing import Renewing
from duologue.client.rest import Rest
from duologue.client.sending import Sending
from duologue.client.session import Session
from duologue.client.socket import HandshakeRefusedError, Socket, open_socket

_log = logging.getLogger(__name__)
_TICK_SECONDS = 1.0
# the server answers each send; one without an answer for so long went into a connection that only seems to live
_LONGEST_FLIGHT_SECONDS = 30.0
# what the close code would be if the server closed in place of refusing the handshake
_AS_CLOSE_CODE = {401: 4401, 408: 4408, 429: 4429, 503: 1013}
_REFUSED_FOR_GOOD = 1008
_SERVER_ERRORS = range(500, 600)


class Live:
    """Runs from `start` to `stop`, or until trying again does not help; `ended` then says why."""

    def __init__(
        self,
        url: str,
        session: Session,
        rest: Rest,
        rooms: Rooms,
        inbox: Inbox,
        sending: Sending,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self.rooms = rooms
        self.ended: DuologueError | None = None
        self._url = url
        self._session = session
        self._inbox = inbox
        self._sending = sending
        self._ssl_context = ssl_context
        self._connection = Connection(random.random)
        self._task: asyncio.Task[None] | None = None
        self._socket: Socket | None = None
        self._token: str | None = None
        self._close_code: int | None = None
        self._again = False
        self._catching_up = CatchingUp(rooms, rest, inbox)
        self._renewing = Renewing(session, self._renewed)
        self._hearing = Hearing(self._connection, rooms, inbox, sending, self._ready, self._token_expiring)

    @property
    def is_live(self) -> bool:
        """Whether frames go through now."""
        return self._socket is not None and self._connection.is_ready

    def start(self) -> None:
        """Begin to connect, unless that was done before."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End the connection."""
        if self._socket is not None:
            await self._socket.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def send(self, frame: bytes) -> None:
        """Send a signal: it is left out while there is no connection."""
        if self._socket is not None and self._connection.is_ready:
            self._socket.send(frame)

    def regulate(self) -> None:
        """Read, or stop reading while the inbox is full. Who waits for an answer needs the reading to go on."""
        if self._socket is None:
            return
        if self._hearing.missed and not self._inbox.is_full:
            self._start_over()
        elif self._inbox.is_full and not len(self._sending.outbox):
            self._socket.pause()
        elif self._socket.is_paused:
            self._connection.heard(self._now())
            self._socket.resume()

    # A life after the other

    async def _run(self) -> None:
        try:
            verdict: Retry | GiveUp = Retry(0.0)
            while isinstance(verdict, Retry):
                await self._wait(verdict)
                verdict = await self._one_life(verdict.fresh_token)
            self._end(verdict.error)
        except Exception as error:
            # nobody awaits this task: whoever waits for events or an answer must hear of it
            self._end(DuologueError(f"a defect of the client: {type(error).__name__}"))
            raise

    async def _wait(self, verdict: Retry) -> None:
        if verdict.drop_cursors:
            for step in self.rooms.another_epoch():
                self._inbox.put(step)
        if verdict.after:
            self._inbox.tell(ConnectionChanged("waiting", verdict.after, self._close_code))
            await asyncio.sleep(verdict.after)

    async def _one_life(self, fresh_token: bool) -> Retry | GiveUp:
        self._inbox.tell(ConnectionChanged("connecting"))
        self._close_code = None
        self._again = False
        try:
            self._token = await (self._fresh_token() if fresh_token else self._session.token())
            self._close_code = await self._speak(self._token)
        except ApiError as error:
            return self._connection.login_failed(error)
        except HandshakeRefusedError as refusal:
            self._close_code = _close_code_of(refusal.status)
        except (Unreachable, BadAnswer, OSError) as error:
            _log.info("not connected: %s", type(error).__name__)
            self._close_code = LOST
        if self._again:
            return Retry(0.0)
        return self._connection.closed(self._close_code, self._now(), self._hearing.last_refusal)

    async def _fresh_token(self) -> str:
        token = await self._session.renewed(self._token)
        self._connection.token_renewed()
        return token

    async def _speak(self, token: str) -> int:
        self._hearing.begin()
        socket = self._socket = await open_socket(self._url, self._heard, self._alive, self._ssl_context)
        try:
            self._connection.opened(self._now())
            socket.send(self.rooms.hello(token))
            while not socket.closed.done():
                await asyncio.wait({socket.closed}, timeout=_TICK_SECONDS)
                self._look_after(socket)
            return socket.closed.result()
        finally:
            self._socket = None
            socket.cut()
            self._sending.disconnected()
            self.rooms.disconnected()
            await self._renewing.stop()
            await self._catching_up.stop()

    def _look_after(self, socket: Socket) -> None:
        now = self._now()
        flight = self._sending.outbox.oldest_flight
        if socket.is_paused:
            return
        if self._connection.is_dead(now) or (flight is not None and now - flight > _LONGEST_FLIGHT_SECONDS):
            socket.cut()
        elif self._connection.must_ask(now):
            socket.ping()

    def _end(self, error: DuologueError) -> None:
        self.ended = error
        self._sending.give_up(error)
        self._inbox.end(error)

    def _start_over(self) -> None:
        """Connect again at once, to be sent what was passed over."""
        self._again = True
        self._cut()

    # What the socket and the frames call

    def _alive(self) -> None:
        self._connection.heard(self._now())

    def _heard(self, text: bytes) -> None:
        try:
            self._hearing.take(text, self._now())
        except GapError:
            _log.info("a frame is missing: connecting again")
            self._cut()
        except msgspec.DecodeError:
            # the decoder's own words may hold a text: they stay out of the log
            _log.warning("the server sent a frame that cannot be read: connecting again")
            self._cut()
        if self._connection.is_ready:
            self._catching_up.go_on()
        self.regulate()

    def _ready(self) -> None:
        if self._socket is not None:
            self._sending.connected(self._socket.send)

    def _token_expiring(self) -> None:
        self._renewing.begin(self._token)

    def _renewed(self, token: str) -> None:
        self._token = token
        self.send(frames.auth(token))

    def _cut(self) -> None:
        if self._socket is not None:
            self._socket.cut()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _close_code_of(status: int) -> int:
    return _AS_CLOSE_CODE.get(status, LOST if status in _SERVER_ERRORS else _REFUSED_FOR_GOOD)
