"""The public keys that auth signs with: read again and again, so that a withdrawn one is good for nothing more."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from types import MappingProxyType

import structlog

from duologue.chat.errors import key_not_known_yet
from duologue.contract.keys import VerifyingKeys, made_at

_log = structlog.get_logger(__name__)

# an attacker who invents key ids makes us ask auth this often and no oftener
_SECONDS_BETWEEN_READS = 2.0
# those who wait behind a first try that failed must not each wait for auth in turn
_SECONDS_UNTIL_RETRY = 0.5
# the clocks of auth and chat may differ by as much
_SECONDS_OF_SKEW = 30.0

Fetch = Callable[[], Awaitable[VerifyingKeys]]
Tell = Callable[[], Awaitable[None]]


class Keys:
    """Auth's keys as they were read last, every `interval` seconds and when a token names another one.

    `tell` is called when sockets may have to close. While auth is away the keys stay as they are.
    """

    def __init__(self, fetch: Fetch, interval: float, tell: Tell) -> None:
        self.known: VerifyingKeys = MappingProxyType({})
        self.looked = asyncio.Event()
        """Set once auth was asked for the first time, whatever became of that."""
        self._fetch = fetch
        self._interval = interval
        self._tell = tell
        # when what is known was asked for, by the clock on the wall: keys bear its time
        self._read_at = 0.0
        self._gone: set[str] = set()
        self._failed = False
        self._read_again_at = 0.0
        self._reading = asyncio.Lock()
        self._withdrawn = asyncio.Event()
        self._away = False
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Read them, and from now on again and again."""
        self._running = asyncio.get_running_loop().create_task(self._run(), name="keys")

    async def close(self) -> None:
        """Stop that."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def look_for(self, kid: str) -> bool:
        """Tell whether auth has this key, which is not among the known ones.

        Raise Problem `auth_unavailable` when that is not known now: a good token must not be refused for good because
        its key is newer than what we have.
        """
        async with self._reading:
            if kid in self.known:
                return True
            if time.monotonic() >= self._read_again_at:
                await self._read()
            elif self._failed or self._may_be_new(kid):
                raise key_not_known_yet()
            return kid in self.known

    def _may_be_new(self, kid: str) -> bool:
        """Tell whether auth can have made this key since it was asked; ids of another form never come that suddenly."""
        made = made_at(kid)
        if made is None or kid in self._gone:
            return False
        return self._read_at - _SECONDS_OF_SKEW <= made <= time.time() + _SECONDS_OF_SKEW

    async def _run(self) -> None:
        await self._refresh()
        self.looked.set()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._withdrawn.wait()
            if self._withdrawn.is_set():
                # here, and not where it was found: a socket's task ends with the socket, which may be a stranger's
                self._withdrawn.clear()
                await self._tell()
            else:
                await self._refresh()

    async def _refresh(self) -> None:
        try:
            async with self._reading:
                await self._read()
        except Exception as error:  # noqa: BLE001 - it is logged; whatever it was, the next try must come
            if not self._away:
                _log.warning("signing_keys_unknown", why=str(error) or type(error).__name__)
            self._away = True
            return
        if self._away:
            _log.info("signing_keys_known_again")
        self._away = False

    async def _read(self) -> None:
        began = time.time()
        try:
            new = await self._fetch()
        except Exception:
            self._failed = True
            self._read_again_at = time.monotonic() + _SECONDS_UNTIL_RETRY
            raise
        self._failed = False
        self._read_at = began
        self._read_again_at = time.monotonic() + _SECONDS_BETWEEN_READS
        withdrawn = self.known.keys() - new.keys()
        self.known = new
        self._gone |= withdrawn
        for kid in withdrawn:
            _log.warning("signing_key_withdrawn", kid=kid)
            self._withdrawn.set()
