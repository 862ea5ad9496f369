"""One process at a time serves from a directory; a second one is refused before it makes or changes anything."""

from pathlib import Path

import httpx
import pytest

from tests.rig.people import Person
from tests.rig.server import RunningServer, running_server
from tests.serve.command import duologue

pytestmark = pytest.mark.slow


def listing(data: Path) -> dict[str, int]:
    """Return the names below a directory with the time of the last change."""
    return {str(path.relative_to(data)): path.stat().st_mtime_ns for path in data.rglob("*") if path.suffix != ".lock"}


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        (None, "serve", "auth"),
        (None, "serve auth", "auth"),
        (None, "serve chat", "chat"),
        ("auth", "serve auth", "auth"),
        ("chat", "serve chat", "chat"),
        ("auth", "serve", "auth"),
        ("chat", "serve", "chat"),
    ],
)
def test_a_second_start_is_refused_and_the_first_goes_on(
    tmp_path: Path, first: str | None, second: str, taken: str
) -> None:
    with running_server(tmp_path, service=first) as server:
        # what a start makes where it is missing
        (server.data / "auth" / "secret_key").unlink(missing_ok=True)
        before = listing(server.data)
        done = duologue(*second.split(), data=server.data)
        said = f"duologue: another process runs on {server.data / taken}; stop it first\n"
        assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
        assert listing(server.data) == before
        assert httpx.get(f"{server.url}/readyz", trust_env=False).status_code == 200


def test_each_service_has_a_process_of_its_own_on_one_directory(folder: Path) -> None:
    data = folder / "data"
    auth = RunningServer(data, service="auth").start()
    try:
        chat = RunningServer(data, {"DUOLOGUE_AUTH_URL": auth.url}, "chat").start()
        assert chat.stop() == 0
    finally:
        assert auth.stop() == 0


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_next_one_starts_once_the_last_has_ended(folder: Path, end: str) -> None:
    with running_server(folder) as server:
        getattr(server, end)()
        server.start()
        assert server.stop() == 0


def test_what_an_operator_does_beside_a_running_server_is_not_refused(fresh_server: RunningServer) -> None:
    alice = Person.arrive(fresh_server)
    assert duologue("rotate-key", data=fresh_server.data).returncode == 0
    admin = ("create-admin", "root.admin", "--email", "root@example.com")
    made = duologue(*admin, data=fresh_server.data, typed="Correct-Horse-7-Battery\n")
    assert made.returncode == 0, made.stderr
    assert duologue("migrate", "auth", data=fresh_server.data).returncode == 0
    alice.log_in()
