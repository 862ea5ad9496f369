"""What an operator does now and then: a backup, one that is restored, a new signing key."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.rig.contract_check import hooks
from tests.rig.people import Person, unverified
from tests.rig.server import running_server
from tests.serve.command import duologue


def changes(person: Person, room: int, since: str) -> httpx.Response:
    client = httpx.Client(base_url=person.server.url, event_hooks=hooks(), trust_env=False)
    with client:
        return client.get(f"/api/chat/rooms/{room}/changes", params={"since": since}, headers=person.headers)


@pytest.mark.slow
def test_after_a_new_epoch_every_cursor_is_refused_and_every_message_is_there(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        alice, bob = Person.arrive(server), Person.arrive(server)
        room = alice.room_with(bob)
        for word in ("one", "two"):
            alice.http.post(f"/api/chat/rooms/{room}/messages/", json={"content": word}, headers=alice.headers)
        before = changes(alice, room, "x").status_code
        cursor = alice.http.get("/api/chat/rooms/", headers=alice.headers).json()[0]["cursor"]
        assert (before, changes(alice, room, cursor).status_code) == (400, 200)

        refused = duologue("new-epoch", data=server.data)
        assert refused.returncode == 2
        assert "another" in refused.stderr
        assert changes(alice, room, cursor).status_code == 200

        server.stop()
        done = duologue("new-epoch", data=server.data)
        assert done.returncode == 0, done.stderr
        epoch = done.stdout.split()[-1].rstrip(".")
        server.start()

        answer = changes(alice, room, cursor)
        assert (answer.status_code, answer.json()["code"]) == (410, "resync_required")
        [listed] = alice.http.get("/api/chat/rooms/", headers=alice.headers).json()
        assert listed["cursor"] == f"{epoch}.{cursor.partition('.')[2]}"
        assert [m["content"] for m in changes(alice, room, f"{epoch}.{room}.0.0").json()["messages"]] == ["one", "two"]


def documented_backup() -> str:
    page = (Path(__file__).parents[2] / "docs" / "durability.md").read_text()
    found = re.search(r"## Backup.*?```sh\n(.*?)```", page, re.DOTALL)
    assert found
    return found[1].replace(".venv/bin/python", sys.executable)


def test_the_documented_backup_of_a_running_server_can_be_restored(tmp_path: Path) -> None:
    copy, restored = tmp_path / "backup", tmp_path / "restored"
    with running_server(tmp_path) as server:
        alice, bob = Person.arrive(server), Person.arrive(server)
        room = alice.room_with(bob)
        assert alice.post(room, "kept twice").status_code == httpx.codes.CREATED
        done = subprocess.run(
            ["bash", "-euc", documented_backup()], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        assert alice.post(room, "said later").status_code == httpx.codes.CREATED
    # a copy is as secret as what it was made of
    assert not [file for file in (copy, *copy.rglob("*")) if file.stat().st_mode & 0o077]
    for service in ("auth", "chat"):
        (restored / "data" / service).mkdir(parents=True, mode=0o700)
        shutil.copy2(copy / f"{service}.sqlite3", restored / "data" / service)
    shutil.copytree(copy / "keys", restored / "data" / "auth" / "keys")
    shutil.copy2(copy / "secret_key", restored / "data" / "auth")
    with running_server(restored) as server:
        again = Person(server, alice.username)
        again.token = alice.token
        assert [message["content"] for message in again.history(room)] == ["kept twice"]
        again.log_in()


def test_a_new_key_signs_after_its_delay_and_the_old_ones_tokens_stay_good(tmp_path: Path) -> None:
    with running_server(tmp_path, {"DUOLOGUE_KEY_DELAY": "2", "DUOLOGUE_KEY_INTERVAL": "0.2"}) as server:
        alice = Person.arrive(server)
        old = alice.headers
        done = duologue("rotate-key", data=server.data)
        assert done.returncode == 0, done.stderr
        kid = done.stdout.split()[-1].rstrip(".")

        keys = {key["kid"] for key in alice.http.get("/.well-known/jwks.json").json()["keys"]}
        assert kid in keys
        assert len(keys) == 2
        deadline = time.monotonic() + 20
        while unverified(alice.token)[0]["kid"] != kid and time.monotonic() < deadline:
            alice.token = alice.http.post("/api/token/refresh/", json={"refresh": alice.refresh_token}).json()["access"]
            # chat has read the key before the first token of it: not one is turned away
            assert alice.http.get("/api/chat/rooms/", headers=alice.headers).status_code == 200
        assert unverified(alice.token)[0]["kid"] == kid
        for headers in (old, alice.headers):
            assert alice.http.get("/api/users/profile/", headers=headers).status_code == 200
            assert httpx.get(f"{server.url}/api/chat/rooms/", headers=headers, trust_env=False).status_code == 200
        assert alice.headers != old
