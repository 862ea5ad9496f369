"""Whose connection it is, and what of a header is believed."""

import pytest

from duologue.kit.addresses import Addresses

PROXY, STRANGER = "10.0.0.2", "203.0.113.9"


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        (STRANGER, None, STRANGER),
        (STRANGER, "1.2.3.4", STRANGER),
        (PROXY, None, PROXY),
        (PROXY, "", PROXY),
        (PROXY, "1.2.3.4", "1.2.3.4"),
        (PROXY, "1.2.3.4:5678", "1.2.3.4"),
        # what the client wrote stands to the left of what proxies append
        (PROXY, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (PROXY, "6.6.6.6, 1.2.3.4, 10.0.0.3", "1.2.3.4"),
        (PROXY, "2001:db8::1", "2001:db8::/64"),
        (PROXY, "::ffff:1.2.3.4", "1.2.3.4"),
        (PROXY, "x" * 5000, "x" * 64),
        ("", "1.2.3.4", ""),
        ("2001:db8:0:0:1::5", None, "2001:db8::/64"),
    ],
)
def test_only_a_trusted_proxy_speaks_for_others(peer: str, forwarded: str | None, client: str) -> None:
    assert Addresses("10.0.0.0/8, 192.168.1.1").client(peer, forwarded) == client


@pytest.mark.parametrize("peer", ["127.0.0.1", PROXY, STRANGER, ""])
def test_without_a_trusted_proxy_nobody_is_believed(peer: str) -> None:
    assert Addresses().client(peer, "1.2.3.4") == peer
