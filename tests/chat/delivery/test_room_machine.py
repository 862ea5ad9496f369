"""The machine runs, and finds each wrong that is built into a gate or a room."""

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from msgspec.structs import replace

from duologue.chat.delivery.subscription import Subscription
from duologue.chat.model import Done, Person, Posted
from duologue.verify.history import Attempt, Row
from duologue.verify.oracle import CHECKS, check_of
from tests.chat.delivery.model_room import PEOPLE, ModelRoom
from tests.chat.delivery.room_machine import RoomMachine
from tests.rig.tiers import amount
from tests.rig.v1_state import RoomCopy

# by number, not by luck: the same steps on every machine
_SETTINGS = settings(max_examples=amount(200, 2000), stateful_step_count=40, deadline=None, derandomize=True)
RoomMachine.TestCase.settings = _SETTINGS
TestRoom = RoomMachine.TestCase
# until it is found; nobody needs the shortest way to it
_UNTIL_FOUND = settings(
    _SETTINGS,
    max_examples=2000,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


class PassesJumps(Subscription):
    """Hands over whatever is new, whether or not it is the next."""

    __slots__ = ()

    def _continues(self, event: Done) -> bool:
        return not self._has(event)


class ForgetsToHold(Subscription):
    """What comes while the past is read is gone."""

    __slots__ = ()

    def _hold(self, event: Done, frame: bytes) -> None:
        """Nothing."""


class Repeats(Subscription):
    """Tells what it has told."""

    __slots__ = ()

    def _continues(self, event: Done) -> bool:
        return super()._continues(event) or self._has(event)


class GoesLiveTooEarly(Subscription):
    """Takes the first page for the last."""

    __slots__ = ()

    def caught_up(self, seq: int, change: int, *, more: bool) -> list[bytes]:
        frames = super().caught_up(seq, change, more=more)
        self.live = True
        return frames


class LooksAtMessagesOnly(Subscription):
    """Counts messages and lets changes through as they come."""

    __slots__ = ()

    def _continues(self, event: Done) -> bool:
        return event.seq in (self.seq, self.seq + 1) and not self._has(event)


class NeverLooksAgain(Subscription):
    """Goes live at the end of a page, whatever may have been stored since that was read."""

    __slots__ = ()

    def look_again(self) -> bool:
        return self.live and super().look_again()


@pytest.mark.parametrize(
    "gate",
    [PassesJumps, ForgetsToHold, Repeats, GoesLiveTooEarly, LooksAtMessagesOnly, NeverLooksAgain],
    ids=lambda gate: gate.__name__,
)
def test_a_gate_that_is_wrong_is_found_out(gate: type[Subscription]) -> None:
    class Wrong(RoomMachine):
        pass

    Wrong.gate = gate
    with pytest.raises((AssertionError, KeyError)):
        run_state_machine_as_test(Wrong, settings=_UNTIL_FOUND)


class Credulous(RoomCopy):
    """Believes whatever it is told: the judge is left alone."""

    def begin(self, state: Mapping[str, Any]) -> None:
        self.cursor = self.cursor or state["cursor"]

    def take(self, frame: Mapping[str, Any]) -> None:
        self.cursor = frame["cursor"]


class JudgeAlone(RoomMachine):
    """Only one check of the judge notices anything here."""

    copy = Credulous
    check = ""

    @invariant()
    def the_history_is_sound(self) -> None:
        violations = [each for each in self.judged() if check_of(each) == self.check]
        assert not violations, violations

    def who_is_live_has_all_that_was_told(self) -> None:
        """Not asked."""

    def every_copy_is_a_piece_of_the_room(self) -> None:
        """Not asked."""

    def let_everybody_catch_up(self) -> None:
        """Not asked."""

    def teardown(self) -> None:
        """Not asked."""


class Forgets(ModelRoom):
    """Answers, and has no more than six messages."""

    def post(self, sender: Person, client_id: str, content: str) -> Posted:
        posted = super().post(sender, client_id, content)
        del self.messages[6:]
        return posted


class StoresAgain(ModelRoom):
    """Does not know a client_id that it has stored."""

    def post(self, sender: Person, client_id: str, content: str) -> Posted:
        known, self.messages = self.messages, []
        posted = super().post(sender, client_id, content)
        message = replace(posted.message, id=101 + len(known), seq=1 + len(known))
        self.messages = [*known, message]
        return Posted(message, duplicate=False, change=self.change)


class Invents(ModelRoom):
    """Has an eighth message that is nobody's."""

    def post(self, sender: Person, client_id: str, content: str) -> Posted:
        if len(self.messages) == 7:
            super().post(PEOPLE[0], "nobody's", "from nowhere")
        return super().post(sender, client_id, content)


class LeavesOut(ModelRoom):
    """Has no fourth message, and counts on."""

    def rows(self) -> list[Row]:
        return [row for row in super().rows() if row.seq != 4]


class Moves(ModelRoom):
    """Lets two messages change places."""

    def rows(self) -> list[Row]:
        rows = super().rows()
        if len(rows) < 8:
            return rows
        rows[1], rows[7] = replace(rows[7], seq=2), replace(rows[1], seq=8)
        return rows


class TellsOtherWords(ModelRoom):
    """Stores what was said and tells something else."""

    def post(self, sender: Person, client_id: str, content: str) -> Posted:
        posted = super().post(sender, client_id, content)
        return replace(posted, message=replace(posted.message, content="misheard"))


class ShowsWhatWas(ModelRoom):
    """Does not show the newest message at once."""

    def look(self) -> list[Row]:
        return super().look()[:-1]


class ShowsTheFirstWords(ModelRoom):
    """Shows no edits."""

    def look(self) -> list[Row]:
        return [replace(row, content=f"words of {row.client_id}", edited_at="") for row in super().look()]


class TakesTheLastFirst(ModelRoom):
    """Stores what waits in the wrong order."""

    def take(self) -> list[Attempt]:
        return super().take()[::-1]


class LetsOneOvertake(ModelRoom):
    """The same, but only two that came one after the other over one connection."""

    def take(self) -> list[Attempt]:
        taken = super().take()
        for at, (one, other) in enumerate(itertools.pairwise(taken)):
            if one.lane == other.lane:
                taken[at : at + 2] = [other, one]
                break
        return taken


_WRONGS: list[tuple[type[ModelRoom] | type[Subscription], str]] = [
    (Forgets, "C1"),
    (StoresAgain, "C2"),
    (Invents, "C3"),
    (LeavesOut, "C4"),
    (PassesJumps, "C5"),
    (Repeats, "C5"),
    (TellsOtherWords, "C6"),
    (Moves, "C7"),
    (ShowsWhatWas, "C8"),
    (ShowsTheFirstWords, "C8"),
    (TakesTheLastFirst, "C9"),
    (LetsOneOvertake, "C9"),
]


@pytest.mark.parametrize(("wrong", "check"), _WRONGS, ids=[f"{check}-{wrong.__name__}" for wrong, check in _WRONGS])
def test_each_check_finds_its_wrong(wrong: type[ModelRoom] | type[Subscription], check: str) -> None:
    class Wrong(JudgeAlone):
        pass

    if issubclass(wrong, ModelRoom):
        Wrong.model = wrong
    else:
        Wrong.gate = wrong
    Wrong.check = check
    with pytest.raises(AssertionError, match=f"{check} "):
        run_state_machine_as_test(Wrong, settings=_UNTIL_FOUND)


def test_no_check_is_idle() -> None:
    assert {check for _, check in _WRONGS} == set(list(CHECKS)[:9])
