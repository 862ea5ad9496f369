"""An authenticator app."""

import base64
import hmac
import struct
import time

import httpx


def code(secret: str, step: int = 0) -> str:
    """Return the code that RFC 6238 gives for now, `step` periods of 30 s ahead."""
    counter = struct.pack(">Q", int(time.time()) // 30 + step)
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    start = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def turn_on(http: httpx.Client, headers: dict[str, str], password: str) -> str:
    """Give an account a second factor through allauth's API; return the shared secret."""
    again = http.post("/_allauth/app/v1/auth/reauthenticate", json={"password": password}, headers=headers)
    assert again.status_code == 200, again.text
    offered = http.get("/_allauth/app/v1/account/authenticators/totp", headers=headers)
    assert offered.status_code == 404, offered.text
    secret: str = offered.json()["meta"]["secret"]
    done = http.post("/_allauth/app/v1/account/authenticators/totp", json={"code": code(secret)}, headers=headers)
    assert done.status_code == 200, done.text
    return secret
