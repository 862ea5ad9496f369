"""Auth's keys are read again and again: a withdrawn one is found, said once, and told to the sockets."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from duologue.chat.access.keys import Keys
from tests.chat.access.test_revocations import TICK, Sockets, until
from tests.chat.access.test_tokens import Auth
from tests.rig.issuer import Issuer

pytestmark = pytest.mark.anyio


@pytest.fixture
def auth() -> Auth:
    return Auth(Issuer("k1", "k2"))


@pytest.fixture
def sockets() -> Sockets:
    return Sockets()


@pytest.fixture
async def read(auth: Auth, sockets: Sockets) -> AsyncIterator[Keys]:
    made = Keys(auth.fetch, TICK, sockets.look)
    made.start()
    await made.looked.wait()
    yield made
    await made.close()


async def test_new_and_withdrawn_keys_are_found_without_being_asked_for(
    auth: Auth, read: Keys, sockets: Sockets
) -> None:
    assert set(read.known) == {"k1", "k2"}
    auth.issuer.private["k3"] = Issuer().private["k1"]
    await until(lambda: set(read.known) == {"k1", "k2", "k3"})
    assert sockets.looks == 0
    with capture_logs() as logs:
        del auth.issuer.private["k1"]
        await until(lambda: sockets.looks == 1)
        assert set(read.known) == {"k2", "k3"}
        asked = auth.asked
        await until(lambda: auth.asked >= asked + 3)
    assert [(entry["event"], entry["kid"]) for entry in logs] == [("signing_key_withdrawn", "k1")]
    assert sockets.looks == 1


async def test_a_key_that_comes_back_is_good_again(auth: Auth, read: Keys, sockets: Sockets) -> None:
    withdrawn = auth.issuer.private.pop("k1")
    await until(lambda: sockets.looks == 1)
    assert not await read.look_for("k1")
    auth.issuer.private["k1"] = withdrawn
    await until(lambda: "k1" in read.known)


async def test_the_sockets_are_told_though_whoever_found_it_has_gone(auth: Auth, sockets: Sockets) -> None:
    """A stranger's socket makes chat ask, and ends at once: the sweep is not the stranger's."""
    read = Keys(auth.fetch, 60, sockets.look)
    read.start()
    await read.looked.wait()
    del auth.issuer.private["k1"]
    read._read_again_at = 0.0
    strangers = asyncio.create_task(read.look_for("invented"))
    await until(lambda: "k1" not in read.known)
    strangers.cancel()
    await until(lambda: sockets.looks == 1)
    await read.close()


@pytest.mark.parametrize("keys_first", [True, False])
async def test_while_auth_is_away_the_keys_stay_and_that_is_said_once(
    auth: Auth, sockets: Sockets, *, keys_first: bool
) -> None:
    auth.away = not keys_first
    with capture_logs() as logs:
        read = Keys(auth.fetch, TICK, sockets.look)
        read.start()
        await read.looked.wait()
        assert bool(read.known) is keys_first
        auth.away = True
        asked = auth.asked
        await until(lambda: auth.asked >= asked + 3)
        assert bool(read.known) is keys_first
        auth.away = False
        await until(lambda: logs[-1]["event"] == "signing_keys_known_again")
        assert set(read.known) == {"k1", "k2"}
        await read.close()
    assert [entry["event"] for entry in logs] == ["signing_keys_unknown", "signing_keys_known_again"]
    assert sockets.looks == 0
