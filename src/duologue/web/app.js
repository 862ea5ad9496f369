import { Conversation } from "./conversation.js";
import { empty, handle } from "./forms.js";
import { whyTooLong } from "./length.js";
import { takeLink } from "./links.js";
import { Problem } from "./problem.js";
import { openRoom } from "./rooms.js";
import { ConversationScreen } from "./screen.js";
import { WelcomeScreen } from "./welcome.js";

const part = (id) => document.getElementById(id);

let session = null;
let conversation = null;
let screen = null;

// Who you are

const welcome = new WelcomeScreen(begin);

part("logout").addEventListener("click", async () => {
  const ending = session;
  end("");
  forget();
  // a session that cannot be ended now ends by itself; the tokens are gone from here in any case
  await ending.logOut().catch((problem) => {
    if (problem.status !== 401) welcome.tell(`Logged out here only: ${problem.message}`);
  });
});

function begin(begun) {
  session = begun;
  session.onended = () => session === begun && end("Your login has ended. Log in again to go on.");
  part("me").textContent = session.username;
  welcome.hide();
  part("chat").hidden = false;
  if (conversation?.timeline.me === session.username) conversation.resume(session);
  else forget();
  part(conversation === null ? "other" : "text").focus();
}

/** Back to the login. The conversation stays in memory, with what waits in it, for the same person. */
function end(why) {
  session = null;
  conversation?.stop();
  part("chat").hidden = true;
  welcome.show("login", why);
}

/** Follow a link out of a mail, when the address is one: as on a page that was just opened, with nobody logged in. */
function follow() {
  const link = takeLink();
  if (link === null) return;
  if (session !== null) end("");
  welcome.follow(link);
}

// With whom you speak

handle(part("open"), async ({ participant_b: other }) => {
  const room = await openRoom(session, other.trim());
  forget();
  const partner = room.participant_a === session.username ? room.participant_b : room.participant_a;
  screen = new ConversationScreen(session.username, (clientId) => conversation.discard(clientId));
  conversation = new Conversation(session, room.id, partner, screen);
  conversation.start();
  empty(part("open"));
  part("partner").textContent = partner;
  part("conversation").hidden = false;
  write("");
  part("text").focus();
});

/** Close the conversation. What the same person has said and is not stored yet is still sent; nobody else's is. */
function forget() {
  if (conversation?.timeline.me === session?.username) conversation?.leave();
  else conversation?.stop();
  screen?.clear();
  conversation = screen = null;
  part("conversation").hidden = true;
  write("");
}

// What you say

function say() {
  const text = part("text").value.toWellFormed();
  if (text.trim() === "" || whyTooLong(text) !== "" || conversation === null) return;
  write("");
  conversation.say(text);
  screen.scrollToEnd();
}

function write(text) {
  part("text").value = text;
  measure();
}

/** Say when there is too much to send. Nothing is cut off: whoever pasted it would not notice. */
function measure() {
  const why = whyTooLong(part("text").value);
  part("text-why").textContent = why;
  part("text-why").hidden = why === "";
  part("text").setAttribute("aria-invalid", String(why !== ""));
}

part("text").addEventListener("input", measure);

part("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  say();
  part("text").focus();
});

part("text").addEventListener("keydown", (event) => {
  // while an input method composes, Enter chooses a word
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  say();
});

part("earlier").addEventListener("click", async () => {
  const button = part("earlier");
  button.disabled = true;
  await conversation.loadEarlier().catch((problem) => {
    if (!(problem instanceof Problem)) throw problem;
    part("state").textContent = problem.message;
  });
  button.disabled = false;
});

part("reconnect").addEventListener("click", () => conversation.start());
part("to-end").addEventListener("click", () => screen.scrollToEnd());
part("scroller").addEventListener("scroll", () => screen?.scrolled());

// The world outside

window.addEventListener("hashchange", follow);
window.addEventListener("online", () => session !== null && conversation?.start());
document.addEventListener("visibilitychange", () => !document.hidden && screen?.seen());
window.addEventListener("beforeunload", (event) => {
  // what waits is kept in memory only
  if (conversation?.timeline.waiting.length > 0) event.preventDefault();
});

welcome.show("login");
follow();
