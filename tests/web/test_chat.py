"""What a person does on the page, in one window and in two."""

import re
import uuid

import httpx
import pytest
from playwright.sync_api import expect

from tests.rig.people import PASSWORD, Person
from tests.web.conftest import Opener
from tests.web.window import PICTURES, eventually


def test_two_people_register_and_chat_in_two_windows(window: Opener) -> None:
    # names of their own on the shared server; plain ones in the documents' pictures
    names = ["ann", "ben"] if PICTURES else [f"{name}.{uuid.uuid4().hex[:8]}" for name in ("ann", "ben")]
    windows = [window(), window(color_scheme="dark")]
    windows[0].picture("login")
    for each, name in zip(windows, names, strict=True):
        each.page.get_by_role("button", name="Create one").click()
        form = each.page.locator("#register")
        form.get_by_label("Username").fill(name)
        form.get_by_label("E-mail").fill(f"{name}@example.com")
        form.get_by_label("Password").fill(PASSWORD)
        form.get_by_label("First name").fill(name)
        form.get_by_role("button", name="Create the account").click()
        # only now can the other one find them
        expect(each.page.locator("#me")).to_have_text(name)
    for each, partner in zip(windows, reversed(names), strict=True):
        each.open(partner).is_connected()
    said = ["Hi Ben! How are you?", "Fine ☀ and you?", "Very well.\nShall we meet at noon?", "  Noon it is.  "]
    for turn, text in enumerate(said):
        windows[turn % 2].say(text)
        for each in windows:
            each.sees(said[: turn + 1])
    expect(windows[0].page.locator("#log li").nth(0).locator(".who")).to_have_text("You")
    expect(windows[1].page.locator("#log li").nth(0).locator(".who")).to_have_text(names[0])
    for each, picture in zip(windows, ("chat", "chat-dark"), strict=True):
        each.picture(picture)


def test_a_reload_asks_for_the_login_and_shows_the_history(window: Opener, alice: Person, bob: Person) -> None:
    hers = window().log_in(alice).open(bob.username)
    hers.say("Before the reload")
    hers.sees(["Before the reload"])
    hers.page.reload()
    expect(hers.page.locator("#login")).to_be_visible()
    expect(hers.page.locator("#chat")).to_be_hidden()
    hers.log_in(alice).open(bob.username).sees(["Before the reload"])


def test_a_wrong_password_shows_the_error_and_lets_one_try_again(window: Opener, alice: Person) -> None:
    hers = window().log_in(alice, "not her password")
    expect(hers.page.locator("#login [role=alert]")).not_to_be_empty()
    expect(hers.page.locator("#chat")).to_be_hidden()
    hers.log_in(alice)
    expect(hers.page.locator("#me")).to_have_text(alice.username)
    expect(hers.page.locator("#login-password")).to_have_value("")


def test_errors_stand_beside_their_fields(window: Opener, alice: Person) -> None:
    page = window().page
    page.get_by_role("button", name="Create one").click()
    form = page.locator("#register")
    form.get_by_label("Username").fill(alice.username)
    form.get_by_label("E-mail").fill("someone@example.com")
    form.get_by_label("Password").fill("short")
    form.get_by_role("button", name="Create the account").click()
    username = form.get_by_label("Username")
    expect(username).to_have_attribute("aria-invalid", "true")
    expect(username).to_have_accessible_description("This username is already taken.")
    expect(form.locator("#register-password-why")).to_contain_text("too short")
    expect(form.locator("#register-email-why")).to_be_hidden()
    expect(username).to_be_focused()


@pytest.mark.parametrize("stranger", ["nobody.of.that.name", "../../admin"])
def test_an_unknown_partner_is_said_to_be_one(window: Opener, alice: Person, stranger: str) -> None:
    hers = window().log_in(alice).open(stranger)
    expect(hers.page.locator("#other-why")).not_to_be_empty()
    expect(hers.page.locator("#conversation")).to_be_hidden()


