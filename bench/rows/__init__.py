"""The rows of the benchmark, each a function from the stage to a table."""

from collections.abc import Callable, Mapping

from bench.results import Table
from bench.rows.arrival import arrival
from bench.rows.disk import disk
from bench.rows.fanout import fanout
from bench.rows.history import history
from bench.rows.interference import interference
from bench.rows.logins import logins
from bench.rows.memory import memory
from bench.rows.posts import posts
from bench.rows.resume import resume
from bench.rows.sockets import sockets
from bench.rows.start import start
from bench.stage import Stage

ROWS: Mapping[str, Callable[[Stage], Table]] = {
    "sockets": sockets,
    "resume": resume,
    "fanout": fanout,
    "arrival": arrival,
    "posts": posts,
    "logins": logins,
    "interference": interference,
    "memory": memory,
    "history": history,
    "start": start,
    "disk": disk,
}
"""By name, in the order in which they run."""
