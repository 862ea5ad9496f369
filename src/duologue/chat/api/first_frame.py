"""The first frame of the plain dialect on a socket that has shown no token."""

import re

import msgspec

from duologue.chat.api.refusals import token_missing_on_socket
from duologue.chat.errors import Problem
from duologue.chat.wire import FrameIn, decode, decoder


class _Shown(msgspec.Struct, frozen=True):
    token: object = None


_frame_in = decoder(FrameIn)
_shown_in = decoder(_Shown)
# as people type it into a frame that is no JSON
_TOKEN_KEY = re.compile(r"""\btoken["']?\s*[:=]""")


def first_frame(text: str) -> FrameIn:
    """Return the frame; raise Problem: that it shows no token, or else what is wrong with it.

    Whoever types `Hello!` is told how to add a token: that it is no JSON would send them looking elsewhere.
    """
    try:
        return decode(_frame_in, text)
    except Problem:
        if _shows_a_token(text):
            raise
        raise token_missing_on_socket() from None


def _shows_a_token(text: str) -> bool:
    try:
        return decode(_shown_in, text).token is not None
    except Problem as problem:
        return problem.code == "malformed_json" and _TOKEN_KEY.search(text) is not None
