const FIRST_MS = 500;
const LONGEST_MS = 30_000;
// a network that swallows everything lets a browser wait for minutes
const CONNECT_MS = 10_000;

/** What a close code asks of us (protocol/codes.json); every other one: try again. */
const REFUSED = new Map([
  [1002, "The server refused what this page sent."],
  [1003, "The server refused what this page sent."],
  [1007, "The server refused what this page sent."],
  [1008, "The server closed the connection."],
  [1009, "The message was too big."],
  [4403, "You are not in this conversation."],
]);
const UNAUTHENTICATED = 4401;

/** Milliseconds until try number `attempt` (from 0), with full jitter: a crowd that was cut off does not come back as one. */
export function backoff(attempt, random = Math.random) {
  return random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
}

/**
 * A socket in one room that comes back by itself.
 *
 * `listener` has `opened()`, `frame(object)`, `closed()` and `stateChanged(state, why)`, where `state` is `connecting`,
 * `open`, `waiting` or `stopped`.
 */
export class Connection {
  #session;
  #room;
  #listener;
  #socket = null;
  #timer = 0;
  #renewal = 0;
  #attempt = 0;
  #tokenRefused = false;
  #wanted = false;

  constructor(session, room, listener) {
    this.#session = session;
    this.#room = room;
    this.#listener = listener;
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Connect now, also when a try was planned for later. */
  start() {
    if (this.#wanted && this.#socket !== null) return;
    this.#wanted = true;
    this.#attempt = 0;
    this.#connect();
  }

  stop() {
    this.#wanted = false;
    this.#drop();
  }

  /** Give up a socket that seems dead and connect anew. */
  restart() {
    this.#drop();
    this.#listener.closed();
    this.#connect();
  }

  /** A frame came that only a live socket brings: the next trouble starts counting anew. */
  proven() {
    this.#attempt = 0;
    this.#tokenRefused = false;
  }

  send(frame) {
    if (this.isOpen) this.#socket.send(JSON.stringify(frame));
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#listener.stateChanged("connecting");
    const address = new URL(`/ws/chat/${this.#room}/`, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.#socket = socket;
    const current = (handle) => (event) => this.#socket === socket && handle(event);
    socket.onopen = current(() => this.#greet(socket));
    socket.onmessage = current((event) => this.#listener.frame(JSON.parse(event.data)));
    socket.onclose = current((event) => this.#closed(event.code));
    this.#timer = setTimeout(
      current(() => this.#closed(0)),
      CONNECT_MS,
    );
  }

  // a page cannot set a handshake's headers, and an address ends up in logs: the token goes into the first frame
  async #greet(socket) {
    clearTimeout(this.#timer);
    try {
      const token = await this.#session.token();
      if (this.#socket !== socket) return;
      this.send({ token });
      this.#planRenewal(socket);
      this.#listener.stateChanged("open");
      this.#listener.opened();
    } catch (problem) {
      if (this.#socket !== socket) return;
      this.#drop();
      if (problem.status === 401) this.#stopped("Your login has ended.");
      else this.#later();
    }
  }

  // a fresh token in any frame keeps the socket when the first one ends
  #planRenewal(socket) {
    const wait = Math.max(this.#session.renewAt - performance.now(), 1000);
    this.#renewal = setTimeout(async () => {
      const token = await this.#session.token().catch(() => null);
      if (this.#socket !== socket) return;
      if (token !== null) this.send({ token });
      this.#planRenewal(socket);
    }, wait);
  }

  async #closed(code) {
    this.#drop();
    this.#listener.closed();
    if (REFUSED.has(code)) return this.#stopped(REFUSED.get(code));
    if (code === UNAUTHENTICATED && !(await this.#haveFreshToken())) return this.#stopped("Your login has ended.");
    return this.#later();
  }

  /** Whether another token is worth a try: one refusal may be an old token, two in a row are a no. */
  async #haveFreshToken() {
    if (this.#tokenRefused) {
      this.#session.onended();
      return false;
    }
    this.#tokenRefused = true;
    return this.#session.renew().then(
      () => true,
      (problem) => problem.status !== 401,
    );
  }

  #later() {
    if (!this.#wanted) return;
    this.#listener.stateChanged("waiting");
    this.#timer = setTimeout(() => this.#connect(), backoff(this.#attempt));
    this.#attempt += 1;
  }

  #stopped(why) {
    this.#wanted = false;
    this.#listener.stateChanged("stopped", why);
  }

  #drop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#renewal);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}
