"""Which faults, when: the same for the same seed."""

import random
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """A fault; the value is its name in reports."""

    CUT = "connections reset"
    CUT_SENDING = "reset inside a frame being sent"
    CUT_RECEIVING = "reset inside a frame being received"
    STALL = "readers stalled"
    STORM = "reconnect storms"
    REFRESH = "tokens refreshed in-band"
    KILL = "SIGKILL"
    STOP = "SIGTERM"


SERVER_FAULTS = frozenset({Kind.KILL, Kind.STOP})
_WEIGHTS = {
    Kind.CUT: 4,
    Kind.CUT_SENDING: 4,
    Kind.CUT_RECEIVING: 4,
    Kind.STALL: 3,
    Kind.STORM: 1,
    Kind.REFRESH: 1,
}
_SECONDS_BETWEEN = (0.15, 0.8)
# a server that is killed again while it starts would prove little
_SECONDS_BETWEEN_KILLS = (2.5, 7.0)
_FIRST_KILL = (0.6, 1.5)


@dataclass(frozen=True, slots=True)
class Fault:
    """`at`: seconds after the beginning. `target` and `strength`: 0 to 1, which connection and how long."""

    at: float
    kind: Kind
    target: float
    strength: float


def chance(seed: int, name: str) -> random.Random:
    """Return a source of chance of its own for each part, so that one's pace does not change another's dice."""
    return random.Random(f"{seed} {name}")  # noqa: S311 - repeatable on purpose, no secret comes from it


def plan(seed: int, seconds: float, *, own_server: bool) -> list[Fault]:
    """Return all faults of a run, in their order."""
    faults = []
    dice = chance(seed, "faults")
    at = dice.uniform(*_SECONDS_BETWEEN)
    while at < seconds:
        (kind,) = dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
        faults.append(Fault(at, kind, dice.random(), dice.random()))
        at += dice.uniform(*_SECONDS_BETWEEN)
    return sorted([*faults, *(_ends(seed, seconds) if own_server else [])], key=lambda fault: fault.at)


def _ends(seed: int, seconds: float) -> list[Fault]:
    dice = chance(seed, "ends")
    faults: list[Fault] = []
    at = dice.uniform(*_FIRST_KILL)
    while at < seconds:
        # the first one is a kill: the shortest run has one
        kind = Kind.KILL if not faults or dice.random() < 0.75 else Kind.STOP
        faults.append(Fault(at, kind, dice.random(), dice.random()))
        at += dice.uniform(*_SECONDS_BETWEEN_KILLS)
    return faults
