"""Auth alone, in this process, behind a real socket; every answer is held against the documents."""

import dataclasses
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn

from duologue.auth.app import create_app
from duologue.auth.settings import AuthSettings
from duologue.kit.http_server import listen
from duologue.kit.settings import load
from tests.rig.contract_check import hooks
from tests.rig.people import bearer

if TYPE_CHECKING:
    from duologue.auth.models import User

PASSWORD = "TestPass123!"

_number = itertools.count(1)


@dataclasses.dataclass(frozen=True, slots=True)
class Service:
    """A running auth service: where it is and what it was made from."""

    url: str
    settings: AuthSettings


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> AuthSettings:
    """One process can hold one Django: all tests share this. Throttles are off; their tests turn them on."""
    return load(
        AuthSettings,
        data=tmp_path_factory.mktemp("auth"),
        key_delay=0,
        rate_login="",
        rate_login_failed="",
        rate_signup="",
        rate_refresh="",
        password_workers=2,
        # how fast a busy machine hashes is no test's matter
        password_wait_seconds=20,
    )


@pytest.fixture(scope="session")
def service(settings: AuthSettings) -> Iterator[Service]:
    app = create_app(settings)
    app.prepare()
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, proxy_headers=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield Service(f"http://127.0.0.1:{listening.getsockname()[1]}", settings)
    server.should_exit = True
    thread.join()
    app.close()


@pytest.fixture
def http(service: Service) -> Iterator[httpx.Client]:
    """A stranger's client."""
    with httpx.Client(base_url=service.url, event_hooks=hooks(), trust_env=False, timeout=20) as client:
        yield client


@dataclasses.dataclass
class Person:
    """Somebody with an account, logged in."""

    http: httpx.Client
    username: str
    user_id: int
    password: str = PASSWORD
    access: str = dataclasses.field(default="", repr=False)
    refresh: str = dataclasses.field(default="", repr=False)

    def log_in(self) -> None:
        answer = self.http.post("/api/login/", json={"username": self.username, "password": self.password})
        assert answer.status_code == 200, answer.text
        self.access, self.refresh = answer.json()["access"], answer.json()["refresh"]

    @property
    def headers(self) -> dict[str, str]:
        return bearer(self.access)

    @property
    def account(self) -> "User":
        """The stored account."""
        from duologue.auth.models import User  # noqa: PLC0415 - models need a prepared Django

        return User.objects.get(pk=self.user_id)

    def profile_code(self) -> str:
        """Return `ok`, or the code of the refusal."""
        return outcome(self.http.get("/api/users/profile/", headers=self.headers))

    def refresh_code(self) -> str:
        """Return `ok`, or the code of the refusal."""
        return outcome(self.http.post("/api/token/refresh/", json={"refresh": self.refresh}))


def outcome(answer: httpx.Response) -> str:
    """Return `ok`, or the code of the refusal."""
    return "ok" if answer.is_success else str(answer.json()["code"])


def unused_name(stem: str = "person") -> str:
    """Return a username that no test has used."""
    return f"{stem}{next(_number)}"


@pytest.fixture
def arrive(http: httpx.Client) -> Callable[..., Person]:
    """Make people."""

    def make(username: str | None = None, password: str = PASSWORD) -> Person:
        name = username or unused_name()
        body = {"username": name, "email": f"{name}@example.com", "password": password}
        answer = http.post("/api/register/", json=body)
        assert answer.status_code == 201, answer.text
        person = Person(http, answer.json()["username"], answer.json()["id"], password)
        person.log_in()
        return person

    return make


@pytest.fixture
def person(arrive: Callable[..., Person]) -> Person:
    return arrive()


@pytest.fixture(scope="session")
def _resident(service: Service) -> Iterator[Person]:
    with httpx.Client(base_url=service.url, event_hooks=hooks(), trust_env=False, timeout=20) as client:
        name = unused_name("resident")
        body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        resident = Person(client, name, client.post("/api/register/", json=body).json()["id"])
        resident.log_in()
        yield resident


@pytest.fixture
def resident(_resident: Person) -> Person:
    """Somebody whom a test only looks at, or attacks in vain: nothing may end this login. Saves a registration."""
    return dataclasses.replace(_resident)


@contextmanager
def rates(**limits: str) -> Iterator[None]:
    """Turn throttles on for a while, with nothing counted yet."""
    from django.core.cache import cache  # noqa: PLC0415 - as above
    from django.test.utils import override_settings  # noqa: PLC0415 - as above

    names = ("login", "login_failed", "password_failed", "signup", "refresh", "reset_password")
    off: dict[str, Any] = dict.fromkeys(names, "")
    if "login_failed" in limits:
        # one setting is both
        limits["password_failed"] = limits["login_failed"]
    cache.clear()
    with override_settings(ACCOUNT_RATE_LIMITS=off | limits):
        yield
    cache.clear()


@pytest.fixture
def count_hashes(service: Service, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets an entry for each password that is hashed."""
    from duologue.auth.hashing import HashingPool  # noqa: PLC0415 - as above

    counted: list[str] = []
    run = HashingPool.run

    def counting(pool: HashingPool, work: Callable[[], Any]) -> Any:
        counted.append("hash")
        return run(pool, work)

    monkeypatch.setattr(HashingPool, "run", counting)
    return counted
