/** The longest message that a server takes unless it is told otherwise (`DUOLOGUE_MESSAGE_CHARACTERS`). */
export const LONGEST = 4000;

/** How many characters a text has: code points, as the server counts. A string's own `length` counts an emoji twice. */
export function lengthOf(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Why a text is too long to send, or "". */
export function whyTooLong(text) {
  const length = lengthOf(text);
  return length > LONGEST ? `At most ${LONGEST} characters can be sent at once; these are ${length}.` : "";
}
