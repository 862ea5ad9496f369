"""Signing keys and other secrets: where they lie, who reads them, how they are renewed."""

import os
import stat
import time
from pathlib import Path

import httpx
import jwt
import pytest

from duologue.auth import commands
from duologue.auth.signing import KeyRing, NoSigningKeyError, make_key
from duologue.contract.claims import CHAT_AUDIENCE, verify_access
from duologue.contract.keys import read_jwks
from duologue.kit.files import UnsafeFileError
from tests.auth.conftest import Person, Service


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_lie_where_only_their_owner_reads_them(service: Service) -> None:
    settings = service.settings
    assert [mode(path) for path in (settings.directory, settings.keys)] == [0o700] * 2
    secrets = [settings.secret_key, *settings.keys.iterdir()]
    assert [mode(path) for path in secrets] == [0o600] * len(secrets)
    assert len(settings.secret_key.read_bytes()) >= 64


def test_the_public_keys_are_published_for_caches(http: httpx.Client, service: Service) -> None:
    answer = http.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    assert "max-age" in answer.headers["cache-control"]
    assert {key["kid"] for key in answer.json()["keys"]} == {path.stem for path in service.settings.keys.iterdir()}
    assert all("d" not in key for key in answer.json()["keys"])


def test_what_is_published_verifies_what_is_signed(person: Person) -> None:
    keys = read_jwks(person.http.get("/.well-known/jwks.json").content)
    claims = verify_access(person.access, keys, issuer="duologue", audience=CHAT_AUDIENCE)
    assert (claims.sub, claims.username) == (str(person.user_id), person.username)


def test_a_rotation_needs_no_restart_and_ends_no_login(person: Person, service: Service) -> None:
    old = jwt.get_unverified_header(person.access)["kid"]
    new = commands.rotate_key(service.settings)
    answer = person.http.post("/api/token/refresh/", json={"refresh": person.refresh})
    assert jwt.get_unverified_header(answer.json()["access"])["kid"] == new
    # the token of the old key still works beside it
    assert person.profile_code() == "ok"
    person.access = answer.json()["access"]
    assert person.profile_code() == "ok"
    assert {old, new} <= {key["kid"] for key in person.http.get("/.well-known/jwks.json").json()["keys"]}


def test_a_withdrawn_key_verifies_nothing_any_more(person: Person, service: Service) -> None:
    kid = commands.rotate_key(service.settings)
    person.log_in()
    assert person.profile_code() == "ok"
    (service.settings.keys / f"{kid}.pem").unlink()
    assert (person.profile_code(), person.refresh_code()) == ("token_invalid", "refresh_invalid")
    person.log_in()
    assert person.profile_code() == "ok"


@pytest.mark.parametrize("rights", [0o640, 0o604, 0o660, 0o666])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, rights: int) -> None:
    file = tmp_path / f"{make_key(tmp_path)}.pem"
    KeyRing(tmp_path)
    file.chmod(rights)
    with pytest.raises(UnsafeFileError, match="only its owner"):
        KeyRing(tmp_path)


def test_a_key_that_others_can_read_does_not_replace_a_good_one(tmp_path: Path) -> None:
    good = make_key(tmp_path)
    ring = KeyRing(tmp_path)
    bad = make_key(tmp_path)
    (tmp_path / f"{bad}.pem").chmod(0o644)
    assert set(ring.public) == {good}
    assert jwt.get_unverified_header(ring.sign({"a": 1}, "x"))["kid"] == good


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"\xff"])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.pem"
    file.write_bytes(content)
    os.chmod(file, 0o600)
    with pytest.raises(NoSigningKeyError):
        KeyRing(tmp_path)


def test_without_a_key_nothing_is_signed(tmp_path: Path) -> None:
    with pytest.raises(NoSigningKeyError, match="no signing key"):
        KeyRing(tmp_path)


def signer(ring: KeyRing) -> str:
    return str(jwt.get_unverified_header(ring.sign({"a": 1}, "x"))["kid"])


def made(directory: Path, seconds_ago: float) -> str:
    """Make a key that has been there for some time."""
    kid = make_key(directory)
    then = time.time() - seconds_ago
    os.utime(directory / f"{kid}.pem", (then, then))
    return kid


def test_a_new_key_is_published_first_and_signs_when_everybody_can_know_it(tmp_path: Path) -> None:
    old, middle, new = (made(tmp_path, seconds_ago) for seconds_ago in (9000, 90, 30))
    for delay, expected in ((20, new), (60, middle), (120, old)):
        ring = KeyRing(tmp_path, delay)
        assert set(ring.public) == {old, middle, new}
        assert signer(ring) == expected


def test_a_running_service_signs_with_the_new_key_when_its_time_has_come(tmp_path: Path) -> None:
    old = made(tmp_path, 9000)
    ring = KeyRing(tmp_path, 1.0)
    assert signer(ring) == old
    new = make_key(tmp_path)
    assert new in ring.public
    assert signer(ring) == old
    deadline = time.monotonic() + 10
    while signer(ring) == old and time.monotonic() < deadline:
        time.sleep(0.02)
    assert signer(ring) == new
    assert time.time() - (tmp_path / f"{new}.pem").stat().st_mtime >= 1.0


def test_when_every_key_is_new_one_of_them_signs_all_the_same(tmp_path: Path) -> None:
    first = made(tmp_path, 20)
    made(tmp_path, 10)
    ring = KeyRing(tmp_path, 120)
    assert signer(ring) == first
    (tmp_path / f"{first}.pem").unlink()
    [last] = ring.public
    assert signer(ring) == last


def test_a_second_start_makes_no_second_key(service: Service) -> None:
    from duologue.auth.django_settings import set_up  # noqa: PLC0415 - imports Django, which must be prepared

    before = sorted(service.settings.keys.iterdir())
    set_up(service.settings)
    assert sorted(service.settings.keys.iterdir()) == before


def test_other_settings_cannot_join_a_running_django(service: Service, tmp_path: Path) -> None:
    from duologue.auth.django_settings import set_up  # noqa: PLC0415 - as above

    with pytest.raises(RuntimeError, match="other settings"):
        set_up(service.settings.model_copy(update={"data": tmp_path}))
