"""`python -m bench`: measure the rows in turn and write the report."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import msgspec

from bench import headline
from bench.machine import describe
from bench.placement import Placement, raise_file_limit, urgent
from bench.report import Report, markdown, write
from bench.results import Table
from bench.rows import ROWS
from bench.stage import Effort, Stage

_FOLDER = Path(__file__).parent
_QUICK = Effort(runs=1, seconds=2.0, long_history=100_000, idle_sockets=1_000)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; return 0, or 1 when an aim is missed."""
    options = _parser().parse_args(arguments)
    raise_file_limit()
    # the clients and references are modules of this package
    already = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_FOLDER.parent), already]))
    chosen = options.only or list(ROWS)
    placement = Placement()
    with urgent() if options.urgent else nullcontext(), _working_directory() as directory:
        stage = Stage(directory, placement, _QUICK if options.quick else Effort())
        tables = _measure(stage, chosen)
        machine = describe(placement, directory)
    report = Report(" ".join(["python -m bench", *(sys.argv[1:] if arguments is None else arguments)]), machine, tables)
    if chosen == list(ROWS) and not options.quick:
        write(report, _FOLDER)
        headline.write(report)
    print(msgspec.json.encode(report).decode() if options.json else markdown(report))
    return int(any(line.met is False for table in tables for line in table.lines))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(ROWS), help="this row; may be repeated")
    parser.add_argument("--quick", action="store_true", help="one short run of each: does it work? No report is kept")
    parser.add_argument("--urgent", action="store_true", help="go before other processes (needs root)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    return parser


def _measure(stage: Stage, chosen: Sequence[str]) -> list[Table]:
    tables = []
    _say("starting the product and making its people")
    stage.open()
    try:
        for name in chosen:
            _say(name)
            tables.append(ROWS[name](stage))
    finally:
        stage.close()
    return tables


@contextmanager
def _working_directory() -> Iterator[Path]:
    # beside the checkout, not in /tmp: that is memory on many systems, and durable writes would cost nothing
    home = _FOLDER.parent / ".cache" / "bench"
    home.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(dir=home))
    try:
        yield directory
    except BaseException:
        print(f"left for you to look at: {directory}", file=sys.stderr)
        raise
    shutil.rmtree(directory)


def _say(what: str) -> None:
    print(f"bench: {what} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
