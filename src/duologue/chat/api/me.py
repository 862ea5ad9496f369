"""`/api/chat/me/`."""

from starlette.requests import Request
from starlette.responses import Response

from duologue.chat.actions.hide_presence import hide_presence, hides_presence
from duologue.chat.api.requests import answer, body_of, caller, chat_of, reading
from duologue.chat.wire import MeIn, MeOut, decoder
from duologue.contract.claims import AccessClaims

_me_in = decoder(MeIn)


@reading
async def show(request: Request, who: AccessClaims) -> Response:
    """`GET`: the caller's own switches."""
    return answer(MeOut(who.username, await hides_presence(chat_of(request), who)))


async def change(request: Request) -> Response:
    """`PATCH`: set them."""
    who = await caller(request)
    wanted = await body_of(request, _me_in)
    await hide_presence(chat_of(request), who, hidden=wanted.hide_presence)
    return answer(MeOut(who.username, wanted.hide_presence))
