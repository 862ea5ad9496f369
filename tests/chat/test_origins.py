"""Which pages may open a socket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.chat.api.origins import is_welcome
from duologue.kit.websocket import Handshake

ALLOWED = frozenset({"https://app.example.com", "http://localhost:5173"})


def welcome(origin: str | None, host: str = "chat.localhost:8000") -> bool:
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    return is_welcome(Handshake("/ws/chat/1/", "", headers), ALLOWED)


@pytest.mark.parametrize(
    "origin",
    [None, "http://chat.localhost:8000", "HTTP://Chat.Localhost:8000", "https://chat.localhost:8000",
     "https://app.example.com", "HTTPS://APP.EXAMPLE.COM", "http://localhost:5173"],
)  # fmt: skip
def test_our_own_page_a_listed_one_and_no_browser_are_welcome(origin: str | None) -> None:
    assert welcome(origin)


@pytest.mark.parametrize(
    "origin",
    ["", "null", "file://", "http://evil.example", "http://chat.localhost", "http://chat.localhost:8001",
     "http://auth.localhost:8000", "http://app.example.com", "https://app.example.com:8443",
     "https://app.example.com.evil.example", "https://evil.example/app.example.com", "http://localhost:5174",
     "http://user@chat.localhost:8000", "http://chat.localhost:8000/", "http://chat.localhost:8000@evil.example",
     "ws://chat.localhost:8000", "javascript://chat.localhost:8000", "http://[", "chat.localhost:8000",
     "http://chat.localhost:8000, http://evil.example"],
)  # fmt: skip
def test_any_other_page_is_not(origin: str) -> None:
    assert not welcome(origin)


def test_an_empty_host_is_nobodys_own() -> None:
    assert not welcome("http://", host="")


@given(st.text(max_size=60))
def test_noise_is_not_welcome_and_does_no_harm(origin: str) -> None:
    assert not welcome(origin, host="chat.localhost")
