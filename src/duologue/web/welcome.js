import { confirmEmail, requestReset, resetPassword } from "./account.js";
import { empty, handle } from "./forms.js";
import { Problem } from "./problem.js";
import { Session } from "./session.js";

const CARDS = ["login", "register", "forgot", "reset"];

const ANOTHER_MAIL = "No mail there? Log in again in a few minutes, and another one is sent.";
const LOOK_INTO_MAIL = `Your account is made. Look into your mail: open the link in it, then log in. ${ANOTHER_MAIL}`;
const UNCONFIRMED = `Confirm your e-mail address first: open the link in the mail that was sent to it. ${ANOTHER_MAIL}`;
const CONFIRMED = "Your e-mail address is confirmed. Log in.";
const DEAD = "This link does not work: it was used already, is too old, or is not complete.";
const DEAD_CONFIRM = `${DEAD} Log in: if your address still has to be confirmed, another mail is sent.`;
// the same for every address, and true also where no mail can be sent
const ASKED =
  "If an account here has that address, look into its mail: a link there leads to a new password. " +
  "Nothing there after a few minutes? Ask whoever runs this server.";
const RESET = "Your password is changed, and every login has ended. Log in with the new one.";

/** The part of the page for whoever is not logged in; `onlogin(session)` is called when somebody is. */
export class WelcomeScreen {
  #part = (name) => document.getElementById(name);
  #onlogin;
  // lives here alone, until it is used
  #resetKey = "";

  constructor(onlogin) {
    this.#onlogin = onlogin;
    handle(this.#part("login"), (fields) => this.#logIn(fields));
    handle(this.#part("register"), (fields) => this.#register(fields));
    handle(this.#part("forgot"), (fields) => this.#askForReset(fields));
    handle(this.#part("reset"), (fields) => this.#reset(fields));
    for (const button of this.#part("welcome").querySelectorAll("button[data-show]")) {
      button.addEventListener("click", () => this.show(button.dataset.show));
    }
  }

  /** Show one of the cards, and a notice above it. */
  show(card, notice = "") {
    if (card !== "reset") this.#resetKey = "";
    for (const name of CARDS) this.#part(`${name}-card`).hidden = name !== card;
    this.tell(notice);
    this.#part("welcome").hidden = false;
    this.#part(card).elements[0].focus();
  }

  hide() {
    CARDS.forEach((name) => empty(this.#part(name)));
    this.#resetKey = "";
    this.tell("");
    this.#part("welcome").hidden = true;
  }

  tell(notice) {
    this.#part("notice").textContent = notice;
  }

  /** Do what a link from a mail asks for. */
  async follow({ purpose, key }) {
    if (purpose === "register") this.show("register");
    else if (purpose === "confirm-email") await this.#confirm(key);
    else if (key === "") this.show("forgot");
    else {
      this.show("reset");
      this.#resetKey = key;
    }
  }

  async #logIn({ username, password }) {
    const session = await Session.logIn(username, password).catch((problem) => {
      throw problem.code === "email_unverified" ? new Problem({ ...problem, detail: UNCONFIRMED }) : problem;
    });
    this.#onlogin(session);
  }

  async #register(account) {
    await Session.register(account);
    try {
      this.#onlogin(await Session.logIn(account.username, account.password));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      // the account is there: this form could only say that its name is taken
      empty(this.#part("register"));
      const made = problem.code === "email_unverified" ? LOOK_INTO_MAIL : `Your account is made. ${problem.advice}`;
      this.show("login", made);
    }
  }

  async #confirm(key) {
    this.show("login", "Confirming your e-mail address …");
    this.tell(await confirmEmail(key).then(() => CONFIRMED, whyNotConfirmed));
  }

  async #askForReset({ email }) {
    await requestReset(email);
    empty(this.#part("forgot"));
    this.show("login", ASKED);
  }

  async #reset({ password }) {
    try {
      await resetPassword(this.#resetKey, password);
    } catch (problem) {
      if (problem.status !== 400 || problem.errors.password !== undefined) throw problem;
      empty(this.#part("reset"));
      this.show("forgot", `${DEAD} Ask for another one.`);
      return;
    }
    empty(this.#part("reset"));
    this.show("login", RESET);
  }
}

function whyNotConfirmed(problem) {
  if (problem.code === "email_taken") return "Another account has confirmed this e-mail address already.";
  return problem.status === 400 ? DEAD_CONFIRM : `${problem.advice} Then open the link in the mail again.`;
}
