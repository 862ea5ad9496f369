"""What an operator does now and then: a restored backup, a new signing key."""

import time
from pathlib import Path

import httpx

from tests.rig.people import Person, unverified
from tests.rig.server import running_server
from tests.serve.command import duologue


def changes(person: Person, room: int, since: str) -> httpx.Response:
    client = httpx.Client(base_url=person.server.url, trust_env=False)
    with client:
        return client.get(f"/api/chat/rooms/{room}/changes", params={"since": since}, headers=person.headers)


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
