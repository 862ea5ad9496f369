"""Which logins have ended: asked of auth again and again, remembered as long as a token of theirs could be alive."""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import structlog

from duologue.contract.claims import AccessClaims
from duologue.contract.ended_sessions import EndedSessions, digest_of

_log = structlog.get_logger(__name__)

_SECONDS_WHILE_AWAY = 2.0
# when many logins end one after the other, one look finds several
_SECONDS_TO_GATHER = 0.1
# a socket that was let in while the news of its login's end arrived is found by the next look at all of them
_SECONDS_BETWEEN_SWEEPS = 5.0
# nobody can push an end out of here: each login costs auth a password's hash, some thirty a second and core
_REMEMBERED = 100_000

Fetch = Callable[[str], Awaitable[EndedSessions]]
Tell = Callable[[], Awaitable[None]]


class Revocations:
    """Knows the logins whose tokens are good by signature and by clock, and are to be refused all the same.

    `fetch` reads the list from a place on; `tell` is called when sockets may have to close. While auth is away
    nothing new is heard, and a token is taken until it expires.
    """

    def __init__(self, fetch: Fetch, interval: float, tell: Tell) -> None:
        self._fetch = fetch
        self._interval = interval
        self._tell = tell
        self._place = ""
        # until when each digest matters, by the monotonic clock; longer when the clock on the wall was set back
        self._ended: OrderedDict[str, float] = OrderedDict()
        self._sweep_at = 0.0
        self._fastest = 0.0
        self._away = False
        self._hurry = asyncio.Event()
        self.looked = asyncio.Event()
        """Set once auth was asked for the first time, whatever became of that."""
        self._loop = asyncio.get_running_loop()
        self._running = self._loop.create_task(self._run(), name="revocations")

    def is_ended(self, claims: AccessClaims) -> bool:
        """Tell whether the login behind a token is known to have ended."""
        return bool(self._ended) and digest_of(claims.sid) in self._ended

    def hurry(self) -> None:
        """Look soon: a login has ended. From any thread."""
        self._loop.call_soon_threadsafe(self._hurry.set)

    async def close(self) -> None:
        """Stop asking."""
        self._running.cancel()
        await asyncio.wait([self._running])

    async def _run(self) -> None:
        while True:
            self._hurry.clear()
            known = await self._catch_up()
            self.looked.set()
            self._forget()
            await self._sweep()
            await self._rest(self._interval if known else max(self._interval, _SECONDS_WHILE_AWAY))

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
            await asyncio.sleep(_SECONDS_TO_GATHER)

    async def _catch_up(self) -> bool:
        """Read what is new, and tell whether that worked."""
        try:
            more = True
            while more:
                page = await self._fetch(self._place)
                # one that says "more" at the same place would keep us busy for ever
                more = page.more and page.next != self._place
                self._place = page.next
                self._take(page)
        except Exception as error:  # noqa: BLE001 - it is logged; whatever it was, the next try must come
            if not self._away:
                _log.warning("ended_sessions_unknown", why=str(error) or type(error).__name__)
            self._away = True
            return False
        if self._away:
            _log.info("ended_sessions_known_again")
        self._away = False
        return True

    def _take(self, page: EndedSessions) -> None:
        until = time.monotonic() + page.keep
        for digest in page.ended:
            if digest not in self._ended:
                self._ended[digest] = until
                self._sweep_at = 0.0
        while len(self._ended) > _REMEMBERED:
            self._ended.popitem(last=False)

    def _forget(self) -> None:
        # a token that is yet to come after the clock was set back is good again when its time has come
        ahead = time.time() - time.monotonic()
        self._fastest = max(self._fastest, ahead)
        now = time.monotonic() - (self._fastest - ahead)
        while self._ended and next(iter(self._ended.values())) <= now:
            self._ended.popitem(last=False)

    async def _sweep(self) -> None:
        now = time.monotonic()
        if self._ended and now >= self._sweep_at:
            self._sweep_at = now + _SECONDS_BETWEEN_SWEEPS
            await self._tell()
