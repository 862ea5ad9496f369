"""What a load client is told to do, and what it reports. Times in seconds unless the name says otherwise."""

from __future__ import annotations

import msgspec


class Seat(msgspec.Struct, frozen=True):
    """One socket: who sits where. `number` marks everything this seat sends."""

    number: int
    room: int
    token: str


class SocketPlan(msgspec.Struct, frozen=True):
    """Pairs of seats that talk; seats 2k and 2k+1 share a room.

    `window`: messages outstanding per seat (closed loop), or 0 to send `rate` messages per second over all seats
    (open loop). `server_pid`: whose CPU time is read at both ends of the measured time.
    """

    port: int
    seats: list[Seat]
    server_pid: int
    window: int = 0
    rate: float = 0.0
    warm_up: float = 1.0
    seconds: float = 5.0
    characters: int = 64
    client_ids: bool = True
    v1: bool = False
    """Whether to speak the v1 dialect: acknowledgements and cursors."""
    numbered: bool = True
    """Whether the server numbers messages (`seq`, `id`); the echo reference does not."""
    compiled: bool = True
    """Whether to use the compiled client where there is a compiler."""


class Latency(msgspec.Struct, frozen=True):
    """Percentiles in milliseconds over `count` samples."""

    count: int
    p50: float
    p99: float
    worst: float


class Trace(msgspec.Struct, frozen=True):
    """What one room must hold when the run was right: `count` messages after `after_seq`, their ids hashed in order."""

    room: int
    after_seq: int
    count: int
    digest: str


class Load(msgspec.Struct, frozen=True):
    """What a client measured. `rate`: messages that reached the other one, or answers, per second.

    `client_cpu`, `server_cpu` and `noise` (all other processes, and what the hypervisor took): shares of one core
    during the measured time. `faults`: whatever was lost, doubled, out of order, in the wrong room or refused; a run
    with faults counts for nothing.
    """

    rate: float
    total: int
    seconds: float
    delivery: Latency
    ack: Latency
    client_cpu: float
    server_cpu: float
    noise: float
    frame_bytes: int
    traces: list[Trace]
    faults: list[str]


class Lane(msgspec.Struct, frozen=True):
    """One keep-alive connection that sends one request after another.

    In `body`, NUMBER becomes the request's number and CLIENT_ID a fresh UUIDv7. `room`: where its posts go, 0 for none.
    """

    head: str
    body: str
    room: int = 0
    after_seq: int = 0


NUMBER = "@@@@@@@@"
CLIENT_ID = "~" * 36


class HttpPlan(msgspec.Struct, frozen=True):
    """Requests over `lanes`: as fast as answers come, or `rate` per second over all lanes."""

    port: int
    lanes: list[Lane]
    server_pid: int
    expect: int
    rate: float = 0.0
    warm_up: float = 1.0
    seconds: float = 5.0


class IdlePlan(msgspec.Struct, frozen=True):
    """Sockets that open and then say nothing; `at_once`: handshakes under way at the same time."""

    port: int
    seats: list[Seat]
    at_once: int = 50
