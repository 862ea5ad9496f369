"""No forged, stale, misdirected or malformed token identifies anybody: on chat, on its socket, on auth (RFC 8725)."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.rig.people import Person, bearer, forge, signed, signing_key, unverified
from tests.rig.raw_socket import RawSocket, ask, opening, text
from tests.rig.server import RunningServer
from tests.security.forgeries import ANYWHERE, IN_A_FRAME
from tests.security.forging import MINE, Forgery, foreign, my_jwk

REFUSALS = {"token_invalid", "token_expired", "token_missing", "session_ended"}


@dataclass(frozen=True)
class Place:
    """A room, somebody in it, and a neighbour."""

    alice: Person
    bob: Person
    room: int


@pytest.fixture(scope="module")
def place(server: RunningServer) -> Iterator[Place]:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    here = Place(alice, bob, alice.room_with(bob))
    already = len(server.log())
    yield here
    assert "FORGED" not in {each["content"] for each in alice.whole_history(here.room)}
    assert "Traceback" not in server.log()[already:]


def on_chat(place: Place, token: str) -> tuple[int, str]:
    """A request to chat; 200 stands for "works" everywhere."""
    answer = place.alice.http.get(f"/api/chat/rooms/{place.room}/messages/", headers=bearer(token))
    return answer.status_code, _code(answer)


def on_auth(place: Place, token: str) -> tuple[int, str]:
    answer = place.alice.http.get("/api/users/profile/", headers=bearer(token))
    return answer.status_code, _code(answer)


def in_the_handshake(place: Place, token: str) -> tuple[int, str]:
    with RawSocket.open(place.alice.server.port, f"/ws/chat/{place.room}/", bearer(token)) as raw:
        raw.send_until_gone(text({"message": "FORGED"}))
        return _outcome(raw)


def in_the_first_frame(place: Place, token: str) -> tuple[int, str]:
    with RawSocket.open(place.alice.server.port, f"/ws/chat/{place.room}/") as raw:
        # escaped: a lone surrogate has no other spelling
        raw.send(text('{"message":"FORGED","token":' + json.dumps(token) + "}"))
        return _outcome(raw)


def _code(answer: httpx.Response) -> str:
    return "" if answer.status_code == httpx.codes.OK else str(answer.json()["code"])


def _outcome(raw: RawSocket) -> tuple[int, str]:
    got = raw.json()
    if got["type"] == "message":
        return 200, ""
    assert raw.close_code() == 4401
    return 401, str(got["code"])


Channel = Callable[[Place, str], tuple[int, str]]
CHANNELS: dict[str, Channel] = {
    "chat": on_chat,
    "handshake": in_the_handshake,
    "first-frame": in_the_first_frame,
    "auth": on_auth,
}
channels = pytest.mark.parametrize("channel", CHANNELS.values(), ids=CHANNELS)


@channels
@pytest.mark.parametrize("forgery", ANYWHERE.values(), ids=ANYWHERE)
def test_refused(place: Place, forgery: Forgery, channel: Channel) -> None:
    status, code = channel(place, forgery(place.alice))
    assert status == 401
    assert code in REFUSALS


@pytest.mark.parametrize("forgery", IN_A_FRAME.values(), ids=IN_A_FRAME)
def test_refused_where_only_a_frame_can_carry_it(place: Place, forgery: Forgery) -> None:
    status, code = in_the_first_frame(place, forgery(place.alice))
    assert (status, code in REFUSALS) == (401, True)


# a token of the server's own making, so that each refusal above has one cause
GOOD: dict[str, Forgery] = {
    "untouched": lambda person: person.token,
    "made-by-the-tests": forge,
    "unknown-claims": lambda person: forge(person, is_admin=True, scope="admin", nothing=None),
    "unknown-header": lambda person: forge(person, header={"cty": "text", "x": [1]}),
    "expired-within-the-leeway": lambda person: forge(person, exp=int(time.time()) - 20),
    "begins-within-the-leeway": lambda person: forge(person, nbf=int(time.time()) + 20, iat=int(time.time()) + 20),
}


@pytest.fixture
def readable(place: Place) -> Place:
    place.alice.post(place.room, "something to read")
    return place


@channels
@pytest.mark.parametrize("make", GOOD.values(), ids=GOOD)
def test_the_control_works(readable: Place, make: Forgery, channel: Channel) -> None:
    token = make(readable.alice)
    if channel in (in_the_handshake, in_the_first_frame):
        with RawSocket.open(
            readable.alice.server.port,
            f"/ws/chat/{readable.room}/",
            bearer(token) if channel is in_the_handshake else {},
        ) as raw:
            raw.send(text({"message": "genuine", **({"token": token} if channel is in_the_first_frame else {})}))
            assert raw.message() == "genuine"
    else:
        assert channel(readable, token) == (200, "")


@pytest.mark.parametrize(("aud", "chat", "auth"), [("duologue-chat", 200, 401), ("duologue-auth", 401, 200)])
def test_each_service_takes_only_what_is_meant_for_it(place: Place, aud: str, chat: int, auth: int) -> None:
    token = forge(place.alice, aud=aud)
    assert (on_chat(place, token)[0], on_auth(place, token)[0]) == (chat, auth)


def test_an_access_token_is_no_refresh_token(place: Place) -> None:
    alice = place.alice
    as_refresh = forge(alice, header={"typ": "refresh+jwt"}, aud="duologue-refresh")
    for token in (alice.token, as_refresh, forge(alice, aud="duologue-refresh")):
        answer = alice.http.post("/api/token/refresh/", json={"refresh": token})
        assert (answer.status_code, answer.json()["code"]) == (401, "refresh_invalid")
        answer = alice.http.post("/api/logout/", json={"refresh": token}, headers=alice.headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "refresh_invalid")
    assert on_auth(place, alice.token) == (200, "")


@pytest.mark.parametrize("sub", ["999999999", "0", "-1", "1e3", "٣", "alice", "9" * 400])
def test_auth_knows_no_such_user(place: Place, sub: str) -> None:
    assert on_auth(place, forge(place.alice, sub=sub))[0] == 401


def test_the_session_and_the_user_belong_together(place: Place) -> None:
    _, others = unverified(place.bob.token)
    assert on_auth(place, forge(place.alice, sub=others["sub"])) == (401, "session_ended")
    assert on_auth(place, forge(place.alice, sid=others["sid"])) == (401, "session_ended")
    assert on_auth(place, forge(place.alice, sid="no-such-session")) == (401, "session_ended")


def test_auth_refuses_the_token_of_an_ended_login(server: RunningServer) -> None:
    leaver = Person.arrive(server, "leaver")
    before = leaver.http.get("/api/users/profile/", headers=leaver.headers)
    assert before.status_code == 200
    leaver.log_out()
    after = leaver.http.get("/api/users/profile/", headers=leaver.headers)
    assert (after.status_code, after.json()["code"]) == (401, "session_ended")


def test_the_names_of_a_token_give_no_rights(place: Place) -> None:
    """Who you are is `sub`; an invented role opens nothing."""
    token = forge(place.alice, is_admin=True, is_staff=True, is_superuser=True, role="admin", scope="admin")
    answer = place.alice.http.get("/admin/", headers=bearer(token))
    assert answer.status_code == 302
    assert "login" in answer.headers["location"]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@channels
@pytest.mark.parametrize("name", ["jku", "x5u", "jwks_uri", "kid"])
def test_no_key_is_fetched_from_where_the_token_says(
    place: Place, listener: socket.socket, name: str, channel: Channel
) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/keys.json"
    header = {"kid": "mine", "jwk": my_jwk()} | {name: url}
    assert channel(place, foreign("EdDSA", MINE.sign, **header)(place.alice))[0] == 401
    listener.settimeout(0.05)
    with pytest.raises(TimeoutError):
        listener.accept()


def test_a_token_of_a_mebibyte_is_refused_before_it_is_read(place: Place) -> None:
    huge = forge(place.alice, padding="p" * 768 * 1024)
    assert len(huge) > 1024 * 1024
    port = place.alice.server.port
    began = time.monotonic()
    for path in (f"/api/chat/rooms/{place.room}/", "/api/users/profile/", f"/ws/chat/{place.room}/"):
        with RawSocket(port) as raw:
            raw.send_until_gone(opening(path, bearer(huge)))
            assert raw.answer().status == 431
    with RawSocket.open(port, f"/ws/chat/{place.room}/") as raw:
        raw.send_until_gone(text({"token": huge, "message": "FORGED"}))
        assert raw.close_code() == 1009
    assert time.monotonic() - began < 1


@channels
@pytest.mark.parametrize("name", ["jwe-of-2^31-rounds", "token-of-16-KiB", "claims-deep", "exp-of-1000-digits"])
def test_refusing_is_cheap(place: Place, name: str, channel: Channel) -> None:
    token = ANYWHERE[name](place.alice)
    fastest = 1.0
    for _ in range(3):
        began = time.monotonic()
        assert channel(place, token)[0] == 401
        fastest = min(fastest, time.monotonic() - began)
    assert fastest < 0.05


def test_two_authorization_headers_are_not_a_choice(place: Place) -> None:
    """The second one must not win over, or rescue, the first."""
    wrong = bearer(ANYWHERE["bit-flipped-at-0"](place.alice))["authorization"]
    right = place.alice.headers["authorization"]
    for first, second in ((wrong, right), (right, wrong)):
        fields = [("Authorization", first), ("Authorization", second)]
        path = "/api/users/profile/"
        answer = ask(place.alice.server.port, opening(path, fields, leave_out=["Upgrade", "Connection"]))
        assert answer.status == 401
        with RawSocket.open(place.alice.server.port, f"/ws/chat/{place.room}/", fields) as raw:
            assert raw.close_code() == 4401


def test_the_signature_of_the_control_is_the_servers_own(place: Place) -> None:
    """The forgeries above are genuine where they claim to be: the tests' own key ring is the server's."""
    header, claims = unverified(place.alice.token)
    assert on_auth(place, signed(signing_key(place.alice.server), header, claims)) == (200, "")
