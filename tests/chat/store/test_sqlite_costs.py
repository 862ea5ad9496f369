"""What the SQLite store does for a batch or a page is a fixed number of statements, however large the room."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest

from duologue.chat.migrations import migrate
from duologue.chat.model import Posted, Room
from duologue.chat.store.api import Outcome
from duologue.chat.store.sqlite import changes, heads, history, rooms, summaries
from duologue.chat.store.sqlite.batch import Batch
from duologue.chat.store.sqlite.connection import open_writer
from tests.chat.people import ALICE, BOB, EVE, NOON, Known, draft
from tests.chat.store.writing import edit, posted, read

Counted = Callable[[Callable[[], object]], tuple[list[str], int]]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[apsw.Connection]:
    """A writing connection on an empty database."""
    file = tmp_path / "chat.sqlite3"
    migrate(file)
    opened = open_writer(file)
    yield opened
    opened.close()


@pytest.fixture
def counted(connection: apsw.Connection) -> Counted:
    """Run something; return its statements, and the steps that SQLite's virtual machine took for them."""

    def run(work: Callable[[], object]) -> tuple[list[str], int]:
        statements: list[str] = []
        steps = 0

        def profiled(event: dict[str, Any]) -> None:
            nonlocal steps
            statements.append(str(event["sql"]))
            status = event["stmt_status"]
            steps += status["SQLITE_STMTSTATUS_VM_STEP"]
            assert status["SQLITE_STMTSTATUS_FULLSCAN_STEP"] <= 1000, event["sql"]

        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, profiled)
        work()
        connection.trace_v2(0, None)
        return statements, steps

    return run


def open_room(connection: apsw.Connection, other: Known = BOB) -> Room:
    room, _ = rooms.open_pair(connection, ALICE, other, NOON)
    return room


@pytest.mark.parametrize(("size", "inserts"), [(1, 1), (10, 2), (63, 6), (256, 8)])
def test_a_batch_costs_few_statements(connection: apsw.Connection, counted: Counted, size: int, inserts: int) -> None:
    room = open_room(connection)
    writing = Batch(connection)
    writing.commit([draft(room, ALICE, client_id="first")])
    statements, _ = counted(lambda: writing.commit([draft(room, ALICE, client_id=str(n)) for n in range(size)]))

    own = [statement for statement in statements if not statement.startswith("--")]
    # and one that enters all of them into their rooms' order
    assert len(own) == 3 + inserts, own
    assert own[0] == "BEGIN IMMEDIATE"
    assert own[-1] == "COMMIT"


def test_a_batch_that_was_said_before_in_part_is_undone_and_looked_up(
    connection: apsw.Connection, counted: Counted
) -> None:
    room = open_room(connection)
    writing = Batch(connection)
    [first] = writing.commit([draft(room, ALICE, client_id="first")])
    batch = [draft(room, ALICE, client_id=name) for name in ("a", "first", "b", "a")]
    outcomes: list[Outcome] = []
    statements, _ = counted(lambda: outcomes.extend(writing.commit(batch)))

    assert [(o.message.seq, o.duplicate) for o in outcomes if isinstance(o, Posted)] == [
        (2, False),
        (1, True),
        (3, False),
        (2, True),
    ]
    assert isinstance(first, Posted)
    assert [statement for statement in statements if statement in {"BEGIN IMMEDIATE", "ROLLBACK", "COMMIT"}] == [
        "BEGIN IMMEDIATE",
        "ROLLBACK",
        "BEGIN IMMEDIATE",
        "COMMIT",
    ]
    [after] = writing.commit([draft(room, ALICE)])
    assert isinstance(after, Posted)
    assert (after.message.id, after.message.seq) == (first.message.id + 3, 4)


def test_a_page_of_a_long_room_costs_what_one_of_a_short_room_does(
    connection: apsw.Connection, counted: Counted
) -> None:
    short, long = open_room(connection), open_room(connection, Known("3", "eve"))
    writing = Batch(connection)
    writing.commit([draft(short, ALICE) for _ in range(100)])
    for _ in range(20):
        writing.commit([draft(long, ALICE) for _ in range(1000)])

    for before, after in ((None, None), (90, None), (None, 20)):
        brief, brief_steps = counted(lambda b=before, a=after: history.read_page(connection, short, b, a, 50))  # type: ignore[misc]  # bound now
        ample, ample_steps = counted(lambda b=before, a=after: history.read_page(connection, long, b, a, 50))  # type: ignore[misc]  # bound now
        assert len(ample) == len(brief) <= 6
        assert ample_steps <= brief_steps * 1.1


