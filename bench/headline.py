"""The few figures that the README shows, always those of the report. `python -m bench.headline [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.report import Report, number
from bench.results import Line, Table, median

_FOLDER = Path(__file__).parent
_README = _FOLDER.parent / "README.md"
_BEGIN, _END = "<!-- figures of bench/results.json, written by make bench -->\n", "<!-- end of figures -->\n"


class _Headline(NamedTuple):
    """A line of the report, found by how it begins, in the README's words; `{ratio}` is its ratio to the reference."""

    table: str
    line: str
    words: str
    beside: str = ""


_HEADLINES = (
    _Headline(
        "sockets",
        "delivered, most",
        "messages between two people, on the disk before anybody hears of them",
        "{ratio} of a bare echo on the same socket library, which checks and stores nothing",
    ),
    _Headline("sockets", "delivered, v1, most", "the same in the v1 dialect: acknowledgements, cursors", "{ratio}"),
    _Headline(
        "sockets",
        "delivered, w=1",
        "the same as the first, each of 200 users waiting for the last one before the next",
        "{ratio}: the product's worst case, the echo's best",
    ),
    _Headline("sockets", "p50 at 5,000/s", "from sending to hearing it, median at 5,000 a second"),
    _Headline("posts", "posts answered 201", "messages over REST", "{ratio} of an endpoint that stores nothing"),
    _Headline("logins", "logins answered 200", "logins", "{ratio} of Argon2id alone"),
    _Headline("resume", "1,000 missed messages", "coming back to 1,000 missed messages, until the last one is there"),
    _Headline(
        "history",
        "p50 of 50 messages, middle",
        "a page from the middle of a room with 1,000,000 messages",
        "{ratio} of the same in a room with 1,000",
    ),
    _Headline("memory", "process", "the process at rest"),
    _Headline("memory", "one idle socket", "an idle socket, of 5,000"),
    _Headline("start", "new data directory", "until an empty directory is ready to serve"),
)


def put(report: Report, page: str) -> str:
    """Return a page with the report's figures between its two marks."""
    head, begin, rest = page.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not begin or not end:
        raise ValueError("the page has no place for the figures")
    return head + begin + _table(report) + end + tail


def write(report: Report) -> None:
    """Bring the README up to date."""
    _README.write_text(put(report, _README.read_text()))


def _table(report: Report) -> str:
    rows = [_row(headline, _find(report.tables, headline)) for headline in _HEADLINES]
    machine = report.machine
    where = f"{machine.cpu}, {machine.python}, server on one core, commit {machine.commit[:7]}, {machine.taken_at[:10]}"
    return "\n".join([f"| {where} | | |", "|---|---:|---|", *rows]) + "\n"


def _row(headline: _Headline, line: Line) -> str:
    unit = "/s" if line.unit.endswith("/s") else f" {line.unit}"
    beside = headline.beside.format(ratio="" if line.ratio is None else f"{line.ratio:.2f}")
    return f"| {headline.words} | {number(median(line.product))}{unit} | {beside} |"


def _find(tables: Sequence[Table], headline: _Headline) -> Line:
    return next(
        line
        for table in tables
        if table.name == headline.table
        for line in table.lines
        if line.what.startswith(headline.line)
    )


def main() -> int:
    """Write the figures, or with --check tell whether they are those of the report."""
    report = msgspec.json.decode((_FOLDER / "results.json").read_bytes(), type=Report)
    current = _README.read_text() == put(report, _README.read_text())
    if "--check" not in sys.argv[1:]:
        write(report)
    elif not current:
        print("README.md shows other figures than bench/results.json: run `python -m bench.headline`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
