"""The judge is judged: each wrong that is done to a sound history is found, and by the check that names it."""

from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from duologue.verify.history import History
from duologue.verify.oracle import CHECKS, check_of, verdict
from tests.verify.sound import DELETED, EDITED, SIZE, alter, sound, stranger

Wrong = Callable[[History], object]


def test_a_sound_history_is_sound() -> None:
    assert verdict(sound()) == []


def lose(history: History) -> None:
    history.final[1] = [replace(row, seq=n) for n, row in enumerate(history.final[1][:4] + history.final[1][5:], 1)]


def lose_the_last(history: History) -> None:
    history.final[1].pop()


def alter_the_words(history: History) -> None:
    alter(history, 3, content="something else")


def move_what_was_acknowledged(history: History) -> None:
    acknowledged = next(a for a in history.attempts if a.outcome == "ok")
    acknowledged.seq = 7


def answer_with_another_row(history: History) -> None:
    next(a for a in history.attempts if a.outcome == "ok").id = 999


def double(history: History) -> None:
    history.final[1].append(replace(history.final[1][2], id=999, seq=SIZE + 1))


def give_a_number_twice(history: History) -> None:
    alter(history, 5, seq=4)


def phantom(history: History) -> None:
    history.final[1].append(stranger(content="nobody's", client_id="new"))


def store_what_was_refused(history: History) -> None:
    history.final[1].append(stranger(content="never", client_id="refused"))


def invent_an_edit(history: History) -> None:
    alter(history, EDITED, content="nobody wrote this")


def gap(history: History) -> None:
    history.final[1] = [replace(row, seq=row.seq + (row.seq > 6)) for row in history.final[1]]


def miss_the_first(history: History) -> None:
    del history.heard["bob's"][0]


def begin_too_early(history: History) -> None:
    history.since["late"] = {1: 6}


def skip_a_frame(history: History) -> None:
    del history.heard["bob's"][5]


def repeat_a_frame(history: History) -> None:
    history.heard["bob's"].insert(5, history.heard["bob's"][5])


def swap_frames(history: History) -> None:
    frames = history.heard["late"]
    frames[1], frames[2] = frames[2], frames[1]


def begin_again(history: History) -> None:
    history.heard["late"] += history.heard["late"]


def bend_a_frame(history: History) -> None:
    history.heard["bob's"][4] = replace(history.heard["bob's"][4], content="misheard")


def hear_what_is_not_there(history: History) -> None:
    history.heard["bob's"].append(replace(history.final[1][-1], seq=SIZE + 1))


def swap(history: History) -> None:
    rows = history.final[1]
    rows[2], rows[6] = replace(rows[6], seq=3), replace(rows[2], seq=7)
    history.heard.clear()
    for attempt in history.attempts:
        attempt.seq = None


def read_stale(history: History) -> None:
    history.sights[2].row = None


def read_another_message(history: History) -> None:
    history.sights[2].row = history.final[1][8]


def read_the_words_before_the_edit(history: History) -> None:
    sight = history.sights[SIZE]
    assert sight.row is not None
    sight.row = replace(sight.row, content=f"text {EDITED}", edited_at="")


def overtake_on_one_connection(history: History) -> None:
    """Both under way at once, so that only the sender's own order is broken."""
    ok = [a for a in history.attempts if a.outcome == "ok" and a.sender == "bob"]
    early, late = ok[0], ok[1]
    for name in ("client_id", "content", "id", "seq"):
        mine, others = getattr(early, name), getattr(late, name)
        setattr(early, name, others)
        setattr(late, name, mine)
    for attempt in history.attempts:
        attempt.began = 0


def end_without_the_last(history: History) -> None:
    del history.folds["bob's"][1].rows[SIZE]


def end_with_the_words_before_the_edit(history: History) -> None:
    rows = history.folds["bob's"][1].rows
    rows[EDITED] = replace(rows[EDITED], content=f"text {EDITED}", edited_at="")


