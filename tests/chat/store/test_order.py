"""Where a room's messages are found: some wait in a small table, and nobody who reads can tell."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import msgspec
import pytest
from alembic import command
from alembic.config import Config

from duologue.chat.migrations import migrate, run
from duologue.chat.model import Room
from duologue.chat.store.api import OutcomeUnknownError
from duologue.chat.store.sqlite import history, order, rooms
from duologue.chat.store.sqlite.batch import Batch
from duologue.chat.store.sqlite.connection import open_writer
from duologue.chat.store.sqlite.writer import Writer
from tests.chat.people import ALICE, BOB, NOON, Known, draft
from tests.chat.store.writing import posted

_ROOMS = 100
Commit = Callable[[], int]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A migrated database."""
    path = tmp_path / "chat.sqlite3"
    migrate(path)
    return path


@pytest.fixture
def connection(file: Path) -> Iterator[apsw.Connection]:
    """A writing connection on it."""
    opened = open_writer(file)
    yield opened
    opened.close()


def open_rooms(connection: apsw.Connection, count: int) -> list[Room]:
    return [rooms.open_pair(connection, ALICE, Known(f"p{n}", f"pal{n}"), NOON)[0] for n in range(count)]


def ordered(connection: apsw.Connection, table: str) -> list[tuple[int, int, int]]:
    rows = connection.execute(f"SELECT room_id, seq, id FROM {table} ORDER BY room_id, seq")  # noqa: S608 - ours
    return msgspec.convert(rows.fetchall(), list[tuple[int, int, int]])


@pytest.fixture
def pages_of_a_commit(connection: apsw.Connection) -> Commit:
    """Let both of a hundred pairs say something, in one commit; return how many pages it writes."""
    places = open_rooms(connection, _ROOMS)
    writing = Batch(connection)
    written = [0]

    def committed(_: apsw.Connection, __: str, pages: int) -> int:
        written.append(pages)
        return apsw.SQLITE_OK

    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.set_wal_hook(committed)
    number = 0

    def commit() -> int:
        nonlocal number
        drafts = []
        for room in places:
            for person in room.participants:
                number += 1
                drafts.append(draft(room, Known(person.user_id, person.username), client_id=f"{number:012}"))
        writing.commit(drafts)
        return written[-1] - written[-2]

    # each room's entries fill a page of their own
    for _ in range(250):
        commit()
    return commit


def test_a_commit_writes_few_pages_however_many_rooms_it_touches(pages_of_a_commit: Commit) -> None:
    assert max(pages_of_a_commit() for _ in range(20)) < _ROOMS


def test_an_index_over_all_rooms_would_cost_a_page_for_each(
    pages_of_a_commit: Commit, connection: apsw.Connection
) -> None:
    """What the test before this one counts would show it."""
    connection.execute("CREATE UNIQUE INDEX messages_in_order ON messages (room_id, seq)")
    assert min(pages_of_a_commit() for _ in range(20)) > _ROOMS


@pytest.mark.parametrize(("most", "at_once"), [(1, 1), (5, 3), (40, 7), (40, 100)])
def test_every_message_is_in_one_of_the_two_tables(
    connection: apsw.Connection, monkeypatch: pytest.MonkeyPatch, most: int, at_once: int
) -> None:
    monkeypatch.setattr(order, "_MOST_RECENT", most)
    monkeypatch.setattr(order, "_AT_ONCE", at_once)
    places = open_rooms(connection, 5)
    writing, dice = Batch(connection), random.Random(7)
    for _ in range(60):
        writing.commit([draft(dice.choice(places), ALICE) for _ in range(dice.randint(1, 20))])
        settled, recent = ordered(connection, "settled_order"), ordered(connection, "recent_order")
        assert sorted(settled + recent) == ordered(connection, "messages")
        assert len(recent) < most
        last = {room: seq for room, seq, _ in settled}
        assert all(seq > last.get(room, 0) for room, seq, _ in recent)
    assert settled


def test_what_moves_on_in_one_commit_is_bounded(connection: apsw.Connection) -> None:
    [room] = open_rooms(connection, 1)
    writing = Batch(connection)
    writing.commit([draft(room, ALICE) for _ in range(order._MOST_RECENT - 1)])
    assert ordered(connection, "settled_order") == []
    writing.commit([draft(room, ALICE)])
    assert len(ordered(connection, "settled_order")) == order._AT_ONCE


def test_a_quiet_room_settles_in_its_turn(connection: apsw.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "_MOST_RECENT", 10)
    monkeypatch.setattr(order, "_AT_ONCE", 4)
    lively, quiet, livelier = open_rooms(connection, 3)
    writing = Batch(connection)
    writing.commit([draft(quiet, ALICE)])
    for _ in range(20):
        writing.commit([draft(lively, ALICE), draft(livelier, ALICE)])
    assert (quiet.id, 1, 1) in ordered(connection, "settled_order")


def test_a_writer_that_was_thrown_away_leaves_what_the_next_one_counts_on(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order, "_MOST_RECENT", 10)
    monkeypatch.setattr(order, "_AT_ONCE", 4)
    for _ in range(10):
        writer = Writer(file)
        room, _ = writer.open_pair(ALICE, BOB, NOON)
        writer.commit([draft(room, ALICE) for _ in range(3)])
        writer.close()
    with apsw.Connection(str(file)) as reader:
        assert len(ordered(reader, "message_order")) == 30
        assert len(ordered(reader, "recent_order")) < 10
    reader.close()


@pytest.mark.parametrize("most", [1, 2048], ids=["settled", "recent"])
def test_a_place_in_a_room_is_given_once(file: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Should the writer ever be wrong about where a room ends, nothing is acknowledged, and it looks again."""
    monkeypatch.setattr(order, "_MOST_RECENT", most)
    writer = Writer(file)
    room, _ = writer.open_pair(ALICE, BOB, NOON)
    writer.commit([draft(room, ALICE, str(n)) for n in range(3)])
    writer._batch._heads.of(room.id).seq = 1
    with pytest.raises(OutcomeUnknownError):
        writer.commit([draft(room, ALICE, "in another's place")])
    [outcome] = writer.commit([draft(room, ALICE, "after all")])
    assert posted(outcome).message.seq == 4
    writer.close()
    with apsw.Connection(str(file)) as reader:
        assert [seq for _, seq, _ in ordered(reader, "messages")] == [1, 2, 3, 4]
    reader.close()


def test_what_was_said_before_the_tables_came_keeps_its_order(tmp_path: Path) -> None:
    file = tmp_path / "chat.sqlite3"
    file.touch()
    config = Config()
    config.set_main_option("script_location", str(Path(run.__file__).parent))
    config.attributes |= {"path": file, "epoch": "before"}
    command.upgrade(config, "0002")
    old = apsw.Connection(str(file))
    places = open_rooms(old, 3)
    for n in range(1, 31):
        room = places[n % 3]
        old.execute(
            "INSERT INTO messages (id, room_id, seq, sender, content, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            (n, room.id, (n + 2) // 3, room.participant_a.number, f"word {n}", NOON),
        )
    told = ordered(old, "messages")
    old.close()

    migrate(file)
    connection = open_writer(file)
    assert ordered(connection, "message_order") == told
    Batch(connection).commit([draft(places[0], ALICE, "since then")])
    page = history.read_page(connection, places[0], None, None, 100)
    assert [message.seq for message in page.messages] == list(range(1, 12))
    assert [page.messages[0].content, page.messages[-1].content] == ["word 3", "since then"]
    connection.close()
