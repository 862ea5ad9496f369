"""Who runs the server and puts people out of it."""

import re

import httpx

from tests.rig.people import PASSWORD, Person, unverified
from tests.rig.server import RunningServer
from tests.serve.command import duologue

NEW_PASSWORD = "Another-Horse-8-Battery"


class Administrator:
    """Somebody at `/admin/`, with a browser."""

    def __init__(self, server: RunningServer) -> None:
        done = duologue(
            "create-admin", "the.admin", "--email", "a@example.com", data=server.data, typed=PASSWORD + "\n"
        )
        assert done.returncode == 0, done.stderr
        self._browser = httpx.Client(base_url=server.url, trust_env=False, follow_redirects=True, timeout=10)
        self._send("/admin/login/", username="the.admin", password=PASSWORD, next="/admin/")

    def deactivate(self, person: Person) -> None:
        """Uncheck the account's `active`."""
        self._send(f"/admin/duologue_auth/user/{person.user_id}/change/", email="x@example.com")

    def set_password(self, person: Person) -> None:
        """Give the account another password."""
        path = f"/admin/duologue_auth/user/{person.user_id}/password/"
        self._send(path, usable_password="true", password1=NEW_PASSWORD, password2=NEW_PASSWORD)

    def delete(self, person: Person) -> None:
        """Delete the account."""
        self._send(f"/admin/duologue_auth/user/{person.user_id}/delete/", post="yes")

    def delete_selected(self, person: Person) -> None:
        """Delete it in the list of accounts."""
        chosen = {"action": "delete_selected", "_selected_action": str(person.user_id), "post": "yes"}
        self._send("/admin/duologue_auth/user/", **chosen)

    def end(self, person: Person) -> None:
        """End the login of the person's token."""
        chosen = {"action": "end_selected", "_selected_action": unverified(person.token)[1]["sid"]}
        self._send("/admin/duologue_auth/loginsession/", **chosen)

    def close(self) -> None:
        self._browser.close()

    def _send(self, path: str, **fields: str) -> None:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self._browser.get(path).text)
        assert found, path
        answer = self._browser.post(path, data=fields | {"csrfmiddlewaretoken": found[1]})
        assert answer.status_code == 200, path
        assert "errornote" not in answer.text, path
