"""Chat over REST, as one person."""

from collections.abc import AsyncIterator
from typing import Any, TypeVar

import httpx
import msgspec

from duologue.client.errors import BadAnswer
from duologue.client.model import Changes, Message, ReadState, Room, RoomInList
from duologue.client.session import Session

Shape = TypeVar("Shape")


class _Profile(msgspec.Struct):
    username: str


_profile = msgspec.json.Decoder(_Profile)
_room = msgspec.json.Decoder(Room)
_rooms = msgspec.json.Decoder(list[RoomInList])
_messages = msgspec.json.Decoder(list[Message])
_read_state = msgspec.json.Decoder(ReadState)
_changes = msgspec.json.Decoder(Changes)


class Rest:
    """Each method raises ApiError (NotInRoom, ResyncRequired, LoginRequired), Unreachable or BadAnswer."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def username(self) -> str:
        """Return whose login it is."""
        if self._session.username is None:
            self._session.username = _read(_profile, await self._session.request("GET", "/api/users/profile/")).username
        return self._session.username

    async def rooms(self, limit: int) -> AsyncIterator[RoomInList]:
        """Yield all rooms, the liveliest first, asking for `limit` at a time."""
        query: dict[str, Any] | None = {"limit": limit}
        while query is not None:
            answer = await self._session.request("GET", "/api/chat/rooms/", query=query)
            for room in _read(_rooms, answer):
                yield room
            query = _linked(answer, "next")

    async def open_room(self, other: str) -> Room:
        """Return the room with another person, which is made when it is new."""
        pair = {"participant_a": await self.username(), "participant_b": other}
        return _read(_room, await self._session.request("POST", "/api/chat/rooms/", body=pair))

    async def history(
        self, room: int, *, before: int | None, after: int | None, limit: int
    ) -> AsyncIterator[list[Message]]:
        """Yield pages, each oldest first: forward with `after`, back from `before` (or the newest) without."""
        places = {"before": before, "after": after, "limit": limit}
        query: dict[str, Any] | None = {name: value for name, value in places.items() if value is not None}
        while query is not None:
            answer = await self._session.request("GET", f"/api/chat/rooms/{room}/messages/", query=query)
            page = _placed(_read(_messages, answer), answer)
            if page:
                yield page
            query = _linked(answer, "prev" if after is None else "next")

    async def mark_read(self, room: int, up_to_seq: int) -> ReadState:
        """Move one's mark forward."""
        body = {"up_to_seq": up_to_seq}
        return _read(_read_state, await self._session.request("POST", f"/api/chat/rooms/{room}/read/", body=body))

    async def hide_presence(self, hidden: bool) -> None:
        """Set whether others are told that one is here."""
        await self._session.request("PATCH", "/api/chat/me/", body={"hide_presence": hidden})

    async def changes(self, room: int, since: str | None, limit: int | None = None) -> Changes:
        """Return a page of what happened since a cursor; None is the beginning."""
        query = {name: value for name, value in (("since", since), ("limit", limit)) if value is not None}
        return _read(_changes, await self._session.request("GET", f"/api/chat/rooms/{room}/changes", query=query))


def _read(decoder: "msgspec.json.Decoder[Shape]", answer: httpx.Response) -> Shape:
    try:
        return decoder.decode(answer.content)
    except msgspec.DecodeError as error:
        raise BadAnswer(f"{answer.request.method} {answer.request.url.path}: {error}") from None


def _linked(answer: httpx.Response, relation: str) -> dict[str, Any] | None:
    # of a link only the query counts: an address of somebody else's must not get the token
    link = answer.links.get(relation)
    return None if link is None else dict(httpx.URL(link["url"]).params)


def _placed(page: list[Message], answer: httpx.Response) -> list[Message]:
    # the answer may not tell the places, but nothing is missing in a page, and the link to what is before it begins
    # at its first message
    before = (_linked(answer, "prev") or {}).get("before", "1")
    return [
        message if message.seq else msgspec.structs.replace(message, seq=seq)
        for seq, message in enumerate(page, int(before))
    ]
