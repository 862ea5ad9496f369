import assert from "node:assert/strict";
import test from "node:test";

import { backoff } from "./web/connection.js";
import { linked } from "./web/http.js";
import { LONGEST, lengthOf, whyTooLong } from "./web/length.js";
import { linkIn } from "./web/links.js";
import { Problem } from "./web/problem.js";
import { uuid7 } from "./web/uuid7.js";

test("a client id is a UUID of version 7 that begins with the time", () => {
  const now = 0x0193_5e1f_a2b4;
  const id = uuid7(now);
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(id.slice(0, 13), "01935e1f-a2b4");
  assert.notEqual(uuid7(now), uuid7(now));
});

test("tries to reconnect are spread from nothing to a bound that doubles up to half a minute", () => {
  assert.equal(backoff(0, () => 0), 0);
  assert.deepEqual([0, 1, 2, 6, 50].map((attempt) => backoff(attempt, () => 1)), [500, 1000, 2000, 30_000, 30_000]);
});

test("a link's parameter is found by its relation", () => {
  const headers = new Headers({
    link: '</api/chat/rooms/1/messages/?before=31&limit=10>; rel="prev", </x/?after=40&limit=10>; rel="next"',
  });
  assert.equal(linked(headers, "prev", "before"), "31");
  assert.equal(linked(headers, "next", "after"), "40");
  assert.equal(linked(headers, "next", "before"), null);
  assert.equal(linked(headers, "first", "after"), null);
  assert.equal(linked(new Headers(), "prev", "before"), null);
});

test("a problem document tells its reasons; an answer without one its status", async () => {
  const described = { code: "validation_failed", status: 400, detail: "Look.", errors: { username: ["Taken."] } };
  const problem = await Problem.of(new Response(JSON.stringify(described), { status: 400 }));
  assert.deepEqual([problem.code, problem.message, problem.errors], ["validation_failed", "Look.", described.errors]);
  assert.equal(problem.retryable, false);
  const page = await Problem.of(new Response("<h1>Bad gateway</h1>", { status: 502, headers: { "retry-after": "3" } }));
  assert.deepEqual([page.code, page.status, page.retryAfter, page.retryable], ["unknown", 502, 3, true]);
  assert.equal(new Problem({}).code, "unreachable");
});

test("allauth's list of errors is told by field, with the first one's code", async () => {
  const errors = [
    { message: "Too short.", code: "password_too_short", param: "password" },
    { message: "Too common.", code: "password_too_common", param: "password" },
    { message: "Not now." },
  ];
  const problem = await Problem.of(new Response(JSON.stringify({ status: 400, errors }), { status: 400 }));
  assert.deepEqual([problem.code, problem.message], ["password_too_short", "The server answered 400."]);
  assert.deepEqual(problem.errors, { password: ["Too short.", "Too common."], "": ["Not now."] });
});

test("a link out of a mail is told by its purpose; anything else is none", () => {
  assert.deepEqual(linkIn("#confirm-email=MQ%3A1w%3As-_"), { purpose: "confirm-email", key: "MQ:1w:s-_" });
  assert.deepEqual(linkIn("#reset-password=1-a=b"), { purpose: "reset-password", key: "1-a=b" });
  assert.deepEqual(linkIn("#reset-password"), { purpose: "reset-password", key: "" });
  assert.deepEqual(linkIn("#register"), { purpose: "register", key: "" });
  assert.deepEqual(linkIn("#confirm-email=%E0%A4%A"), { purpose: "confirm-email", key: "%E0%A4%A" });
  for (const other of ["", "#", "#login", "#registered", "#x#register", "#confirm-email-x=1", "#CONFIRM-EMAIL=1"]) {
    assert.equal(linkIn(other), null, other);
  }
});

test("a text is as long as its code points are many, as the server counts", () => {
  assert.deepEqual(["", "abc", "\u{1f980}", "e\u0301", "\ud83e\u{1f980}"].map(lengthOf), [0, 3, 1, 2, 2]);
  assert.equal(whyTooLong("\u{1f980}".repeat(LONGEST)), "");
  assert.equal(whyTooLong("x".repeat(LONGEST)), "");
  assert.match(whyTooLong("\u{1f980}".repeat(LONGEST + 1)), /4000 .* 4001\./);
  assert.match(whyTooLong("x".repeat(LONGEST + 1)), /4001/);
});
