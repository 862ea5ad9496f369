"""What is secret stays where it belongs: not in logs, not in answers, not in the other service's files."""

import hashlib
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.rig.people import Person, bearer, unverified
from tests.rig.raw_socket import RawSocket, ask, opening, text
from tests.rig.server import RunningServer, running_server


@dataclass
class Spill:
    """A server through which canaries went by every way, with all it answered."""

    server: RunningServer
    alice: Person
    bob: Person
    room: int
    said: str
    answers: list[bytes] = field(default_factory=list)

    @property
    def secrets(self) -> dict[str, str]:
        """Everything that must not turn up, by name."""
        tokens = {
            f"{name} {part}": token.split(".")[at]
            for name, token in {"access": self.alice.token, "refresh": self.alice.refresh_token}.items()
            for at, part in ((1, "claims"), (2, "signature"))
        }
        return {"password": self.alice.password, "wrong password": self.wrong, **tokens}

    @property
    def wrong(self) -> str:
        """A password that is nobody's: what people type when they mix up two sites."""
        return f"Wrong-{self.alice.password}"

    def ask(self, method: str, path: str, **how: object) -> None:
        """Make a request and keep the answer."""
        with httpx.Client(base_url=self.server.url, trust_env=False, timeout=10) as client:
            response = client.request(method, path, **how)  # type: ignore[arg-type]  # httpx's own keywords
        self.answers.append(response.content + repr(response.headers).encode())


def spill_by_rest(spill: Spill) -> None:
    alice, headers = spill.alice, spill.alice.headers
    account = {"username": alice.username, "email": "taken@example.com", "password": alice.password}
    for change in ({}, {"email": "no address"}, {"username": "a"}, {"password": spill.wrong * 9}):
        spill.ask("POST", "/api/register/", json=account | change)
    for password in (spill.wrong, alice.password + "\0", alice.password * 500):
        spill.ask("POST", "/api/login/", json={"username": alice.username, "password": password})
    spill.ask("POST", "/api/login/", json={"username": alice.password, "password": alice.username})
    spill.ask("POST", "/api/login/", json={"username": [alice.password], "password": {"x": alice.password}})
    spill.ask("POST", "/api/login/", data={"username": alice.username, "password": alice.password})
    spill.ask("POST", "/api/login/", content=f'{{"password":"{alice.password}"')
    spill.ask("POST", "/_allauth/app/v1/auth/login", json={"username": alice.username, "password": spill.wrong})
    spill.ask("POST", "/_allauth/app/v1/auth/login", content=f'{{"password":"{alice.password}"')
    spill.ask("POST", "/admin/login/", data={"username": alice.username, "password": alice.password})
    messages = f"/api/chat/rooms/{spill.room}/messages/"
    for path in ("/api/users/profile/", "/api/token/refresh/", messages, "/api/nowhere/"):
        for token in (alice.token, alice.refresh_token, alice.token + "x"):
            spill.ask("GET", f"{path}?token={token}&password={alice.password}")
            spill.ask("GET", path, headers=bearer(token))
            spill.ask("POST", path, headers=bearer(token), json={"refresh": token + "x", "content": 7})
            spill.ask("PUT", path, headers=bearer(token) | {"cookie": f"sessionid={token}"})
    for path in (f"/api/users/{alice.token}/", f"/{alice.refresh_token}", f"/api/chat/rooms/{alice.token}/"):
        spill.ask("GET", path, headers=headers)
    pair = {"participant_a": alice.token, "participant_b": spill.wrong}
    spill.ask("POST", messages, json={"token": alice.token}, headers=headers)
    spill.ask("POST", "/api/chat/rooms/", json=pair, headers=headers)
    spill.ask("POST", "/api/logout/", json={"refresh": alice.refresh_token + "x"}, headers=headers)


def spill_by_socket(spill: Spill) -> None:
    alice, port, path = spill.alice, spill.server.port, f"/ws/chat/{spill.room}/"
    for token in (alice.token, alice.refresh_token):
        for target in (f"{path}?token={token}", f"/ws/chat/{token}/", f"/ws/nowhere/?access_token={token}"):
            spill.answers.append(ask(port, opening(target, bearer(token))).body)
        for name in ("Sec-WebSocket-Protocol", "Cookie", "Origin", "Sec-WebSocket-Key", "X-Token", "Upgrade"):
            spill.answers.append(_first_bytes(port, opening(path, {name: token, **alice.headers})))
        spill.answers.append(_first_bytes(port, f"GET {path} HTTP/1.1\r\nAuth orization: {token}\r\n\r\n".encode()))
        for bad in (token + "x", [token], token * 60, {"token": token}):
            with RawSocket.open(port, path) as raw:
                raw.send(text({"message": "canary", "token": bad}))
                spill.answers.append(raw.receive().payload)
    with alice.socket(spill.room) as raw:
        for frame in ({"message": ""}, {"message": 7, "password": alice.password}, {"client_id": alice.token}):
            raw.send(text(frame))
            spill.answers.append(raw.receive().payload)


