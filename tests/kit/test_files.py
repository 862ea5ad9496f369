"""Files that hold secrets."""

import multiprocessing
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from duologue.kit.files import UnsafeFileError, create_private, private_directory, read_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_only_the_owner_can_read_whatever_the_umask(tmp_path: Path) -> None:
    folder = private_directory(tmp_path / "some" / "where")
    secret = folder / "secret"
    assert create_private(secret, b"content")
    assert (mode(folder), mode(secret)) == (0o700, 0o600)
    assert read_private(secret) == b"content"
    assert [path.name for path in folder.iterdir()] == ["secret"]


def test_what_is_there_stays(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    assert create_private(secret, b"first")
    assert not create_private(secret, b"second")
    assert secret.read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_directory_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    assert private_directory(folder) == folder
    assert mode(folder) == 0o755


@pytest.mark.parametrize("unsafe", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666])
def test_a_secret_that_others_can_reach_is_refused(tmp_path: Path, unsafe: int) -> None:
    secret = tmp_path / "secret"
    create_private(secret, b"content")
    secret.chmod(unsafe)
    with pytest.raises(UnsafeFileError, match=f"{unsafe:03o}.*chmod 600"):
        read_private(secret)


def test_a_link_in_the_place_of_the_draft_leads_nowhere(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"untouched")
    (tmp_path / f".secret.{os.getpid()}").symlink_to(victim)
    assert create_private(tmp_path / "secret", b"content")
    assert victim.read_bytes() == b"untouched"
    assert not (tmp_path / "secret").is_symlink()


def test_a_link_in_the_place_of_the_secret_counts_as_there(tmp_path: Path) -> None:
    (tmp_path / "secret").symlink_to(tmp_path / "elsewhere")
    assert not create_private(tmp_path / "secret", b"content")
    assert not (tmp_path / "elsewhere").exists()


def _race(folder: str, number: int, start: "multiprocessing.synchronize.Barrier") -> None:
    start.wait()
    made = create_private(Path(folder) / "secret", str(number).encode() * 10_000)
    content = read_private(Path(folder) / "secret")
    # complete for everybody at every moment, and the winner's
    assert len(content) == 10_000
    assert not made or content == str(number).encode() * 10_000
    raise SystemExit(10 if made else 0)


def test_of_many_processes_one_wins_and_all_read_the_same(tmp_path: Path) -> None:
    # forked from a process without threads, which ours is not
    spawning = multiprocessing.get_context("forkserver")
    spawning.set_forkserver_preload([__name__])
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        start = spawning.Barrier(6)
        racers = [spawning.Process(target=_race, args=(str(folder), n, start)) for n in range(6)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        assert sorted(racer.exitcode or 0 for racer in racers) == [0, 0, 0, 0, 0, 10]
        assert [path.name for path in folder.iterdir()] == ["secret"]
