"""Tokens are verified once, remembered until they expire, and keys are fetched when they must be and no oftener."""

import asyncio
import secrets
import time
from collections.abc import Awaitable
from datetime import UTC, datetime

import pytest

from duologue.chat.access import keys, tokens
from duologue.chat.access.keys import Keys
from duologue.chat.access.tokens import Tokens, bearer
from duologue.chat.errors import Problem, auth_unavailable
from duologue.contract.keys import VerifyingKeys
from tests.rig.issuer import Issuer

pytestmark = pytest.mark.anyio


class Clock:
    """Both clocks of `time`, moved by hand. The one on the wall may be set back by some seconds."""

    def __init__(self) -> None:
        self.now = time.time()
        self.set_back = 0.0
        self._started = time.time() - time.monotonic()

    def time(self) -> float:
        return self.now - self.set_back

    def monotonic(self) -> float:
        return self.now - self._started


class Auth:
    """Gives its issuer's keys, and counts how often."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.asked = 0
        self.away = False

    async def fetch(self) -> VerifyingKeys:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise auth_unavailable()
        return self.issuer.keys()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(tokens, "time", made)
    monkeypatch.setattr(keys, "time", made)
    return made


@pytest.fixture
def auth() -> Auth:
    return Auth(Issuer())


@pytest.fixture
def ended() -> set[str]:
    """The `sid` of every login that has ended."""
    return set()


async def nobody_to_tell() -> None:
    """No sockets here."""


@pytest.fixture
async def known(auth: Auth, ended: set[str]) -> Tokens:
    """Reads keys when it needs them, and not by itself."""
    return Tokens("duologue", Keys(auth.fetch, 60, nobody_to_tell), lambda claims: claims.sid in ended)


async def code_of(waiting: Awaitable[object]) -> str:
    with pytest.raises(Problem) as caught:
        await waiting
    return caught.value.code


async def test_a_token_says_who_it_is_and_is_verified_once(
    auth: Auth, known: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = auth.issuer.token("alice", sub="7")
    claims = await known.verify(token)
    assert (claims.sub, claims.username) == ("7", "alice")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("verified again")

    monkeypatch.setattr(tokens, "verify_access", never)
    assert await known.verify(token) is claims
    assert auth.asked == 1


async def test_a_remembered_token_ends_when_it_expires(
    auth: Auth, known: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = auth.issuer.token(lives=60)
    claims = await known.verify(token)
    clock = Clock()
    monkeypatch.setattr(tokens, "time", clock)
    clock.now = claims.exp - 0.1
    assert known.remembered(token) is claims
    clock.now = float(claims.exp)
    assert known.remembered(token) is None
    assert known._known == {}


async def test_a_token_ends_in_its_time_although_the_clock_was_set_back(
    auth: Auth, known: Tokens, clock: Clock
) -> None:
    token = auth.issuer.token(lives=60)
    claims = await known.verify(token)
    clock.set_back = 3600
    clock.now = claims.exp - 0.1
    assert known.remembered(token) is claims
    clock.now = claims.exp + 0.1
    assert known.remembered(token) is None


@pytest.mark.parametrize("set_back", [0, 20])
async def test_no_token_lives_longer_than_it_was_made_for(
    auth: Auth, known: Tokens, clock: Clock, set_back: float
) -> None:
    """One that seems to come from the future, by no more than clocks may differ, has all of its life ahead."""
    began = int(clock.now)
    token = auth.issuer.token(iat=began + set_back, exp=began + set_back + 60)
    claims = await known.verify(token)
    clock.set_back = 3600
    clock.now += 59
    assert known.remembered(token) is claims
    clock.now += 2
    assert known.remembered(token) is None


async def test_a_token_ends_with_its_login_and_with_no_other(auth: Auth, known: Tokens, ended: set[str]) -> None:
    remembered, new = (auth.issuer.token(sid="ending", jti=jti) for jti in "ab")
    staying = auth.issuer.token(sid="staying")
    for token in (remembered, staying):
        await known.verify(token)
    ended.add("ending")
    for token in (remembered, new, remembered):
        assert known.remembered(token) is None
        assert await code_of(known.verify(token)) == "session_ended"
    assert list(known._known) == [staying]
    assert (await known.verify(staying)).sid == "staying"


async def test_who_forges_a_token_of_an_ended_login_learns_nothing(auth: Auth, known: Tokens, ended: set[str]) -> None:
    ended.add("ending")
    assert await code_of(known.verify(Issuer().token(sid="ending"))) == "token_invalid"
    assert await code_of(known.verify(auth.issuer.token(sid="ending", lives=-60))) == "token_expired"


async def test_an_expired_token_is_told_apart_from_a_forged_one(auth: Auth, known: Tokens) -> None:
    assert await code_of(known.verify(auth.issuer.token(lives=-60))) == "token_expired"
    assert await code_of(known.verify(Issuer().token())) == "token_invalid"
    assert await code_of(known.verify("nonsense")) == "token_invalid"
    assert known._known == {}


async def test_nonsense_never_makes_us_ask(auth: Auth, known: Tokens) -> None:
    for token in ("", "a.b.c", "x" * 5000, auth.issuer.token(header={"typ": "JWT"})):
        assert await code_of(known.verify(token)) == "token_invalid"
    assert auth.asked == 0


def made(clock: Clock, seconds_ago: float) -> str:
    """Return a key id as auth makes them."""
    return f"{datetime.fromtimestamp(clock.now - seconds_ago, UTC):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(4)}"


async def test_invented_key_ids_make_us_ask_once_in_a_while(auth: Auth, known: Tokens, clock: Clock) -> None:
    await known.verify(auth.issuer.token())
    stranger = Issuer(*map(str, range(50)))
    for n in range(50):
        assert await code_of(known.verify(stranger.token(kid=str(n)))) == "token_invalid"
    assert auth.asked == 1
    clock.now += keys._SECONDS_BETWEEN_READS
    outcomes = await asyncio.gather(*(code_of(known.verify(stranger.token(kid=str(n)))) for n in range(50)))
    assert set(outcomes) == {"token_invalid"}
    assert auth.asked == 2


async def test_a_key_made_just_now_is_not_refused_for_good_however_busy_inventors_keep_us(
    auth: Auth, known: Tokens, clock: Clock
) -> None:
    await known.verify(auth.issuer.token("alice"))
    kid = made(clock, -1)
    auth.issuer.private[kid] = Issuer().private["k1"]
    token = auth.issuer.token("bob", kid=kid)
    invented = [made(clock, seconds_ago) for seconds_ago in (-20, -1, 0, 1, 20)]
    stranger = Issuer("x", *invented)
    for _ in range(3):
        for each in invented:
            assert await code_of(known.verify(stranger.token(kid=each))) == "auth_unavailable"
        assert await code_of(known.verify(stranger.token(kid="x"))) == "token_invalid"
        # a client would throw the token away after a 401
        assert await code_of(known.verify(token)) == "auth_unavailable"
    clock.now += keys._SECONDS_BETWEEN_READS
    assert await code_of(known.verify(stranger.token(kid=invented[0]))) == "token_invalid"
    assert (await known.verify(token)).username == "bob"
    assert auth.asked == 2
    clock.now += 60
    await code_of(known.verify(stranger.token(kid="x")))
    # what auth would have told us by now
    for each in invented:
        assert await code_of(known.verify(stranger.token(kid=each))) == "token_invalid"


@pytest.mark.parametrize("seconds_ago", [3600.0, 60.0, -60.0, -1e9])
async def test_a_key_of_another_time_is_none(auth: Auth, known: Tokens, clock: Clock, seconds_ago: float) -> None:
    await known.verify(auth.issuer.token())
    kid = made(clock, seconds_ago)
    assert await code_of(known.verify(Issuer(kid).token(kid=kid))) == "token_invalid"
    assert auth.asked == 1


async def test_a_rotated_key_is_found_and_the_old_one_is_good_until_auth_drops_it(
    auth: Auth, known: Tokens, clock: Clock
) -> None:
    old = auth.issuer.token("alice")
    claims = await known.verify(old)
    auth.issuer.private["k2"] = Issuer().private["k1"]
    clock.now += keys._SECONDS_BETWEEN_READS
    assert (await known.verify(auth.issuer.token("bob", kid="k2"))).username == "bob"
    assert (await known.verify(auth.issuer.token("carol"))).username == "carol"
    assert known.revoked(claims) is None
    late = auth.issuer.token("dave")
    del auth.issuer.private["k1"]
    clock.now += keys._SECONDS_BETWEEN_READS
    assert await code_of(known.verify(Issuer("k3").token(kid="k3"))) == "token_invalid"
    # at once, for everybody, and also what was verified before
    for token in (late, old, late):
        assert known.remembered(token) is None
        assert await code_of(known.verify(token)) == "token_invalid"
    assert known.revoked(claims) is not None
    assert (await known.verify(auth.issuer.token("bob", kid="k2"))).username == "bob"


async def test_with_keys_in_hand_auth_may_be_away(auth: Auth, known: Tokens, clock: Clock) -> None:
    await known.verify(auth.issuer.token("alice"))
    auth.away = True
    clock.now += 100
    assert (await known.verify(auth.issuer.token("bob"))).username == "bob"
    assert await code_of(known.verify(Issuer("k9").token(kid="k9"))) == "auth_unavailable"
    assert auth.asked == 2
    auth.away = False
    clock.now += keys._SECONDS_UNTIL_RETRY
    assert await code_of(known.verify(Issuer("k9").token(kid="k9"))) == "token_invalid"


async def test_without_keys_a_crowd_asks_once_and_nobody_waits_in_turn(auth: Auth, known: Tokens, clock: Clock) -> None:
    auth.away = True
    codes = await asyncio.gather(*(code_of(known.verify(auth.issuer.token(jti=str(n)))) for n in range(20)))
    assert set(codes) == {"auth_unavailable"}
    assert auth.asked == 1
    auth.away = False
    clock.now += keys._SECONDS_UNTIL_RETRY
    await known.verify(auth.issuer.token())


async def test_memory_is_bounded(auth: Auth, known: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_REMEMBERED", 3)
    made = [auth.issuer.token(jti=str(n)) for n in range(5)]
    for token in made:
        await known.verify(token)
    assert [known.remembered(token) is not None for token in made] == [False, False, True, True, True]


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "BEARER  abc "])
def test_a_bearer_is_read(header: str) -> None:
    assert bearer(header) == "abc"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "abc", "Token abc"])
def test_anything_else_is_no_bearer(header: str | None) -> None:
    with pytest.raises(Problem, match="token_missing"):
        bearer(header)
