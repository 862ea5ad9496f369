"""The forgeries by name. `ANYWHERE` fit into a header; `IN_A_FRAME` hold characters that only JSON can carry."""

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.rig.people import encoded, forge, unverified
from tests.security.forging import (
    MINE,
    Forgery,
    claims,
    doubled,
    es256,
    flip,
    foreign,
    headed,
    header_bytes,
    hmac_signed,
    json_serialized,
    later,
    my_jwk,
    next_spelling,
    parts,
    ps256,
    public,
    raw_claims,
    replaced,
    rs256,
    signature,
    spelled,
    unreduced,
    unsigned,
)

_WRONG_TYPES: dict[str, Any] = {"missing": ..., "null": None, "list": [], "object": {}, "true": True, "empty": ""}

ALGORITHMS: dict[str, Forgery] = {
    **{f"alg-{alg!r}-unsigned": unsigned(alg) for alg in ("none", "None", "noNE", "NONE", "", "nonE ", None, ["none"])},
    **{f"alg-{alg!r}-signature-kept": unsigned(alg, keep_signature=True) for alg in ("none", "", None)},
    **{
        f"alg-{alg!r}-truly-signed": headed(alg=alg)
        for alg in ("none", "HS256", "RS256", "ES256", "Ed25519", "eddsa", "", None, 0, ["EdDSA"], {"EdDSA": 1})
    },
    "alg-missing": headed(alg=...),
    "hs256-with-the-public-pem": hmac_signed(public(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)),
    "hs256-with-the-public-der": hmac_signed(public(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
    "hs256-with-the-public-bytes": hmac_signed(public(Encoding.Raw, PublicFormat.Raw)),
    "hs512-with-the-public-pem": hmac_signed(public(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "HS512"),
    "hs256-with-nothing": hmac_signed(lambda _: b""),
    "hs256-with-secret": hmac_signed(lambda _: b"secret"),
    "rs256-of-mine": foreign("RS256", rs256),
    "ps256-of-mine": foreign("PS256", ps256),
    "es256-of-mine": foreign("ES256", es256),
    "eddsa-of-mine": foreign("EdDSA", MINE.sign),
    "rs256-called-eddsa": foreign("EdDSA", rs256),
    "es256-called-eddsa": foreign("EdDSA", es256),
}
KEYS: dict[str, Forgery] = {
    **{
        f"kid-{name}": foreign("EdDSA", MINE.sign, kid=kid)
        for name, kid in {
            "mine": "mine",
            "missing": ...,
            "null": None,
            "number": 7,
            "list": ["mine"],
            "object": {"kid": "mine"},
            "empty": "",
            "dev-null": "../../../../dev/null",
            "absolute": "/dev/null",
            "file-url": "file:///dev/null",
            "sql": "x' UNION SELECT 'key' --",
            "shell": "$(touch /tmp/kid)|`id`",
            "nul": "mine\0",
            "10-KiB": "k" * 10 * 1024,
            "2-KiB": "k" * 2048,
            "surrogate": "\ud800",
            "proto": "__proto__",
        }.items()
    },
    "kid-missing-truly-signed": headed(kid=...),
    "kid-null-truly-signed": headed(kid=None),
    "jwk-in-the-header": foreign("EdDSA", MINE.sign, kid="mine", jwk=my_jwk()),
    "jwk-under-the-real-kid": lambda person: foreign(
        "EdDSA", MINE.sign, jwk=my_jwk(unverified(person.token)[0]["kid"])
    )(person),
    "x5c-in-the-header": foreign(
        "EdDSA", MINE.sign, kid="mine", x5c=[base64.b64encode(b"not even a certificate").decode()]
    ),
    **{f"crit-{name}": headed(crit=value) for name, value in {"x": ["x"], "exp": ["exp"], "empty": []}.items()},
    "crit-b64": headed(crit=["b64"], b64=False),
    **{f"typ-{typ!r}": headed(typ=typ) for typ in ("JWT", "refresh+jwt", "AT+JWT ", "", None, 1, ["at+jwt"])},
    "typ-missing": headed(typ=...),
}
SIGNATURES: dict[str, Forgery] = {
    "stripped": spelled(lambda head, body, _: f"{head}.{body}."),
    "gone": spelled(lambda head, body, _: f"{head}.{body}"),
    "truncated": signature(lambda raw: raw[:-1]),
    "half": signature(lambda raw: raw[:32]),
    "one-byte-more": signature(lambda raw: raw + b"\0"),
    "twice": signature(lambda raw: raw + raw),
    "zeros": signature(lambda raw: bytes(64)),
    **{f"bit-flipped-at-{at}": signature(flip(at)) for at in (0, 31, 32, 63)},
    "not-reduced": signature(unreduced),
    "other-claims": lambda person: ".".join((*forge(person, sub="1").split(".")[:2], parts(person)[2])),
    "other-header": lambda person: ".".join((*forge(person, header={"x": 1}).split(".")[:2], parts(person)[2])),
}
SPELLINGS: dict[str, Forgery] = {
    "unused-bits": spelled(lambda head, body, signature: f"{head}.{body}.{next_spelling(signature)}"),
    "padded": spelled(lambda head, body, signature: f"{head}.{body}.{signature}=="),
    "padded-everywhere": spelled(lambda *parts: ".".join(part + "=" * (-len(part) % 4) for part in parts)),
    "space-inside": spelled(lambda head, body, signature: f"{head}. {body}.{signature}"),
    "tab-inside": spelled(lambda head, body, signature: f"{head}\t.{body}.{signature}"),
    "dot-at-the-end": spelled(lambda *parts: ".".join(parts) + "."),
    "dot-at-the-start": spelled(lambda *parts: "." + ".".join(parts)),
    "four-parts": spelled(lambda *parts: ".".join((*parts, parts[2]))),
    "five-parts": spelled(lambda *parts: ".".join((*parts, *parts[1:]))),
    "quoted": spelled(lambda *parts: '"' + ".".join(parts) + '"'),
    "bearer-twice": spelled(lambda *parts: "Bearer " + ".".join(parts)),
    "two-tokens": spelled(lambda *parts: ", Bearer ".join([".".join(parts)] * 2)),
    "json": spelled(json_serialized),
    "json-flattened": spelled(
        lambda head, body, signature: json.dumps({"payload": body, "protected": head, "signature": signature})
    ),
    "jwe": lambda _: (
        f"{encoded({'alg': 'dir', 'enc': 'A256GCM'})}..{encoded(b'i' * 12)}.{encoded(b'c')}.{encoded(b't' * 16)}"
    ),
    "jwe-of-2^31-rounds": lambda _: ".".join(
        (
            encoded({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2s": "c2FsdHNhbHQ", "p2c": 2**31}),
            *map(encoded, (b"k" * 24, b"i" * 12, b"c", b"t" * 16)),
        )
    ),
    **{
        f"text-{text[:12]}": lambda _, text=text: text  # type: ignore[misc]  # the usual way to bind a loop's variable
        for text in ("..", "...", "a.b.c", "null", "undefined", "true", "{}", "[]", "A" * 500, "%2e%2e", "-1")
    },
}
CONTENTS: dict[str, Forgery] = {
    **{
        f"claims-{name}": raw_claims(lambda _, raw=raw: raw)  # type: ignore[misc]  # as above
        for name, raw in {
            "empty": b"",
            "list": b"[]",
            "text": b'"x"',
            "number": b"1",
            "null": b"null",
            "none": b"{}",
            "not-json": b"{",
            "not-utf8": b'{"sub":"\xff"}',
            "utf16": '{"sub":"1"}'.encode("utf-16"),
            "deep": b"[" * 1500 + b"]" * 1500,
            "deep-objects": b'{"a":' * 450 + b"1" + b"}" * 450,
            "very-deep": b"[" * 10_000 + b"]" * 10_000,
        }.items()
    },
    **{
        f"header-{name}": header_bytes(raw)
        for name, raw in {
            "empty": b"",
            "list": b"[]",
            "null": b"null",
            "none": b"{}",
            "not-json": b"{",
            "not-utf8": b'{"alg":"\xff"}',
            "deep": b"[" * 1000 + b"]" * 1000,
            "huge-number": b'{"alg":"EdDSA","typ":"at+jwt","kid":' + b"9" * 1500 + b"}",
        }.items()
    },
    **{
        f"{claim}-{name}": claims(**{claim: value})
        for claim in ("exp", "iat", "iss", "aud", "sub", "sid", "jti", "username")
        for name, value in _WRONG_TYPES.items()
    },
    **{f"{claim}-number": claims(**{claim: 7}) for claim in ("iss", "aud", "sub", "sid", "jti", "username")},
    **{f"{claim}-text": claims(**{claim: "soon"}) for claim in ("exp", "iat", "nbf")},
    "exp-past": later("exp", -40),
    "exp-zero": claims(exp=0),
    "exp-negative": claims(exp=-1),
    "exp-fraction": lambda person: forge(person, exp=time.time() + 600.5),
    "exp-beyond-all-dates": claims(exp=10**12),
    "exp-2^63": claims(exp=2**63),
    "exp-in-text": lambda person: forge(person, exp=str(int(time.time()) + 600)),
    **{f"exp-{text}": replaced(exp=text) for text in ("1e400", "-1e400", "NaN", "Infinity", "1e9", "0x7fffffff")},
    "exp-of-1000-digits": replaced(exp="9" * 1000),
    "exp-twice-the-last-past": doubled("exp", "1"),
    "nbf-to-come": later("nbf", 60),
    "nbf-1e400": raw_claims(lambda payload: json.dumps(payload).encode()[:-1] + b',"nbf":1e400}'),
    "iat-to-come": later("iat", 60),
    **{
        f"iss-{name}": claims(iss=iss)
        for name, iss in {"other": "evil", "capital": "Duologue", "more": "duologue ", "list": ["duologue"]}.items()
    },
    **{
        f"aud-{name}": claims(aud=aud)
        for name, aud in {
            "other": "other",
            "others": ["other"],
            "prefix": ["duologue-"],
            "capital": ["DUOLOGUE-CHAT", "DUOLOGUE-AUTH"],
            "refresh": "duologue-refresh",
            "numbers": [1],
            "joined": "duologue-auth,duologue-chat",
        }.items()
    },
    "aud-twice-the-last-other": doubled("aud", '"other"'),
    "sub-twice-the-last-null": doubled("sub", "null"),
    **{
        f"username-{name}": claims(username=username)
        for name, username in {
            "capital": "Alice",
            "spaces": "al ice",
            "long": "a" * 31,
            "line-break": "alice\n",
        }.items()
    },
    **{f"{claim}-surrogate": replaced(**{claim: '"\\ud800"'}) for claim in ("sub", "sid", "jti", "username")},
    "refresh-token": lambda person: person.refresh_token,
    "token-of-4097-bytes": claims(padding="p" * 3000),
    "token-of-16-KiB": claims(padding="p" * 12 * 1024),
}
ANYWHERE: dict[str, Forgery] = {**ALGORITHMS, **KEYS, **SIGNATURES, **SPELLINGS, **CONTENTS}
IN_A_FRAME: dict[str, Forgery] = {
    "line-break-inside": spelled(lambda head, body, signature: f"{head}.{body}\n.{signature}"),
    "nul-inside": spelled(lambda head, body, signature: f"{head}.{body}\0.{signature}"),
    "nul-at-the-end": spelled(lambda *parts: ".".join(parts) + "\0"),
    "fullwidth-dot": spelled(lambda head, body, signature: f"{head}\uff0e{body}.{signature}"),
    "fullwidth-letter": spelled(lambda head, body, signature: f"\uff45{head[1:]}.{body}.{signature}"),
    "emoji": lambda _: "😀" * 100,
    "control-characters": lambda _: "\x1b[31m\r\n\x07",
}
