"""A greeting in one frame or in several: the cursors of a thousand rooms do not fit into one."""

from duologue.chat.errors import invalid
from duologue.chat.frames import Hello
from duologue.chat.wire import decode, decoder

# some hundred rooms in each: more than anybody has
_MOST_FRAMES = 16

_hello_in = decoder(Hello)


class Greeting:
    """What a client has said so far."""

    __slots__ = ("_frames", "_rooms", "_since", "_token")

    def __init__(self) -> None:
        self._frames = 0
        self._token: str | None = None
        self._since: str | None = None
        self._rooms: dict[str, str] | None = None

    def take(self, text: str) -> Hello | None:
        """Take a frame; return the whole greeting after the last one. Raise Problem."""
        hello = decode(_hello_in, text)
        self._frames += 1
        if self._frames > _MOST_FRAMES:
            raise invalid({"more": [f"At most {_MOST_FRAMES} frames."]})
        self._token = hello.token or self._token
        # an empty one is no cursor, and is told so: without one what was missed would be left out
        self._since = self._since if hello.since is None else hello.since
        if hello.rooms is not None:
            self._rooms = {**(self._rooms or {}), **hello.rooms}
        return None if hello.more else Hello(self._token, self._since, self._rooms)
