"""What chat hears of ended logins: once, in time, whatever auth does meanwhile, and no more than it can hold."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import pytest
from structlog.testing import capture_logs

from duologue.chat.access import revocations
from duologue.chat.access.revocations import Revocations
from duologue.chat.errors import auth_unavailable
from duologue.contract.claims import AccessClaims
from duologue.contract.ended_sessions import EndedSessions, digest_of
from tests.chat.access.test_tokens import Clock

pytestmark = pytest.mark.anyio

TICK = 0.01


class List:
    """Auth's list, and what is asked of it."""

    def __init__(self) -> None:
        self.name = "first"
        self.sids: list[str] = []
        self.page_size = 1000
        self.keep = 660
        self.asked: list[str] = []
        self.failure: Exception | None = None

    async def read(self, place: str) -> EndedSessions:
        self.asked.append(place)
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        name, _, number = place.partition(".")
        since = int(number) if name == self.name else 0
        shown = self.sids[since : since + self.page_size]
        end = since + len(shown)
        digests = [digest_of(sid) for sid in shown]
        return EndedSessions(digests, f"{self.name}.{end}", end < len(self.sids), self.keep)


class Sockets:
    """Counts how often all sockets are looked at."""

    def __init__(self) -> None:
        self.looks = 0

    async def look(self) -> None:
        self.looks += 1


@pytest.fixture
def auth() -> List:
    return List()


@pytest.fixture
def sockets() -> Sockets:
    return Sockets()


@pytest.fixture
async def heard(auth: List, sockets: Sockets, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Revocations]:
    monkeypatch.setattr(revocations, "_SECONDS_WHILE_AWAY", TICK)
    monkeypatch.setattr(revocations, "_SECONDS_TO_GATHER", 0.0)
    made = Revocations(auth.read, TICK, sockets.look)
    yield made
    await made.close()


def ended(heard: Revocations, sid: str) -> bool:
    return heard.is_ended(AccessClaims(sub="1", username="alice", sid=sid, jti="j", exp=0, iat=0))


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the condition is what is under test
            await asyncio.sleep(TICK / 2)


async def looks(auth: List, count: int = 2) -> None:
    """Wait until auth has been asked some times more."""
    seen = len(auth.asked)
    await until(lambda: len(auth.asked) >= seen + count)


async def test_a_login_that_ended_is_known_and_the_sockets_are_looked_at(
    auth: List, heard: Revocations, sockets: Sockets
) -> None:
    await looks(auth)
    assert not ended(heard, "a")
    assert sockets.looks == 0
    auth.sids.append("a")
    await until(lambda: ended(heard, "a"))
    await until(lambda: sockets.looks == 1)
    assert not ended(heard, "b")
    await looks(auth)
    assert sockets.looks == 1


async def test_only_what_is_new_is_read(auth: List, heard: Revocations) -> None:
    auth.sids += ["a", "b"]
    await looks(auth, 3)
    auth.sids.append("c")
    await looks(auth, 3)
    assert auth.asked[0] == ""
    assert auth.asked[-1] == "first.3"
    assert [place for place in auth.asked if place == ""] == [""]


async def test_a_long_list_is_read_at_once(auth: List, heard: Revocations, sockets: Sockets) -> None:
    auth.page_size = 2
    await looks(auth)
    auth.sids += [str(number) for number in range(7)]
    await until(lambda: ended(heard, "6"))
    assert all(ended(heard, str(number)) for number in range(7))
    assert {f"first.{number}" for number in (0, 2, 4, 6, 7)} >= set(auth.asked[1:])
    await looks(auth)
    assert sockets.looks == 1


