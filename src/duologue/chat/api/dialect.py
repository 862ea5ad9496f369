"""What a socket speaks once it is known who is there."""

from collections.abc import Callable
from typing import Protocol

from duologue.chat.delivery.catch_up import Outlet
from duologue.chat.delivery.hub import Listener
from duologue.chat.delivery.subscription import Subscription
from duologue.chat.errors import Problem
from duologue.chat.model import Room
from duologue.contract.claims import AccessClaims
from duologue.kit.websocket import CloseCode


class Peer(Listener, Outlet, Protocol):
    """The socket, as its dialect sees it."""

    pending: int
    """Frames that were taken and are not answered yet."""
    send: Callable[[bytes], object]
    """Queue a ready frame."""

    def close(self, code: CloseCode, reason: str = "") -> None:
        """Say why and close."""

    def authenticate(self, token: str) -> None:
        """Verify a fresh token for the same person."""

    def become_v1(self, hello_text: str) -> None:
        """Change from the plain dialect. Raise Problem."""


class Dialect(Protocol):
    """One way to speak. Frames come in by `received`; what it raises is told to the peer."""

    async def join(self, who: AccessClaims) -> None:
        """Come in. Raise Problem for somebody who does not belong here."""

    def say_first(self) -> None:
        """Say what came with a frame that carried a token, once that is verified. Raise Problem."""

    def received(self, text: str) -> None:
        """Take a frame. Raise Problem."""

    def renewed(self, who: AccessClaims) -> None:
        """A fresh token was shown."""

    def beat(self, who: AccessClaims, left: float) -> None:
        """Look after oneself; `left`: the seconds that the token lives on."""

    def fell_behind(self, subscription: Subscription) -> None:
        """Something is missing."""

    def room_opened(self, room: Room) -> None:
        """The person is in a new room."""

    def leave(self) -> None:
        """The connection is gone."""


class FrameRefused(Exception):  # noqa: N818 - the answer, not an accident
    """A frame that had no effect, with what the answer says about it."""

    def __init__(
        self, problem: Problem, client_id: str | None, *, room: int | None = None, about: str | None = None
    ) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.client_id = client_id
        self.room = room
        self.about = about
