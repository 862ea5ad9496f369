"""From settings to a serving process."""

import contextlib
import errno
import gc
import os
import socket
import sys
from collections.abc import Sequence

import uvicorn
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from duologue.kit import logs, open_files
from duologue.kit.addresses import Addresses
from duologue.kit.data import claimed, usable
from duologue.kit.http_server import PatientProtocol, Server, listen
from duologue.kit.open_files import Room
from duologue.kit.problem import Problem
from duologue.kit.settings import SettingsError
from duologue.kit.websocket import Accepted, Endpoint, Handshake, Refusal, protocol_for
from duologue.serve.dispatch import service_named
from duologue.serve.services import Services
from duologue.serve.settings import ServeSettings

# Django's threads and the event loop share one interpreter: with the default of 5 ms a message could wait that long
# for a login's Python code, several times over
_SWITCH_INTERVAL_SECONDS = 0.0005
# messages are made and forgotten by the ten thousand and hold no cycles: with Python's default of 700 the collector
# would look at the whole heap again and again
_COLLECT_AFTER = 50_000

_NOT_OURS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def run(settings: ServeSettings, services: Services) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    logs.configure(settings.log_format, settings.log_level)
    sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
    with contextlib.ExitStack() as held:
        # the first of all: what another process serves from is not even looked at
        with usable(settings.data):
            held.enter_context(claimed(services.directories))
        room = open_files.room(open_files.raise_limit(), settings.connections)
        sockets = _listen(settings, room.backlog)
        server = Server(_config(settings, services, room), lambda: _announce(sockets, services))
        # uvicorn's way out of a start that fails
        with contextlib.suppress(SystemExit):
            server.run(sockets)
    if services.app.failure is not None:
        # the log has it between the server's own lines; whoever started this finds it at the end
        print(f"duologue: {services.app.failure}", file=sys.stderr)
    return 0 if server.started else 3


def _config(settings: ServeSettings, services: Services, room: Room) -> uvicorn.Config:
    bounds = {
        "head_seconds": settings.request_head_seconds,
        "most_connections": room.connections,
        "most_sockets": room.sockets,
    }
    http = type("ConfiguredProtocol", (PatientProtocol,), bounds)
    addresses = Addresses(settings.trusted_proxies)
    chat = services.chat
    ws = "none" if chat is None else protocol_for(_named(chat.open_socket), chat.socket_limits, addresses)
    return uvicorn.Config(
        _with_cors(services.app, settings.origins),
        loop="uvloop",
        http=http,
        ws=ws,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=settings.keep_alive,
        timeout_graceful_shutdown=settings.drain_seconds,
    )


def _named(open_socket: Endpoint) -> Endpoint:
    def open_by_name(handshake: Handshake) -> Accepted:
        if service_named(handshake.headers.get("host", "")) == "auth":
            raise Refusal(Problem(404, "not_found", "Sockets are chat's; this name is auth's."))
        return open_socket(handshake)

    return open_by_name


def _with_cors(app: ASGIApp, origins: frozenset[str]) -> ASGIApp:
    if not origins:
        return app
    # no credentials: the APIs know bearer tokens only, and a cookie of the admin pages is none of a foreign page's
    return CORSMiddleware(
        app,
        allow_origins=sorted(origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["authorization", "content-type", "idempotency-key", "x-session-token"],
        expose_headers=["link", "retry-after", "idempotent-replayed"],
        max_age=600,
    )


def _listen(settings: ServeSettings, backlog: int) -> list[socket.socket]:
    ports = {"PORT": settings.port, "ALSO_PORT": settings.also_port}
    return [_listening(settings.host, port, name, backlog) for name, port in ports.items() if port is not None]


def _listening(host: str, port: int, name: str, backlog: int) -> socket.socket:
    try:
        return listen(host, port, backlog)
    except OSError as error:
        number = error.errno or 0
        # the resolver's numbers are negative
        if number < 0 or number in _NOT_OURS:
            raise SettingsError(f"HOST: {host} is no address of this machine") from None
        # the number's own text: Python's repeats itself and the address
        why = os.strerror(number)
        raise SettingsError(f"cannot listen on {host} port {port} ({why}); choose another one with {name}=…") from None


def _announce(sockets: Sequence[socket.socket], services: Services) -> None:
    addresses = [_url(listening) for listening in sockets]
    # what is here now stays: the collector need never look at it again
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
    print(f"Duologue is at {' and '.join(addresses)} (stop it with Ctrl-C)", flush=True)
    if services.auth is not None:
        print(f"Try it:\n{_first_curl(addresses[0])}", flush=True)


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    # "::" hears IPv6 only, and localhost is an IPv4 address to some clients
    shown = {"0.0.0.0": "localhost", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}" if port == 80 else f"http://{shown}:{port}"


def _first_curl(address: str) -> str:
    person = '{"username":"alice","email":"alice@example.com","password":"TestPass123!"}'
    return f"  curl -H 'Content-Type: application/json' -d '{person}' {address}/api/register/"
