"""The Postman collection: the names that the walkthrough promises, and green in newman."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rig.server import RunningServer, running_server
from tests.rig.tools import need_from_npm

FOLDER = Path(__file__).parents[2] / "postman"
COLLECTION = FOLDER / "duologue.postman_collection.json"
BY_PATH = FOLDER / "duologue.postman_environment.json"
BY_NAME = FOLDER / "duologue-compose.postman_environment.json"
SAVED = ("alice_token", "alice_refresh", "bob_token", "bob_refresh", "room_id")


@pytest.fixture(scope="module")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with an empty database and the limits that it ships with."""
    with running_server(tmp_path_factory.mktemp("postman"), roomy=False) as running:
        yield running


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def values(environment: dict[str, Any]) -> dict[str, str]:
    return {variable["key"]: str(variable["value"]) for variable in environment["values"]}


def newman(environment: Path, server: RunningServer, folder: Path) -> dict[str, str]:
    """Run the collection from top to bottom, assert that all of it is green, and return the environment after it."""
    program = need_from_npm("newman", "it runs the Postman collection")
    moved = folder / "environment.json"
    text = environment.read_text()
    for address in ("localhost:8000", "auth.localhost", "chat.localhost"):
        text = text.replace(f"http://{address}", f"http://{address.removesuffix(':8000')}:{server.port}")
    moved.write_text(text)
    after, report = folder / "after.json", folder / "report.json"
    command = [program, "run", str(COLLECTION), "--environment", str(moved), "--export-environment", str(after)]
    command += ["--reporters", "cli,json", "--reporter-json-export", str(report), "--color", "off"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    run = read(report)["run"]
    assert run["failures"] == []
    assert run["stats"]["assertions"]["total"] >= 20
    return values(read(after))


@pytest.mark.parametrize(
    ("database", "environment"), [("empty", BY_PATH), ("used", BY_PATH), ("used", BY_NAME)], ids=["1st", "2nd", "3rd"]
)
def test_newman_runs_it_green(database: str, environment: Path, real_server: RunningServer, tmp_path: Path) -> None:
    registered = "account_registered" in real_server.log()
    assert registered == (database == "used")
    after = newman(environment, real_server, tmp_path)
    for name in SAVED[:4]:
        assert after[name].count(".") == 2
    assert after["room_id"] == "1"
    assert after["alice_refresh"] != after["bob_refresh"]
    # the login that Logout ends is its own and leaves nothing behind
    assert set(after) == {"auth_url", "chat_url", *SAVED}


def test_folders_and_requests_have_the_promised_names() -> None:
    folders = {folder["name"]: [item["name"] for item in folder["item"]] for folder in read(COLLECTION)["item"]}
    assert list(folders.items()) == [
        (
            "Auth API",
            [
                "Register Alice",
                "Register Bob",
                "Login Alice",
                "Login Bob",
                "Get Profile",
                "Refresh Token",
                "Logout",
            ],
        ),
        ("Chat API", ["Create Room", "Get Room Messages", "Send Message"]),
    ]


def test_every_request_is_tested_and_none_carries_a_token_of_its_own() -> None:
    for item in (item for folder in read(COLLECTION)["item"] for item in folder["item"]):
        tests = "\n".join(next(event for event in item["event"] if event["listen"] == "test")["script"]["exec"])
        assert "pm.test(" in tests, item["name"]
        assert "eyJ" not in json.dumps(item), item["name"]


@pytest.mark.parametrize(
    ("path", "auth", "chat"),
    [
        (BY_PATH, "http://localhost:8000", "http://localhost:8000"),
        (BY_NAME, "http://auth.localhost", "http://chat.localhost"),
    ],
    ids=["by-path", "by-name"],
)
def test_environments_name_the_addresses_and_hold_no_secret(path: Path, auth: str, chat: str) -> None:
    assert values(read(path)) == {"auth_url": auth, "chat_url": chat, **dict.fromkeys(SAVED, "")}
