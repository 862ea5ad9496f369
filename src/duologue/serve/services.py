"""Which services run in this process, and how a request finds its own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import httpx
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from duologue.kit import documents
from duologue.kit.application import Application
from duologue.kit.settings import load
from duologue.serve import health, page
from duologue.serve.dispatch import Dispatch

if TYPE_CHECKING:
    from duologue.auth.app import AuthApp
    from duologue.chat.app import ChatApp

NAMES = ("auth", "chat")


@dataclass(slots=True)
class Services:
    """One or both services, ready to be served on one port."""

    auth: "AuthApp | None" = None
    chat: "ChatApp | None" = None
    app: Dispatch = field(init=False)

    def __post_init__(self) -> None:
        self.app = Dispatch(
            auth=self.auth,
            chat=None if self.chat is None else self.chat.rest,
            sites={name: self._site(name) for name in ("all", *NAMES)},
            lifespan=self.lifespan,
        )

    @property
    def directories(self) -> list[Path]:
        """Where the services that are here keep their data."""
        return [service.directory for service in (self.auth, self.chat) if service is not None]

    @contextlib.asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Run what has a beginning and an end."""
        async with contextlib.AsyncExitStack() as stack:
            if self.auth is not None:
                # Django refuses database work on the event loop's thread
                await asyncio.to_thread(self.auth.prepare)
                stack.callback(self.auth.close)
            if self.chat is not None:
                await stack.enter_async_context(self.chat.lifespan())
            if self.auth is not None and self.chat is not None:
                # sooner than chat asks by itself, which is enough: nothing breaks when a word gets lost
                self.auth.when_logins_end(self.chat.hear_of_ended_logins)
            yield

    def _site(self, name: str) -> Application:
        """Return what a host name shows beside the API: health, documents, the page."""
        present = [known for known in NAMES if getattr(self, known) is not None]
        checks = {"auth": self._auth_ready, "chat": self._chat_ready}
        routes = health.routes({each: checks[each] for each in present if name in ("all", each)})
        if name in present:
            # the page would not reach the other service from under this one's own name: show what is here instead
            routes += [Route("/", RedirectResponse("docs")), *documents.routes(name)]
        else:
            # both, also where one service runs alone: behind a proxy they are one product
            routes += documents.index_routes(*NAMES)
            routes += [Mount(f"/{each}", routes=documents.routes(each)) for each in NAMES]
            routes += page.routes() if self.chat is not None else []
        return Application(routes)

    def _auth_ready(self) -> bool:
        return self.auth is not None and self.auth.ready

    def _chat_ready(self) -> bool:
        return self.chat is not None and self.chat.ready


# The services are imported where they are started: a process that runs one does not carry the other.


def embedded() -> Services:
    """Return both services in one process; chat reaches auth without a network."""
    auth = only_auth().auth
    transport = httpx.ASGITransport(app=cast(ASGIApp, auth), raise_app_exceptions=False)
    return Services(auth=auth, chat=_chat(transport))


def only_auth() -> Services:
    """Return auth alone."""
    from duologue.auth.app import create_app  # noqa: PLC0415
    from duologue.auth.settings import AuthSettings  # noqa: PLC0415

    return Services(auth=create_app(load(AuthSettings)))


def only_chat() -> Services:
    """Return chat alone; it reaches auth by `DUOLOGUE_AUTH_URL`."""
    return Services(chat=_chat(None))


def _chat(transport: httpx.AsyncBaseTransport | None) -> "ChatApp":
    from duologue.chat.app import create_app  # noqa: PLC0415
    from duologue.chat.settings import ChatSettings  # noqa: PLC0415

    return create_app(load(ChatSettings), transport)
