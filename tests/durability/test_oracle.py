"""The judge is judged: each wrong that is done to a sound history is found, and by the check that names it."""

import copy
from collections.abc import Callable, Iterator

import msgspec
import pytest

from tests.rig.oracle import Attempt, History, Message

Wrong = Callable[[History], object]


def sound(size: int = 12) -> History:
    """Return a history in which two people talk over two connections; every fourth send is tried twice."""
    history = History()
    rows: list[Message] = []
    clock = 0
    for seq in range(1, size + 1):
        sender = ("alice", "bob")[seq % 2]
        row: Message = {
            "id": 100 + seq, "seq": seq, "room": 1, "sender_id": sender, "content": f"text {seq}",
            "client_id": f"id-{seq}", "timestamp": f"T{seq}",
        }  # fmt: skip
        rows.append(row)
        tries = ("unknown", "ok") if seq % 4 == 0 else ("ok",)
        for outcome in tries:
            attempt = Attempt(f"{sender}'s", 1, sender, f"id-{seq}", f"text {seq}", clock)
            if outcome == "ok":
                attempt.outcome, attempt.ended, attempt.message = "ok", clock + 1, row
            history.attempts.append(attempt)
            clock += 2
        for lane in ("alice's", "bob's"):
            history.heard[lane].append(row)
    history.heard["late"] = rows[5:]
    history.final[1] = rows
    history.attempts.append(Attempt("alice's", 1, "alice", "refused", "never", clock, "fail", clock + 1))
    history.attempts.append(Attempt("alice's", 1, "alice", "unheard", "perhaps", clock))
    return history


def test_a_sound_history_is_sound() -> None:
    assert sound().verdict() == []


def lose(history: History) -> None:
    history.final[1] = [{**row, "seq": n} for n, row in enumerate(history.final[1][:4] + history.final[1][5:], 1)]


def lose_the_last(history: History) -> None:
    history.final[1] = history.final[1][:-1]


def change(history: History) -> None:
    history.final[1][3] = {**history.final[1][3], "content": "something else"}


def double(history: History) -> None:
    history.final[1] = [*history.final[1], {**history.final[1][2], "id": 999, "seq": 13}]


def give_a_number_twice(history: History) -> None:
    history.final[1][4] = {**history.final[1][4], "seq": 4}


def swap(history: History) -> None:
    rows = history.final[1]
    rows[3], rows[6] = {**rows[6], "seq": 4}, {**rows[3], "seq": 7}
    for lane in history.heard:
        history.heard[lane] = []


def gap(history: History) -> None:
    history.final[1] = [{**row, "seq": row["seq"] + (row["seq"] > 6)} for row in history.final[1]]


def phantom(history: History) -> None:
    nobodys = {"sender_id": "alice", "content": "nobody's", "client_id": "new", "id": 999, "seq": 13}
    history.final[1] = [*history.final[1], nobodys]


def store_what_was_refused(history: History) -> None:
    refused = {"sender_id": "alice", "content": "never", "client_id": "refused", "id": 999, "seq": 13}
    history.final[1] = [*history.final[1], refused]


def skip_a_frame(history: History) -> None:
    del history.heard["bob's"][5]


def repeat_a_frame(history: History) -> None:
    history.heard["bob's"].insert(5, history.heard["bob's"][5])


def swap_frames(history: History) -> None:
    frames = history.heard["late"]
    frames[1], frames[2] = frames[2], frames[1]


def bend_a_frame(history: History) -> None:
    history.heard["bob's"][5] = {**history.heard["bob's"][5], "content": "misheard"}


def hear_what_is_not_there(history: History) -> None:
    history.heard["bob's"].append({**history.final[1][-1], "seq": 13})


def answer_with_another_row(history: History) -> None:
    attempt = next(a for a in history.attempts if a.outcome == "ok")
    attempt.message = {"id": 999}


def overtake_on_one_connection(history: History) -> None:
    """Both under way at once, so that only the sender's own order is broken."""
    ok = [a for a in history.attempts if a.outcome == "ok" and a.sender == "bob"]
    early, late = ok[0], ok[1]
    for name in ("client_id", "content", "message"):
        mine, others = getattr(early, name), getattr(late, name)
        setattr(early, name, others)
        setattr(late, name, mine)
    for attempt in history.attempts:
        attempt.began = 0


def wrongs() -> Iterator[tuple[Wrong, str]]:
    yield lose, "C1 lost"
    yield lose_the_last, "C1 lost"
    yield change, "C1 changed"
    yield answer_with_another_row, "C1 changed"
    yield double, "C2 stored 2 times"
    yield give_a_number_twice, "C2 seq 4 given 2 times"
    yield phantom, "C3 nobody sent"
    yield store_what_was_refused, "C3 nobody sent"
    yield gap, "C4 room 1"
    yield skip_a_frame, "C5 bob's"
    yield repeat_a_frame, "C5 bob's"
    yield swap_frames, "C5 late"
    yield bend_a_frame, "C6 bob's"
    yield hear_what_is_not_there, "C6 bob's"
    yield swap, "C7"
    yield overtake_on_one_connection, "C9"


@pytest.mark.parametrize(("wrong", "expected"), [pytest.param(*each, id=each[0].__name__) for each in wrongs()])
def test_a_wrong_is_found(wrong: Wrong, expected: str) -> None:
    history = copy.deepcopy(sound())
    wrong(history)
    assert any(complaint.startswith(expected) for complaint in history.verdict()), history.verdict()


@pytest.mark.parametrize("seq", range(1, 13))
def test_a_loss_is_found_wherever_it_is(seq: int) -> None:
    history = sound()
    history.final[1] = [row for row in history.final[1] if row["seq"] != seq]
    assert any("C1 lost" in complaint for complaint in history.verdict())


def test_a_row_without_a_client_id_is_somebodys_or_a_phantom() -> None:
    history = History()
    history.final[1] = [msgspec.json.decode(b'{"id":1,"seq":1,"sender_id":"alice","content":"x"}')]
    assert any("C3" in complaint for complaint in history.verdict())
