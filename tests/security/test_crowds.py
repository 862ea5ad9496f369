"""Strangers open sockets and show no token: each address gets so many, and nobody else notices."""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rig.people import Person, forge, read_key, signed, unverified
from tests.rig.raw_socket import Answer, RawSocket, opening, text
from tests.rig.server import RunningServer, running_server

MOST = 50
MOST_SECONDS = 20.0
SPEAKS_V1 = {"Sec-WebSocket-Protocol": "duologue.v1"}


@dataclass(frozen=True)
class Door:
    """A server, a room, and all sockets that the test holds open."""

    server: RunningServer
    alice: Person
    room: int
    open: ExitStack

    def knock(self, source: str, headers: Mapping[str, str] | None = None) -> tuple[Answer, RawSocket]:
        """Try to open a socket from an address; it stays open."""
        raw = self.open.enter_context(RawSocket(self.server.port, source=source, timeout=MOST_SECONDS))
        raw.send(opening(f"/ws/chat/{self.room}/", headers or {}))
        return raw.answer(), raw

    def statuses(self, count: int, source: str, headers: Mapping[str, str] | None = None) -> list[int]:
        return [self.knock(source, headers)[0].status for _ in range(count)]

    def says(self, raw: RawSocket, **frame: str) -> None:
        """Check that somebody is in and can speak."""
        raw.send(text({"message": "here", **frame}))
        assert raw.message() == "here"

    def lets_in(self, source: str) -> bool:
        """Tell whether a socket comes in again before long."""
        return within(lambda: self.knock(source)[0].status == 101)


def within(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The defaults; only that a socket may think about its token for a minute: nothing here ends by the clock."""
    env = {"DUOLOGUE_WAITING_SOCKETS": str(MOST), "DUOLOGUE_AUTH_DEADLINE": "60"}
    with running_server(tmp_path_factory.mktemp("crowded"), env) as server:
        yield server


@pytest.fixture
def door(crowded: RunningServer) -> Iterator[Door]:
    alice, bob = Person.arrive(crowded, "alice"), Person.arrive(crowded, "bob")
    with ExitStack() as stack:
        yield Door(crowded, alice, alice.room_with(bob), stack)


_addresses = (f"127.0.{n}.1" for n in itertools.count(2))


@pytest.fixture
def here() -> str:
    """An address of this test's own."""
    return next(_addresses)


@pytest.fixture
def elsewhere() -> str:
    return next(_addresses)


def test_an_address_gets_so_many_and_all_others_get_in(door: Door, here: str, elsewhere: str) -> None:
    assert set(door.statuses(MOST, here)) == {101}
    refused, _ = door.knock(here)
    assert (refused.status, refused.problem["code"], "retry-after" in refused.headers) == (
        429,
        "too_many_sockets",
        True,
    )
    assert set(door.statuses(3, here)) == {429}
    # somebody elsewhere, and somebody here whom we know
    assert door.knock(elsewhere)[0].status == 101
    known, raw = door.knock(here, door.alice.headers)
    assert known.status == 101
    door.says(raw)


def test_whoever_leaves_or_shows_a_token_makes_room(door: Door, here: str) -> None:
    sockets = [door.knock(here)[1] for _ in range(MOST)]
    assert door.knock(here)[0].status == 429
    sockets[0].tcp.close()
    assert door.lets_in(here)
    assert door.knock(here)[0].status == 429
    # an owner is found: from now on the socket is one of theirs
    door.says(sockets[1], token=door.alice.token)
    assert door.knock(here)[0].status == 101
    assert door.knock(here)[0].status == 429
    door.says(sockets[1])


def test_a_token_that_is_sent_away_makes_room_too(door: Door, here: str) -> None:
    sockets = [door.knock(here)[1] for _ in range(MOST)]
    assert door.knock(here)[0].status == 429
    sockets[0].send(text({"message": "FORGED", "token": "nonsense"}))
    assert sockets[0].close_code() == 4401
    sockets[0].tcp.close()
    assert door.lets_in(here)


def test_a_made_up_token_in_the_header_is_no_way_around(door: Door, here: str) -> None:
    key = read_key(next((door.server.data / "auth" / "keys").glob("*.pem")))
    header, claims = unverified(door.alice.token)
    for token in (
        "nonsense",
        forge(door.alice, exp=1),
        signed(key, header | {"kid": "invented"}, claims),
        door.alice.token[:-4] + "AAAA",
    ):
        # v1 looks at it only after the first frame: until then such a socket would stay
        door.statuses(MOST // 4, here, SPEAKS_V1 | {"authorization": f"Bearer {token}"})
    door.statuses(MOST, here, SPEAKS_V1)
    for token in ("nonsense", forge(door.alice, exp=1)):
        assert door.knock(here, SPEAKS_V1 | {"authorization": f"Bearer {token}"})[0].status == 429


def test_whoever_is_known_has_a_bound_too_and_takes_nobody_elses(door: Door, here: str) -> None:
    headers = SPEAKS_V1 | door.alice.headers
    assert set(door.statuses(MOST, here, headers)) == {101}
    assert door.knock(here, headers)[0].status == 429
    assert door.knock(here)[0].status == 101


def test_many_with_tokens_come_from_one_address(door: Door, here: str) -> None:
    sockets = [door.knock(here, door.alice.headers)[1] for _ in range(MOST + 20)]
    door.says(sockets[-1])
    assert door.knock(here)[0].status == 101


def test_who_forges_a_forwarded_address_is_counted_all_the_same(door: Door, here: str) -> None:
    for number in range(MOST):
        assert door.knock(here, {"X-Forwarded-For": f"203.0.113.{number}"})[0].status == 101
    assert door.knock(here, {"X-Forwarded-For": "198.51.100.1"})[0].status == 429


def test_behind_a_trusted_proxy_its_clients_are_told_apart(tmp_path: Path, here: str, elsewhere: str) -> None:
    most = 4
    env = {"DUOLOGUE_WAITING_SOCKETS": str(most), "DUOLOGUE_AUTH_DEADLINE": "60", "DUOLOGUE_TRUSTED_PROXIES": here}
    with running_server(tmp_path, env) as server, ExitStack() as stack:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        door = Door(server, alice, alice.room_with(bob), stack)
        for number in range(most):
            # what a client wrote into the header itself stands before what the proxy appends
            headers = {"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.7"}
            assert door.knock(here, headers)[0].status == 101
        assert door.knock(here, {"X-Forwarded-For": "203.0.113.7"})[0].status == 429
        assert door.knock(here, {"X-Forwarded-For": "203.0.113.8"})[0].status == 101
        # one network of IPv6 is one party
        for number in range(most):
            assert door.knock(here, {"X-Forwarded-For": f"2001:db8::{number}"})[0].status == 101
        assert door.knock(here, {"X-Forwarded-For": "2001:db8::ffff:1"})[0].status == 429
        assert door.knock(here, {"X-Forwarded-For": "2001:db8:0:1::1"})[0].status == 101
        # no proxy of ours
        for number in range(most):
            assert door.knock(elsewhere, {"X-Forwarded-For": f"203.0.113.{number}"})[0].status == 101
        assert door.knock(elsewhere, {"X-Forwarded-For": "203.0.113.99"})[0].status == 429
