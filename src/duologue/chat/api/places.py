"""The rooms of one v1 connection: how it comes in, continues from its cursors, and goes."""

from collections.abc import Iterable, Sequence

from duologue.chat.api.dialect import Peer
from duologue.chat.api.resuming import Resuming
from duologue.chat.delivery.catch_up import CatchUp
from duologue.chat.delivery.subscription import Subscription
from duologue.chat.errors import invalid, not_found
from duologue.chat.frames import Hello, Limits, RoomState, ready_frame, room_state, rooms_frame
from duologue.chat.model import Person, Reading, Room, Standing
from duologue.chat.service import Chat
from duologue.contract.claims import AccessClaims
from duologue.kit.websocket import CloseCode
from duologue.kit.websocket.frames import text_frame

# states in one frame, and rooms in one statement
_CHUNK = 200


class Places:
    """Where a connection is. Without `room_id`: in all of the person's rooms, also in those to come."""

    __slots__ = (
        "_catch_up",
        "_chat",
        "_entered",
        "_hello",
        "_opened_meanwhile",
        "_places",
        "_room_id",
        "_socket",
        "_subscriptions",
        "_who",
    )

    def __init__(self, chat: Chat, socket: Peer, room_id: int | None, hello: Hello) -> None:
        self._chat = chat
        self._socket = socket
        self._room_id = room_id
        self._hello = hello
        self._who: AccessClaims | None = None
        self._subscriptions: dict[int, Subscription] = {}
        self._places: dict[int, tuple[Room, Person]] = {}
        self._opened_meanwhile: list[Room] | None = []
        self._catch_up = CatchUp(chat.store, socket, lambda: chat.reads.alone(socket.user_id))
        self._entered = False

    async def join(self, who: AccessClaims) -> None:
        """Come in: listen first, then read. Raise Problem."""
        self._who = who
        # only this needs the greeting: the cursors of a thousand rooms are not kept for as long as the socket lives
        hello, self._hello = self._hello, Hello()
        resuming = Resuming(self._chat.store.epoch, hello, self._room_id)
        room_ids = await self._listen(who)
        await self._be_seen(who)
        standings = [
            standing
            for start in range(0, len(room_ids), _CHUNK)
            for standing in await self._read(who, room_ids[start : start + _CHUNK])
        ]
        resync = [text_frame(frame) for standing in standings for frame in resuming.refusals(standing)]
        for start in range(0, len(resync), _CHUNK):
            await self._socket.writable()
            self._socket.send_all(resync[start : start + _CHUNK])
        if resuming.foreign:
            self._socket.close(CloseCode.EPOCH_CHANGED, "epoch changed")
            return
        await self._greet(who, standings, resuming)
        self._go_live(standings, resuming)

    def find(self, room_id: int | None) -> tuple[Room, Person]:
        """Return a room with the person's place in it. Raise Problem."""
        if room_id is None:
            if self._room_id is None:
                raise invalid({"room": ["This field is required on the socket of all rooms."]})
            room_id = self._room_id
        place = self._places.get(room_id)
        if place is None:
            raise not_found()
        return place

    def bring_up(self, subscription: Subscription) -> None:
        """Read what is missing in a room."""
        place = self._places.get(subscription.room_id)
        if place is not None:
            self._catch_up.add(place[0], subscription)

    def opened(self, room: Room) -> None:
        """Be in a room that has just been opened."""
        if room.id in self._subscriptions:
            return
        # listen at once, also while coming in: what is said there before the room is announced is held
        self._subscribe([room.id])
        if self._opened_meanwhile is None:
            self._announce(room)
        else:
            self._opened_meanwhile.append(room)

    def leave(self) -> None:
        """Leave all rooms."""
        self._catch_up.stop()
        for subscription in self._subscriptions.values():
            self._chat.hub.unsubscribe(subscription)
        if self._who is None:
            return
        self._chat.hub.unfollow(self._who.sub, self._socket)
        for room, me in self._places.values():
            self._chat.presence.unwatch(room.other(me).user_id, self._socket)
        if self._entered:
            self._chat.presence.leave(self._who.sub)
        self._subscriptions, self._places, self._entered = {}, {}, False

    async def _listen(self, who: AccessClaims) -> Sequence[int]:
        """Be offered everything from now on; what it is, is read afterwards."""
        if self._room_id is None:
            self._chat.hub.follow(who.sub, self._socket)
            room_ids = await self._chat.store.rooms_with(who.sub)
        else:
            await self._chat.rooms.for_member(who, self._room_id)
            room_ids = [self._room_id]
        self._subscribe(room_ids)
        return room_ids

    def _subscribe(self, room_ids: Iterable[int]) -> None:
        for room_id in room_ids:
            if room_id in self._subscriptions:
                continue
            settings = self._chat.settings
            # what is held leaves in one go, and must not be too much for somebody who has just arrived
            subscription = Subscription(room_id, settings.held_events, settings.queued_bytes // 2)
            self._subscriptions[room_id] = subscription
            self._chat.hub.subscribe(subscription, self._socket)

    async def _be_seen(self, who: AccessClaims) -> None:
        await self._chat.presence.enter(who.sub, who.username, self._chat.store.hides_presence(who.sub))
        self._entered = True

    async def _read(self, who: AccessClaims, room_ids: Sequence[int]) -> list[Standing]:
        standings = await self._chat.store.standings(who.sub, room_ids)
        return [standing for standing in standings if self._take_place(standing)]

    def _take_place(self, standing: Standing) -> bool:
        room, who = standing.room, self._who
        me = None if who is None else room.member(who.sub)
        # the name too: after auth's data was replaced an id may be somebody else's
        if who is None or me is None or me.username != who.username:
            self._chat.hub.unsubscribe(self._subscriptions.pop(room.id))
            return False
        self._places[room.id] = (room, me)
        self._chat.presence.watch(room.other(me).user_id, self._socket)
        return True

    async def _greet(self, who: AccessClaims, standings: Sequence[Standing], resuming: Resuming) -> None:
        limits = Limits.of(self._chat.settings)
        if self._room_id is not None:
            state = self._state(standings[0], resuming.point(standings[0]))
            self._socket.send_all([text_frame(ready_frame(who.username, who.exp, limits, state))])
            return
        for start in range(0, len(standings), _CHUNK):
            await self._socket.writable()
            # made now: who is here changes while a slow reader takes the first ones
            states = [self._state(each, resuming.point(each)) for each in standings[start : start + _CHUNK]]
            self._socket.send_all([text_frame(rooms_frame(states))])
        self._socket.send_all([text_frame(ready_frame(who.username, who.exp, limits, None))])

    def _go_live(self, standings: Sequence[Standing], resuming: Resuming) -> None:
        for standing in standings:
            subscription = self._subscriptions[standing.room.id]
            point = resuming.point(standing)
            if point == (standing.seq, standing.change):
                frames = subscription.caught_up(*point, more=False)
                if frames:
                    self._socket.send_all(frames)
            else:
                subscription.stand_at(*point)
            if not subscription.live:
                self._catch_up.add(standing.room, subscription)
        opened, self._opened_meanwhile = self._opened_meanwhile or [], None
        for room in opened:
            if room.id not in self._places:
                self._announce(room)

    def _announce(self, room: Room) -> None:
        # nothing had happened there when this connection began to listen: whoever opens a room is told of it after that
        standing = Standing(room, 0, 0, [Reading(p.number, 0) for p in room.participants], 0)
        if not self._take_place(standing):
            return
        subscription = self._subscriptions[room.id]
        told = text_frame(rooms_frame([self._state(standing, (0, 0))]))
        self._socket.send_all([told, *subscription.caught_up(0, 0, more=False)])
        if not subscription.live:
            self._catch_up.add(room, subscription)

    def _state(self, standing: Standing, at: tuple[int, int]) -> RoomState:
        room, me = self._places[standing.room.id]
        online = [person.username for person in room.participants if self._chat.presence.is_online(person.user_id)]
        return room_state(self._chat.store.epoch, standing, me.number, at, online)
