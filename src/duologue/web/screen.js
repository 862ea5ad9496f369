const STATES = {
  connecting: "Connecting …",
  open: "Connected",
  waiting: "Connection lost; trying again …",
  stopped: "Disconnected.",
};
const NEAR_END_PX = 80;

/**
 * The part of the page that shows a conversation. Every text of a person's goes through `textContent`, so that markup
 * in it stays text.
 */
export class ConversationScreen {
  #part = (name) => document.getElementById(name);
  #me;
  #ondiscard;
  #unseen = 0;

  constructor(me, ondiscard) {
    this.#me = me;
    this.#ondiscard = ondiscard;
    this.log = this.#part("log");
    this.scroller = this.#part("scroller");
    this.outbox = this.#part("outbox");
    this.clear();
  }

  clear() {
    this.log.replaceChildren();
    this.outbox.replaceChildren();
    this.#part("earlier").hidden = true;
    // not known before the first page has come
    this.#part("empty").hidden = true;
    this.seen();
  }

  // What a conversation tells

  added(messages) {
    const follow = this.#isAtEnd() || messages.some((message) => message.sender_id === this.#me);
    this.log.append(...messages.map((message) => this.#bubble(message)));
    this.#showEmpty();
    if (follow) this.scrollToEnd();
    else this.#part("to-end").hidden = false;
    if (document.hidden) this.#count(messages.filter((message) => message.sender_id !== this.#me).length);
  }

  prepended(messages, older) {
    const below = this.scroller.scrollHeight - this.scroller.scrollTop;
    this.#quietly(() => this.log.prepend(...messages.map((message) => this.#bubble(message))));
    this.#part("earlier").hidden = !older;
    this.scroller.scrollTop = this.scroller.scrollHeight - below;
  }

  reloaded(messages, older) {
    this.#quietly(() => this.log.replaceChildren(...messages.map((message) => this.#bubble(message))));
    this.#part("earlier").hidden = !older;
    this.#showEmpty();
    this.scrollToEnd();
  }

  outboxChanged(entries) {
    const follow = this.#isAtEnd();
    this.outbox.replaceChildren(...entries.map((entry) => this.#pending(entry)));
    this.#showEmpty();
    if (follow) this.scrollToEnd();
  }

  stateChanged(state, why) {
    const place = this.#part("state");
    place.dataset.state = state;
    place.textContent = why ?? STATES[state];
    this.#part("reconnect").hidden = state !== "stopped" && state !== "waiting";
  }

  // What the page tells

  scrollToEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#part("to-end").hidden = true;
  }

  scrolled() {
    if (this.#isAtEnd()) this.#part("to-end").hidden = true;
  }

  /** The person looks at the page. */
  seen() {
    this.#unseen = 0;
    document.title = "Duologue";
  }

  #count(more) {
    this.#unseen += more;
    if (this.#unseen > 0) document.title = `(${this.#unseen}) Duologue`;
  }

  #isAtEnd() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < NEAR_END_PX;
  }

  #showEmpty() {
    this.#part("empty").hidden = this.log.childElementCount + this.outbox.childElementCount > 0;
  }

  // a screen reader announces what is added to the log; history is not news
  #quietly(change) {
    this.log.setAttribute("aria-live", "off");
    change();
    requestAnimationFrame(() => this.log.setAttribute("aria-live", "polite"));
  }

  #bubble(message) {
    const mine = message.sender_id === this.#me;
    const item = element("li", mine ? "bubble mine" : "bubble");
    item.dataset.seq = message.seq;
    const time = element("time", "when", when(new Date(message.timestamp)));
    time.dateTime = message.timestamp;
    item.append(element("span", "who", mine ? "You" : message.sender_id), text(message.content), time);
    return item;
  }

  #pending({ clientId, text: said, why }) {
    const item = element("li", why === null ? "bubble mine pending" : "bubble mine refused");
    item.append(element("span", "who", "You"), text(said), element("span", "when", why ?? "Sending …"));
    if (why !== null) {
      const discard = element("button", "quiet", "Remove");
      discard.type = "button";
      discard.addEventListener("click", () => this.#ondiscard(clientId));
      item.append(discard);
    }
    return item;
  }
}

function element(name, className, content = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = content;
  return made;
}

function text(content) {
  const made = element("p", "text", content);
  // each message runs in its own direction, and cannot turn its neighbours around
  made.dir = "auto";
  return made;
}

function when(date) {
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString([], today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}
