"""Where the installation is."""

import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Address:
    """An installation's address; `prefix` is the path before its own, `tls` is None for plain http."""

    url: str
    host: str
    port: int
    prefix: str
    tls: ssl.SSLContext | None

    @property
    def host_header(self) -> str:
        """What `Host` says."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"{name}:{self.port}"


def address_of(url: str) -> Address:
    """Return the parts of an address. Raise ValueError that says what is wrong with it, without repeating a secret."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the address must look like http://localhost:8000 or https://chat.example.com")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the address must be a scheme, a host and perhaps a port and a path, nothing else")
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    prefix = parts.path.rstrip("/")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    # verifies the certificate and the name; SSL_CERT_FILE adds a private authority
    tls = ssl.create_default_context() if secure else None
    return Address(f"{parts.scheme}://{host}:{port}{prefix}", parts.hostname, port, prefix, tls)
