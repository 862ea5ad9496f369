"""Origins as an operator writes them down."""

import pytest

from duologue.kit.origins import read_origins


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", set()),
        (" , ", set()),
        ("https://app.example.com", {"https://app.example.com"}),
        ("https://App.Example.com/, http://localhost:3000", {"https://app.example.com", "http://localhost:3000"}),
        ("http://[::1]:8000", {"http://[::1]:8000"}),
        ("capacitor://localhost,tauri://localhost", {"capacitor://localhost", "tauri://localhost"}),
    ],
)
def test_they_are_read_as_browsers_send_them(text: str, origins: set[str]) -> None:
    assert read_origins(text) == origins


@pytest.mark.parametrize(
    "text",
    ["*", "null", "app.example.com", "https://", "https://a.example/path", "https://*.example.com", "://a.example",
     "https://user@a.example", "https://a.example https://b.example", "https://a.example;https://b.example"],
)  # fmt: skip
def test_what_no_browser_sends_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="separated by commas"):
        read_origins(f"https://good.example,{text}")
