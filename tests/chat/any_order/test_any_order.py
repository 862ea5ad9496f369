"""Whatever runs when: nothing is lost, told twice, left out or told in another order, and all comes to rest."""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from duologue.chat import service
from duologue.chat.api import places
from duologue.chat.delivery.hub import Hub, Listener
from duologue.chat.delivery.subscription import Subscription
from duologue.chat.model import Done, Room
from duologue.verify.oracle import check_of
from tests.chat.any_order.world import Run, run, template
from tests.rig.tiers import amount

pytestmark = pytest.mark.slow
_UNTIL_FOUND = 100
_ONCE_WANTING = (4483,)
"""A reader who was to look again while it read the past never did: they are tried each time."""
_HEARD = {
    "ready", "rooms", "sync", "message", "edited", "deleted", "read", "ack", "typing", "presence",
    "overloaded", "outcome_unknown", "message_deleted",
}  # fmt: skip


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with nothing in it."""
    return template(tmp_path_factory.mktemp("template"))


def each(seeds: Iterable[int], empty: Path, folder: Path) -> Iterator[Run]:
    for seed in seeds:
        own = folder / f"seed {seed}"
        own.mkdir(parents=True)
        yield run(seed, empty, own)
        shutil.rmtree(own)


def test_any_order_is_a_good_order(empty: Path, tmp_path: Path) -> None:
    """A seed that is found wanting goes on doing so: `run(seed, …)` is all that it takes to see it again."""
    kinds: Counter[str] = Counter()
    closes: Counter[int] = Counter()
    for done in each(dict.fromkeys([*_ONCE_WANTING, *range(amount(200, 5000))]), empty, tmp_path):
        assert not done.violations, (done.seed, done.violations)
        kinds += done.kinds
        closes += done.closes
    # it was no idle world, and no connection was closed that did nothing wrong
    assert set(kinds) == _HEARD
    assert set(closes) == {1000, 4429}


def test_a_seed_is_the_same_again_and_another_one_is_not(empty: Path, tmp_path: Path) -> None:
    first, again, other = (next(each([seed], empty, tmp_path / str(n))).trace for n, seed in enumerate((7, 7, 8)))
    assert len(first) > 20
    assert first == again
    assert first != other


class TellsBackwards(Hub):
    """Passes on in the wrong order what one commit has stored in a room."""

    def deliver(self, events: Iterable[tuple[Room, Done]], answers: Iterable[tuple[Listener, bytes]] = ()) -> None:
        super().deliver(list(events)[::-1], answers)


class LooksNeverAgain(Hub):
    """Lets nobody look at what nobody says again, as no mark is whose outcome was lost: there is no answer to it."""

    def look_again(self, room_ids: Iterable[int]) -> None:
        """Nothing."""


class AcceptsGaps(Subscription):
    """Hands over whatever is new, whether or not it is the next."""

    __slots__ = ()

    def _continues(self, event: Done) -> bool:
        return not self._has(event)

    def _step(self, event: Done) -> None:
        self.seq, self.change = event.seq, event.change


class JoinsWithoutTheHeld(Subscription):
    """Goes live after the last page, and what was held is gone."""

    __slots__ = ()

    def caught_up(self, seq: int, change: int, *, more: bool) -> list[bytes]:
        super().caught_up(seq, change, more=more)
        return []


class ForgetsToHold(Subscription):
    """Goes live where the page ends, as if nothing had happened meanwhile."""

    __slots__ = ()

    def _hold(self, event: Done, frame: bytes) -> None:
        """Nothing."""


_WRONGS: list[tuple[ModuleType, str, type, set[str]]] = [
    (service, "Hub", TellsBackwards, {"C5"}),
    (service, "Hub", LooksNeverAgain, {"C10"}),
    (places, "Subscription", AcceptsGaps, {"C5"}),
    (places, "Subscription", JoinsWithoutTheHeld, {"C5"}),
    (places, "Subscription", ForgetsToHold, {"C10"}),
]


@pytest.mark.parametrize(("where", "name", "wrong", "checks"), _WRONGS, ids=[each[2].__name__ for each in _WRONGS])
def test_what_is_wrong_is_found(
    where: ModuleType, name: str, wrong: type, checks: set[str], empty: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(where, name, wrong)
    found: set[str] = set()
    for done in each(range(_UNTIL_FOUND), empty, tmp_path):
        found |= {check_of(violation) for violation in done.violations}
        if found >= checks:
            return
    raise AssertionError(f"only {found}")
