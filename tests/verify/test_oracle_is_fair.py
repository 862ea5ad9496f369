"""The judge is fair: what may be so is not taken for a wrong, and right beside it the wrong is found."""

from duologue.verify.history import Attempt, Change, History
from duologue.verify.oracle import verdict
from tests.verify.sound import EDITED, SIZE, alter, sound, stranger


def edit(history: History, content: str, began: int, ended: int | None) -> None:
    message = 100 + EDITED
    change = Change(lane="x", room=1, id=message, sender="alice", client_id=f"e{began}", content=content, began=began)
    if ended is not None:
        change.outcome, change.ended = "ok", ended
    history.changes.append(change)


def test_of_two_edits_at_once_either_may_stay() -> None:
    history = sound()
    edit(history, "best", 1003, 1008)
    assert verdict(history) == []


def test_of_two_edits_one_after_the_other_the_second_stays() -> None:
    history = sound()
    edit(history, "best", 1006, 1008)
    assert any(each.startswith("C11 edit lost: e1006") for each in verdict(history))


def test_an_edit_without_an_answer_may_stay_or_not() -> None:
    history = sound()
    edit(history, "perhaps", 900, None)
    assert verdict(history) == []
    alter(history, EDITED, content="perhaps")
    for fold in history.folds.values():
        fold[1].rows[EDITED] = history.final[1][EDITED - 1]
    assert verdict(history) == []


def test_a_refused_edit_must_not_show() -> None:
    history = sound()
    edit(history, "refused", 1200, 1201)
    history.changes[-1].outcome = "fail"
    alter(history, EDITED, content="refused")
    assert any(each.startswith("C3") for each in verdict(history))


def test_a_send_tried_over_two_paths_has_the_place_of_either() -> None:
    """Sent third over the socket, but the copy over REST came first."""
    history = sound()
    for attempt in history.attempts:
        attempt.began = 0
    mine = [a for a in history.attempts if a.sender == "bob" and a.outcome == "ok"]
    history.attempts.remove(mine[0])
    history.attempts.append(mine[0])
    assert any(each.startswith("C9") for each in verdict(history))
    copy = Attempt(lane="rest", room=1, sender="bob", client_id=mine[0].client_id, content=mine[0].content, began=0)
    history.attempts.append(copy)
    assert verdict(history) == []


def test_a_message_without_an_answer_may_be_stored_or_not() -> None:
    history = sound()
    history.final[1].append(stranger(content="perhaps", client_id="unheard"))
    for fold in history.folds.values():
        fold[1].rows[SIZE + 1] = history.final[1][-1]
    assert verdict(history) == []
