"""What an operator does from the command line."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from duologue.auth import commands
from duologue.kit.settings import SettingsError
from tests.auth.conftest import PASSWORD, Person, Service, outcome, unused_name
from tests.serve.command import duologue


def test_an_administrator_can_be_made(service: Service, resident: Person) -> None:
    name = unused_name("Boss")
    commands.create_admin(service.settings, name, "Boss@example.com", PASSWORD)
    body = {"username": name, "password": PASSWORD}
    assert outcome(resident.http.post("/api/login/", json=body)) == "ok"


@pytest.mark.parametrize(
    ("username", "email", "password", "complaint"),
    [
        ("x", "x@example.com", PASSWORD, "3 to 30"),
        ("Profile", "x@example.com", PASSWORD, "reserved"),
        ("", "x@example.com", PASSWORD, "blank"),
        ("good-name", "no address", PASSWORD, "email"),
        ("good-name", "x@example.com", "short", "too short"),
        ("good-name", "x@example.com", "", "too short"),
    ],
)
def test_a_bad_one_cannot(service: Service, username: str, email: str, password: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        commands.create_admin(service.settings, username, email, password)


def test_a_taken_name_cannot_be_an_administrators(service: Service, resident: Person, person: Person) -> None:
    person.account.delete()
    for username in (resident.username, person.username):
        with pytest.raises(SettingsError, match="already taken"):
            commands.create_admin(service.settings, username, "x@example.com", PASSWORD)


def documented() -> list[str]:
    """Return the arguments of `create-admin` as the page shows them."""
    page = (Path(__file__).parents[2] / "docs" / "deploying.md").read_text()
    found = re.search(r"duologue (create-admin .+?) +#", page)
    assert found
    return shlex.split(found[1])


def test_the_documented_line_makes_an_administrator_once(folder: Path) -> None:
    done = duologue(*documented(), data=folder / "data", typed=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("root may now use /admin/; ")
    again = duologue(*documented(), data=folder / "data", typed=f"{PASSWORD}\n")
    assert (again.returncode, "already taken" in again.stderr) == (2, True)


def test_a_reserved_name_is_given_and_not_chosen(service: Service, resident: Person) -> None:
    commands.create_admin(service.settings, "Root", "root@example.com", PASSWORD)
    http = resident.http
    assert outcome(http.post("/api/login/", json={"username": "root", "password": PASSWORD})) == "ok"
    body = {"email": "x@example.com", "password": PASSWORD}
    for name in ("root", "Support"):
        assert "username" in http.post("/api/register/", json=body | {"username": name}).json()["errors"]
        there = http.post("/_allauth/app/v1/auth/signup", json=body | {"username": name})
        assert {error["param"] for error in there.json()["errors"]} == {"username"}


SCRIPT = """
import sys, time
from pathlib import Path
from duologue.auth import commands
from duologue.auth.settings import AuthSettings
from duologue.kit.settings import load
commands.migrate(load(AuthSettings, data=Path(sys.argv[1])))
"""


def test_two_first_starts_at_once_agree(tmp_path: Path) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path)], stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    assert [code for _, code in ends] == [0, 0], ends
    assert (tmp_path / "auth" / "auth.sqlite3").exists()
    again = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, timeout=60, check=False)
    assert again.returncode == 0
