"""The twelve commonest defects of chats like this one: each check passes here, and fails on a chat that has them."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.rig.people import bearer
from tests.rig.raw_socket import CLOSE, PONG, ask, frame, opening, text
from tests.rig.server import RunningServer
from tests.security.stages import NaiveStage, Stage, naive_stage


def a_socket_that_nobody_is_behind(stage: Stage) -> None:
    """1: accepted without a token, or with a bad one."""
    alice, _, room = stage.room()
    tokens: list[dict[str, str]] = [{}, bearer("garbage"), bearer("a.b.c"), {"authorization": "Basic YTpi"}]
    for headers in tokens:
        with stage.socket(room, headers) as nobody, alice.socket(room) as somebody:
            somebody.send(text({"message": "not for everybody"}))
            assert somebody.message() == "not for everybody"
            nobody.send_until_gone(text({"message": "from nobody"}))
            assert nobody.json()["type"] == "error"
            assert nobody.close_code() == 4401
    assert "from nobody" not in {each["content"] for each in alice.history(room)}


def a_sender_taken_from_the_payload(stage: Stage) -> None:
    """2: who sends is who the body says."""
    alice, bob, room = stage.room()
    alice.post(room, "as bob", sender_id=bob.username)
    with alice.socket(room) as raw:
        raw.send(text({"message": "as bob", "sender_id": bob.username, "username": bob.username}))
        raw.send(text({"message": "as herself"}))
        while (got := raw.json())["content" if "content" in got else "code"] != "as herself":
            assert got.get("sender_id") != bob.username
    assert {each["sender_id"] for each in alice.history(room)} == {alice.username}


def any_room_by_its_number(stage: Stage) -> None:
    """3: history, sending and listening work with any id."""
    alice, _, room = stage.room()
    alice.post(room, "private")
    stranger = stage.arrive("stranger")
    path = f"/api/chat/rooms/{room}/messages/"
    assert stranger.http.get(path, headers=stranger.headers).status_code == 404
    assert stranger.post(room, "me too").status_code == 404
    with stage.socket(room, stranger.headers) as raw:
        raw.send_until_gone(text({"message": "me too"}))
        assert raw.json()["type"] == "error"
        assert raw.close_code() == 4403
    assert [each["content"] for each in alice.history(room)] == ["private"]


def a_socket_for_any_page(stage: Stage) -> None:
    """4: the origin is not looked at."""
    alice, _, room = stage.room()
    for origin in ("https://evil.example", "null"):
        request = opening(f"/ws/chat/{room}/", {"Origin": origin, **alice.headers})
        assert ask(stage.server.port, request).status == 403
    same = opening(f"/ws/chat/{room}/", {"Origin": "http://here", "Host": "here", **alice.headers})
    assert ask(stage.server.port, same).status == 101


def a_token_in_the_address(stage: Stage) -> None:
    """5: taken from the query, written into logs, or tripping over `?a`."""
    alice, _, room = stage.room()
    token = stage.other_token(alice)
    for query in (f"token={token}", f"a&b=&token={token}", "a&b=&token"):
        assert ask(stage.server.port, opening(f"/ws/chat/{room}/?{query}")).status == 400
    with stage.socket(room, alice.headers, "?a&b=") as raw:
        raw.send(text({"message": "a harmless query"}))
        assert raw.message() == "a harmless query"
    assert token not in stage.server.log()


def shown_before_it_is_stored(stage: Stage) -> None:
    """6: the broadcast goes out first, and then storing fails."""
    alice, bob, room = stage.room()
    with bob.socket(room) as listening:
        bob.post(room, "before")
        assert listening.message() == "before"
        with stage.broken_disk():
            answer = alice.post(room, "fails", client_id="again")
            assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
        # the same again is stored once, and only then shown
        assert alice.post(room, "fails", client_id="again").status_code in (200, 201)
        assert alice.post(room, "after").status_code == 201
        assert [listening.message(), listening.message()] == ["fails", "after"]
    assert [each["content"] for each in alice.history(room)] == ["before", "fails", "after"]


def a_gap_between_history_and_live(stage: Stage) -> None:
    """7: what is said between reading the history and joining is lost or comes twice."""
    alice, bob, room = stage.room()
    stop = threading.Event()

    def talk() -> None:
        with alice.socket(room) as raw:
            number = 0
            while not stop.is_set():
                raw.send(text({"message": str(number)}))
                while raw.message() != str(number):
                    pass
                number += 1

    with ThreadPoolExecutor(1) as pool:
        talking = pool.submit(talk)
        try:
            for _ in range(20):
                with stage.socket(room, bearer(stage.other_token(bob))) as raw:
                    read = [int(each["content"]) for each in bob.whole_history(room)]
                    live = [int(raw.message())]
                    while live[-1] < len(read) + 3:
                        live.append(int(raw.message()))
                assert read == list(range(len(read)))
                assert live[0] <= len(read), "a gap"
                assert live == list(range(live[0], live[-1] + 1)), "lost or doubled"
        finally:
            stop.set()
        talking.result()


def a_silent_drop(stage: Stage) -> None:
    """8: a burst to a consumer that sleeps is cut short without a word."""
    alice, bob, room = stage.room()
    got: list[str] = []
    with alice.socket(room) as writer, bob.socket(room) as sleeping:
        for at in range(0, 1000, 50):
            writer.send(b"".join(text({"message": str(number)}) for number in range(at, at + 50)))
            for number in range(at, at + 50):
                assert writer.message() == str(number)
        time.sleep(1)
        with contextlib.suppress(EOFError, ConnectionError):
            while len(got) < 1000 and (each := sleeping.receive()).opcode != CLOSE:
                got.append(each.payload.split(b'"message":"')[1].split(b'"')[0].decode())
    # if it was closed for being slow it knows, and reads the rest
    got += [each["content"] for each in bob.history(room, after=len(got))]
    assert got == [str(number) for number in range(1000)]


def an_order_of_its_own_for_everybody(stage: Stage) -> None:
    """9: ordered by time or by whoever comes first."""
    alice, bob, room = stage.room()

    def say(each: int) -> None:
        person = (alice, bob)[each % 2]
        for number in range(10):
            assert person.post(room, f"{each}.{number}").status_code == 201

    with alice.socket(room) as one, bob.socket(room) as other:
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(say, range(6)))
        heard = [[raw.json() for _ in range(60)] for raw in (one, other)]
    assert [each["seq"] for each in heard[0]] == list(range(1, 61))
    assert heard[0] == heard[1]
    assert [each["id"] for each in alice.history(room)] == [each["id"] for each in heard[0]]
    for sender in range(6):
        own = [each["content"] for each in heard[0] if each["content"].startswith(f"{sender}.")]
        assert own == [f"{sender}.{number}" for number in range(10)]


def a_second_try_that_doubles(stage: Stage) -> None:
    """10: after a lost acknowledgement the client sends again, by whatever way."""
    alice, bob, room = stage.room()
    with alice.socket(room) as raw, bob.socket(room) as listening:
        for _ in range(3):
            raw.send(text({"message": "once", "client_id": "try"}))
            assert raw.message() == "once"
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: alice.post(room, "once", client_id="try"), range(16)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert alice.post(room, "something else", client_id="try").status_code == 409
        raw.send(text({"message": "next"}))
        assert [listening.message(), listening.message()] == ["once", "next"]
    # another person's id is another id
    assert bob.post(room, "once", client_id="try").status_code == 201
    assert [each["content"] for each in alice.history(room)] == ["once", "next", "once"]


def a_right_that_is_asked_for_once(stage: Stage) -> None:
    """11: the token is looked at when the socket opens and never again."""
    alice, bob, room = stage.room()
    ending = [stage.socket(room, bearer(stage.ending_token(alice))) for _ in range(2)]
    with ending[0] as left_alone, ending[1] as renewed:
        renewed.send(text({"token": stage.other_token(alice), "message": "renewed"}))
        assert renewed.message() == "renewed"
        assert left_alone.message() == "renewed"
        assert left_alone.error() == "token_expired"
        assert left_alone.close_code() == 4401
        renewed.send(text({"message": "still here"}))
        assert renewed.message() == "still here"
        # a socket belongs to one person
        renewed.send(text({"token": bob.token, "message": "as bob"}))
        assert renewed.error() == "token_invalid"
        assert renewed.close_code() == 4401
    assert [each["content"] for each in bob.history(room)] == ["renewed", "still here"]


BAD_FRAMES = ("", "{", "[]", '"text"', "null", '{"message":7}', '{"message":""}', '{"message":null}', "{}")


def one_bad_frame_that_kills(stage: Stage) -> None:
    """12: it ends the socket, stalls the others, or may come without end."""
    alice, bob, room = stage.room()
    for bad in BAD_FRAMES:
        with alice.socket(room) as raw:
            raw.send(text(bad))
            assert raw.json()["type"] == "error", bad
            raw.send(text({"message": f"after {bad}"}))
            assert raw.message() == f"after {bad}"
    with alice.socket(room) as clumsy, bob.socket(room) as careful:
        for _ in range(4):
            clumsy.send(text("{"))
            assert clumsy.error() == "malformed_json"
        clumsy.send(text("{") * 50)
        assert clumsy.close_code() == 1008
        careful.send(text({"message": "not disturbed"}))
        assert careful.message() == "not disturbed"


DEFECTS: tuple[Callable[[Stage], None], ...] = (
    a_socket_that_nobody_is_behind,
    a_sender_taken_from_the_payload,
    any_room_by_its_number,
    a_socket_for_any_page,
    a_token_in_the_address,
    shown_before_it_is_stored,
    a_gap_between_history_and_live,
    a_silent_drop,
    an_order_of_its_own_for_everybody,
    a_second_try_that_doubles,
    a_right_that_is_asked_for_once,
    one_bad_frame_that_kills,
)
defects = pytest.mark.parametrize("check", DEFECTS, ids=[check.__name__ for check in DEFECTS])


@pytest.fixture(scope="module")
def naive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NaiveStage]:
    with naive_stage(tmp_path_factory.mktemp("naive")) as stage:
        yield stage


@defects
def test_is_not_here(server: RunningServer, check: Callable[[Stage], None]) -> None:
    check(Stage(server))


@defects
def test_is_found_where_it_is(naive: NaiveStage, check: Callable[[Stage], None]) -> None:
    with pytest.raises((AssertionError, TimeoutError, EOFError)):
        check(naive)


def test_the_naive_chat_works_for_a_demonstration(naive: NaiveStage) -> None:
    """Otherwise every check would find something."""
    alice, bob, room = naive.room()
    with alice.socket(room) as one, bob.socket(room) as other:
        time.sleep(0.2)
        one.send(text({"message": "Hello!", "username": alice.username, "sender_id": alice.username}))
        assert [one.message(), other.message()] == ["Hello!", "Hello!"]
    assert bob.post(room, "Hi").status_code == 201
    assert [each["content"] for each in alice.history(room)] == ["Hello!", "Hi"]


def test_others_do_not_wait_for_long_histories(server: RunningServer) -> None:
    """12 again: reading a thousand messages, over and over, blocks nobody's socket."""
    alice, bob, room = Stage(server).room()
    with alice.socket(room) as raw:
        for at in range(0, 1000, 100):
            raw.send(b"".join(text({"message": "x" * 400}) for _ in range(100)))
            for _ in range(at, at + 100):
                raw.message()
    waits = []
    with ThreadPoolExecutor(4) as pool, alice.socket(room) as raw:
        reading = [pool.submit(bob.history, room) for _ in range(40)]
        while not all(each.done() for each in reading):
            began = time.monotonic()
            raw.send(frame(0x9, b"lag"))
            assert raw.receive().opcode == PONG
            waits.append(time.monotonic() - began)
            time.sleep(0.15)
        assert {len(each.result()) for each in reading} == {1000}
    assert sorted(waits)[len(waits) // 2] < 0.05
    assert max(waits) < 1
