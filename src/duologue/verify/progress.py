"""A line a second on a terminal, one in fifteen seconds elsewhere; always on stderr."""

import asyncio
import sys
from typing import TextIO

from duologue.verify.cast import Cast
from duologue.verify.scene import Scene

_QUIET_SECONDS = 15


class Progress:
    """Says how far it is."""

    def __init__(self, out: TextIO = sys.stderr) -> None:
        self._out = out
        self._terminal = out.isatty()

    def say(self, text: str) -> None:
        """Say what happens now."""
        print(text, file=self._out, flush=True)

    async def run(self, scene: Scene, cast: Cast, seconds: float) -> None:
        """Count down, until cancelled."""
        for passed in range(1, round(seconds) + 1):
            await asyncio.sleep(1)
            if self._terminal or passed % _QUIET_SECONDS == 0:
                self.say(_line(scene, cast, round(seconds) - passed))


def _line(scene: Scene, cast: Cast, left: int) -> str:
    counts, faults = scene.counts, scene.faults
    kills = faults["SIGKILL"] + faults["SIGTERM"]
    return (
        f"{left:4} s left | sent {counts['sent']:,} | acknowledged {counts['acknowledged']:,} | "
        f"unanswered {cast.unanswered:,} | delivered {counts['delivered']:,} | "
        f"reconnects {counts['reconnects']:,} | kills {kills}"
    )