async def test_every_socket_is_looked_at_again_later(
    auth: List, heard: Revocations, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was being let in when the news came is found then."""
    monkeypatch.setattr(revocations, "_SECONDS_BETWEEN_SWEEPS", 3 * TICK)
    await looks(auth, 5)
    assert sockets.looks == 0
    auth.sids.append("a")
    await until(lambda: sockets.looks >= 3)


@pytest.mark.parametrize("failure", [auth_unavailable(), ValueError("garbage"), KeyError("what nobody thought of")])
async def test_auth_may_be_away_and_that_is_said_once(auth: List, failure: Exception) -> None:
    with capture_logs() as logs:
        auth.failure = failure
        sockets = Sockets()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(revocations, "_SECONDS_WHILE_AWAY", TICK)
            heard = Revocations(auth.read, TICK, sockets.look)
            auth.sids.append("a")
            await looks(auth, 4)
            assert not ended(heard, "a")
            auth.failure = None
            await until(lambda: ended(heard, "a"))
            auth.failure = failure
            await looks(auth, 4)
            # what is known stays known
            assert ended(heard, "a")
            assert not ended(heard, "b")
            await heard.close()
    events = [entry["event"] for entry in logs]
    assert events == ["ended_sessions_unknown", "ended_sessions_known_again", "ended_sessions_unknown"]


async def test_while_auth_is_away_it_is_asked_less_often(auth: List, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocations, "_SECONDS_WHILE_AWAY", 60)
    auth.failure = auth_unavailable()
    heard = Revocations(auth.read, TICK, Sockets().look)
    await until(lambda: auth.asked)
    await asyncio.sleep(10 * TICK)
    await heard.close()
    assert auth.asked == [""]


async def test_an_auth_that_starts_anew_is_read_from_the_beginning(auth: List, heard: Revocations) -> None:
    auth.sids += ["a", "b", "c"]
    await until(lambda: ended(heard, "c"))
    # another database, with fewer rows or with more
    for name, sids in (("second", ["d"]), ("third", ["e", "f", "g", "h"])):
        auth.name, auth.sids = name, sids
        await until(lambda: ended(heard, auth.sids[-1]))
        assert all(ended(heard, sid) for sid in ("a", "b", "c", *sids))


async def test_one_that_promises_more_for_ever_is_left_alone(auth: List, monkeypatch: pytest.MonkeyPatch) -> None:
    async def same(place: str) -> EndedSessions:
        auth.asked.append(place)
        return EndedSessions([], "x.1", True, 660)

    heard = Revocations(same, 60, Sockets().look)
    await until(lambda: len(auth.asked) >= 2)
    await asyncio.sleep(5 * TICK)
    await heard.close()
    assert auth.asked == ["", "x.1"]


async def test_what_no_token_can_need_is_forgotten(
    auth: List, heard: Revocations, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(revocations, "time", clock)
    auth.sids.append("a")
    await until(lambda: ended(heard, "a"))
    clock.now += auth.keep - 1
    await looks(auth)
    assert ended(heard, "a")
    clock.now += 2
    await looks(auth)
    assert not ended(heard, "a")
    assert len(heard._ended) == 0


async def test_when_the_clock_was_set_back_an_ended_login_is_known_until_its_tokens_have_had_their_time(
    auth: List, heard: Revocations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed before that, a token is good again when its time comes once more."""
    clock = Clock()
    monkeypatch.setattr(revocations, "time", clock)
    await looks(auth)
    clock.set_back = 3600
    auth.sids.append("a")
    await until(lambda: ended(heard, "a"))
    clock.now += 3600 + auth.keep - 2
    await looks(auth)
    assert ended(heard, "a")
    clock.now += 4
    await looks(auth)
    assert not ended(heard, "a")


async def test_memory_is_bounded(auth: List, heard: Revocations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocations, "_REMEMBERED", 3)
    auth.sids += [str(number) for number in range(5)]
    await until(lambda: ended(heard, "4"))
    assert [ended(heard, str(number)) for number in range(5)] == [False, False, True, True, True]


async def test_a_word_from_another_thread_makes_it_look_at_once(auth: List, sockets: Sockets) -> None:
    heard = Revocations(auth.read, 60, sockets.look)
    await until(lambda: auth.asked)
    auth.sids.append("a")
    caller = threading.Thread(target=heard.hurry)
    caller.start()
    await until(lambda: ended(heard, "a"))
    caller.join()
    await heard.close()
    assert len(auth.asked) == 2


async def test_many_words_at_once_are_one_look(auth: List, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocations, "_SECONDS_TO_GATHER", 50 * TICK)
    heard = Revocations(auth.read, 60, Sockets().look)
    await until(lambda: auth.asked)
    for number in range(20):
        auth.sids.append(str(number))
        heard.hurry()
        await asyncio.sleep(TICK / 10)
    await until(lambda: ended(heard, "19"))
    await heard.close()
    assert len(auth.asked) <= 4


async def test_nothing_waits_for_the_first_look() -> None:
    async def never(_: str) -> EndedSessions:
        await asyncio.Event().wait()
        raise AssertionError

    heard = Revocations(never, 1, Sockets().look)
    await asyncio.sleep(TICK)
    assert not ended(heard, "a")
    await heard.close()
