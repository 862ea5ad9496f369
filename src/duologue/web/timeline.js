import { uuid7 } from "./uuid7.js";

/**
 * What one person sees of a room: a stretch of its messages without a gap, and what they said that is not stored yet.
 *
 * Knows no network and no document, so every order of events can be tried on it.
 */
export class Timeline {
  /** Messages in the order of `seq`. */
  messages = [];
  /** `{ clientId, text, why }` in the order of saying; `why` is set when the server refused it for good. */
  outbox = [];
  /** Whether a first page has been loaded: until then every message is ahead of a gap. */
  loaded = false;

  constructor(me) {
    this.me = me;
  }

  get first() {
    return this.messages.at(0)?.seq ?? 1;
  }

  get head() {
    return this.messages.at(-1)?.seq ?? 0;
  }

  /** What waits for its turn: refused messages do not hold up the others. */
  get waiting() {
    return this.outbox.filter((entry) => entry.why === null);
  }

  /** Replace everything that was stored by a first page. */
  load(messages) {
    this.messages = [...messages];
    this.loaded = true;
    messages.forEach((message) => this.#settle(message));
  }

  /** Put an older page in front. */
  prepend(messages) {
    const before = messages.filter((message) => message.seq < this.first);
    this.messages.unshift(...before);
    return before;
  }

  /**
   * Take a stored message from the socket or a page. Returns
   * `added`, `known` (seen before), `gap` (others are missing before it: fetch them, it comes along), or
   * `conflict` (another message under a number that is taken: the server's database is not the one we know).
   */
  accept(message) {
    this.#settle(message);
    if (!this.loaded || message.seq > this.head + 1) return "gap";
    if (message.seq <= this.head) {
      const known = this.messages[message.seq - this.first];
      return known === undefined || known.id === message.id ? "known" : "conflict";
    }
    this.messages.push(message);
    return "added";
  }

  /** Put a new message into the outbox. Its id is made here, once: sent again, it is the same message. */
  say(text) {
    const entry = { clientId: uuid7(), text, why: null };
    this.outbox.push(entry);
    return entry;
  }

  /** Mark an outbox entry as refused for good. */
  refuse(clientId, why) {
    const entry = this.outbox.find((candidate) => candidate.clientId === clientId);
    if (entry !== undefined) entry.why = why;
  }

  /** Take an entry out of the outbox. */
  discard(clientId) {
    this.outbox = this.outbox.filter((entry) => entry.clientId !== clientId);
  }

  #settle(message) {
    if (message.client_id !== undefined && message.sender_id === this.me) this.discard(message.client_id);
  }
}
