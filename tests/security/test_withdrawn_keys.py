"""After a rotation tokens of both keys work; when a stolen key's file is deleted, what it signed works nowhere."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from duologue.contract.keys import new_key_id
from tests.rig.people import Person, bearer, forge, read_key, signed, unverified
from tests.rig.raw_socket import RawSocket, text
from tests.rig.server import RunningServer, running_server
from tests.serve.command import duologue

# generous: what is waited for happens within a second, on a machine that has time
MOST_SECONDS = 20.0


@dataclass(frozen=True)
class Theft:
    """Alice and Bob in a room, on a server whose signing key somebody has copied."""

    server: RunningServer
    alice: Person
    bob: Person
    room: int
    stolen: Path
    key: Ed25519PrivateKey

    def forged(self, person: Person) -> str:
        """Return a token that the thief makes now."""
        _, claims = unverified(forge(person))
        return signed(self.key, {"alg": "EdDSA", "typ": "at+jwt", "kid": self.stolen.stem}, claims)

    def on_chat(self, token: str) -> tuple[int, str]:
        return self._outcome(f"/api/chat/rooms/{self.room}/messages/", token)

    def on_auth(self, token: str) -> tuple[int, str]:
        return self._outcome("/api/users/profile/", token)

    def rotate(self) -> str:
        """Make a new key, as an operator does; return its `kid`."""
        done = duologue("rotate-key", data=self.server.data)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1].rstrip(".")

    def _outcome(self, path: str, token: str) -> tuple[int, str]:
        answer = self.alice.http.get(path, headers=bearer(token))
        return answer.status_code, "" if answer.status_code == httpx.codes.OK else str(answer.json()["code"])


def happened(folder: Path, key_interval: str) -> Iterator[Theft]:
    env = {"DUOLOGUE_KEY_DELAY": "0", "DUOLOGUE_KEY_INTERVAL": key_interval}
    with running_server(folder, env) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        [stolen] = (server.data / "auth" / "keys").glob("*.pem")
        yield Theft(server, alice, bob, alice.room_with(bob), stolen, read_key(stolen))


@pytest.fixture
def theft(tmp_path: Path) -> Iterator[Theft]:
    """Chat asks for keys all the time."""
    yield from happened(tmp_path, "0.2")


@pytest.fixture
def seldom(tmp_path: Path) -> Iterator[Theft]:
    """Chat asks for keys only when it must."""
    yield from happened(tmp_path, "60")


def becomes(outcome: Callable[[], tuple[int, str]], expected: tuple[int, str]) -> bool:
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        if outcome() == expected:
            return True
        time.sleep(0.05)
    return False


def greeted(theft: Theft, token: str) -> RawSocket:
    raw = RawSocket.open(
        theft.server.port, "/ws/chat/", {"Sec-WebSocket-Protocol": "duologue.v1"}, timeout=MOST_SECONDS
    )
    raw.send(text({"type": "hello", "token": token}))
    while raw.json()["type"] != "ready":
        pass
    return raw


def hears_the_end(raw: RawSocket) -> None:
    while (got := raw.json())["type"] != "error":
        pass
    assert got["code"] == "token_invalid"
    assert raw.close_code() == 4401


def test_a_withdrawn_key_ends_its_tokens_and_sockets_and_no_others(theft: Theft) -> None:
    old, forged, fresh_forgery = theft.alice.token, theft.forged(theft.bob), theft.forged(theft.alice)
    kid = theft.rotate()
    theft.alice.log_in()
    assert unverified(theft.alice.token)[0]["kid"] == kid != unverified(old)[0]["kid"]
    assert becomes(lambda: theft.on_chat(theft.alice.token), (200, ""))
    # two living keys: tokens of both work
    for token in (old, forged, theft.alice.token):
        assert theft.on_chat(token) == theft.on_auth(token) == (200, "")
    path = f"/ws/chat/{theft.room}/"
    with (
        RawSocket.open(theft.server.port, path, bearer(forged), timeout=MOST_SECONDS) as plain,
        greeted(theft, old) as v1,
        RawSocket.open(theft.server.port, path, bearer(theft.alice.token), timeout=MOST_SECONDS) as staying,
    ):
        plain.send(text({"message": "while it was good"}))
        assert plain.message() == staying.message() == "while it was good"

        theft.stolen.unlink()
        hears_the_end(plain)
        hears_the_end(v1)
        for token in (old, forged, fresh_forgery, theft.forged(theft.bob)):
            assert theft.on_auth(token) == theft.on_chat(token) == (401, "token_invalid")
            with RawSocket.open(theft.server.port, path, bearer(token)) as late:
                late.send_until_gone(text({"message": "FORGED"}))
                assert late.error() == "token_invalid"
                assert late.close_code() == 4401
        staying.send(text({"message": "still here"}))
        assert staying.message() == "still here"
    assert theft.on_chat(theft.alice.token) == theft.on_auth(theft.alice.token) == (200, "")
    assert "FORGED" not in {each["content"] for each in theft.alice.whole_history(theft.room)}
    assert "signing_key_withdrawn" in theft.server.log()


def test_no_good_token_is_refused_for_lack_of_its_key(seldom: Theft) -> None:
    """A key that signs at once is the worst case, and a stranger who keeps chat from asking makes it no worse."""
    assert seldom.on_chat(seldom.alice.token) == (200, "")
    kid = seldom.rotate()
    seldom.alice.log_in()
    assert unverified(seldom.alice.token)[0]["kid"] == kid

    def invented(number: int) -> str:
        _, claims = unverified(seldom.alice.token)
        return signed(seldom.key, {"alg": "EdDSA", "typ": "at+jwt", "kid": f"invented-{number}"}, claims)

    outcomes: list[tuple[int, str]] = []
    deadline = time.monotonic() + MOST_SECONDS
    while (not outcomes or outcomes[-1] != (200, "")) and time.monotonic() < deadline:
        assert seldom.on_chat(invented(len(outcomes))) == (401, "token_invalid")
        outcomes.append(seldom.on_chat(seldom.alice.token))
    assert set(outcomes) <= {(503, "auth_unavailable"), (200, "")}
    assert outcomes[-1] == (200, "")


def test_an_invented_key_is_refused_for_good(seldom: Theft) -> None:
    _, claims = unverified(seldom.alice.token)
    for kid in ["invented", "20200101T000000000000Z-00000000", "20990101T000000000000Z-00000000"] * 3:
        token = signed(seldom.key, {"alg": "EdDSA", "typ": "at+jwt", "kid": kid}, claims)
        assert seldom.on_chat(token) == (401, "token_invalid")


def test_one_that_claims_to_be_new_is_too_before_long(seldom: Theft) -> None:
    _, claims = unverified(seldom.alice.token)
    token = signed(seldom.key, {"alg": "EdDSA", "typ": "at+jwt", "kid": new_key_id()}, claims)
    assert becomes(lambda: seldom.on_chat(token), (401, "token_invalid"))
