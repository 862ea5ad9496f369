"""`python -m tests.compose [pytest's arguments]`: prepare an engine, then run the tests of the containers."""

import sys

import pytest

from tests.compose.rig.commands import CommandError, say
from tests.compose.rig.engines import prepared


def main() -> int:
    """Return pytest's exit code, or 1 when this machine cannot run containers."""
    try:
        prepared()
    except CommandError as error:
        say(str(error))
        return 1
    words = sys.argv[1:]
    everything = [] if any(word.startswith("tests/") for word in words) else ["tests/compose"]
    return pytest.main(["-vv", "--capture=no", "--durations=5", *everything, *words])


if __name__ == "__main__":
    sys.exit(main())
