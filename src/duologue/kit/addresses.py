"""Whose connection it is: the peer's, or that of whoever a trusted proxy speaks for."""

import ipaddress

from uvicorn.middleware.proxy_headers import _TrustedHosts  # not public: so that requests and sockets agree on it

# a home or a server gets a whole network of this size and can take any address in it
_ONE_PARTY_IPV6_BITS = 64
_LONGEST = 64


def check_networks(text: str) -> None:
    """Raise ValueError unless `text` is a list, with commas, of addresses and networks; `*` is every address.

    Uvicorn takes anything else for the name of a local socket: a slip would make all people one address.
    """
    for entry in text.split(","):
        if entry.strip() not in ("", "*"):
            ipaddress.ip_network(entry.strip())


class Addresses:
    """Tells clients apart by address. `trusted_proxies`: addresses or networks, separated by commas."""

    def __init__(self, trusted_proxies: str = "") -> None:
        self._trusted = _TrustedHosts(trusted_proxies) if trusted_proxies else None

    def client(self, peer: str, forwarded_for: str | None) -> str:
        """Return the client's address, or its network where it has one to itself.

        `forwarded_for`, the header's value, counts only from a trusted peer: anybody can send one.
        """
        if self._trusted is not None and forwarded_for and peer in self._trusted:
            peer = self._trusted.get_trusted_client_address(forwarded_for)[0] or peer
        return _party(peer)


def _party(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:_LONGEST]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address), _ONE_PARTY_IPV6_BITS), strict=False))
