"""The limit of REST posts: the same uvicorn, Starlette and msgspec, the same words in and out, and nothing stored.

No token, no room, no store: decode, validate, answer. Run as `python -m bench.references.endpoint`; prints its port.
"""

from __future__ import annotations

import datetime
import itertools
import socket
from typing import Annotated

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class NewMessage(msgspec.Struct, frozen=True):
    """The body of a post."""

    content: Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]
    sender_id: Annotated[str, msgspec.Meta(min_length=3, max_length=30)] | None = None
    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None


class StoredMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of the answer."""

    id: int
    room: int
    sender_id: str
    content: str
    timestamp: str
    is_read: bool
    client_id: str | None = None


_decoder = msgspec.json.Decoder(NewMessage)
_encoder = msgspec.json.Encoder()
_ids = itertools.count(1)


async def post_message(request: Request) -> Response:
    """Answer as if the message had been stored."""
    try:
        new = _decoder.decode(await request.body())
    except msgspec.MsgspecError:
        return Response(status_code=400)
    message = StoredMessage(
        id=next(_ids),
        room=request.path_params["id"],
        sender_id=new.sender_id or "nobody",
        content=new.content,
        timestamp=datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z"),
        is_read=False,
        client_id=new.client_id,
    )
    return Response(_encoder.encode(message), 201, media_type="application/json")


def main() -> None:
    """Serve until killed."""
    app = Starlette(routes=[Route("/api/chat/rooms/{id:int}/messages/", post_message, methods=["POST"])])
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", ws="none", lifespan="off", access_log=False, log_level="warning"
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
