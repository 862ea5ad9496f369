"""Where mails lead: from a link to a login, once, and with no other key."""

from collections.abc import Iterator
from urllib.parse import quote, unquote

import httpx
import pytest
from playwright.sync_api import expect

from tests.rig.mails import mailed_link
from tests.rig.people import PASSWORD, Person
from tests.rig.server import RunningServer, running_server
from tests.web.conftest import Opener
from tests.web.window import Window

NEW_PASSWORD = "Another-Password-2"
API = "/_allauth/app/v1/auth"


@pytest.fixture(scope="module")
def mailing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server where nobody logs in before they confirmed their address."""
    env = {"DUOLOGUE_EMAIL_VERIFICATION": "mandatory", "DUOLOGUE_MAIL_URL": "console"}
    with running_server(tmp_path_factory.mktemp("mailing"), env) as running:
        yield running


def link_to(server: RunningServer, name: str, purpose: str) -> str:
    return mailed_link(server, f"{name}@example.com", purpose)


def registered(server: RunningServer, name: str) -> Person:
    person = Person(server, name)
    person.register()
    return person


def confirmed(server: RunningServer, name: str) -> Person:
    person = registered(server, name)
    key = unquote(link_to(server, name, "confirm-email").partition("=")[2])
    person.http.post(f"{API}/email/verify", json={"key": key})
    person.log_in()
    return person


def follow(opened: Window, fragment: str) -> None:
    """Put a link into the address of a page that is open."""
    opened.page.evaluate("(fragment) => { location.hash = fragment; }", fragment)


def says(opened: Window, text: str) -> None:
    expect(opened.page.locator("#notice")).to_contain_text(text, timeout=15_000)


def test_from_a_registration_over_the_mail_to_a_login(window: Opener, mailing: RunningServer) -> None:
    hers = window(mailing.url)
    hers.page.get_by_role("button", name="Create one").click()
    form = hers.page.locator("#register")
    form.get_by_label("Username").fill("ann")
    form.get_by_label("E-mail").fill("ann@example.com")
    form.get_by_label("Password").fill(PASSWORD)
    form.get_by_role("button", name="Create the account").click()
    says(hers, "Look into your mail")
    ann = Person(mailing, "ann")
    hers.log_in(ann)
    expect(hers.page.locator("#login [role=alert]")).to_contain_text("open the link in the mail")
    expect(hers.page.locator("#chat")).to_be_hidden()

    link = link_to(mailing, "ann", "confirm-email")
    opened = window(f"{mailing.url}/{link}")
    says(opened, "Your e-mail address is confirmed")
    opened.log_in(ann)
    expect(opened.page.locator("#me")).to_have_text("ann")

    # and the link works once
    follow(hers, link)
    says(hers, "This link does not work")


def test_from_a_forgotten_password_over_the_mail_to_a_login(window: Opener, mailing: RunningServer) -> None:
    ben = confirmed(mailing, "ben")
    his = window(mailing.url)
    his.page.get_by_role("button", name="Forgot your password?").click()
    asked = []
    for address in ("nobody@example.com", "ben@example.com"):
        his.page.locator("#forgot").get_by_label("E-mail").fill(address)
        his.page.locator("#forgot").get_by_role("button", name="Send a link").click()
        says(his, "look into its mail")
        asked.append(his.page.locator("#notice").inner_text())
        his.page.get_by_role("button", name="Forgot your password?").click()
    # who asks learns nothing
    assert asked[0] == asked[1]

    link = link_to(mailing, "ben", "reset-password")
    opened = window(f"{mailing.url}/{link}")
    field = opened.page.get_by_label("New password", exact=True)
    for bad, why in (("", "required"), ("short", "too short"), ("password123", "too common"), ("x9" * 600, "too long")):
        field.fill(bad)
        opened.page.keyboard.press("Enter")
        expect(opened.page.locator("#reset-password-why")).to_contain_text(why)
    assert ben.http.get("/api/users/profile/", headers=ben.headers).status_code == httpx.codes.OK
    field.fill(NEW_PASSWORD)
    opened.page.keyboard.press("Enter")
    says(opened, "Your password is changed")
    opened.log_in(ben)
    expect(opened.page.locator("#login [role=alert]")).not_to_be_empty()
    opened.log_in(ben, NEW_PASSWORD)
    expect(opened.page.locator("#me")).to_have_text("ben")
    assert ben.http.get("/api/users/profile/", headers=ben.headers).status_code == httpx.codes.UNAUTHORIZED

    # and the link works once
    follow(his, link)
    his.page.get_by_label("New password", exact=True).fill("Yet-Another-Password-3")
    his.page.keyboard.press("Enter")
    says(his, "This link does not work")
    expect(his.page.locator("#forgot")).to_be_visible()


GARBAGE = [
    "x",
    "-",
    "1-x",
    "%",
    "%E0%A4%A",
    "%00",
    "../../x",
    quote("<img src=x onerror=alert(1)>"),
    "<script>alert(1)</script>",
    "'\"><svg/onload=alert(1)>",
]


def test_no_other_key_confirms_an_address(window: Opener, mailing: RunningServer) -> None:
    eve = registered(mailing, "eve")
    hers = window(mailing.url)
    for key in ["", link_to(mailing, "eve", "confirm-email").partition("=")[2][:-1], *GARBAGE]:
        with hers.page.expect_response("**/email/verify"):
            follow(hers, f"#confirm-email={key}")
        says(hers, "This link does not work")
        assert stayed_text(hers)
    hers.log_in(eve)
    expect(hers.page.locator("#login [role=alert]")).to_contain_text("open the link in the mail")


def test_no_other_key_resets_a_password(window: Opener, mailing: RunningServer) -> None:
    kim = confirmed(mailing, "kim")
    kim.http.post(f"{API}/password/request", json={"email": "kim@example.com"})
    hers = window(mailing.url)
    for key in [link_to(mailing, "kim", "reset-password").partition("=")[2][:-1], *GARBAGE]:
        follow(hers, f"#reset-password={key}")
        hers.page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
        hers.page.keyboard.press("Enter")
        expect(hers.page.locator("#forgot")).to_be_visible()
        says(hers, "This link does not work")
        assert stayed_text(hers)
    hers.page.locator("#forgot-card").get_by_role("button", name="Log in").click()
    hers.log_in(kim, NEW_PASSWORD)
    expect(hers.page.locator("#login [role=alert]")).not_to_be_empty()


def test_a_server_that_is_away_is_not_taken_for_a_dead_link(window: Opener, mailing: RunningServer) -> None:
    tom = registered(mailing, "tom")
    link = link_to(mailing, "tom", "confirm-email")
    his = window(mailing.url)
    his.page.route("**/_allauth/**", lambda route: route.abort())
    follow(his, link)
    says(his, "The server cannot be reached")
    says(his, "Then open the link in the mail again")
    his.page.unroute("**/_allauth/**")
    follow(his, link)
    says(his, "Your e-mail address is confirmed")
    his.log_in(tom)
    expect(his.page.locator("#me")).to_have_text("tom")


def stayed_text(opened: Window) -> bool:
    count: int = opened.page.evaluate("document.querySelectorAll('#welcome :is(script, svg, img[src=x])').length")
    return count == 0


@pytest.mark.parametrize("purpose", ["confirm-email", "reset-password"])
def test_a_key_stays_in_the_page(window: Opener, mailing: RunningServer, purpose: str) -> None:
    lea = registered(mailing, f"lea.{purpose[:5]}")
    if purpose == "reset-password":
        lea.http.post(f"{API}/password/request", json={"email": f"{lea.username}@example.com"})
    link = link_to(mailing, lea.username, purpose)
    key = link.partition("=")[2]
    opened = window(mailing.url)
    addresses: list[str] = []
    opened.page.on("request", lambda request: addresses.append(f"{request.url} {request.headers}"))
    opened.page.goto("about:blank")
    opened.page.goto(f"{mailing.url}/{link}")
    opened.page.wait_for_function("location.href === `${location.origin}/`")
    if purpose == "reset-password":
        opened.page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
        opened.page.keyboard.press("Enter")
    says(opened, "Log in")
    kept = opened.page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href, history.state, name])"
    )
    # in no address and no header of a request, so in no log; the mail itself is in this one
    requests = [address for address in addresses if not address.startswith(f"{mailing.url}/#")]
    assert any("/_allauth/" in address for address in requests)
    for form in (key, unquote(key)):
        assert form not in kept + opened.page.content() + "".join(requests)
    assert mailing.log().count(key) == 1


def test_a_link_to_register_or_to_ask_for_a_reset_shows_that_form(window: Opener, mailing: RunningServer) -> None:
    for link, form in (("#register", "#register"), ("#reset-password", "#forgot"), ("#anything", "#login")):
        opened = window(f"{mailing.url}/{link}")
        expect(opened.page.locator(form)).to_be_visible()
        expect(opened.page.locator("#welcome form:visible")).to_have_count(1)


def test_a_link_followed_in_a_page_that_is_logged_in_is_followed(window: Opener, mailing: RunningServer) -> None:
    zoe = confirmed(mailing, "zoe")
    hers = window(mailing.url).log_in(zoe)
    expect(hers.page.locator("#me")).to_have_text("zoe")
    zoe.http.post(f"{API}/password/request", json={"email": "zoe@example.com"})
    follow(hers, link_to(mailing, "zoe", "reset-password"))
    expect(hers.page.locator("#chat")).to_be_hidden()
    assert hers.page.evaluate("location.hash") == ""
    hers.page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    hers.page.keyboard.press("Enter")
    says(hers, "Your password is changed")
    hers.log_in(zoe, NEW_PASSWORD)
    expect(hers.page.locator("#chat")).to_be_visible()