def test_a_list_of_rooms_is_one_statement_and_looks_at_little_of_their_history(
    connection: apsw.Connection, counted: Counted
) -> None:
    writing = Batch(connection)
    with_bob, with_eve = open_room(connection), open_room(connection, EVE)
    steps = []
    for size in (1500, 6000):
        writing.commit([draft(with_bob, BOB) for _ in range(size)] + [draft(with_eve, EVE) for _ in range(size)])
        statements, taken = counted(lambda: summaries.read_summaries(connection, "1", None, 100))
        assert len(statements) == 1
        steps.append(taken)
    assert steps[1] <= steps[0] * 1.1


def test_changes_of_a_long_room_cost_what_those_of_a_short_one_do(
    connection: apsw.Connection, counted: Counted
) -> None:
    writing = Batch(connection)
    spent = []
    for room, size in ((open_room(connection), 600), (open_room(connection, EVE), 6000)):
        ids = [posted(outcome).message.id for outcome in writing.commit([draft(room, ALICE) for _ in range(size)])]
        # a tenth of the room was edited, so that what was edited long ago must be passed over, too
        writing.commit([edit(room, ALICE, message_id, "edited") for message_id in ids[: size // 10]])
        writing.commit([edit(room, ALICE, message_id, "again") for message_id in ids[:20]])
        writing.commit([read(room, ALICE, 5), *(draft(room, ALICE) for _ in range(20))])
        points = [(size, size // 10), (size - 20, size // 10 + 10), (size + 20, size // 10 + 21)]
        for seq, change in points:
            spent.append(counted(partial(changes.read_changes, connection, room, seq, change, 50)))
    for (brief, brief_steps), (ample, ample_steps) in zip(spent[:3], spent[3:], strict=True):
        assert len(ample) == len(brief) <= 8, ample
        assert ample_steps <= brief_steps * 1.1


def test_standings_of_two_hundred_rooms_are_one_statement(connection: apsw.Connection, counted: Counted) -> None:
    writing = Batch(connection)
    places = [open_room(connection, Known(f"p{n}", f"pal{n}")) for n in range(200)]
    steps = []
    for _ in range(2):
        writing.commit([draft(room, ALICE) for room in places for _ in range(10)])
        statements, taken = counted(lambda: summaries.read_standings(connection, "1", [room.id for room in places]))
        assert len(statements) == 1
        steps.append(taken)
    # her own messages are no unread ones, but they are looked at; nothing else grows
    assert steps[1] <= steps[0] * 2


def test_standings_of_some_rooms_cost_the_same_whoever_is_in_more(
    connection: apsw.Connection, counted: Counted
) -> None:
    steps = []
    asked: list[int] = []
    for first in (0, 50, 100, 1000):
        asked = asked or [open_room(connection, Known(f"p{n}", f"pal{n}")).id for n in range(50)]
        for n in range(first, first * 2):
            open_room(connection, Known(f"p{n}", f"pal{n}"))
        found, taken = counted(partial(summaries.read_standings, connection, "1", asked))
        assert len(found) == 1
        steps.append(taken)
    assert max(steps) <= min(steps) * 1.1


def test_an_edit_costs_the_same_in_a_long_room(connection: apsw.Connection, counted: Counted) -> None:
    writing = Batch(connection)
    spent = []
    for room, size in ((open_room(connection), 100), (open_room(connection, EVE), 6000)):
        first = posted(writing.commit([draft(room, ALICE) for _ in range(size)])[0]).message.id
        again = [edit(room, ALICE, first, content) for content in ("new", "er")]
        spent.append(counted(partial(writing.commit, again)))
    (brief, brief_steps), (ample, ample_steps) = spent
    assert len(ample) == len(brief) <= 8, ample
    assert ample_steps <= brief_steps * 1.1


def test_a_member_check_and_a_known_id_do_not_depend_on_how_much_was_said(
    connection: apsw.Connection, counted: Counted
) -> None:
    room = open_room(connection)
    writing = Batch(connection)
    _, few = counted(lambda: writing.commit([draft(room, ALICE, client_id="a")]))
    for batch in range(10):
        writing.commit([draft(room, ALICE, client_id=f"{batch}-{n}") for n in range(500)])
    _, many = counted(lambda: writing.commit([draft(room, ALICE, client_id="b")]))
    assert many <= few * 1.1


def test_heads_that_were_forgotten_are_read_again(connection: apsw.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "_KEPT", 2)
    places = [open_room(connection, Known(f"p{n}", f"pal{n}")) for n in range(5)]
    writing = Batch(connection)
    for round_ in range(1, 4):
        for room in places:
            [outcome] = writing.commit([draft(room, ALICE)])
            assert outcome.message.seq == round_  # type: ignore[union-attr]  # a member's message without an id is posted
    assert len(writing._heads._heads) == 2