def _first_bytes(port: int, request: bytes) -> bytes:
    with RawSocket(port) as raw:
        raw.send(request)
        return raw.tcp.recv(65536)


@pytest.fixture(scope="module")
def spill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spill]:
    with running_server(tmp_path_factory.mktemp("spill"), {"DUOLOGUE_LOG_LEVEL": "debug"}) as server:
        alice = Person(server, "canary.alice", f"Canary-{secrets.token_urlsafe(12)}")
        alice.register()
        alice.log_in()
        bob = Person.arrive(server, "bob")
        here = Spill(server, alice, bob, alice.room_with(bob), f"said-{secrets.token_hex(8)}")
        alice.post(here.room, here.said)
        spill_by_rest(here)
        spill_by_socket(here)
        yield here


def files(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_no_secret_is_in_the_log(spill: Spill) -> None:
    log = spill.server.log()
    # the log is alive, at its most talkative
    assert "login_failed" in log
    assert {name for name, secret in spill.secrets.items() if secret in log} == set()
    assert spill.said not in log
    assert "Traceback" not in log


def test_no_secret_is_in_an_answer(spill: Spill) -> None:
    assert len(spill.answers) > 90
    everything = b"\n".join(spill.answers)
    assert {name for name, secret in spill.secrets.items() if secret.encode() in everything} == set()
    inner = (b"Traceback", b"sqlite", b"SELECT ", b"django", b"/src/", b"site-packages", bytes(spill.server.data))
    for word in inner:
        assert word not in everything, word


def test_chat_keeps_nothing_of_auths(spill: Spill) -> None:
    kept = files(spill.server.data / "chat")
    whole = b"".join(kept.values())
    # the search works: what belongs there is found
    assert spill.said.encode() in whole
    assert {name for name, secret in spill.secrets.items() if secret.encode() in whole} == set()
    for word in (b"@example.com", b"PRIVATE KEY", b"argon2"):
        assert word not in whole, word


def test_auth_keeps_no_message_and_no_token(spill: Spill) -> None:
    whole = b"".join(files(spill.server.data / "auth").values())
    assert b"canary.alice@example.com" in whole
    assert {name for name, secret in spill.secrets.items() if secret.encode() in whole} == set()
    assert spill.said.encode() not in whole


def test_a_refresh_token_is_stored_only_as_a_hash(spill: Spill) -> None:
    _, claims = unverified(spill.alice.refresh_token)
    whole = b"".join(files(spill.server.data / "auth").values())
    assert claims["jti"].encode() not in whole
    assert unverified(spill.alice.token)[1]["jti"].encode() not in whole
    with closing(sqlite3.connect(f"file:{spill.server.data / 'auth' / 'auth.sqlite3'}?mode=ro", uri=True)) as database:
        (stored,) = database.execute(
            "SELECT refresh_hash FROM duologue_auth_loginsession WHERE id = ?", (claims["sid"],)
        ).fetchone()
    assert bytes(stored) == hashlib.sha256(claims["jti"].encode()).digest()
    # 128 bits that nobody can guess
    assert len(claims["jti"]) >= 22


def test_a_password_is_stored_as_argon2id_of_owasps_strength(spill: Spill) -> None:
    with closing(sqlite3.connect(f"file:{spill.server.data / 'auth' / 'auth.sqlite3'}?mode=ro", uri=True)) as database:
        stored = [row[0] for row in database.execute("SELECT password FROM duologue_auth_user")]
    for each in stored:
        assert "argon2id$v=19$m=19456,t=2,p=1$" in each
    salts = {each.split("p=1$")[1].split("$")[0] for each in stored}
    assert len(salts) == len(stored) == 2


def test_secrets_can_be_read_by_their_owner_only(spill: Spill) -> None:
    auth, chat = spill.server.data / "auth", spill.server.data / "chat"
    keys = list((auth / "keys").iterdir())
    assert keys
    for path in (*keys, auth / "secret_key"):
        assert path.stat().st_mode & 0o777 == 0o600, path
    for path in (auth, chat, auth / "keys"):
        assert path.stat().st_mode & 0o777 == 0o700, path


def test_nothing_secret_is_on_the_command_line(spill: Spill) -> None:
    assert spill.server.process is not None
    line = Path(f"/proc/{spill.server.process.pid}/cmdline").read_bytes()
    assert b"duologue" in line
    assert not [name for name, secret in spill.secrets.items() if secret.encode() in line]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_tracebacks_show_no_values(log_format: str) -> None:
    script = f"""
import logging, structlog
from duologue.kit import logs
logs.configure({log_format!r})
def fail(password):
    headers = {{"authorization": password}}
    raise ValueError("it broke")
for log in (structlog.get_logger("ours").exception, logging.getLogger("theirs").exception):
    try:
        fail("CANARY".lower() * 2)
    except ValueError:
        log("failed")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.count("ValueError: it broke") == 2
    assert "canarycanary" not in done.stderr


def test_a_log_line_cannot_be_forged() -> None:
    script = """
import structlog
from duologue.kit import logs
logs.configure("json")
structlog.get_logger("x").info("login_failed", username='eve\\n{"event":"admin logged in"}\\x1b[2J')
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr
