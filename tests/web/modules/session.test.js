import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";

import { Session } from "./web/session.js";

let calls = [];
let answers = {};

const segment = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const token = (name, life = 600) => `${segment({})}.${segment({ username: "zoë", iat: 1000, exp: 1000 + life, name })}.s`;
const json = (status, body) => new Response(JSON.stringify(body), { status });
const refusal = (code) => json(401, { code, detail: code });

globalThis.fetch = async (path, { headers }) => {
  calls.push([path, headers.authorization]);
  return answers[path](calls.filter(([called]) => called === path).length);
};

const REFRESH = "/api/token/refresh/";

beforeEach(() => {
  calls = [];
  answers = { "/any": () => json(200, {}), [REFRESH]: (count) => json(200, { access: token(`fresh ${count}`) }) };
});

test("the name comes out of the token, whatever its letters", () => {
  assert.equal(new Session({ access: token("a"), refresh: "r" }).username, "zoë");
});

test("a good token is used as it is", async () => {
  const session = new Session({ access: token("a"), refresh: "r" });
  await session.request("GET", "/any");
  assert.deepEqual(calls, [["/any", `Bearer ${token("a")}`]]);
});

test("an old token is renewed first, once for all who ask at the same time", async () => {
  const session = new Session({ access: token("old", 0), refresh: "r" });
  await Promise.all([session.request("GET", "/any"), session.request("GET", "/any"), session.token()]);
  assert.deepEqual(calls.map(([path]) => path), [REFRESH, "/any", "/any"]);
  assert.equal(calls[1][1], `Bearer ${token("fresh 1")}`);
});

test("a refused token is renewed and the request sent once more, not more often", async () => {
  answers["/any"] = () => refusal("token_expired");
  const session = new Session({ access: token("a"), refresh: "r" });
  await assert.rejects(session.request("GET", "/any"), { code: "token_expired" });
  assert.deepEqual(calls.map(([path]) => path), ["/any", REFRESH, "/any"]);
});

test("a refused refresh ends the session", async () => {
  answers["/any"] = () => refusal("session_ended");
  answers[REFRESH] = () => refusal("refresh_invalid");
  const session = new Session({ access: token("a"), refresh: "r" });
  let ended = 0;
  session.onended = () => (ended += 1);
  await assert.rejects(session.request("GET", "/any"), { code: "refresh_invalid" });
  assert.equal(ended, 1);
});

test("a refresh that only fails does not", async () => {
  answers[REFRESH] = () => json(503, { code: "overloaded" });
  const session = new Session({ access: token("old", 0), refresh: "r" });
  session.onended = () => assert.fail("ended");
  await assert.rejects(session.token(), { status: 503 });
  answers[REFRESH] = () => json(200, { access: token("fresh") });
  assert.equal(await session.token(), token("fresh"));
});

test("whoever reads too much waits as long as the server says, and goes on", async (context) => {
  const waits = [];
  context.mock.method(globalThis, "setTimeout", (call, wait) => (waits.push(wait), queueMicrotask(call)));
  const busy = () => new Response("{}", { status: 429, headers: { "retry-after": "3" } });
  answers["/any"] = (count) => (count < 3 ? busy() : json(200, { count }));
  const session = new Session({ access: token("a"), refresh: "r" });
  assert.deepEqual((await session.request("GET", "/any")).body, { count: 3 });
  assert.equal(waits.filter((wait) => wait >= 3000 && wait <= 6000).length, 2);
});

test("what was to be done is not done by itself later, and nobody reads for ever", async (context) => {
  context.mock.method(globalThis, "setTimeout", (call) => queueMicrotask(call));
  answers["/any"] = () => json(429, { code: "rate_limited" });
  const session = new Session({ access: token("a"), refresh: "r" });
  await assert.rejects(session.request("POST", "/any", {}), { code: "rate_limited" });
  assert.equal(calls.length, 1);
  await assert.rejects(session.request("GET", "/any"), { code: "rate_limited" });
  assert.equal(calls.length, 21);
});
