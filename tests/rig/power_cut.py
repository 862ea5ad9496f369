"""What a power cut leaves of some files: what was synced, and of what was only written nothing, some sectors, or all.

Replayed from a trace of system calls. A cut is a place in the trace; whatever ended before it has happened.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.rig.strace import Call

CALLS = "fdatasync,fsync,write,pwrite64,ftruncate"
_SECTOR = 512

Fate = Literal["none", "some", "all"]
"""Of what was written and not synced."""


@dataclass
class File:
    """One file: what the disk has for certain, and what was written since its last sync, in order."""

    durable: bytearray = field(default_factory=bytearray)
    unsynced: list[tuple[int, bytes | None]] = field(default_factory=list)

    def write(self, call: Call) -> None:
        """A write, or a new length: that has no data."""
        self.unsynced.append((call.last_number, None if call.name == "ftruncate" else call.data[: call.result]))

    def sync(self) -> None:
        """All of it is on the disk."""
        for change in self.unsynced:
            _apply(self.durable, *change)
        self.unsynced.clear()

    def after(self, fate: Fate, chance: random.Random) -> bytes:
        """Return what a cut leaves."""
        left = bytearray(self.durable)
        for position, data in self.unsynced if fate != "none" else ():
            if fate == "all":
                _apply(left, position, data)
            else:
                _apply_some(left, position, data, chance)
        return bytes(left)


def _apply(image: bytearray, position: int, data: bytes | None) -> None:
    if data is None:
        del image[position:]
        image.extend(bytes(position - len(image)))
        return
    image.extend(bytes(max(0, position - len(image))))
    image[position : position + len(data)] = data


def _apply_some(image: bytearray, position: int, data: bytes | None, chance: random.Random) -> None:
    if data is None:
        if chance.random() < 0.5:
            _apply(image, position, data)
        return
    # a disk writes whole sectors, in any order
    start = 0
    while start < len(data):
        end = start + _SECTOR - (position + start) % _SECTOR
        if chance.random() < 0.5:
            _apply(image, position + start, data[start:end])
        start = end


class Disk:
    """The files of a folder while a trace is replayed."""

    def __init__(self, folder: Path, before: dict[str, bytes]) -> None:
        self._folder = folder
        self._files = {name: File(bytearray(content)) for name, content in before.items()}

    def replay(self, calls: Sequence[Call]) -> Iterator[Call]:
        """Do what was done, call by call in the order in which they ended; yield each after it was done."""
        for call in sorted(calls, key=lambda each: each.ended):
            path = Path(call.file)
            if call.result >= 0 and path.parent == self._folder:
                self._do(self._files.setdefault(path.name, File()), call)
            yield call

    def cut(self, where: Path, names: Sequence[str], fate: Fate, chance: random.Random) -> None:
        """Write down what a power cut would leave here and now."""
        where.mkdir()
        for name in names:
            if name in self._files:
                (where / name).write_bytes(self._files[name].after(fate, chance))

    def _do(self, file: File, call: Call) -> None:
        if call.name in ("fdatasync", "fsync"):
            file.sync()
        elif call.name in ("pwrite64", "ftruncate"):
            file.write(call)
