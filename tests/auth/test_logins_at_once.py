"""Many logins at once: a crowd behind one address gets in, and guessing at once is worth no more than one by one."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest

from duologue.auth.hashing import HashingPool
from duologue.auth.runtime import runtime
from duologue.auth.settings import AuthSettings
from tests.auth.conftest import PASSWORD, Person, Service, outcome, rates, unused_name

WRONG = "Wrong-Password-1"
SECONDS = 30


def by_default() -> dict[str, str]:
    """Return the throttles of logins that a new installation has."""
    names = ("login", "login_failed")
    return {name: AuthSettings.model_fields[f"rate_{name}"].default for name in names}


@pytest.fixture
def crowd(service: Service) -> Iterator[Callable[[str, str], "Future[str]"]]:
    """Begin a login from a connection of its own; its outcome comes later."""

    def send(username: str, password: str) -> str:
        with httpx.Client(base_url=service.url, trust_env=False, timeout=2 * SECONDS) as client:
            return outcome(client.post("/api/login/", json={"username": username, "password": password}))

    with ThreadPoolExecutor(60) as threads:
        yield lambda username, password: threads.submit(send, username, password)


def outcomes(logins: Iterable["Future[str]"]) -> Counter[str]:
    return Counter(login.result(2 * SECONDS) for login in logins)


def colleagues(person: Person, number: int) -> list[str]:
    """Make accounts with the password of this one, without hashing it again."""
    from duologue.auth.models import User  # noqa: PLC0415 - models need a prepared Django

    names = [unused_name("colleague") for _ in range(number)]
    for name in names:
        User(username=name, email=f"{name}@example.com", password=person.account.password).save()
    return names


class Gate:
    """Holds every hash until it is opened, and a later one until it is opened for that."""

    def __init__(self) -> None:
        self.hashed = 0
        self._number = itertools.count()
        self._open: dict[int, threading.Event] = {}
        self._everybody = threading.Event()

    def run(self, pool: HashingPool, work: Callable[[], object]) -> object:
        number = next(self._number)

        def held() -> object:
            self._open.get(number, self._everybody).wait(SECONDS)
            self.hashed += 1
            return work()

        return _run(pool, held)

    def hold(self, number: int) -> None:
        self._open[number] = threading.Event()

    def open(self, number: int | None = None) -> None:
        (self._everybody if number is None else self._open[number]).set()


_run = HashingPool.run


@pytest.fixture
def gate(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate()

    def run(pool: HashingPool, work: Callable[[], object]) -> object:
        return made.run(pool, work)

    monkeypatch.setattr(HashingPool, "run", run)
    yield made
    made.open()


def wait_for_hashes(number: int) -> None:
    deadline = time.monotonic() + SECONDS
    while runtime().hashing._taken < number and time.monotonic() < deadline:
        time.sleep(0.005)
    assert runtime().hashing._taken == number


def test_twenty_people_behind_one_address_log_in_at_once(
    person: Person, crowd: Callable[[str, str], "Future[str]"]
) -> None:
    names = [person.username, *colleagues(person, 19)]
    with rates(**by_default()):
        assert outcomes([crowd(name, PASSWORD) for name in names]) == {"ok": 20}


def test_one_person_logs_in_many_times_at_once(person: Person, crowd: Callable[[str, str], "Future[str]"]) -> None:
    with rates(**by_default()):
        assert outcomes([crowd(person.username, PASSWORD) for _ in range(8)]) == {"ok": 8}


def test_a_strangers_mistakes_do_not_keep_an_office_out(person: Person) -> None:
    with rates(**by_default()):
        for _ in range(20):
            body = {"username": unused_name("nobody"), "password": WRONG}
            assert outcome(person.http.post("/api/login/", json=body)) == "invalid_credentials"
        person.log_in()


def test_guesses_at_once_learn_no_more_than_the_limit(
    person: Person, crowd: Callable[[str, str], "Future[str]"], gate: Gate
) -> None:
    with rates(login_failed="3/m/key"):
        guesses = [crowd(person.username, WRONG) for _ in range(12)]
        wait_for_hashes(12)
        # the thirteenth is the right one: it passed the first look like the others, and its hash ends last
        gate.hold(12)
        right = crowd(person.username, PASSWORD)
        wait_for_hashes(13)
        gate.open()
        assert outcomes(guesses) == {"invalid_credentials": 3, "rate_limited": 9}
        gate.open(12)
        assert right.result(SECONDS) == "rate_limited"


def test_no_more_guesses_are_hashed_at_once_than_the_pool_has_places(
    service: Service, person: Person, crowd: Callable[[str, str], "Future[str]"], gate: Gate
) -> None:
    places = service.settings.password_workers + service.settings.password_waiting
    with rates(login_failed="3/m/ip"):
        guesses = [crowd(person.username, WRONG) for _ in range(places + 6)]
        wait_for_hashes(places)
        gate.open()
        counted = outcomes(guesses)
        assert counted["invalid_credentials"] == 3
        assert set(counted) <= {"invalid_credentials", "rate_limited", "overloaded"}
        assert gate.hashed <= 3 + places
        # and from then on none
        before = gate.hashed
        assert outcomes(crowd(person.username, PASSWORD) for _ in range(5)) == {"rate_limited": 5}
        assert gate.hashed == before


def test_a_login_that_found_no_place_is_no_failed_one(
    service: Service, person: Person, crowd: Callable[[str, str], "Future[str]"], gate: Gate
) -> None:
    places = service.settings.password_workers + service.settings.password_waiting
    with rates(login_failed="1/m/ip"):
        logins = [crowd(person.username, PASSWORD) for _ in range(places)]
        wait_for_hashes(places)
        assert crowd(person.username, PASSWORD).result(SECONDS) == "overloaded"
        gate.open()
        assert outcomes(logins) == {"ok": places}
        person.log_in()


def test_refused_tries_at_one_account_take_nothing_from_the_address(
    person: Person, resident: Person, http: httpx.Client
) -> None:
    with rates(login_failed="3/m/ip,1/m/key"):
        tries = [http.post("/api/login/", json={"username": person.username, "password": WRONG}) for _ in range(6)]
        assert [outcome(each) for each in tries] == ["invalid_credentials", *["rate_limited"] * 5]
        wrong = {"username": resident.username, "password": WRONG}
        assert outcome(http.post("/api/login/", json=wrong)) == "invalid_credentials"
        assert outcome(http.post("/api/login/", json=wrong)) == "rate_limited"


def test_refused_refreshes_of_one_login_take_nothing_from_the_address(arrive: Callable[..., Person]) -> None:
    alice, bob = arrive(), arrive()
    with rates(refresh="3/m/ip,1/m/key"):
        assert [alice.refresh_code() for _ in range(6)] == ["ok", *["rate_limited"] * 5]
        assert bob.refresh_code() == "ok"
