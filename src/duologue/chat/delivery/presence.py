"""Who is here, told to those who share a room with them. Never stored; the first to be left out under load."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable
from typing import Protocol

from duologue.chat.frames import presence_frame
from duologue.kit.websocket.frames import text_frame

# a reconnect is no departure
_GRACE_SECONDS = 5.0


class Watcher(Protocol):
    """A connection that wants to know."""

    def whisper(self, frame: bytes) -> bool:
        """Take a frame that may be left out; False when it was."""


class Presence:
    """Counts each person's connections; tells the watchers when the first comes and when the last has gone."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._connections: Counter[str] = Counter()
        self._names: dict[str, str] = {}
        self._hidden: set[str] = set()
        self._asking: Counter[str] = Counter()
        self._switched: dict[str, bool] = {}
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._watchers: dict[str, dict[Watcher, int]] = {}
        self._missed: dict[Watcher, dict[str, str]] = {}
        """By connection, the people of whom it has not been told lately: their usernames by user id."""

    def is_online(self, user_id: str) -> bool:
        """Tell whether somebody is here and wants to be seen."""
        return user_id in self._names and user_id not in self._hidden

    async def enter(self, user_id: str, username: str, hides: Awaitable[bool]) -> None:
        """Count one more connection; `hides` asks the store whether this person wants not to be seen."""
        hidden = await self._ask(user_id, hides)
        self._connections[user_id] += 1
        leaving = self._leaving.pop(user_id, None)
        if leaving is not None:
            leaving.cancel()
        if user_id in self._names:
            self.hide(user_id, hidden)
            return
        self._names[user_id] = username
        if hidden:
            self._hidden.add(user_id)
        self._tell(user_id, online=True)

    def leave(self, user_id: str) -> None:
        """Count one connection less; the last one's end is told after a moment."""
        self._connections[user_id] -= 1
        if self._connections[user_id] <= 0:
            del self._connections[user_id]
            self._leaving[user_id] = self._loop.call_later(_GRACE_SECONDS, self._gone, user_id)

    def hide(self, user_id: str, hidden: bool) -> None:
        """Be seen no longer, or again. Of somebody who is not here only the store knows."""
        if user_id in self._asking:
            self._switched[user_id] = hidden
        if user_id not in self._names or hidden == (user_id in self._hidden):
            return
        if hidden:
            self._tell(user_id, online=False)
            self._hidden.add(user_id)
        else:
            self._hidden.discard(user_id)
            self._tell(user_id, online=True)

    def watch(self, user_id: str, watcher: Watcher) -> None:
        """Tell this connection when somebody comes or goes. To be undone as often as it is done."""
        watchers = self._watchers.setdefault(user_id, {})
        watchers[watcher] = watchers.get(watcher, 0) + 1

    def unwatch(self, user_id: str, watcher: Watcher) -> None:
        """Tell it no longer."""
        watchers = self._watchers.get(user_id, {})
        watchers[watcher] = watchers.get(watcher, 0) - 1
        if watchers[watcher] <= 0:
            del watchers[watcher]
            self._missed.get(watcher, {}).pop(user_id, None)
            if not self._missed.get(watcher, True):
                del self._missed[watcher]
        if not watchers:
            self._watchers.pop(user_id, None)

    def keep_up(self, watcher: Watcher) -> None:
        """Tell a connection that reads again what was left out: how it is now, or somebody gone would stay for ever."""
        for user_id, username in self._missed.pop(watcher, {}).items():
            self._whisper([watcher], user_id, username, online=self.is_online(user_id))

    async def _ask(self, user_id: str, hides: Awaitable[bool]) -> bool:
        self._asking[user_id] += 1
        try:
            hidden = await hides
            # the switch may have been set meanwhile: then the store's answer is perhaps the older one
            return self._switched.get(user_id, hidden)
        finally:
            self._asking[user_id] -= 1
            if not self._asking[user_id]:
                del self._asking[user_id]
                self._switched.pop(user_id, None)

    def _gone(self, user_id: str) -> None:
        del self._leaving[user_id]
        self._tell(user_id, online=False)
        del self._names[user_id]
        self._hidden.discard(user_id)

    def _tell(self, user_id: str, *, online: bool) -> None:
        watchers = self._watchers.get(user_id)
        if not watchers or user_id in self._hidden or user_id not in self._names:
            return
        self._whisper(list(watchers), user_id, self._names[user_id], online=online)

    def _whisper(self, watchers: Iterable[Watcher], user_id: str, username: str, *, online: bool) -> None:
        frame = text_frame(presence_frame(username, online=online))
        for watcher in watchers:
            if not watcher.whisper(frame):
                self._missed.setdefault(watcher, {})[user_id] = username
