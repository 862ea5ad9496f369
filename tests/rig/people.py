"""People as the public API knows them, and tokens as an attacker makes them."""

import itertools
import json
import os
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.utils import base64url_encode

from tests.rig.contract_check import hooks
from tests.rig.raw_socket import RawSocket
from tests.rig.server import RunningServer

PASSWORD = "Correct-Horse-7-Battery"
_number = itertools.count(1)


class Person:
    """Somebody with an account and a login. Every answer to them is held against the documents."""

    def __init__(self, server: RunningServer, username: str, password: str = PASSWORD) -> None:
        self.server = server
        self.username = username
        self.password = password
        self.user_id = 0
        self.token = ""
        self.refresh_token = ""
        self.http = httpx.Client(base_url=server.url, event_hooks=hooks(), trust_env=False, timeout=10)
        weakref.finalize(self, self.http.close)

    @classmethod
    def arrive(cls, server: RunningServer, name: str = "p") -> Self:
        """Return somebody new, registered and logged in, with a username that nobody has had."""
        person = cls(server, f"{name}{os.getpid()}.{next(_number)}")
        person.register()
        person.log_in()
        return person

    def register(self) -> None:
        """Make the account."""
        account = {"username": self.username, "email": f"{self.username}@example.com", "password": self.password}
        self.user_id = self._post("/api/register/", account, httpx.codes.CREATED)["id"]

    def log_in(self) -> None:
        """Get a new pair of tokens."""
        answer = self._post("/api/login/", {"username": self.username, "password": self.password}, httpx.codes.OK)
        self.token, self.refresh_token = answer["access"], answer["refresh"]

    def log_out(self) -> None:
        """End the login."""
        answer = self.http.post("/api/logout/", json={"refresh": self.refresh_token}, headers=self.headers)
        assert answer.status_code == httpx.codes.OK, answer.text

    @property
    def headers(self) -> dict[str, str]:
        """What a request of theirs carries."""
        return bearer(self.token)

    def room_with(self, other: "Person") -> int:
        """Open the room of the two and return its id."""
        pair = {"participant_a": self.username, "participant_b": other.username}
        answer = self.http.post("/api/chat/rooms/", json=pair, headers=self.headers)
        assert answer.status_code in (httpx.codes.OK, httpx.codes.CREATED), answer.text
        room: int = answer.json()["id"]
        return room

    def post(self, room: int, content: str, /, **fields: Any) -> httpx.Response:
        """Say something over REST."""
        body = {"content": content, **fields}
        return self.http.post(f"/api/chat/rooms/{room}/messages/", json=body, headers=self.headers)

    def history(self, room: int, **query: int) -> list[dict[str, Any]]:
        """Read a room."""
        answer = self.http.get(f"/api/chat/rooms/{room}/messages/", params=query, headers=self.headers)
        assert answer.status_code == httpx.codes.OK, answer.text
        messages: list[dict[str, Any]] = answer.json()
        return messages

    def whole_history(self, room: int) -> list[dict[str, Any]]:
        """Read a room from its first message to its last, page by page."""
        messages: list[dict[str, Any]] = []
        while page := self.history(room, after=len(messages)):
            messages += page
        return messages

    def socket(self, room: int, *, timeout: float = 5.0, receive_buffer: int | None = None) -> RawSocket:
        """Open a socket in a room; the token travels in the handshake."""
        return RawSocket.open(
            self.server.port, f"/ws/chat/{room}/", self.headers, timeout=timeout, receive_buffer=receive_buffer
        )

    def _post(self, path: str, body: Mapping[str, str], expected: int) -> dict[str, Any]:
        answer = self.http.post(path, json=body)
        assert answer.status_code == expected, answer.text
        document: dict[str, Any] = answer.json()
        return document


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"authorization": f"Bearer {token}"}


def unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a token's header and claims as they stand there."""
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


def signing_key(server: RunningServer) -> Ed25519PrivateKey:
    """Return the private key that the server signs with: a genuine signature over wrong claims needs it."""
    found = [path for path in sorted((server.data / "auth" / "keys").iterdir()) if path.is_file()]
    return read_key(found[-1])


def read_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key from a file of the server's."""
    key = load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def encoded(part: object) -> str:
    """Return a token's part: base64url of JSON, or of the bytes as they are."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64url_encode(raw).decode()


def signed(key: Ed25519PrivateKey, header: object, claims: object) -> str:
    """Return a token with a genuine signature over anything at all."""
    head = f"{encoded(header)}.{encoded(claims)}"
    return f"{head}.{encoded(key.sign(head.encode()))}"


def forge(person: Person, *, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
    """Return a person's token with changes, genuinely signed; a value of `...` takes the claim or field out."""
    heading, payload = unverified(person.token)
    payload |= {"iat": int(time.time()), "exp": int(time.time()) + 600}
    return signed(signing_key(person.server), _without(heading | dict(header or {})), _without(payload | claims))


def _without(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not ...}