def end_with_a_mark_behind(history: History) -> None:
    history.folds["bob's"][1].reads["bob"] = 5


def lose_an_edit(history: History) -> None:
    alter(history, EDITED, content=f"text {EDITED}", edited_at="")


def lose_a_deletion(history: History) -> None:
    alter(history, DELETED, content="soon gone", deleted_at="")


def lose_a_mark(history: History) -> None:
    history.marks_at_last[1] = {}


def move_a_mark_back(history: History) -> None:
    history.marks_at_last[1]["bob"] = 5


def move_a_mark_too_far(history: History) -> None:
    history.marks_at_last[1]["bob"] = 10


def move_somebody_elses_mark(history: History) -> None:
    history.marks_at_last[1]["alice"] = 2


def answer_that_a_mark_is_behind(history: History) -> None:
    history.marks[1].told = 8


def break_the_protocol(history: History) -> None:
    history.complaints.append("bob's was asked to drop room 1")


def wrongs() -> Iterator[tuple[Wrong, str]]:
    yield lose, "C1 lost"
    yield lose_the_last, "C1 lost"
    yield alter_the_words, "C1 changed"
    yield move_what_was_acknowledged, "C1 changed"
    yield answer_with_another_row, "C1 changed"
    yield double, "C2 stored 2 times"
    yield give_a_number_twice, "C2 seq 4 given 2 times"
    yield phantom, "C3 nobody sent"
    yield store_what_was_refused, "C3 nobody sent"
    yield invent_an_edit, "C3 nobody sent"
    yield gap, "C4 room 1"
    yield miss_the_first, "C5 bob's heard 2 after 0"
    yield begin_too_early, "C5 late heard 6 after 6"
    yield skip_a_frame, "C5 bob's"
    yield repeat_a_frame, "C5 bob's"
    yield swap_frames, "C5 late"
    yield begin_again, "C5 late"
    yield bend_a_frame, "C6 bob's"
    yield hear_what_is_not_there, "C6 bob's"
    yield swap, "C7"
    yield read_stale, "C8 bob"
    yield read_another_message, "C8 bob"
    yield read_the_words_before_the_edit, "C8 bob"
    yield overtake_on_one_connection, "C9"
    yield end_without_the_last, "C10 bob's"
    yield end_with_the_words_before_the_edit, "C10 bob's"
    yield end_with_a_mark_behind, "C10 bob's"
    yield lose_an_edit, "C11 edit lost"
    yield lose_a_deletion, "C11 deletion lost"
    yield lose_a_mark, "C11 mark lost"
    yield move_a_mark_back, "C11 mark lost"
    yield move_a_mark_too_far, "C11 mark moved by nobody"
    yield move_somebody_elses_mark, "C11 mark moved by nobody"
    yield answer_that_a_mark_is_behind, "C11 mark lost"
    yield break_the_protocol, "C12"


@pytest.mark.parametrize(("wrong", "expected"), [pytest.param(*each, id=each[0].__name__) for each in wrongs()])
def test_a_wrong_is_found(wrong: Wrong, expected: str) -> None:
    history = sound()
    wrong(history)
    assert any(complaint.startswith(expected) for complaint in verdict(history)), verdict(history)


def test_every_check_has_a_wrong_that_it_finds() -> None:
    assert {check_of(expected) for _, expected in wrongs()} == set(CHECKS)


@pytest.mark.parametrize("seq", range(1, SIZE + 1))
def test_a_loss_is_found_wherever_it_is(seq: int) -> None:
    history = sound()
    history.final[1] = [row for row in history.final[1] if row.seq != seq]
    assert any("C1 lost" in complaint for complaint in verdict(history))


def test_a_row_without_a_client_id_is_somebodys_or_a_phantom() -> None:
    history = History()
    history.final[1] = [stranger(seq=1, client_id="", content="x")]
    assert any("C3" in complaint for complaint in verdict(history))
