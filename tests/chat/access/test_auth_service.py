"""What chat makes of auth's answers, also of those that make no sense."""

import httpx
import pytest

from duologue.chat.access.auth_service import AuthService
from duologue.chat.errors import Problem
from duologue.contract.ended_sessions import EndedSessions, digest_of

pytestmark = pytest.mark.anyio

GARBAGE = [b"", b"<html>welcome</html>", b"null", b"{}", b"\xff", b'{"ended":"\xff"}', b"[" * 100_000]
GARBAGE += [b'{"ended":[],"next":"a","more":false}', b'{"ended":["x"],"next":"a","more":false,"keep":1}']


def answering(answer: httpx.Response, asked: list[httpx.URL] | None = None) -> AuthService:
    def handle(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request.url)
        return answer

    return AuthService("http://auth", 1.0, httpx.MockTransport(handle))


async def test_the_list_of_ended_sessions_is_read_from_a_place_on() -> None:
    asked: list[httpx.URL] = []
    document = {"ended": [digest_of("a")], "next": "x.1", "more": True, "keep": 660}
    auth = answering(httpx.Response(200, json=document), asked)
    assert await auth.ended_sessions("&a=b#c") == EndedSessions([digest_of("a")], "x.1", True, 660)
    await auth.close()
    assert [(url.path, dict(url.params)) for url in asked] == [
        ("/.well-known/ended-sessions.json", {"since": "&a=b#c"})
    ]


@pytest.mark.parametrize(
    "answer",
    [*(httpx.Response(200, content=content) for content in GARBAGE), httpx.Response(404), httpx.Response(503)],
    ids=lambda answer: f"{answer.status_code} {answer.content[:20]!r}",
)
async def test_an_answer_that_makes_no_sense_is_auth_being_away(answer: httpx.Response) -> None:
    auth = answering(answer)
    with pytest.raises(Problem, match="auth_unavailable"):
        await auth.ended_sessions("")
    await auth.close()
