"""The opening handshake, RFC 6455 section 4.2, as the application sees it."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from duologue.kit.addresses import Addresses
from duologue.kit.problem import Problem


@dataclass(frozen=True, slots=True)
class Handshake:
    """The client's opening request. Header names are lower case; a repeated header is joined with a comma.

    `client` tells those apart who open sockets: see `Addresses`.
    """

    path: str
    query: str
    headers: Mapping[str, str]
    client: str = ""

    @property
    def origin(self) -> str | None:
        """The page that opened the socket, when a browser did."""
        return self.headers.get("origin")

    @property
    def subprotocols(self) -> list[str]:
        """What the client offers in `Sec-WebSocket-Protocol`, in its order."""
        offered = self.headers.get("sec-websocket-protocol", "")
        return [name.strip() for name in offered.split(",") if name.strip()]


class Refusal(Exception):  # noqa: N818 - the answer, not an accident
    """The socket is not opened: the client gets this problem as an HTTP answer."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.extra_headers = headers or {}

    def response(self) -> bytes:
        """Return the whole HTTP answer."""
        return self.problem.response(self.extra_headers)


def parse(request: bytes, peer: str, addresses: Addresses) -> Handshake:
    """Read the request that uvicorn parsed and wrote out again; raise Refusal when it is no WebSocket opening."""
    head, _, _ = request.partition(b"\r\n\r\n")
    request_line, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = request_line.split(" ", 2)
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    _check(method, headers)
    path, _, query = target.partition("?")
    client = addresses.client(peer, headers.get("x-forwarded-for"))
    return Handshake(path=path, query=query, headers=headers, client=client)


def _check(method: str, headers: Mapping[str, str]) -> None:
    if method != "GET":
        raise Refusal(Problem(405, "method_not_allowed", "A WebSocket opens with GET."), {"allow": "GET"})
    if headers.get("sec-websocket-version") != "13":
        why = Problem(426, "websocket_version", "This server speaks WebSocket version 13.")
        raise Refusal(why, {"sec-websocket-version": "13", "upgrade": "websocket"})
    try:
        key = base64.b64decode(headers.get("sec-websocket-key", ""), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 16:
        raise Refusal(Problem(400, "websocket_key", "Sec-WebSocket-Key must be 16 bytes in base64."))


def canonical(handshake: Handshake) -> bytes:
    """Return the smallest request that says the same to picows: no token stays in the parser's memory."""
    key = handshake.headers["sec-websocket-key"]
    return (
        f"GET {handshake.path} HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode("latin-1")
