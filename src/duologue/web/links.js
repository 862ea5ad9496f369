const LINK = /^#(confirm-email|reset-password|register)(?:=(.*))?$/s;

/** What a link from a mail asks for: `{ purpose, key }`, the key empty when there is none; null for anything else. */
export function linkIn(hash) {
  const [, purpose, key = ""] = LINK.exec(hash) ?? [];
  return purpose === undefined ? null : { purpose, key: decoded(key) };
}

/** The link in the page's address, which is taken out of it; null when there is none. */
export function takeLink() {
  const link = linkIn(location.hash);
  // a key that stays in the address is kept by the history, and goes wherever somebody copies the address to
  if (link !== null) history.replaceState(null, "", location.pathname + location.search);
  return link;
}

function decoded(key) {
  try {
    return decodeURIComponent(key);
  } catch {
    // no link of ours: the server will say so
    return key;
  }
}
