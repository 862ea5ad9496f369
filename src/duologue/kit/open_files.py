"""How many connections the limit of open files leaves room for."""

import resource
from dataclasses import dataclass

# databases, threads that hold one each, and files that are read now and then
_LEAST_SPARE, _MOST_SPARE = 128, 4096
_LONGEST_BACKLOG = 2048
_UNLIMITED = 1 << 20


@dataclass(frozen=True, slots=True)
class Room:
    """What fits: connections at once, sockets among them, and those that the kernel holds until we take them."""

    connections: int
    sockets: int
    backlog: int


def raise_limit() -> int:
    """Allow the process as many open files as it may have; return how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # each socket is a file: the soft limit of 1024 that shells hand out ends at a thousand users
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return _UNLIMITED if hard == resource.RLIM_INFINITY else hard


def room(files: int, wanted: int = 0) -> Room:
    """Return what fits into a number of open files, and is not more than `wanted` unless that is 0.

    A tenth of the connections is kept for requests: sockets stay, requests come and go.
    """
    spare = min(_MOST_SPARE, max(_LEAST_SPARE, files // 4), files // 2)
    fitting = files - spare
    connections = min(wanted or fitting, fitting)
    # all that waits in the kernel may be taken in one turn of the loop, before the first of it can be refused
    return Room(connections, connections - max(1, connections // 10), min(_LONGEST_BACKLOG, spare // 2))
