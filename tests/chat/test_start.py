"""Chat hears what auth has to say before anybody comes in, and does not wait for ever."""

import asyncio
from pathlib import Path

import httpx
import pytest

from duologue.chat.app import create_app
from duologue.chat.settings import ChatSettings
from duologue.contract.ended_sessions import digest_of
from duologue.kit.settings import load
from tests.rig.issuer import Issuer

pytestmark = pytest.mark.anyio

LIST = {"ended": [digest_of("ended")], "next": "x.1", "more": False, "keep": 660}


class Auth:
    """Answers once it is allowed to."""

    def __init__(self) -> None:
        self.issuer = Issuer()
        self.awake = asyncio.Event()

    async def handle(self, request: httpx.Request) -> httpx.Response:
        await self.awake.wait()
        if request.url.path.endswith("jwks.json"):
            return httpx.Response(200, content=self.issuer.jwks())
        return httpx.Response(200, json=LIST)


async def test_whoever_was_put_out_is_known_before_anybody_comes_in(tmp_path: Path) -> None:
    auth = Auth()
    app = create_app(load(ChatSettings, data=tmp_path, auth_timeout=60), httpx.MockTransport(auth.handle))
    running = app.lifespan()
    starting = asyncio.ensure_future(running.__aenter__())
    done, _ = await asyncio.wait([starting], timeout=0.3)
    assert not done
    auth.awake.set()
    await starting
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app.rest), base_url="http://chat") as http:
        for sid, expected in (("ended", 401), ("living", 200)):
            token = auth.issuer.token(sid=sid)
            answer = await http.get("/api/chat/rooms/", headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == expected
    await running.__aexit__(None, None, None)


async def test_an_auth_that_never_answers_is_not_waited_for(tmp_path: Path) -> None:
    auth = Auth()
    app = create_app(load(ChatSettings, data=tmp_path, auth_timeout=0.2), httpx.MockTransport(auth.handle))
    async with asyncio.timeout(20), app.lifespan():
        assert app.ready
