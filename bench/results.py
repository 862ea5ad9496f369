"""Figures, and what they are held to."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TypedDict

import msgspec

from bench.load.plans import Load

NOISY = 0.3


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One measured thing: a sample per run of the product and, where there is a limit to compare with, of that.

    `aim` belongs to the ratio when there is a reference, else to the median. `less_is_better` turns it into an upper
    bound.
    """

    what: str
    unit: str
    product: list[float]
    reference: list[float] = []
    aim: float | None = None
    less_is_better: bool = False
    cpu: str = ""
    noise: float = 0.0
    """The worst run's share of a core that went to others: more than NOISY makes the figure weak evidence."""

    @property
    def ratio(self) -> float | None:
        """Product over reference, medians."""
        return median(self.product) / median(self.reference) if self.reference and median(self.reference) else None

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None without one."""
        if self.aim is None:
            return None
        value = median(self.product) if self.ratio is None else self.ratio
        return value <= self.aim if self.less_is_better else value >= self.aim


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the benchmark, as the report shows it."""

    name: str
    title: str
    lines: list[Line]
    notes: list[str] = []


def median(samples: Sequence[float]) -> float:
    """Return the median; 0 for nothing."""
    return statistics.median(samples) if samples else 0.0


class Shares(TypedDict):
    """What a Line says about the processor."""

    cpu: str
    noise: float


def shares(product: Sequence[Load], reference: Sequence[Load] = ()) -> Shares:
    """Return the shares of a core that server / client / everybody else took, for the product and the reference."""
    return Shares(
        cpu=", reference ".join(_medians(loads) for loads in (product, reference) if loads),
        noise=max(load.noise for load in (*product, *reference)),
    )


def _medians(loads: Sequence[Load]) -> str:
    takers = ("server_cpu", "client_cpu", "noise")
    return " / ".join(f"{median([getattr(load, taker) for load in loads]):.2f}" for taker in takers)
