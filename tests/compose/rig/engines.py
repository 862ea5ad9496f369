"""Which engine the tests use: prepared once by `python -m tests.compose`, then found again by the fixtures."""

import os
from functools import cache

from tests.compose.rig.commands import CACHE, say
from tests.compose.rig.engine import Docker
from tests.compose.rig.podman import Podman

ENGINE_VARIABLE = "COMPOSE_TEST_ENGINE"


def choose() -> Docker:
    """Return Docker where an engine answers, else Podman."""
    wanted = os.environ.get(ENGINE_VARIABLE)
    return Docker() if wanted == Docker.name or (wanted is None and Docker.answers()) else Podman()


@cache
def prepared() -> Docker:
    """Prepare the chosen engine, which is quick the second time, and return it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    engine = choose()
    engine.prepare()
    os.environ[ENGINE_VARIABLE] = engine.name
    say(f"using {engine.name}")
    return engine
