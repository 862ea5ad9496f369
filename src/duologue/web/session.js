import { request } from "./http.js";

// renewed after this part of its life, so that no request arrives with a token that expires on the way
const GOOD_FOR = 0.8;
const MOST_TRIES = 20;

/**
 * Somebody who is logged in. Both tokens live in this object alone: a reload forgets them, and nothing that reads the
 * browser's storage finds them.
 */
export class Session {
  #access;
  #refresh;
  #renewAt;
  #renewal = null;

  constructor(tokens) {
    this.#refresh = tokens.refresh;
    this.#keep(tokens.access);
    this.username = claims(tokens.access).username;
    /** Called once when the server has ended the session. */
    this.onended = () => {};
  }

  static async logIn(username, password) {
    return new Session((await request("POST", "/api/login/", { body: { username, password } })).body);
  }

  static async register(account) {
    await request("POST", "/api/register/", { body: account });
  }

  /** When `token()` will hand out another one: milliseconds on the clock of `performance.now()`. */
  get renewAt() {
    return this.#renewAt;
  }

  /** An access token that is good for a while yet. */
  async token() {
    return performance.now() < this.#renewAt ? this.#access : this.renew();
  }

  /** Fetch another access token: one request, however many ask at once. */
  renew() {
    this.#renewal ??= this.#fetchToken().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  /** Send a request as this person. Whoever reads too much waits and goes on. */
  async request(method, path, body) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#send(method, path, body);
      } catch (problem) {
        if (problem.status !== 429 || method !== "GET" || tries === MOST_TRIES) throw problem;
        // tabs that were turned away together shall not come back together
        const pause = (problem.retryAfter || 1) * 1000 * (1 + Math.random());
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  /** A refused token is renewed and the request sent once more. */
  async #send(method, path, body) {
    const token = await this.token();
    try {
      return await request(method, path, { body, token });
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      const fresh = token === this.#access ? await this.renew() : this.#access;
      return request(method, path, { body, token: fresh });
    }
  }

  async logOut() {
    const token = await this.token();
    await request("POST", "/api/logout/", { body: { refresh: this.#refresh }, token });
  }

  async #fetchToken() {
    try {
      const { body } = await request("POST", "/api/token/refresh/", { body: { refresh: this.#refresh } });
      this.#keep(body.access);
      return body.access;
    } catch (problem) {
      if (problem.status === 401) this.onended();
      throw problem;
    }
  }

  #keep(access) {
    const { exp, iat } = claims(access);
    this.#access = access;
    // by the token's own length of life: this machine's clock may be wrong
    this.#renewAt = performance.now() + (exp - iat) * 1000 * GOOD_FOR;
  }
}

/** What a token says of itself. The server verifies it; here it only says whose it is and how long it lives. */
function claims(token) {
  const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (char) => char.codePointAt(0))));
}
