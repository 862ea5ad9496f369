"""A crowd that logs in: the bound holds, everybody gets an answer, and who is logged in notices nothing."""

import threading
import time
from collections import Counter

import httpx
import pytest

from duologue.auth.hashing import HashingPool
from duologue.auth.runtime import runtime
from tests.auth.conftest import PASSWORD, Person, Service


def test_too_many_logins_are_turned_away_and_the_rest_goes_on(
    service: Service, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    run = HashingPool.run

    def slow(pool: HashingPool, work: object) -> object:
        return run(pool, lambda: (go.wait(10), work())[1])  # type: ignore[operator]

    monkeypatch.setattr(HashingPool, "run", slow)
    settings = service.settings
    places = settings.password_workers + settings.password_waiting
    answers: list[httpx.Response] = []

    def send() -> None:
        with httpx.Client(base_url=service.url, trust_env=False, timeout=20) as client:
            answers.append(client.post("/api/login/", json={"username": person.username, "password": PASSWORD}))

    threads = [threading.Thread(target=send) for _ in range(places + 6)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 5
    while len(answers) < 6 and time.monotonic() < deadline:
        time.sleep(0.01)
    # every place is taken, and what needs no hash is served as ever
    assert runtime().hashing._taken == places
    began = time.monotonic()
    assert (person.profile_code(), person.refresh_code()) == ("ok", "ok")
    assert time.monotonic() - began < 1.5
    go.set()
    for thread in threads:
        thread.join()
    counted = Counter(answer.status_code for answer in answers)
    assert counted[503] >= 6
    assert counted[200] + counted[503] == places + 6
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.json()["code"] == "overloaded"
    assert int(refused.headers["retry-after"]) >= 1
