"""A headless Chromium, and windows in it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from tests.rig.server import RunningServer
from tests.rig.tools import cannot, need
from tests.web.window import Window

# no screen, no sandbox for root, and nothing that calls its maker
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Opener = Callable[..., Window]


# no wider than this package: while it lives, Playwright's event loop occupies the main thread
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = need("chromium", "the page is tested in it")
    with sync_playwright() as playwright:
        try:
            running = playwright.chromium.launch(executable_path=program, args=FLAGS)
        except Error as error:
            cannot(f"Chromium does not start here: {error}")
        yield running
        running.close()


@pytest.fixture
def window(browser: Browser, server: RunningServer) -> Iterator[Opener]:
    """Return a function that opens a window on the shared server, or on another one. All are checked at the end."""
    opened: list[Window] = []

    def open_window(url: str = server.url, **options: str) -> Window:
        # `options` goes to Playwright as it is
        context = browser.new_context(locale="en-GB", timezone_id="Europe/London", **options)  # type: ignore[arg-type]
        opened.append(Window(context, url))
        return opened[-1]

    yield open_window
    for each in opened:
        each.close()
