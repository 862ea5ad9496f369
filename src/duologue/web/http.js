import { Problem } from "./problem.js";

const TIMEOUT_MS = 15_000;

/** Send a request with a JSON body and return `{ body, headers }`; throw a Problem for anything but success. */
export async function request(method, path, { body, token } = {}) {
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      // the token in the header is all that counts: no cookie travels, so no other page can borrow one
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) throw await Problem.of(response);
    return { body: await response.json(), headers: response.headers };
  } catch (error) {
    throw error instanceof Problem ? error : new Problem({});
  }
}

/** The query parameter `name` of the link with relation `rel` in a `Link` header (RFC 8288), or null. */
export function linked(headers, rel, name) {
  for (const [, target, relation] of (headers.get("link") ?? "").matchAll(/<([^>]*)>\s*;\s*rel="([^"]*)"/g)) {
    if (relation === rel) return new URL(target, "http://any.invalid").searchParams.get(name);
  }
  return null;
}
