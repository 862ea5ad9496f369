"""The runner itself: it must notice when a document lies."""

import os
from pathlib import Path

import pytest

from tests.walkthrough.console import at_port, matches, run, steps

DOCUMENT = """
text
```console
$ name=bob
$ printf 'hello %s\\n' \\
    "$name"
hello …
```
```sh
$ not run
```
"""


def test_commands_share_a_shell_and_their_output_is_compared(tmp_path: Path) -> None:
    script = steps(DOCUMENT)
    assert [step.line for step in script] == [4, 5]
    assert run(script, tmp_path, os.environ) == []


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ("$ echo one\ntwo", "printed:\none"),
        ("$ echo one", "printed:\none"),
        ("$ true\none", "exit code 0"),
        ("$ false", "exit code 1"),
        ("$ exit 0\n$ echo unreached\nunreached", "exit code -"),
    ],
)
def test_a_lie_is_noticed(tmp_path: Path, block: str, why: str) -> None:
    complaints = run(steps(f"```console\n{block}\n```\n"), tmp_path, os.environ)
    assert complaints
    assert why in complaints[0]


@pytest.mark.parametrize(
    ("expected", "printed", "verdict"),
    [
        (['{"id":…}'], '{"id":17}', True),
        (['{"id":…}'], '{"id":17', False),
        (["a", "…", "z"], "a\nb\nc\nz\n", True),
        (["a", "…", "z"], "a\nz\n", True),
        (["a", "…", "z"], "a\nb\n", False),
        (["a.c"], "abc", False),
        ([], "", True),
        ([], "more", False),
    ],
)
def test_wildcards(expected: list[str], printed: str, verdict: bool) -> None:
    assert matches(expected, printed) is verdict


def test_output_without_a_command_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2"):
        steps("```console\noutput\n```\n")


def test_addresses_get_the_servers_port() -> None:
    document = "http://localhost:8000/api/ http://auth.localhost/api/ ws://chat.localhost/ws/"
    assert at_port(document, 9) == "http://localhost:9/api/ http://auth.localhost:9/api/ ws://chat.localhost:9/ws/"
