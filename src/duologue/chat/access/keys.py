"""The public keys that auth signs with: read again and again, so that a withdrawn one is good for nothing more."""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from types import MappingProxyType

import structlog

from duologue.chat.errors import key_not_known_yet
from duologue.contract.keys import VerifyingKeys

_log = structlog.get_logger(__name__)

# an attacker who invents key ids makes us ask auth this often and no oftener
_SECONDS_BETWEEN_READS = 2.0
# those who wait behind a first try that failed must not each wait for auth in turn
_SECONDS_UNTIL_RETRY = 0.5
_REMEMBERED = 1000

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
        # reads are counted: how many had begun when each key was first missed, and which one brought what is known
        self._begun = 0
        self._brought = 0
        self._missed: OrderedDict[str, int] = OrderedDict()
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
        if self._lacks(kid):
            return False
        async with self._reading:
            if kid in self.known:
                return True
            if self._lacks(kid):
                return False
            if time.monotonic() < self._read_again_at:
                raise key_not_known_yet()
            await self._read()
            return kid in self.known

    def _lacks(self, kid: str) -> bool:
        """Tell whether auth was asked after this key was first missed; then it has none."""
        begun = self._missed.setdefault(kid, self._begun)
        self._missed.move_to_end(kid)
        while len(self._missed) > _REMEMBERED:
            self._missed.popitem(last=False)
        return begun < self._brought

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
        self._begun += 1
        begun = self._begun
        try:
            new = await self._fetch()
        except Exception:
            self._read_again_at = time.monotonic() + _SECONDS_UNTIL_RETRY
            raise
        self._brought = begun
        self._read_again_at = time.monotonic() + _SECONDS_BETWEEN_READS
        withdrawn = self.known.keys() - new.keys()
        self.known = new
        for kid in new:
            self._missed.pop(kid, None)
        for kid in withdrawn:
            _log.warning("signing_key_withdrawn", kid=kid)
            self._missed[kid] = 0
            self._withdrawn.set()
