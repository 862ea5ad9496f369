import { linked } from "./http.js";

const PAGE = 100;

/** Open the room of this person and another one; it is made when they have none yet. */
export async function openRoom(session, other) {
  const pair = { participant_a: session.username, participant_b: other };
  return (await session.request("POST", "/api/chat/rooms/", pair)).body;
}

/** The newest messages of a room, oldest first, each with its `seq`; `older` tells whether there are more before. */
export async function newest(session, room) {
  const { body, headers } = await get(session, room, { limit: PAGE });
  return fromOldest(body, headers);
}

/** The messages before `seq`, in the same form. */
export async function earlier(session, room, seq) {
  const { body, headers } = await get(session, room, { limit: PAGE, before: seq });
  return fromOldest(body, headers);
}

/** The first messages after `seq`; `newer` tells whether there are more after them. */
export async function later(session, room, seq) {
  const { body, headers } = await get(session, room, { limit: PAGE, after: seq });
  return { messages: numbered(body, seq + 1), newer: linked(headers, "next", "after") !== null };
}

function get(session, room, query) {
  return session.request("GET", `/api/chat/rooms/${room}/messages/?${new URLSearchParams(query)}`);
}

// A room's numbers have no gap, so one of them gives all: the link to older messages carries the first one's, and
// without such a link the first one is the room's first.
function fromOldest(messages, headers) {
  const first = linked(headers, "prev", "before");
  return { messages: numbered(messages, first === null ? 1 : Number(first)), older: first !== null };
}

function numbered(messages, first) {
  return messages.map((message, index) => ({ ...message, seq: first + index }));
}
