"""How much one person may read over REST: over all logins together, whatever it is, and nobody else pays for it."""

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.chat.api.conftest import Trio, trio_on
from tests.rig.people import Person
from tests.rig.raw_socket import text
from tests.rig.server import RunningServer, running_server

BURST = 10


@pytest.fixture(scope="module")
def frugal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server where ten reads at once are many."""
    env = {"DUOLOGUE_READS_PER_SECOND": "1", "DUOLOGUE_READS_BURST": str(BURST)}
    with running_server(tmp_path_factory.mktemp("frugal"), env) as running:
        yield running


@pytest.fixture
def trio(frugal: RunningServer) -> Trio:
    """New people on that server."""
    return trio_on(frugal)


def paths(room: int) -> list[str]:
    return [
        "/api/chat/rooms/",
        f"/api/chat/rooms/{room}/",
        f"/api/chat/rooms/{room}/messages/",
        f"/api/chat/rooms/{room}/changes",
        "/api/chat/me/",
    ]


def read(person: Person, path: str) -> httpx.Response:
    return person.http.get(path, headers=person.headers)


def use_up(person: Person, room: int) -> None:
    """Read as often as is allowed at once."""
    for _ in range(BURST // len(paths(room))):
        for path in paths(room):
            assert read(person, path).status_code == 200


def test_all_reads_are_counted_together_and_come_back(trio: Trio) -> None:
    use_up(trio.alice, trio.room)
    for path in paths(trio.room):
        refused = read(trio.alice, path)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert refused.headers["retry-after"] == "1"
    time.sleep(1.1)
    assert read(trio.alice, paths(trio.room)[0]).status_code == 200


def test_another_login_does_not_help_and_another_person_does_not_suffer(trio: Trio) -> None:
    use_up(trio.alice, trio.room)
    again = Person(trio.alice.server, trio.alice.username)
    again.log_in()
    assert read(again, "/api/chat/rooms/").status_code == 429
    assert read(trio.bob, f"/api/chat/rooms/{trio.room}/messages/").status_code == 200


def test_who_has_read_too_much_still_speaks_and_hears(trio: Trio) -> None:
    use_up(trio.alice, trio.room)
    assert read(trio.alice, "/api/chat/rooms/").status_code == 429
    with trio.alice.socket(trio.room) as socket:
        assert trio.alice.post(trio.room, "over REST").status_code == 201
        assert socket.message() == "over REST"
        socket.send(text({"message": "on the socket"}))
        assert socket.message() == "on the socket"


def test_a_refused_read_tells_nothing_of_what_is_there(trio: Trio) -> None:
    use_up(trio.carol, trio.other)
    answers = {read(trio.carol, f"/api/chat/rooms/{room}/messages/").content for room in (trio.room, 987_654_321)}
    assert len(answers) == 1
    assert b"rate_limited" in answers.pop()


def test_a_page_of_a_megabyte_counts_as_many(trio: Trio) -> None:
    for _ in range(250):
        assert trio.alice.post(trio.room, "x" * 4000).status_code == 201
    large = read(trio.alice, f"/api/chat/rooms/{trio.room}/messages/")
    assert len(large.content) > 1_000_000
    refused = read(trio.alice, f"/api/chat/rooms/{trio.room}/")
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    # fifteen more than the one that it was, of ten
    assert int(refused.headers["retry-after"]) >= 5
    assert read(trio.bob, f"/api/chat/rooms/{trio.room}/").status_code == 200
