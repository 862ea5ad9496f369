import { request } from "./http.js";

/** Confirm the e-mail address to which `key` was sent. */
export async function confirmEmail(key) {
  await ask("email/verify", { key });
}

/** Ask for a mail with a link to a new password. The answer does not tell whether the address belongs to anybody. */
export async function requestReset(email) {
  await ask("password/request", { email });
}

/** Set a new password with the key out of such a mail. */
export async function resetPassword(key, password) {
  await ask("password/reset", { key, password });
}

async function ask(path, body) {
  try {
    await request("POST", `/_allauth/app/v1/auth/${path}`, { body });
  } catch (problem) {
    // what was asked is done; allauth's 401 only says that nobody is logged in by it
    if (problem.status !== 401) throw problem;
  }
}
