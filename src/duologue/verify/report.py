"""What a run comes to: for people, for programs, and as an exit code."""

import platform
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from duologue import __version__
from duologue.verify.oracle import CHECKS, check_of

SOUND, VIOLATED, CANNOT_START, NOTHING_PROVED = 0, 1, 2, 3
_VERDICTS = {
    SOUND: "sound",
    VIOLATED: "violated",
    CANNOT_START: "could not start",
    NOTHING_PROVED: "nothing proved",
}
_TOO_SLOW = 4429
_MOST_SHOWN = 5
_MOST_LISTED = 20
_LONGEST = 600


@dataclass(kw_only=True)
class Report:
    """`why`: what kept the run from proving anything. `kept`: where an own server's data is, after a violation."""

    target: str
    seed: int
    seconds: float
    why: str = ""
    exit_code: int = SOUND
    violations: Sequence[str] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)
    closes: Mapping[int, int] = field(default_factory=dict)
    kept: str | None = None

    def json(self) -> str:
        """Return one JSON document."""
        document: dict[str, Any] = {
            "verdict": _VERDICTS[self.exit_code],
            "exit_code": self.exit_code,
            "why": self.why or None,
            "target": self.target,
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "counts": dict(self.counts),
            "faults": dict(self.faults),
            "closes": {str(code): number for code, number in sorted(self.closes.items())},
            "checks": {
                name: {"holds": meaning, "violations": sum(check_of(each) == name for each in self.violations)}
                for name, meaning in CHECKS.items()
            },
            "violations": [
                {"check": name, "what": each[:_LONGEST]}
                for name in CHECKS
                for each in [each for each in self.violations if check_of(each) == name][:_MOST_LISTED]
            ],
            "kept": self.kept,
            "versions": {"duologue": __version__, "python": platform.python_version(), "system": platform.platform()},
        }
        return msgspec.json.format(msgspec.json.encode(document)).decode()

    def text(self) -> str:
        """Return the verdict for people."""
        headline = {
            SOUND: self._sound,
            VIOLATED: self._violated,
            CANNOT_START: self._not_begun,
            NOTHING_PROVED: self._nothing,
        }[self.exit_code]()
        return "\n".join([*headline, *self._what_happened()])

    def _sound(self) -> list[str]:
        acknowledged = self.counts.get("messages", 0)
        return [
            f"SOUND: {acknowledged:,} messages were acknowledged; none was lost, doubled or moved.",
            f"       {self.counts.get('delivered', 0):,} deliveries, each stream without a gap or a repeat;",
            f"       {self.counts.get('changes', 0):,} edits and deletions and "
            f"{self.counts.get('marks', 0):,} read marks kept; C1 to C12 hold.",
        ]

    def _violated(self) -> list[str]:
        first, check = self.violations[0], check_of(self.violations[0])
        lines = [f"VIOLATED: {check}, {CHECKS[check]}", f"  {first[:_LONGEST]}"]
        lines += [f"  {each[:_LONGEST]}" for each in self.violations[1:_MOST_SHOWN]]
        if len(self.violations) > _MOST_SHOWN:
            lines.append(
                f"  … and {len(self.violations) - _MOST_SHOWN:,} more; --json lists {_MOST_LISTED} of each check."
            )
        if self.kept is not None:
            lines.append(f"  The server's data and log are kept in {self.kept}")
        return lines

    def _not_begun(self) -> list[str]:
        return [f"COULD NOT START: {self.why}"]

    def _nothing(self) -> list[str]:
        return [f"NOTHING PROVED: {self.why}"]

    def _what_happened(self) -> list[str]:
        if not self.counts.get("sent"):
            return []
        caused = {**self.faults, "readers closed as too slow": self.closes.get(_TOO_SLOW, 0)}
        faults = ", ".join(f"{name} {number:,}" for name, number in sorted(caused.items()) if number)
        names = ("sent", "acknowledged", "unanswered", "delivered", "looked up", "reconnects")
        counts = ", ".join(f"{name} {self.counts.get(name, 0):,}" for name in names)
        return [
            f"In {self.seconds:.0f} s against {self.target}, seed {self.seed}:",
            *_wrapped(counts),
            *_wrapped(f"faults: {faults or 'none'}"),
        ]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 100, initial_indent="  ", subsequent_indent="    ")
