"""Writes what was measured: Markdown for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.machine import Machine
from bench.results import NOISY, Line, Table, median

_HEAD = """# Benchmarks

Written by `{command}`; do not edit. [docs/performance.md](../docs/performance.md) says how to read it.

Ratios count, absolute figures belong to this machine. Product and reference ran in turn, in one go; each figure is the
median of the runs, with the lowest and the highest in brackets. CPU: shares of one core that the
server / the load client / everybody else and the hypervisor took.

| | |
|---|---|
"""


class Report(msgspec.Struct, frozen=True):
    """All of it."""

    command: str
    machine: Machine
    tables: list[Table]


def write(report: Report, folder: Path) -> None:
    """Write REPORT.md and results.json."""
    (folder / "REPORT.md").write_text(markdown(report))
    pretty = msgspec.json.format(msgspec.json.encode(report), indent=2)
    (folder / "results.json").write_bytes(pretty + b"\n")


def markdown(report: Report) -> str:
    """Return the report as people read it."""
    parts = [_HEAD.format(command=report.command) + "\n".join(_machine(report.machine)), _summary(report.tables)]
    parts += [_table(table) for table in report.tables]
    return "\n\n".join(parts) + "\n"


def _machine(machine: Machine) -> list[str]:
    facts = {
        "Date": machine.taken_at,
        "Commit": machine.commit,
        "CPU": machine.cpu,
        "Memory": machine.memory,
        "Kernel": machine.kernel,
        "Disk": machine.disk,
        "Python": machine.python,
        "SQLite": machine.sqlite,
        "Parts": ", ".join(f"{name} {version}" for name, version in machine.parts.items()),
        "Placement": machine.placement,
    }
    return [f"| {name} | {value} |" for name, value in facts.items()]


def _summary(tables: Sequence[Table]) -> str:
    held = [line for table in tables for line in table.lines if line.met is not None]
    missed = [f"{table.name}: {line.what}" for table in tables for line in table.lines if line.met is False]
    words = f"{len(held) - len(missed)} of {len(held)} aims met."
    words += f" Missed: {'; '.join(missed)}." if missed else ""
    noisy = {table.name for table in tables for line in table.lines if line.noise > NOISY}
    if noisy:
        words += f"\n\nWeak evidence, others took more than {NOISY} of a core in a run: {', '.join(sorted(noisy))}."
    return words


def _table(table: Table) -> str:
    lines = [
        f"## {table.title}",
        "",
        "| | unit | product | reference | ratio | aim | met | CPU |",
        "|---|---|---:|---:|---:|---:|---|---|",
        *map(_line, table.lines),
        "",
        *[f"- {note}" for note in table.notes],
    ]
    return "\n".join(lines)


def _line(line: Line) -> str:
    ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
    aim = "" if line.aim is None else f"{'≤' if line.less_is_better else '≥'} {number(line.aim)}"
    met = {None: "", True: "yes", False: "**no**"}[line.met]
    cells = [line.what, line.unit, _samples(line.product), _samples(line.reference), ratio, aim, met, line.cpu]
    return f"| {' | '.join(cells)} |"


def _samples(samples: Sequence[float]) -> str:
    if not samples:
        return ""
    if len(samples) == 1:
        return number(samples[0])
    return f"{number(median(samples))} ({number(min(samples))} to {number(max(samples))})"


def number(value: float) -> str:
    """Return a figure with three digits that count, a large one whole."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
