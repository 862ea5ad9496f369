"""A setting that makes tokens live shorter makes none of those that are out there live again."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import httpx

from tests.rig.people import Person
from tests.rig.server import ROOMY, RunningServer

SECONDS = 30


def rooms(person: Person) -> int:
    return person.http.get("/api/chat/rooms/", headers=person.headers).status_code


def age(database: Path, seconds: int) -> None:
    """Let all ends of logins have happened longer ago."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE duologue_auth_endedlogin SET ended_at = strftime('%Y-%m-%d %H:%M:%f', ended_at, ?)",
            (f"-{seconds} seconds",),
        )


def test_a_token_of_an_ended_login_stays_refused_when_new_ones_live_shorter(folder: Path) -> None:
    server = RunningServer(folder / "data", ROOMY | {"DUOLOGUE_ACCESS_TOKEN_SECONDS": "3600"}).start()
    try:
        gone, other = Person.arrive(server), Person.arrive(server)
        gone.log_out()
        server.stop()
        # longer ago than a token of the new setting could have been issued
        age(server.data / "auth" / "auth.sqlite3", 600)
        server.env = ROOMY | {"DUOLOGUE_ACCESS_TOKEN_SECONDS": "10"}
        server.start()
        deadline = time.monotonic() + SECONDS
        while rooms(gone) == httpx.codes.OK and time.monotonic() < deadline:
            time.sleep(0.05)
        assert rooms(gone) == httpx.codes.UNAUTHORIZED
        # the other long token is good, since its login is
        assert rooms(other) == httpx.codes.OK
    finally:
        server.stop()
