/**
 * What went wrong, as the server says it (RFC 9457, or allauth's list of errors), or `unreachable` when it says nothing.
 *
 * `errors` holds the reasons by field, `retryAfter` the seconds until another try makes sense.
 */
export class Problem extends Error {
  constructor({ status = 0, code = "unreachable", detail, errors = {}, retryAfter = 0 }) {
    super(detail || "The server cannot be reached. Check the connection and try again.");
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed a little later. */
  get retryable() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** The message, and when another try makes sense. */
  get advice() {
    return this.retryAfter > 0 ? `${this.message} Try again in ${this.retryAfter} s.` : this.message;
  }

  /** The problem that an answer describes; a proxy's own error page is described by its status alone. */
  static async of(response) {
    const described = ours(await response.json().catch(() => ({})));
    const detail = described.detail ?? `The server answered ${response.status}.`;
    const retryAfter = Number(response.headers.get("retry-after")) || 0;
    return new Problem({ ...described, status: response.status, code: described.code ?? "unknown", detail, retryAfter });
  }
}

/** An answer in our form: allauth describes a refusal by a list of `{ message, code, param }`. */
function ours(answer) {
  if (!Array.isArray(answer.errors)) return answer;
  const errors = {};
  for (const { param = "", message } of answer.errors) (errors[param] ??= []).push(message);
  return { code: answer.errors[0]?.code, errors };
}
