"""A chat as it is written on a first afternoon, with all twelve common defects. The tests must find each of them here.

Its tokens are usernames, its rooms are numbers, its store is a list. Run: `python -m tests.security.naive_chat PORT`.
"""

import asyncio
import itertools
import json
import random
import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

CAPACITY = 20

stored: dict[int, list[dict[str, Any]]] = {}
groups: dict[int, set["asyncio.Queue[str]"]] = {}
rooms = itertools.count(1)
ids = itertools.count(1)
broken: set[str] = set()


async def open_room(_: Request) -> Response:
    room = next(rooms)
    stored[room], groups[room] = [], set()
    return JSONResponse({"id": room}, 201)


async def history(request: Request) -> Response:
    # 3: whoever asks gets whatever room
    room = int(request.path_params["room"])
    after = int(request.query_params.get("after", "0"))
    return JSONResponse([_rest(each) for each in stored[room][after:]])


async def create(request: Request) -> Response:
    room = int(request.path_params["room"])
    body = await request.json()
    # 2: the sender is who the body says; 10: no thought of a second try
    sender = body.get("sender_id") or request.headers["authorization"].removeprefix("Bearer ")
    message = await _say(room, sender, body["content"])
    return JSONResponse(_rest(message), 201) if message else JSONResponse({"code": "outcome_unknown"}, 503)


async def _say(room: int, sender: str, content: str) -> dict[str, Any] | None:
    message = {
        "type": "message", "id": next(ids), "room": room, "sender_id": sender, "username": sender, "message": content,
        "content": content, "timestamp": "2025-11-02T20:18:12.365841Z", "is_read": False, "seq": len(stored[room]) + 1,
    }  # fmt: skip
    # 9: numbered here, shown and stored after whatever comes in between
    await asyncio.sleep(random.random() / 200)
    # 6: shown first, stored later
    for queue in groups[room]:
        # 8: what does not fit is gone
        if queue.qsize() < CAPACITY:
            queue.put_nowait(json.dumps(message, separators=(",", ":")))
    if broken:
        return None
    stored[room].append(message)
    return message


def _rest(message: dict[str, Any]) -> dict[str, Any]:
    return {name: message[name] for name in ("id", "room", "sender_id", "content", "timestamp", "is_read")}


async def room_socket(socket: WebSocket) -> None:
    # 1, 4, 5, 11: accepted whoever it is, wherever the page is from, with a token in the URL, and for ever
    await socket.accept()
    print(socket.url, flush=True)
    room = int(socket.path_params["room"])
    sender = socket.headers.get("authorization", "Bearer anonymous").removeprefix("Bearer ")
    # 7: the group comes a moment later
    await asyncio.sleep(0.05)
    queue: asyncio.Queue[str] = asyncio.Queue()
    groups[room].add(queue)
    sending = asyncio.create_task(_forward(queue, socket))
    try:
        while True:
            # 12: what is no JSON ends it
            frame = json.loads(await socket.receive_text())
            await _say(room, frame.get("sender_id") or sender, frame["message"])
    except WebSocketDisconnect:
        pass
    finally:
        groups[room].discard(queue)
        sending.cancel()


async def _forward(queue: "asyncio.Queue[str]", socket: WebSocket) -> None:
    while True:
        await socket.send_text(await queue.get())
        await asyncio.sleep(0.01)


async def break_disk(_: Request) -> Response:
    broken.add("disk")
    return Response()


async def mend_disk(_: Request) -> Response:
    broken.clear()
    return Response()


app = Starlette(
    routes=[
        Route("/api/chat/rooms/", open_room, methods=["POST"]),
        Route("/api/chat/rooms/{room}/messages/", create, methods=["POST"]),
        Route("/api/chat/rooms/{room}/messages/", history),
        Route("/break", break_disk),
        Route("/mend", mend_disk),
        WebSocketRoute("/ws/chat/{room}/", room_socket),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error", ws="websockets-sansio")
