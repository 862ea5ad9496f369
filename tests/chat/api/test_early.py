"""What arrives before a token was checked is kept in order, and not without end."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from duologue.chat.api.early import Early
from tests.durability.start import failing
from tests.rig.people import Person
from tests.rig.raw_socket import text
from tests.rig.server import running_server


def test_it_keeps_what_one_read_can_bring_in_order() -> None:
    early = Early()
    assert all(early.keep(str(number)) for number in range(1000))
    assert [early.next() for _ in range(1001)] == [*map(str, range(1000)), None]
    assert not early.next()


def test_many_are_too_many_and_large_ones_too_much() -> None:
    many, large = Early(), Early()
    assert [many.keep("x") for _ in range(1001)] == [True] * 1000 + [False]
    assert [large.keep("x" * 32_768) for _ in range(3)] == [True, True, False]
    # what was taken counts no longer
    for _ in range(3):
        large.next()
    assert large.keep("x" * 65_536)


def test_who_was_slowed_down_is_not_read_from_while_a_token_is_checked(folder: Path) -> None:
    """The pause for the one ended the pause for the other, and what came then was kept."""
    env, trap = failing(folder, "token waits")
    slow = {"DUOLOGUE_SENDS_PER_SECOND": "0.1", "DUOLOGUE_SENDS_BURST": "1"}
    with running_server(folder, env | slow) as server, ThreadPoolExecutor(1) as pool:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        with alice.socket(alice.room_with(bob), timeout=20) as raw:
            raw.send(text({"type": "hello"}))
            assert raw.json()["type"] == "ready"
            trap.arm()
            said = [text({"type": "message", "message": "x", "client_id": str(n)}) for n in range(2)]
            raw.send(b"".join(said) + text({"type": "auth", "token": alice.token}))
            assert sorted(raw.json()["type"] for _ in range(3)) == ["ack", "error", "message"]
            flood = pool.submit(raw.send, text({"type": "typing", "state": "stop"}) * 3000)
            raw.tcp.settimeout(2)
            with pytest.raises(TimeoutError):
                raw.json()
            raw.tcp.settimeout(20)
            trap.disarm()
            assert raw.json()["type"] == "auth"
            flood.result()
            raw.send(text({"type": "hello"}))
            assert raw.error() == "validation_failed"
