"""Data that this process must not touch or could not keep: it says so, exit code 2 or 3, no traceback, no change."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import apsw
import pytest

from tests.rig.server import running_server
from tests.rig.tools import cannot
from tests.serve.command import duologue

pytestmark = pytest.mark.slow


def refusal(
    data: Path, *, command: str = "serve", prefix: tuple[str, ...] = (), env: Mapping[str, str] | None = None
) -> str:
    """Return what a server says that does not start on this data."""
    done = duologue(command, data=data, prefix=prefix, env=env)
    assert done.returncode in (2, 3), done
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done.stdout + done.stderr


def change(data: Path, sql: str) -> None:
    connection = apsw.Connection(str(data / "chat" / "chat.sqlite3"))
    connection.execute(sql)
    connection.close()


def test_a_newer_schema_is_left_alone(folder: Path) -> None:
    change(folder / "data", "UPDATE alembic_version SET version_num = '9999'")
    before = (folder / "data" / "chat" / "chat.sqlite3").read_bytes()
    for command in ("serve", "migrate"):
        assert "it was made by a newer Duologue" in refusal(folder / "data", command=command)
    assert (folder / "data" / "chat" / "chat.sqlite3").read_bytes() == before


@pytest.mark.parametrize("service", ["auth", "chat"])
@pytest.mark.parametrize(("command", "keep"), [("serve", 0), ("migrate", 50)])
def test_a_file_that_is_no_database_is_named(folder: Path, command: str, keep: int, service: str) -> None:
    file = folder / "data" / service / f"{service}.sqlite3"
    file.write_bytes(file.read_bytes()[:keep] + b"not a database " * 1000)
    last = refusal(folder / "data", command=command).splitlines()[-1]
    assert last.startswith(f"duologue: {file} cannot be used as a database: ")


def test_a_secret_that_others_can_read_is_named_at_the_end(folder: Path) -> None:
    secret = folder / "data" / "auth" / "secret_key"
    secret.chmod(0o644)
    said = f"duologue: {secret} has mode 644: only its owner may read a secret (chmod 600 {secret})"
    assert refusal(folder / "data").splitlines()[-1] == said


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_file_in_the_place_of_the_directory_is_named(tmp_path: Path, command: str) -> None:
    data = tmp_path / "data"
    data.write_text("a file")
    said = f"duologue: DUOLOGUE_DATA is {data}, which cannot be used: {data}: a file, not a directory\n"
    assert refusal(data, command=command) == said


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A directory that cannot be written, not by root either."""
    data = tmp_path / "data"
    data.mkdir(mode=0o500)
    if os.geteuid() == 0:
        mount = ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(data)]
        if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            cannot("a read-only file system is mounted for it, which needs root")
    yield data
    if os.geteuid() == 0:
        subprocess.run(["umount", "--lazy", str(data)], check=True)


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_directory_that_cannot_be_written_is_named(read_only: Path, command: str) -> None:
    [said] = refusal(read_only, command=command).splitlines()
    assert said.startswith(f"duologue: DUOLOGUE_DATA is {read_only}, which cannot be used: {read_only}")
    assert said.endswith(("Permission denied", "Read-only file system"))


def test_somebody_elses_directory_is_named(folder: Path) -> None:
    """Root may write everywhere: without its capabilities it is anybody."""
    prefix: tuple[str, ...] = ()
    if os.geteuid() == 0:
        prefix = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--inh-caps=-all")
        probe = subprocess.run([*prefix, "true"], capture_output=True, check=False)
        if probe.returncode != 0:
            cannot("setpriv takes root's capabilities away for it")
        os.chown(folder / "data" / "chat", 65534, 65534)
        for file in (folder / "data" / "chat").iterdir():
            os.chown(file, 65534, 65534)
    else:
        (folder / "data" / "chat").chmod(0o000)
    try:
        said = refusal(folder / "data", prefix=prefix)
    finally:
        (folder / "data" / "chat").chmod(0o700)
    [line] = said.splitlines()
    assert line.startswith(f"duologue: DUOLOGUE_DATA is {folder / 'data'}, which cannot be used: ")
    assert str(folder / "data" / "chat") in line
    assert line.endswith("Permission denied")


UNFIT = Path(__file__).with_name("unfit")
WHERE_PROMISES_CANNOT_BE_KEPT = {
    "old": "may corrupt a WAL file; 3.51.3 or newer is needed",
    "without a WAL": "journal_mode=delete, synchronous=2: acknowledged messages could be lost",
    "deaf": "journal_mode=wal, synchronous=1: acknowledged messages could be lost",
}


def unfit(what: str) -> dict[str, str]:
    """Return the settings of a server that runs on something unfit."""
    return {"PYTHONPATH": str(UNFIT), "UNFIT": what}


@pytest.mark.parametrize("what", WHERE_PROMISES_CANNOT_BE_KEPT)
def test_where_an_acknowledgement_could_not_be_kept_nobody_is_served(folder: Path, what: str) -> None:
    change(folder / "data", "PRAGMA journal_mode = DELETE")
    *_, last = refusal(folder / "data", env=unfit(what)).splitlines()
    assert last.startswith("duologue: ")
    assert WHERE_PROMISES_CANNOT_BE_KEPT[what] in last
    # on what is fit, the same data is served
    with running_server(folder, unfit("")):
        pass


def test_a_wal_that_cannot_be_read_here_is_left_alone(folder: Path) -> None:
    """Made where SQLite can share memory, and moved to where it cannot."""
    change(folder / "data", "PRAGMA journal_mode = WAL")
    before = (folder / "data" / "chat" / "chat.sqlite3").read_bytes()
    *_, last = refusal(folder / "data", env=unfit("without a WAL")).splitlines()
    assert last.startswith(f"duologue: {folder / 'data' / 'chat' / 'chat.sqlite3'} cannot be used as a database: ")
    assert (folder / "data" / "chat" / "chat.sqlite3").read_bytes() == before
