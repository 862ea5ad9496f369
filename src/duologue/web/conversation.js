import { Connection } from "./connection.js";
import { earlier, later, newest } from "./rooms.js";
import { Timeline } from "./timeline.js";

// a socket joins the room a moment after its token is checked: what was said in that moment is fetched by the first looks
const LOOKS_MS = [1_000, 4_000];
const LOOK_MS = 20_000;
const ACK_MS = 5_000;
const RETRY_MS = 1_000;

/**
 * One person's end of a room: everything that was said, once, in order, however often the connection breaks.
 *
 * `screen` shows it: `added(messages)`, `prepended(messages, older)`, `reloaded(messages, older)`,
 * `outboxChanged(entries)`, `stateChanged(state, why)`.
 */
export class Conversation {
  #session;
  #screen;
  #connection;
  #catchingUp = null;
  #again = false;
  #looks = 0;
  #lookTimer = 0;
  #inFlight = null;
  #ackTimer = 0;
  #misses = 0;
  #leaving = false;

  constructor(session, room, partner, screen) {
    this.room = room;
    this.partner = partner;
    this.timeline = new Timeline(session.username);
    this.older = false;
    this.#session = session;
    this.#screen = screen;
    this.#connection = this.#newConnection();
  }

  start() {
    this.#connection.start();
  }

  /** Go on after the person has logged in again. */
  resume(session) {
    this.#connection.stop();
    this.#halt();
    this.#session = session;
    this.#connection = this.#newConnection();
    this.start();
  }

  /** Stop at once. */
  stop() {
    this.#connection.stop();
    this.#halt();
  }

  /** Stop showing it; the socket closes when everything said has been stored. */
  leave() {
    const nothing = () => {};
    this.#screen = {
      added: nothing,
      prepended: nothing,
      reloaded: nothing,
      outboxChanged: nothing,
      stateChanged: nothing,
    };
    this.#leaving = true;
    this.#pump();
  }

  say(text) {
    this.timeline.say(text);
    this.#outboxChanged();
    this.#pump();
  }

  discard(clientId) {
    this.timeline.discard(clientId);
    this.#outboxChanged();
  }

  /** Load the page before the oldest message. */
  async loadEarlier() {
    const page = await earlier(this.#session, this.room, this.timeline.first);
    this.older = page.older;
    this.#screen.prepended(this.timeline.prepend(page.messages), page.older);
  }

  // What the connection tells

  opened() {
    this.#looks = 0;
    this.#catchUp().finally(() => this.#pump());
    this.#planLook();
  }

  closed() {
    this.#halt();
  }

  stateChanged(state, why) {
    this.#screen.stateChanged(state, why);
  }

  frame(frame) {
    if (frame.type === "message") this.#received(frame);
    if (frame.type === "error" && frame.client_id !== undefined) this.#refused(frame);
  }

  // Receiving

  #received(message) {
    this.#connection.proven();
    this.#take([message]);
    this.#pump();
  }

  /** Show what is new of these; fetch what is missing. Returns whether any was new. */
  #take(messages) {
    const fresh = [];
    for (const message of messages) {
      const verdict = this.timeline.accept(message);
      if (verdict === "added") fresh.push(message);
      if (verdict === "conflict") this.timeline.loaded = false;
      if (verdict === "gap" || verdict === "conflict") this.#catchUp();
    }
    if (fresh.length > 0) this.#screen.added(fresh);
    this.#outboxChanged();
    return fresh.length > 0;
  }

  /** Fetch until nothing is missing: one fetch at a time, once more when asked meanwhile. */
  #catchUp() {
    if (this.#catchingUp !== null) this.#again = true;
    this.#catchingUp ??= this.#fetchMissing().finally(() => {
      this.#catchingUp = null;
    });
    return this.#catchingUp;
  }

  async #fetchMissing() {
    try {
      do {
        this.#again = false;
        if (!this.timeline.loaded) await this.#reload();
        else if (await this.#fetchPage()) this.#again = true;
      } while (this.#again);
    } catch {
      // the next look, the next frame or the next connection asks again
    }
  }

  async #reload() {
    const page = await newest(this.#session, this.room);
    this.timeline.load(page.messages);
    this.older = page.older;
    this.#screen.reloaded(page.messages, page.older);
    this.#outboxChanged();
  }

  async #fetchPage() {
    const page = await later(this.#session, this.room, this.timeline.head);
    this.#take(page.messages);
    return page.newer;
  }

  #planLook() {
    clearTimeout(this.#lookTimer);
    const wait = LOOKS_MS[this.#looks] ?? LOOK_MS;
    this.#lookTimer = setTimeout(() => this.#look(), wait);
  }

  async #look() {
    const settled = this.#looks >= LOOKS_MS.length;
    const head = this.timeline.head;
    this.#looks += 1;
    await this.#catchUp();
    if (!this.#connection.isOpen) return;
    // a socket that has been in the room for long and did not bring this is dead without knowing
    if (settled && this.timeline.head > head) this.#connection.restart();
    else this.#planLook();
  }

  // Sending: one at a time, so that the order of saying is the order of storing

  #pump() {
    if (this.#inFlight !== null && !this.timeline.outbox.includes(this.#inFlight)) this.#landed();
    if (this.#leaving && this.timeline.waiting.length === 0) return this.stop();
    const next = this.timeline.waiting.at(0);
    if (this.#inFlight !== null || next === undefined || !this.#connection.isOpen) return undefined;
    this.#inFlight = next;
    this.#send();
    return undefined;
  }

  #send() {
    const { clientId, text } = this.#inFlight;
    this.#connection.send({ message: text, sender_id: this.timeline.me, client_id: clientId });
    this.#ackTimer = setTimeout(() => this.#unanswered(), ACK_MS);
  }

  #landed() {
    clearTimeout(this.#ackTimer);
    this.#inFlight = null;
    this.#misses = 0;
  }

  #unanswered() {
    this.#misses += 1;
    if (this.#misses > 1) this.#connection.restart();
    else this.#send();
  }

  #refused(frame) {
    if (frame.client_id !== this.#inFlight?.clientId) return;
    clearTimeout(this.#ackTimer);
    if (frame.retryable) {
      this.#ackTimer = setTimeout(() => this.#send(), frame.retry_after_ms ?? RETRY_MS);
      return;
    }
    this.timeline.refuse(frame.client_id, reasonOf(frame));
    this.#landed();
    this.#outboxChanged();
    this.#pump();
  }

  #outboxChanged() {
    this.#screen.outboxChanged(this.timeline.outbox);
  }

  #halt() {
    clearTimeout(this.#lookTimer);
    clearTimeout(this.#ackTimer);
    this.#inFlight = null;
    this.#misses = 0;
  }

  #newConnection() {
    return new Connection(this.#session, this.room, this);
  }
}

function reasonOf(frame) {
  return Object.values(frame.errors ?? {}).flat()[0] ?? frame.detail;
}
