"""The keys that sign tokens: one private file each, all are published, the newest signs that everybody can know."""

import dataclasses
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from duologue.contract.keys import ALGORITHM, VerifyingKeys, new_key_id, to_jwk, to_jwks
from duologue.kit.files import create_private, private_directory, read_private

_log = structlog.get_logger(__name__)

_SUFFIX = ".pem"
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class NoSigningKeyError(RuntimeError):
    """A key file does not hold an Ed25519 private key, or there is none."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Snapshot:
    stamp: int
    # in the order of their names; `written`: when each file was, in seconds since the epoch
    written: Mapping[str, float]
    private: Mapping[str, Ed25519PrivateKey]
    public: VerifyingKeys
    document: bytes

    def signer(self, written_before: float) -> str:
        settled = [kid for kid, written in self.written.items() if written <= written_before]
        # at the first start, and when all old keys were withdrawn, all are new: the oldest is known best
        return settled[-1] if settled else min(self.written, key=self.written.__getitem__)


class KeyRing:
    """The keys in a directory, read anew when a file appears or goes, so that a rotation needs no restart.

    A file's name without `.pem` is its `kid`; names begin with the time they were made, so the last one is the newest.
    For its first `delay` seconds a key is published and does not sign while there is an older one: whoever verifies
    reads it before the first token of it comes. Raises UnsafeFileError for a file that others can read.
    """

    def __init__(self, directory: Path, delay: float = 0.0) -> None:
        self._directory = directory
        self._delay = delay
        self._snapshot = _read(directory)

    def sign(self, claims: Mapping[str, object], token_type: str) -> str:
        """Return a JWT of `claims`, signed with the newest key whose delay is over."""
        keys = self._current()
        kid = keys.signer(time.time() - self._delay)
        return jwt.encode(dict(claims), keys.private[kid], ALGORITHM, headers={"kid": kid, "typ": token_type})

    @property
    def public(self) -> VerifyingKeys:
        """What verifies: every key by `kid`."""
        return self._current().public

    @property
    def document(self) -> bytes:
        """The JWKS."""
        return self._current().document

    def _current(self) -> _Snapshot:
        stamp = os.stat(self._directory).st_mtime_ns
        if stamp != self._snapshot.stamp:
            try:
                self._snapshot = _read(self._directory)
            except (OSError, RuntimeError):
                # what was good stays in use until the next change: a botched rotation must not end every login
                _log.exception("signing_keys_unreadable")
                self._snapshot = dataclasses.replace(self._snapshot, stamp=stamp)
        return self._snapshot


def make_key(directory: Path) -> str:
    """Make a new key, which a key ring publishes from now on and signs with later; return its `kid`."""
    private_directory(directory)
    kid = new_key_id()
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    create_private(directory / f"{kid}{_SUFFIX}", pem)
    _log.info("signing_key_made", kid=kid)
    return kid


def _read(directory: Path) -> _Snapshot:
    stamp = directory.stat().st_mtime_ns
    files = sorted(file for file in directory.glob(f"*{_SUFFIX}") if _KEY_ID.fullmatch(file.stem))
    if not files:
        raise NoSigningKeyError(f"there is no signing key in {directory}")
    private = {file.stem: _load(file) for file in files}
    public = {kid: key.public_key() for kid, key in private.items()}
    return _Snapshot(
        stamp=stamp,
        written=MappingProxyType({file.stem: file.stat().st_mtime for file in files}),
        private=MappingProxyType(private),
        public=MappingProxyType(public),
        document=to_jwks(to_jwk(kid, key) for kid, key in public.items()),
    )


def _load(file: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(read_private(file), password=None)
    except (ValueError, TypeError) as error:
        raise NoSigningKeyError(f"{file} holds no private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise NoSigningKeyError(f"{file} holds a key that is not Ed25519")
    return key
