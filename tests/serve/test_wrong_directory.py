"""A command that is told the wrong directory says so, and makes none."""

from pathlib import Path

import pytest

from tests.serve.command import duologue

PASSWORD = "Correct-Horse-7-Battery"
ADMIN = ("create-admin", "root.admin", "--email", "root@example.com")


@pytest.mark.parametrize(("command", "missing"), [("rotate-key", "auth"), ("new-epoch", "chat")])
@pytest.mark.parametrize("there", [False, True], ids=["no directory", "an empty one"])
def test_where_there_is_no_data_none_is_changed(tmp_path: Path, command: str, missing: str, there: bool) -> None:
    data = tmp_path / "wrong"
    if there:
        data.mkdir()
    done = duologue(command, data=data)
    assert (done.returncode, done.stdout) == (2, "")
    [said] = done.stderr.splitlines()
    assert said.startswith(f"duologue: there is no {data / missing / f'{missing}.sqlite3'}, so nothing was done; ")
    assert f"DUOLOGUE_DATA is {data}" in said
    assert (list(data.iterdir()) if there else data.exists()) in ([], False)


@pytest.mark.parametrize(("command", "changed"), [("rotate-key", "auth/keys"), ("new-epoch", "chat/chat.sqlite3")])
def test_where_there_is_it_is_named(folder: Path, command: str, changed: str) -> None:
    done = duologue(command, data=folder / "data")
    assert (done.returncode, done.stderr) == (0, "")
    [said] = done.stdout.splitlines()
    assert str(folder / "data" / changed) in said


def test_a_key_can_be_made_where_all_were_removed(folder: Path) -> None:
    keys = folder / "data" / "auth" / "keys"
    for key in keys.iterdir():
        key.unlink()
    assert duologue("rotate-key", data=folder / "data").returncode == 0
    assert len(list(keys.glob("*.pem"))) == 1


@pytest.mark.slow
def test_an_administrator_can_be_there_before_the_first_start_and_one_hears_where(tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = duologue(*ADMIN, data=data, typed=f"{PASSWORD}\n")
    said = f"root.admin may now use /admin/; the account is in {data / 'auth'}, which is new.\n"
    assert (done.returncode, done.stdout) == (0, said), done.stderr


@pytest.mark.parametrize("command", [("serve",), ("migrate",), ("rotate-key",), ("new-epoch",), ADMIN])
@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_name_is_no_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], empty: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = duologue(*command, data=tmp_path, env={"DUOLOGUE_DATA": empty}, typed=f"{PASSWORD}\n")
    said = "duologue: DUOLOGUE_DATA: it is empty; name a directory, or leave the variable out\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_secret_is_named_at_the_start_and_not_at_each_request(folder: Path) -> None:
    secret = folder / "data" / "auth" / "secret_key"
    secret.write_bytes(b"")
    done = duologue("serve", data=folder / "data")
    assert done.returncode == 3
    assert f"{secret} is empty" in done.stderr.splitlines()[-1]
