"""The page in one browser window, as a person uses it, and everything that would be wrong with it."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Error, Request, expect

from tests.rig.people import PASSWORD, Person

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PICTURES = os.environ.get("UPDATE_SCREENSHOTS") == "1"
# the browser logs every answer of 400 and above, and every connection that fails: tests make those on purpose
_ORDINARY = ("Failed to load resource", "WebSocket connection to")
_WATCH = """
globalThis.violations = [];
addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
  violations.push(`${effectiveDirective} ${blockedURI}`);
});
"""


class Window:
    """One window with storage of its own."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.context = context
        context.add_init_script(_WATCH)
        self.page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.trouble: list[str] = []
        self.page.on("dialog", self._dialog)
        self.page.on("console", self._console)
        self.page.on("pageerror", self._error)
        self.page.on("request", self._request)
        self.page.goto(url)

    # What a person does

    def log_in(self, person: Person, password: str = PASSWORD) -> Self:
        form = self.page.locator("#login")
        form.get_by_label("Username").fill(person.username)
        form.get_by_label("Password").fill(password)
        form.get_by_role("button", name="Log in").click()
        return self

    def open(self, partner: str) -> Self:
        self.page.get_by_label("Chat with").fill(partner)
        self.page.get_by_role("button", name="Open").click()
        return self

    def say(self, text: str) -> None:
        self.page.get_by_label("Message", exact=True).fill(text)
        self.page.keyboard.press("Enter")

    # What a person sees

    def is_connected(self, seconds: float = 15) -> None:
        expect(self.page.locator("#state")).to_have_text("Connected", timeout=seconds * 1000)

    def sees(self, texts: list[str], seconds: float = 15) -> None:
        """Wait until exactly these messages are in the log, in this order, and nothing waits to be sent."""
        deadline = time.monotonic() + seconds
        while (seen := self._log()) != texts or self.page.locator("#outbox li").count() > 0:
            assert time.monotonic() < deadline, f"{seen} and {self.waiting()} waiting instead of {texts}"
            # Playwright's own pause lets its route handlers run
            self.page.wait_for_timeout(50)

    def _log(self) -> list[str]:
        return self.page.locator("#log .text").all_text_contents()

    def waiting(self) -> list[str]:
        return self.page.locator("#outbox .pending .text").all_text_contents()

    def picture(self, name: str) -> None:
        """Keep a picture for the documents, when the run is asked for pictures."""
        if PICTURES:
            IMAGES.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=IMAGES / f"{name}.png")

    # What nobody should see

    def violations(self) -> list[str]:
        found: list[str] = self.page.evaluate("violations")
        return found

    def close(self) -> None:
        """Close it; fail when a script, a policy, a dialog or a foreign address made trouble."""
        try:
            self.trouble += self.violations()
        finally:
            self.context.close()
        assert self.trouble == []

    def _dialog(self, dialog: Dialog) -> None:
        self.trouble.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_ORDINARY):
            self.trouble.append(f"console: {message.text}")

    def _error(self, error: Error) -> None:
        self.trouble.append(f"script: {error}")

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.url).netloc:
            self.trouble.append(f"foreign: {request.url}")


def eventually(is_so: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never was"
        time.sleep(0.05)
