"""The image and the running stack. Collected only when `tools/test-compose` has prepared an engine."""

import os
from collections.abc import Iterator

import pytest

from tests.compose.rig.commands import say
from tests.compose.rig.engine import IMAGE, Docker
from tests.compose.rig.engines import ENGINE_VARIABLE, prepared
from tests.compose.rig.stack import Stack

if ENGINE_VARIABLE not in os.environ:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def engine() -> Docker:
    return prepared()


@pytest.fixture(scope="session")
def image(engine: Docker) -> str:
    say("building the image …")
    engine.build()
    return IMAGE


@pytest.fixture(scope="session")
def stack(engine: Docker, image: str) -> Iterator[Stack]:
    """The whole stack, made anew with empty volumes and gone afterwards."""
    running = Stack(engine)
    engine.compose("down", "--volumes", timeout=90)
    running.check_ports()
    say("starting auth, chat and Caddy …")
    try:
        engine.up()
        yield running
    finally:
        for service in ("auth", "chat", "caddy"):
            (engine.logs / f"{service}.log").write_text(_last_log(running, service))
        engine.compose("down", "--volumes", timeout=90)


def _last_log(stack: Stack, service: str) -> str:
    try:
        return stack.log(service)
    except RuntimeError as error:
        return str(error)
