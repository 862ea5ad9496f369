"""The lookup is the permission check: a room comes out of here only for somebody who is in it."""

from collections import OrderedDict

from duologue.chat.errors import not_found
from duologue.chat.model import Person, Room
from duologue.chat.store.api import Store
from duologue.contract.claims import AccessClaims

_KEPT = 50_000
_LARGEST_ID = 2**63 - 1


class Rooms:
    """Rooms by id, as one caller sees them. The members of a pair never change, so a room is read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[int, Room] = OrderedDict()

    async def for_member(self, who: AccessClaims, room_id: int) -> tuple[Room, Person]:
        """Return the room and the caller's place in it. Raise the same Problem for "not yours" and "not there"."""
        room = self._kept.get(room_id)
        if room is None:
            if not 0 < room_id <= _LARGEST_ID:
                raise not_found()
            room = await self._store.room(room_id)
            if room is None:
                raise not_found()
            self.keep(room)
        member = room.member(who.sub)
        # the name too: after auth's data was replaced an id may be somebody else's
        if member is None or member.username != who.username:
            raise not_found()
        return room, member

    def keep(self, room: Room) -> None:
        """Remember a room."""
        if len(self._kept) >= _KEPT:
            self._kept.popitem(last=False)
        self._kept[room.id] = room