def test_the_keyboard_is_enough(window: Opener, alice: Person, bob: Person) -> None:
    hers = window()
    keys = hers.page.keyboard
    for typed, then in ((alice.username, "Tab"), (PASSWORD, "Enter")):
        keys.type(typed)
        keys.press(then)
    expect(hers.page.get_by_label("Chat with")).to_be_focused()
    keys.type(bob.username)
    keys.press("Enter")
    hers.is_connected()
    expect(hers.page.get_by_label("Message", exact=True)).to_be_focused()
    keys.type("one")
    keys.press("Shift+Enter")
    keys.type("two")
    keys.press("Enter")
    hers.sees(["one\ntwo"])


def test_a_blank_message_is_not_sent(window: Opener, alice: Person, bob: Person) -> None:
    hers = window().log_in(alice).open(bob.username)
    hers.is_connected()
    hers.say(" \n ")
    hers.say("something")
    hers.sees(["something"])


def test_as_many_characters_can_be_said_as_the_server_takes(window: Opener, alice: Person, bob: Person) -> None:
    hers = window().log_in(alice).open(bob.username)
    hers.is_connected()
    # each of them two units of UTF-16, one character to the server
    most = "\U0001f980" * 4000
    hers.say(most)
    hers.sees([most])
    room = alice.room_with(bob)
    assert [message["content"] for message in bob.history(room)] == [most]
    assert alice.post(room, most + "x").status_code == httpx.codes.BAD_REQUEST


def test_one_more_is_said_to_be_too_many_and_stays_where_it_was_typed(
    window: Opener, alice: Person, bob: Person
) -> None:
    hers = window().log_in(alice).open(bob.username)
    hers.is_connected()
    text = hers.page.get_by_label("Message", exact=True)
    for too_much in ("\U0001f980" * 4001, "x" * 4001):
        hers.say(too_much)
        expect(text).to_have_accessible_description(re.compile(r"At most 4000 .* 4001"))
        expect(text).to_have_value(too_much)
        hers.page.get_by_role("button", name="Send").click()
        expect(text).to_have_value(too_much)
    hers.page.keyboard.press("Backspace")
    expect(hers.page.locator("#text-why")).to_be_hidden()
    expect(text).to_have_attribute("aria-invalid", "false")
    hers.page.keyboard.press("Enter")
    hers.sees(["x" * 4000])


def test_a_long_history_comes_page_by_page(window: Opener, alice: Person, bob: Person) -> None:
    room = alice.room_with(bob)
    said = [f"message {number}" for number in range(1, 231)]
    for text in said:
        alice.post(room, text)
    his = window().log_in(bob).open(alice.username)
    his.sees(said[-100:])
    alice.post(room, "live")
    his.sees([*said[-100:], "live"])
    earlier = his.page.get_by_role("button", name="Show earlier messages")
    earlier.click()
    his.sees([*said[-200:], "live"])
    earlier.click()
    his.sees([*said, "live"])
    expect(earlier).to_be_hidden()


def test_another_conversation_takes_the_place_of_the_first(window: Opener, alice: Person, bob: Person) -> None:
    carol = Person.arrive(alice.server, "carol")
    hers = window().log_in(alice).open(bob.username)
    hers.say("for Bob")
    # what was said is sent, also when she has turned away
    hers.open(carol.username)
    expect(hers.page.locator("#partner")).to_have_text(carol.username)
    hers.say("for Carol")
    hers.sees(["for Carol"])
    room = alice.room_with(bob)
    eventually(lambda: [message["content"] for message in bob.history(room)] == ["for Bob"])
    bob.post(room, "from Bob")
    carol.post(alice.room_with(carol), "from Carol")
    hers.sees(["for Carol", "from Carol"])
    hers.open(bob.username).sees(["for Bob", "from Bob"])


def test_logging_out_ends_the_login_and_shows_nothing_more(window: Opener, alice: Person, bob: Person) -> None:
    hers = window().log_in(alice).open(bob.username)
    hers.say("a secret")
    hers.sees(["a secret"])
    with hers.page.expect_response("**/api/logout/") as answer:
        hers.page.get_by_role("button", name="Log out").click()
    assert answer.value.status == 200
    expect(hers.page.locator("#login")).to_be_visible()
    assert "a secret" not in hers.page.content()
    hers.log_in(bob)
    expect(hers.page.locator("#me")).to_have_text(bob.username)
    assert "a secret" not in hers.page.content()
