// Lets Node programs find *.localhost on loopback, as browsers, curl and newman do by themselves (RFC 6761, 6.3).
"use strict";
const dns = require("node:dns");
const lookup = dns.lookup;
dns.lookup = (name, options, done) => {
  const known = name.endsWith(".localhost") ? "127.0.0.1" : name;
  return lookup(known, options, done);
};
