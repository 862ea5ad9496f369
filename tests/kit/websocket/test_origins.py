"""A page of another host gets no socket (RFC 6455 section 10.2), whatever it calls itself."""

import pytest

from tests.kit.websocket.conftest import Pair
from tests.rig.raw_socket import Answer, Headers, ask, opening

HERE = "chat.example:8443"

WELCOME = {
    "no-browser": None,
    "same-host": f"http://{HERE}",
    "same-host-behind-tls": f"https://{HERE}",
    "listed": "https://good.example",
    "listed-with-its-port": "http://localhost:3000",
    "in-capitals": "https://GOOD.example",
}
UNWELCOME = {
    "null": "null",
    "empty": "",
    "evil": "https://evil.example",
    "other-scheme": "http://good.example",
    "websocket-scheme": "wss://good.example",
    "other-port": "https://good.example:8443",
    "default-port-spelled-out": "https://good.example:443",
    "no-port": "http://localhost",
    "subdomain": "https://www.good.example",
    "suffix": "https://good.example.evil",
    "prefix": "https://notgood.example",
    "top-level": "https://example",
    "trailing-dot": "https://good.example.",
    "trailing-slash": "https://good.example/",
    "path": "https://good.example/page",
    "query": "https://good.example?",
    "fragment": "https://good.example#",
    "user": "https://good.example@evil.example",
    "user-before": "https://evil.example@good.example",
    "user-and-same-host": f"http://x@{HERE}",
    "backslash": "https://evil.example\\@good.example",
    "encoded": "https://good%2eexample",
    "two": "https://good.example https://evil.example",
    "two-with-comma": "https://evil.example, https://good.example",
    "no-scheme": "good.example",
    "slashes-only": "//good.example",
    "scheme-only": "https://",
    "one-slash": "https:/good.example",
    "file": "file://",
    "extension": "chrome-extension://abcdefghijklmnop",
    "data": "data:text/html,x",
    "script": "javascript:alert(1)",
    "not-ascii": "https://göod.example".encode().decode("latin-1"),
    "fullwidth": "https://\uff47ood.example".encode().decode("latin-1"),
    "half-an-address": "http://[",
    "half-an-address-of-us": "http://[::1",
    "same-name-other-port": "http://chat.example",
    "same-host-as-a-prefix": f"http://{HERE}.evil",
    "tab": "https://good.example\tx",
    "star": "*",
}


def knock(pair: Pair, headers: Headers) -> Answer:
    alice, _, room = pair
    fields = list(headers.items()) if isinstance(headers, dict) else list(headers)
    return ask(alice.server.port, opening(f"/ws/chat/{room}/", [("Host", HERE), *fields, *alice.headers.items()]))


@pytest.mark.parametrize("origin", WELCOME.values(), ids=WELCOME)
def test_welcome(strict_pair: Pair, origin: str | None) -> None:
    assert knock(strict_pair, {} if origin is None else {"Origin": origin}).status == 101


@pytest.mark.parametrize("origin", UNWELCOME.values(), ids=UNWELCOME)
def test_unwelcome_even_with_a_good_token(strict_pair: Pair, origin: str) -> None:
    answer = knock(strict_pair, {"Origin": origin})
    assert (answer.status, answer.problem["code"]) == (403, "origin_refused")


def test_a_second_origin_does_not_help(strict_pair: Pair) -> None:
    for pair in (("https://good.example", "https://evil.example"), ("https://evil.example", "https://good.example")):
        assert knock(strict_pair, [("Origin", origin) for origin in pair]).status == 403


def test_nothing_is_listed_by_default(pair: Pair) -> None:
    assert knock(pair, {"Origin": "https://good.example"}).status == 403
    assert knock(pair, {"Origin": f"http://{HERE}"}).status == 101


def test_malformed_origins_write_no_log(strict_pair: Pair) -> None:
    alice, _, _room = strict_pair
    already = len(alice.server.log())
    for origin in UNWELCOME.values():
        knock(strict_pair, {"Origin": origin})
    assert alice.server.log()[already:] == ""
