"""The bounds of a socket are settings: what is smaller here than usual is refused sooner."""

from collections.abc import Iterator

import pytest

from tests.kit.websocket.conftest import Pair
from tests.rig.people import Person
from tests.rig.raw_socket import PING, PONG, TEXT, frame
from tests.rig.server import running_server

CONTINUATION = 0


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    settings = {
        "DUOLOGUE_FRAGMENTS": "3",
        "DUOLOGUE_ASSEMBLY_SECONDS": "0.3",
        "DUOLOGUE_CONTROL_FRAMES_PER_SECOND": "0.001",
        "DUOLOGUE_CONTROL_FRAMES_BURST": "2",
        "DUOLOGUE_FRAME_BYTES": "2000",
    }
    with running_server(tmp_path_factory.mktemp("narrow"), settings) as server:
        alice, bob = Person.arrive(server), Person.arrive(server)
        yield alice, bob, alice.room_with(bob)


def test_as_many_fragments_as_are_allowed_and_no_more(narrow: Pair) -> None:
    alice, _, room = narrow
    with alice.socket(room) as raw:
        raw.send(frame(TEXT, b'{"message"', fin=False) + frame(CONTINUATION, b":", fin=False))
        raw.send(frame(CONTINUATION, b'"three"}'))
        assert raw.message() == "three"
        raw.send(frame(TEXT, b"{", fin=False) + frame(CONTINUATION, b"", fin=False) * 3)
        assert raw.close_code() == 1008


def test_a_message_is_put_together_in_time(narrow: Pair) -> None:
    alice, _, room = narrow
    with alice.socket(room) as raw:
        raw.send(frame(TEXT, b"{", fin=False))
        assert raw.close_code() == 1008


def test_as_many_pings_as_are_allowed_and_no_more(narrow: Pair) -> None:
    alice, _, room = narrow
    with alice.socket(room) as raw:
        raw.send(frame(PING, b"1") + frame(PING, b"2"))
        assert [raw.receive().payload for _ in range(2)] == [b"1", b"2"]
        raw.send(frame(PONG))
        assert raw.close_code() == 1008


def test_a_frame_as_large_as_is_allowed_and_no_larger(narrow: Pair) -> None:
    alice, _, room = narrow
    with alice.socket(room) as raw:
        raw.send(frame(TEXT, b'{"message":"%b"}' % (b"x" * 1900)))
        assert len(raw.message()) == 1900
        raw.send(frame(TEXT, b'{"message":"%b"}' % (b"x" * 2000)))
        assert raw.close_code() == 1009
