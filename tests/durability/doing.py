"""What people do on v1 sockets in the tests of durability, and what must be true afterwards."""

import asyncio
from collections.abc import Callable

from tests.rig.v1_client import Frame, V1Client

Act = Callable[[V1Client, int], Frame]


def say(_: V1Client, number: int) -> Frame:
    return {"type": "message", "message": f"said {number}", "client_id": f"id-{number}"}


def edit(client: V1Client, number: int) -> Frame:
    return {"type": "edit", "id": mine(client), "message": f"edit {number}", "client_id": f"id-{number}"}


def delete(client: V1Client, number: int) -> Frame:
    return {"type": "delete", "id": mine(client), "client_id": f"id-{number}"}


def read(client: V1Client, number: int) -> Frame:
    return {"type": "read", "up_to_seq": 10**6, "client_id": f"id-{number}"}


def mine(client: V1Client) -> int:
    """Return a message of the client's that is not deleted."""
    [copy] = client.copies.values()
    message: int = next(
        each["id"] for each in copy.shown() if each["sender_id"] == client.person.username and "deleted_at" not in each
    )
    return message


async def said_again(client: V1Client, frame: Frame, *, stored: bool) -> None:
    await client.send(frame)
    if frame["type"] != "read":
        ack = await client.expect("ack", client_id=frame["client_id"])
        assert ack["duplicate"] is stored, frame


async def everything_is_here(client: V1Client, room: int) -> None:
    copy = client.copies[room]
    async with asyncio.timeout(15):
        while not copy.live or copy.shown() != (there := client.person.whole_history(room)):
            await client.next()
    assert len({message.get("client_id") for message in there}) == len(there)
    assert [message["id"] for message in there] == [message["id"] for message in copy.shown()]
