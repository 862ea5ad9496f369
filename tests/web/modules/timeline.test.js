import assert from "node:assert/strict";
import test from "node:test";

import { Timeline } from "./web/timeline.js";

const message = (seq, more = {}) => ({ id: 100 + seq, seq, sender_id: "bob", content: `text ${seq}`, ...more });
const stored = (count) => Array.from({ length: count }, (_, index) => message(index + 1));

function loaded(messages) {
  const timeline = new Timeline("alice");
  timeline.load(messages);
  return timeline;
}

test("the next message is added, one seen before is not", () => {
  const timeline = loaded(stored(2));
  assert.equal(timeline.accept(message(3)), "added");
  assert.equal(timeline.accept(message(3)), "known");
  assert.equal(timeline.accept(message(1)), "known");
  assert.deepEqual(timeline.messages, stored(3));
});

test("a message after a gap is not shown", () => {
  const timeline = loaded(stored(2));
  assert.equal(timeline.accept(message(4)), "gap");
  assert.deepEqual(timeline.messages, stored(2));
});

test("before the first page every message is after a gap, also the first one", () => {
  assert.equal(new Timeline("alice").accept(message(1)), "gap");
  assert.equal(loaded([]).accept(message(1)), "added");
});

test("another message under a known number is a conflict", () => {
  assert.equal(loaded(stored(2)).accept(message(2, { id: 999 })), "conflict");
});

test("a message older than what is loaded is known", () => {
  assert.equal(loaded([message(5)]).accept(message(4)), "known");
});

test("an older page goes in front, without what is there", () => {
  const timeline = loaded([message(4), message(5)]);
  assert.deepEqual(timeline.prepend([message(2), message(3), message(4)]), [message(2), message(3)]);
  assert.deepEqual(timeline.messages.map(({ seq }) => seq), [2, 3, 4, 5]);
});

test("whatever is doubled, reordered or lost, with fetches for gaps all comes once and in order", () => {
  for (let round = 0; round < 200; round += 1) {
    const all = stored(30);
    const timeline = loaded(all.slice(0, Math.floor(Math.random() * 30)));
    const arrivals = [...all, ...all].filter(() => Math.random() < 0.6).sort(() => Math.random() - 0.5);
    for (const arrival of [...arrivals, all[29]]) {
      if (timeline.accept(arrival) === "gap") all.slice(timeline.head).forEach((each) => timeline.accept(each));
    }
    assert.deepEqual(timeline.messages, all);
  }
});

test("what is said waits until its own copy comes", () => {
  const timeline = loaded([]);
  const entry = timeline.say("hello");
  timeline.accept(message(1, { client_id: entry.clientId, sender_id: "bob" }));
  assert.equal(timeline.waiting.length, 1, "somebody else's message with that id is not ours");
  timeline.accept(message(2, { client_id: entry.clientId, sender_id: "alice" }));
  assert.equal(timeline.waiting.length, 0);
});

test("a copy after a gap settles it too, and so does a page", () => {
  const timeline = loaded([]);
  const [first, second] = [timeline.say("one"), timeline.say("two")];
  assert.equal(timeline.accept(message(9, { client_id: first.clientId, sender_id: "alice" })), "gap");
  assert.deepEqual(timeline.waiting, [second]);
  timeline.load([message(1, { client_id: second.clientId, sender_id: "alice" })]);
  assert.deepEqual(timeline.outbox, []);
});

test("a refused message stays and does not wait", () => {
  const timeline = loaded([]);
  const [first, second] = [timeline.say("one"), timeline.say("two")];
  timeline.refuse(first.clientId, "Too long.");
  assert.deepEqual(timeline.waiting, [second]);
  assert.equal(timeline.outbox[0].why, "Too long.");
  timeline.discard(first.clientId);
  assert.deepEqual(timeline.outbox, [second]);
});

test("every message that is said has an id of its own", () => {
  const timeline = loaded([]);
  const ids = new Set(Array.from({ length: 100 }, () => timeline.say("same").clientId));
  assert.equal(ids.size, 100);
});
