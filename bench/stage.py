"""What the rows play on: the running product, its people, and the way to check that nothing was lost."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.api import Api, head_of, ids_after
from bench.load.plans import HttpPlan, Load, Seat, SocketPlan, Trace
from bench.load.verdict import digest
from bench.people import Pair, People, each
from bench.placement import Placement
from bench.processes import FaultyRunError, Server, run
from bench.product import Product

PAIRS = 100
"""Those that talk."""
HISTORY_PAIRS = 2
"""Those whose rooms the history row fills."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how often: `runs` alternations of `seconds` each; how large."""

    runs: int = 3
    seconds: float = 5.0
    long_history: int = 1_000_000
    idle_sockets: int = 5_000


@dataclass(slots=True)
class Stage:
    """One product on one data directory, for all rows."""

    directory: Path
    placement: Placement
    effort: Effort
    product: Product = field(init=False)
    people: People = field(init=False)

    def open(self) -> None:
        """Start the product and fill the house."""
        self.product = Product(self.placement, self.data)
        self.people = People(self.product.port, 2 * (PAIRS + HISTORY_PAIRS))

    @property
    def data(self) -> Path:
        """The product's data directory."""
        return self.directory / "data"

    def close(self) -> None:
        """Stop the product."""
        self.product.stop()

    def restart(self) -> None:
        """Start the product anew on the same data."""
        self.product = Product(self.placement, self.data)
        self.people.moved_to(self.product.port)

    def pairs(self) -> list[Pair]:
        """Return all pairs, with access tokens that outlive a run."""
        self.people.refresh()
        return self.people.pairs

    def seats(self) -> list[Seat]:
        """Return a seat for everybody, pairs side by side."""
        people = [(person, pair.room) for pair in self.pairs()[:PAIRS] for person in (pair.a, pair.b)]
        return [Seat(number, room, person.access) for number, (person, room) in enumerate(people)]

    def reference(self, module: str, *arguments: str) -> tuple[Server, int]:
        """Start a reference server; return it and its port."""
        server = Server(self.placement, ["-m", f"bench.references.{module}", *arguments], log=self.directory / "log")
        return server, int(server.first_line())

    def load(self, plan: SocketPlan | HttpPlan) -> Load:
        """Run a load against the product and check by REST that all of it is kept, in order, without a gap."""
        load = run(self.placement, plan)
        self.verify(load.traces)
        return load

    def verify(self, traces: Sequence[Trace]) -> None:
        """Compare what clients were told with what the history says; raise FaultyRunError."""
        tokens = {pair.room: pair.a.access for pair in self.pairs()}
        faults: list[str] = []
        lock = threading.Lock()

        def check(api: Api, trace: Trace) -> None:
            token = tokens[trace.room]
            ids = list(ids_after(api, trace.room, token, trace.after_seq))
            head = head_of(api, trace.room, token)
            if digest(ids) != trace.digest or head != trace.after_seq + trace.count:
                with lock:
                    faults.append(f"room {trace.room}: told {trace.count}, kept {len(ids)}, head {head}")

        each(self.product.port, check, traces)
        if faults:
            raise FaultyRunError("the history differs from what was acknowledged: " + "; ".join(faults[:5]))
