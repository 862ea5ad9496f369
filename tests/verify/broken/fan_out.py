"""Hands frames out wrongly: `drops`, `doubles`, `swaps` or `garbles` one of so many. The first argument says which."""

import itertools
import sys
from collections.abc import Callable, Sequence
from typing import Any

from duologue import cli
from duologue.chat.api.chat_socket import ChatSocket

_EVERY = 25
_count = itertools.count(1)
_deliver = ChatSocket.deliver
_kept_back: dict[Any, bytes] = {}

Frames = Sequence[bytes]


def drops(listener: Any, frames: Frames) -> Frames:
    return frames[1:]


def doubles(listener: Any, frames: Frames) -> Frames:
    return [frames[0], *frames]


def swaps(listener: Any, frames: Frames) -> Frames:
    if len(frames) > 1:
        return [frames[1], frames[0], *frames[2:]]
    _kept_back[listener] = frames[0]
    return []


def garbles(listener: Any, frames: Frames) -> Frames:
    return [frames[0].replace(b" says ", b" sang "), *frames[1:]]


_WRONGS: dict[str, Callable[[Any, Frames], Frames]] = {
    "drops": drops,
    "doubles": doubles,
    "swaps": swaps,
    "garbles": garbles,
}
_wrong = _WRONGS[sys.argv.pop(1)]


def _wrongly(listener: Any, frames: Frames) -> None:
    late = _kept_back.pop(listener, None)
    if late is not None:
        frames = [*frames, late]
    elif next(_count) % _EVERY == 0:
        frames = _wrong(listener, frames)
    if frames:
        _deliver(listener, frames)


ChatSocket.deliver = _wrongly  # type: ignore[assignment]
sys.exit(cli.main())
