"""From making the process to the first ready answer."""

from __future__ import annotations

import shutil

from bench.product import Product
from bench.results import Line, Table
from bench.stage import Stage

AIM = 4.0


def start(stage: Stage) -> Table:
    """Measure starts on a new data directory and on the one that the other rows have filled."""
    stage.close()
    fresh = [_fresh(stage, number) for number in range(stage.effort.runs)]
    used = []
    for _ in range(stage.effort.runs):
        stage.restart()
        used.append(stage.product.started_in)
        stage.close()
    stage.restart()
    return Table(
        name="start",
        title="Seconds from making the process until /readyz answers 200",
        lines=[
            Line(what="new data directory", unit="s", product=fresh, aim=AIM, less_is_better=True),
            Line(what="used data directory", unit="s", product=used, aim=AIM, less_is_better=True),
        ],
        notes=[
            "A new directory includes the schemas of both databases and the keys. The files of the program were in the "
            "page cache.",
        ],
    )


def _fresh(stage: Stage, number: int) -> float:
    data = stage.directory / f"fresh{number}"
    product = Product(stage.placement, data)
    product.stop()
    shutil.rmtree(data)
    return product.started_in
