"""Everything that chat's actions work with, made once at start."""

import asyncio
import contextlib
from dataclasses import dataclass

from duologue.chat.access.allowance import Allowance
from duologue.chat.access.auth_service import AuthService
from duologue.chat.access.keys import Keys
from duologue.chat.access.reads import Reads
from duologue.chat.access.revocations import Revocations
from duologue.chat.access.rooms import Rooms
from duologue.chat.access.tokens import Tokens
from duologue.chat.access.waiting import Waiting
from duologue.chat.delivery.group_commit import GroupCommit
from duologue.chat.delivery.heartbeat import Heartbeat
from duologue.chat.delivery.hub import Hub
from duologue.chat.delivery.presence import Presence
from duologue.chat.delivery.typing import Typing
from duologue.chat.settings import ChatSettings
from duologue.chat.store.api import Store


@dataclass(frozen=True, slots=True)
class Chat:
    """The parts, wired. Made inside the running event loop."""

    settings: ChatSettings
    store: Store
    auth: AuthService
    revocations: Revocations
    keys: Keys
    tokens: Tokens
    waiting: Waiting
    rooms: Rooms
    hub: Hub
    typing: Typing
    presence: Presence
    writer: GroupCommit
    heartbeat: Heartbeat
    sends: Allowance
    openings: Allowance
    signals: Allowance
    reads: Reads

    @property
    def ready(self) -> bool:
        """Whether messages can be stored."""
        return self.store.healthy and self.writer.alive

    async def listen_to_auth(self) -> None:
        """Hear what auth has to say before anybody comes in, or that it is away: then start all the same."""
        self.keys.start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.auth_timeout):
                await self.keys.looked.wait()
                await self.revocations.looked.wait()

    async def close(self) -> None:
        """Store and answer what has begun, then let go."""
        await self.revocations.close()
        await self.keys.close()
        await self.heartbeat.close()
        await self.writer.close()
        await self.store.close()
        await self.auth.close()


def assemble(settings: ChatSettings, store: Store, auth: AuthService) -> Chat:
    """Wire the parts."""
    hub = Hub(store.epoch)
    heartbeat = Heartbeat()
    revocations = Revocations(auth.ended_sessions, settings.revocation_interval, heartbeat.revoke)
    keys = Keys(auth.fetch_keys, settings.key_interval, heartbeat.revoke)
    return Chat(
        settings=settings,
        store=store,
        auth=auth,
        revocations=revocations,
        keys=keys,
        tokens=Tokens(settings.issuer, keys, revocations.is_ended),
        waiting=Waiting(settings.waiting_sockets, settings.auth_deadline),
        rooms=Rooms(store),
        hub=hub,
        typing=Typing(hub),
        presence=Presence(),
        writer=GroupCommit(store, hub, settings.writer_queue),
        heartbeat=heartbeat,
        sends=Allowance(settings.sends_per_second, settings.sends_burst),
        openings=Allowance(settings.rooms_per_minute / 60, settings.rooms_burst),
        signals=Allowance(settings.signals_per_second, settings.signals_burst),
        reads=Reads(settings.reads_per_second, settings.reads_burst),
    )
