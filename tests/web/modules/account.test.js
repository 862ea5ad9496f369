import assert from "node:assert/strict";
import test from "node:test";

import { confirmEmail, requestReset, resetPassword } from "./web/account.js";

let calls = [];

function answering(status, body = {}, headers = {}) {
  calls = [];
  globalThis.fetch = async (path, { method, body: sent }) => {
    calls.push([method, path, JSON.parse(sent)]);
    return new Response(JSON.stringify(body), { status, headers });
  };
}

test("what is asked travels in the body, never in the address", async () => {
  answering(200);
  await confirmEmail("k");
  await requestReset("a@example.com");
  await resetPassword("k", "p");
  assert.deepEqual(calls, [
    ["POST", "/_allauth/app/v1/auth/email/verify", { key: "k" }],
    ["POST", "/_allauth/app/v1/auth/password/request", { email: "a@example.com" }],
    ["POST", "/_allauth/app/v1/auth/password/reset", { key: "k", password: "p" }],
  ]);
});

test("a 401 says that it is done and nobody is logged in; every other refusal is one", async () => {
  answering(401, { status: 401, meta: { is_authenticated: false } });
  await confirmEmail("k");
  answering(400, { errors: [{ message: "No.", code: "invalid_or_expired_key", param: "key" }] });
  await assert.rejects(confirmEmail("k"), { status: 400, code: "invalid_or_expired_key", errors: { key: ["No."] } });
  answering(429, { code: "rate_limited", detail: "Wait." }, { "retry-after": "60" });
  await assert.rejects(resetPassword("k", "p"), { status: 429, advice: "Wait. Try again in 60 s." });
  answering(502);
  await assert.rejects(requestReset("a@example.com"), { status: 502 });
});
