"""The users of a benchmark: registered, logged in and paired over the public API, their tokens kept fresh."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from bench.api import Api

PASSWORD = "TestPass123!"
_AT_ONCE = 8
_FRESH_SECONDS = 240.0

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True)
class Person:
    """One user."""

    username: str
    access: str
    refresh: str


@dataclass(slots=True)
class Pair:
    """Two users and their room."""

    a: Person
    b: Person
    room: int


class People:
    """`count` users in pairs."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self.persons = each(port, _enrol, [f"bench{number:04d}" for number in range(count)])
        self._fresh_at = time.monotonic()
        couples = zip(self.persons[::2], self.persons[1::2], strict=True)
        self.pairs = each(port, _open_room, couples)

    def moved_to(self, port: int) -> None:
        """The product was started again on another port."""
        self._port = port

    def refresh(self) -> None:
        """Get fresh access tokens when the ones at hand may run out during a run."""
        if time.monotonic() - self._fresh_at < _FRESH_SECONDS:
            return
        each(self._port, _refresh, self.persons)
        self._fresh_at = time.monotonic()


def each(port: int, work: Callable[[Api, Item], Result], items: Iterable[Item]) -> list[Result]:
    """Do something for each item, a few at a time, each thread with a connection of its own."""
    local = threading.local()
    opened: list[Api] = []

    def one(item: Item) -> Result:
        api: Api | None = getattr(local, "api", None)
        if api is None:
            api = local.api = Api(port)
            opened.append(api)
        return work(api, item)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = list(pool.map(one, items))
    for api in opened:
        api.close()
    return results


def _enrol(api: Api, username: str) -> Person:
    account = {"username": username, "email": f"{username}@example.com", "password": PASSWORD}
    api.expect({201}, "POST", "/api/register/", account)
    tokens = api.expect({200}, "POST", "/api/login/", {"username": username, "password": PASSWORD})
    return Person(username, tokens["access"], tokens["refresh"])


def _open_room(api: Api, couple: tuple[Person, Person]) -> Pair:
    a, b = couple
    body = {"participant_a": a.username, "participant_b": b.username}
    return Pair(a, b, api.expect({200, 201}, "POST", "/api/chat/rooms/", body, a.access)["id"])


def _refresh(api: Api, person: Person) -> None:
    person.access = api.expect({200}, "POST", "/api/token/refresh/", {"refresh": person.refresh})["access"]
