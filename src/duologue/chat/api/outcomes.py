"""Waiting for what the one queue makes of a write."""

import asyncio
from typing import TypeVar

from duologue.chat.errors import Problem
from duologue.chat.model import MarkMoved, Posted, Rewritten

Outcome = TypeVar("Outcome", Posted, Rewritten, MarkMoved)


class Waiting(asyncio.Future[Outcome]):
    """The outcome of one write, to await; pass `settle` as its reply. Raises the Problem that it was refused with."""

    def settle(self, _: object, result: Outcome | Problem) -> None:
        """Take the outcome."""
        # the caller may have gone away meanwhile; what was stored is stored all the same
        if self.done():
            return
        if isinstance(result, Problem):
            self.set_exception(result)
        else:
            self.set_result(result)
