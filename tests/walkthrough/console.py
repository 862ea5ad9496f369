"""Runs the `console` blocks of a Markdown file as a person would type them, and compares what they print.

In such a block a line that begins with `$ ` is a command, which goes on after a backslash at its end, and the others
are what it prints. `…` stands for anything within a line; a line that is only `…` stands for any lines. The commands
of a file share one shell, and each must end well.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"\b(auth|chat)\.localhost(?=/)")
_END = "\x1e"
_SECONDS = 60


@dataclass
class Step:
    """One command with what it is said to print; `line` is its place in the file."""

    line: int
    command: str
    expected: list[str] = field(default_factory=list)


def steps(markdown: str) -> list[Step]:
    """Return the commands of all `console` blocks, in order."""
    found: list[Step] = []
    for block in _BLOCK.finditer(markdown):
        line = markdown.count("\n", 0, block.start(1)) + 1
        found.extend(_of_block(block[1], line))
    return found


def _of_block(block: str, first_line: int) -> Iterator[Step]:
    step: Step | None = None
    for number, text in enumerate(block.splitlines(), first_line):
        if text.startswith("$ "):
            if step:
                yield step
            step = Step(number, text[2:])
        elif step is None:
            raise ValueError(f"line {number}: a console block begins with a command")
        elif step.command.endswith("\\") and not step.expected:
            step.command += "\n" + text
        else:
            step.expected.append(text)
    if step:
        yield step


def at_port(markdown: str, port: int) -> str:
    """Return the text with a test server's port in place of the usual ones."""
    return _NAMED.sub(rf"\1.localhost:{port}", markdown.replace("localhost:8000", f"localhost:{port}"))


def run(script: list[Step], folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Run the commands in one shell and return a complaint for each that does not do what is said of it."""
    text = "".join(f"{step.command}\nprintf '\\n{_END}%s\\n' $?\n" for step in script)
    file = folder / "commands.sh"
    file.write_text(text)
    # stdin stays open and silent: wscat ends when it closes
    reader, writer = os.pipe()
    with os.fdopen(reader), os.fdopen(writer, "w"):
        done = subprocess.run(
            ["bash", str(file)],
            cwd=folder,
            env=dict(environment),
            stdin=reader,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    return [complaint for complaint in map(_complaint, script, _answers(done.stdout, len(script))) if complaint]


def _answers(output: str, count: int) -> list[tuple[str, str]]:
    """Return what each command printed, and its exit code; `-` for those that were not reached."""
    parts = re.split(rf"\n{_END}(\d+)\n", output)
    answers = list(zip(parts[0::2], parts[1::2], strict=False))
    return answers + [(parts[-1], "-")] * (count - len(answers))


def _complaint(step: Step, answer: tuple[str, str]) -> str | None:
    printed, code = answer
    if code == "0" and matches(step.expected, printed):
        return None
    expected = "\n".join(step.expected)
    return f"line {step.line}: $ {step.command}\nexit code {code}, printed:\n{printed}\ninstead of:\n{expected}\n"


def matches(expected: list[str], printed: str) -> bool:
    """Tell whether the printed text is what the lines with their wildcards describe."""
    pattern = "".join(_line_pattern(line.rstrip()) for line in expected)
    actual = "".join(f"{line.rstrip()}\n" for line in printed.rstrip().splitlines())
    return re.fullmatch(pattern, actual) is not None


def _line_pattern(line: str) -> str:
    if line == "…":
        return r"(?:[^\n]*\n)*"
    return re.escape(line).replace("…", r"[^\n]*") + "\n"
