"""Text stays text, tokens stay in memory, and the policy holds."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.rig.people import Person
from tests.rig.server import RunningServer
from tests.web.conftest import Opener
from tests.web.payloads import NAMES, PAYLOADS
from tests.web.window import Window

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
}


def test_markup_in_messages_stays_text(window: Opener, alice: Person, bob: Person) -> None:
    hers = window().log_in(alice).open(bob.username)
    his = window().log_in(bob).open(alice.username)
    his.is_connected()
    elements = "document.querySelectorAll('#scroller .text *, script, iframe, object, embed, link, base').length"
    before = his.page.evaluate(elements)
    for payload in PAYLOADS:
        hers.say(payload)
    # live, on both sides; then from the history. Windows fail at the end when anything ran, loaded or popped up
    for each in (hers, his):
        each.sees(PAYLOADS)
    his.page.reload()
    his.log_in(bob).open(alice.username).sees(PAYLOADS[-100:])
    his.page.get_by_role("button", name="Show earlier messages").click()
    his.sees(PAYLOADS)
    assert his.page.evaluate(elements) == before


def test_markup_in_names_and_errors_stays_text(window: Opener, alice: Person) -> None:
    hers = window().log_in(alice)
    for name in NAMES:
        with hers.page.expect_response("**/api/chat/rooms/"):
            hers.open(name)
        expect(hers.page.locator("#other-why")).not_to_be_empty()
        assert hers.page.evaluate("document.querySelectorAll('#open :is(img, script, svg, b, plaintext)').length") == 0
    expect(hers.page.locator("#conversation")).to_be_hidden()


@pytest.mark.parametrize(
    ("attempt", "directive"),
    [
        ("document.body.insertAdjacentHTML('beforeend', '<b>x</b>')", "require-trusted-types-for"),
        ("document.createElement('script').src = '/web/app.js'", "require-trusted-types-for"),
        ("document.body.setAttribute('onclick', 'alert(1)')", "require-trusted-types-for"),
        ("trustedTypes.createPolicy('any', {})", "trusted-types"),
        ("eval('1')", "require-trusted-types-for"),
        ("document.body.setAttribute('style', 'color: red')", "style-src-attr"),
        ("fetch('https://example.invalid/').catch(() => {})", "connect-src"),
        ("new WebSocket('wss://example.invalid/')", "connect-src"),
        ("new Image().src = 'https://example.invalid/x.png'", "img-src"),
        ("document.body.append(Object.assign(document.createElement('iframe'), {src: '/docs'}))", "frame-src"),
        ("document.body.append(Object.assign(document.createElement('base'), {href: '/x/'}))", "base-uri"),
        ("const form = document.createElement('form'); document.body.append(form); form.submit()", "form-action"),
    ],
)
def test_the_policy_stops_what_the_page_never_does(policed: Window, attempt: str, directive: str) -> None:
    """The counterpart of the tests above: had markup come alive, the windows would have noticed."""
    broken = policed.page.evaluate(
        f"""() => new Promise((resolve) => {{
          addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective), {{ once: true }});
          setTimeout(() => {{ try {{ {attempt}; }} catch {{}} }});
          setTimeout(() => resolve("nothing"), 3000);
        }})"""
    )
    assert broken == directive
    assert policed.violations()


@pytest.fixture(scope="module")
def policed(browser: Browser, server: RunningServer) -> Iterator[Window]:
    """A window that may have trouble."""
    opened = Window(browser.new_context(), server.url)
    yield opened
    opened.context.close()


def test_tokens_are_nowhere_but_in_memory(window: Opener, alice: Person, bob: Person) -> None:
    hers = window()
    addresses: list[str] = []
    hers.page.on("request", lambda request: addresses.append(request.url))
    hers.page.on("websocket", lambda socket: addresses.append(socket.url))
    hers.log_in(alice).open(bob.username)
    hers.say("hello")
    hers.sees(["hello"])
    kept = hers.page.evaluate(
        "async () => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href,"
        " history.state, name, await indexedDB.databases(), await caches.keys().catch(() => [])])"
    )
    state = hers.context.storage_state()
    assert state.get("origins") == []
    assert "eyJ" not in kept + str(state.get("cookies"))
    assert addresses
    assert not any("eyJ" in address or "token=" in address for address in addresses)


@pytest.mark.parametrize("path", ["/", "/web/app.js", "/web/style.css", "/web/icon.svg"])
def test_every_file_carries_the_policy(server: RunningServer, path: str) -> None:
    answer = httpx.get(server.url + path, trust_env=False)
    assert answer.status_code == httpx.codes.OK
    policy = {directive.strip() for directive in answer.headers["content-security-policy"].split(";")}
    assert policy == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/web/", "/web/../cli.py", "/web/%2e%2e/cli.py", "/web/..%2fcli.py", "/web/nothing.js"]
)
def test_nothing_else_is_served(server: RunningServer, path: str) -> None:
    answer = httpx.get(httpx.URL(server.url).copy_with(raw_path=path.encode()), trust_env=False)
    assert answer.status_code == httpx.codes.NOT_FOUND
