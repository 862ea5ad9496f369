"""Nothing lost, nothing twice, whatever happens to the connection."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Route, WebSocketRoute, expect

from tests.rig.people import Person
from tests.rig.server import running_server
from tests.web.conftest import Opener
from tests.web.window import Window

SOCKETS = "**/ws/chat/**"
HISTORY = "**/messages/?*"


def test_the_server_is_killed_and_comes_back(window: Opener, tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        room = alice.room_with(bob)
        hers = window(server.url).log_in(alice).open(bob.username)
        his = window(server.url).log_in(bob).open(alice.username)
        for each in (hers, his):
            each.is_connected()
        hers.say("before")
        his.sees(["before"])
        server.kill()
        expect(hers.page.locator("#state")).to_contain_text("Connection lost")
        meanwhile = [f"meanwhile {number}" for number in range(5)]
        for text in meanwhile:
            hers.say(text)
        assert hers.waiting() == meanwhile
        server.start()
        everything = ["before", *meanwhile]
        # one comes back when the browser says that the network is there again, the other one by itself: it
        # pauses for half a minute at most
        hers.page.evaluate("dispatchEvent(new Event('online'))")
        hers.sees(everything)
        his.sees(everything, seconds=45)
        his.say("after")
        hers.sees([*everything, "after"])
        assert [message["content"] for message in bob.whole_history(room)] == [*everything, "after"]


def test_an_echo_that_never_comes_is_asked_for_again(window: Opener, alice: Person, bob: Person) -> None:
    hers = window()
    lost: list[str] = []

    def swallow_the_first_echo(page_side: WebSocketRoute) -> None:
        server_side = page_side.connect_to_server()

        def pass_on(frame: str | bytes) -> None:
            if lost:
                page_side.send(frame)
            else:
                lost.append(str(frame))

        server_side.on_message(pass_on)

    hers.page.route_web_socket(SOCKETS, swallow_the_first_echo)
    hers.log_in(alice).open(bob.username).is_connected()
    # a look at the history would find it too
    hers.page.route(HISTORY, lambda route: route.abort())
    hers.say("once")
    expect(hers.page.locator("#outbox .pending")).to_have_count(1)
    hers.sees(["once"])
    assert "once" in lost[0]
    assert [message["content"] for message in bob.history(alice.room_with(bob))] == ["once"]


def test_a_connection_that_breaks_after_the_message_was_stored(window: Opener, alice: Person, bob: Person) -> None:
    hers = window()
    sockets: list[WebSocketRoute] = []

    def break_at_the_first_echo(page_side: WebSocketRoute) -> None:
        server_side = page_side.connect_to_server()
        sockets.append(page_side)
        if len(sockets) == 1:
            server_side.on_message(lambda _: page_side.close(code=1012))

    hers.page.route_web_socket(SOCKETS, break_at_the_first_echo)
    hers.log_in(alice).open(bob.username).is_connected()
    hers.say("once")
    hers.say("and then")
    hers.sees(["once", "and then"])
    assert len(sockets) == 2
    assert [message["content"] for message in bob.history(alice.room_with(bob))] == ["once", "and then"]


def test_a_refused_socket_waits_for_the_person(window: Opener, alice: Person, bob: Person) -> None:
    hers = window()
    sockets: list[WebSocketRoute] = []

    def refuse_the_first(page_side: WebSocketRoute) -> None:
        sockets.append(page_side)
        if len(sockets) == 1:
            page_side.close(code=1008)
        else:
            page_side.connect_to_server()

    hers.page.route_web_socket(SOCKETS, refuse_the_first)
    hers.log_in(alice).open(bob.username)
    expect(hers.page.locator("#state")).to_have_text("The server closed the connection.")
    hers.say("later")
    hers.page.wait_for_timeout(1000)
    assert len(sockets) == 1
    hers.page.get_by_role("button", name="Try now").click()
    hers.sees(["later"])


def test_a_message_that_the_socket_lost_is_fetched(window: Opener, alice: Person, bob: Person) -> None:
    hers = window()
    lost: list[str] = []

    def swallow_the_second(page_side: WebSocketRoute) -> None:
        server_side = page_side.connect_to_server()

        def pass_on(frame: str | bytes) -> None:
            if "second" in str(frame):
                lost.append(str(frame))
                return
            if "third" in str(frame):
                hers.page.unroute(HISTORY)
            page_side.send(frame)

        server_side.on_message(pass_on)

    hers.page.route_web_socket(SOCKETS, swallow_the_second)
    hers.log_in(alice).open(bob.username).is_connected()
    # only the number of the third message can tell, no look that happens to come by
    hers.page.route(HISTORY, lambda route: route.abort())
    room = alice.room_with(bob)
    for text in ("first", "second", "third"):
        bob.post(room, text)
    hers.sees(["first", "second", "third"])
    assert len(lost) == 1


def test_a_message_that_came_too_fast_is_sent_again_under_its_id(window: Opener, alice: Person, bob: Person) -> None:
    hers = window()
    sent: list[dict[str, str]] = []

    def refuse_the_first(page_side: WebSocketRoute) -> None:
        server_side = page_side.connect_to_server()

        def pass_on(text: str | bytes) -> None:
            frame = json.loads(text)
            if "message" in frame:
                sent.append(frame)
            if len(sent) == 1:
                error = {"type": "error", "code": "rate_limited", "detail": "Slow down.", "retryable": True}
                page_side.send(json.dumps({**error, "retry_after_ms": 200, "client_id": sent[0]["client_id"]}))
            else:
                server_side.send(text)

        page_side.on_message(pass_on)

    hers.page.route_web_socket(SOCKETS, refuse_the_first)
    hers.log_in(alice).open(bob.username)
    for text in ("one", "two"):
        hers.say(text)
    hers.sees(["one", "two"])
    assert [frame["message"] for frame in sent] == ["one", "one", "two"]
    assert sent[0]["client_id"] == sent[1]["client_id"] != sent[2]["client_id"]


def test_a_refused_message_says_why_and_does_not_hold_up_the_next(window: Opener, alice: Person, bob: Person) -> None:
    hers = window().log_in(alice).open(bob.username)
    hers.is_connected()
    hers.say("nul \0 byte")
    hers.say("next")
    expect(hers.page.locator("#log .text")).to_have_text(["next"])
    refused = hers.page.locator("#outbox .refused")
    expect(refused).to_contain_text("U+0000")
    refused.get_by_role("button", name="Remove").click()
    hers.sees(["next"])


def test_an_expired_token_is_renewed_once_and_the_request_sent_again(
    window: Opener, alice: Person, bob: Person
) -> None:
    hers = window()
    asked: list[str] = []

    def refuse_the_first(route: Route) -> None:
        asked.append(route.request.headers["authorization"])
        if len(asked) == 1:
            problem = {"code": "token_expired", "status": 401, "detail": "Too old."}
            route.fulfill(status=401, json=problem, content_type="application/problem+json")
        else:
            route.continue_()

    hers.page.route("**/api/chat/rooms/", refuse_the_first)
    renewals: list[str] = []
    hers.page.on("request", lambda request: renewals.append(request.url) if "token/refresh" in request.url else None)
    hers.log_in(alice).open(bob.username).is_connected()
    assert len(asked) == 2
    assert asked[0] != asked[1]
    assert len(renewals) == 1


def test_a_socket_gets_a_fresh_token_before_the_first_one_ends(window: Opener, alice: Person, bob: Person) -> None:
    hers = window()
    hers.page.clock.install()
    tokens: list[str] = []
    hers.page.on(
        "websocket",
        lambda socket: socket.on(
            "framesent", lambda frame: tokens.append(str(frame)) if "token" in str(frame) else None
        ),
    )
    hers.log_in(alice).open(bob.username).is_connected()
    hers.say("early")
    hers.sees(["early"])
    assert len(tokens) == 1
    with hers.page.expect_response("**/api/token/refresh/") as answer:
        hers.page.clock.fast_forward("09:00")
    assert answer.value.status == 200
    hers.say("late")
    hers.sees(["early", "late"])
    assert len(tokens) == 2
    assert tokens[0] != tokens[1]
    hers.is_connected()


@pytest.fixture
def ended(window: Opener, alice: Person, bob: Person) -> Window:
    """Alice's window after her login has ended, while a message of hers waited."""
    hers = window()

    def hold_back(page_side: WebSocketRoute) -> None:
        server_side = page_side.connect_to_server()
        held_back = len(sockets) == 0
        sockets.append(page_side)
        page_side.on_message(lambda frame: None if held_back and "waiting" in str(frame) else server_side.send(frame))

    sockets: list[WebSocketRoute] = []
    hers.page.route_web_socket(SOCKETS, hold_back)
    hers.log_in(alice).open(bob.username)
    hers.say("before")
    hers.sees(["before"])
    hers.say("waiting")
    answer = {"code": "session_ended", "status": 401, "detail": "This session has ended; log in again."}
    for address in ("**/api/token/refresh/", "**/api/chat/**"):
        hers.page.route(address, lambda route: route.fulfill(status=401, json=answer))
    hers.open("anybody")
    expect(hers.page.locator("#notice")).to_contain_text("Your login has ended")
    expect(hers.page.locator("#chat")).to_be_hidden()
    hers.page.unroute_all()
    return hers


def test_after_a_new_login_what_waited_is_sent(ended: Window, alice: Person, bob: Person) -> None:
    ended.log_in(alice).sees(["before", "waiting"])
    assert [message["content"] for message in bob.history(alice.room_with(bob))] == ["before", "waiting"]


def test_after_somebody_elses_login_it_is_not(ended: Window, alice: Person, bob: Person) -> None:
    ended.log_in(bob)
    expect(ended.page.locator("#me")).to_have_text(bob.username)
    assert "waiting" not in ended.page.content()
    ended.open(alice.username).sees(["before"])
    assert [message["content"] for message in bob.history(alice.room_with(bob))] == ["before"]
