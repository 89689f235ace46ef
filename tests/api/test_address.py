"""The address of a client, directly and behind proxies."""

import pytest

from api.address import Addresses

DIRECT = Addresses("", "127.0.0.0/8,::1")
PROXIED = Addresses("10.0.0.0/8, fd00::/8, ::1", "")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["198.51.100.1, 203.0.113.5, 10.0.0.2"], "203.0.113.5"),
        ("10.0.0.1", ["198.51.100.1", "203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", [" 203.0.113.5:4711 "], "203.0.113.5"),
        ("fd00::1", ["[2001:db8:1:2:3::4]:4711"], "2001:db8:1:2::"),
        ("10.0.0.1", ["::ffff:203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["203.0.113.5, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["10.1.1.1"], "10.1.1.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
    ],
)
def test_only_trusted_proxies_name_the_client_and_the_nearest_stranger_counts(
    peer, forwarded, client
):
    assert PROXIED.client(peer, forwarded) == client


def test_nobody_is_trusted_by_default_and_a_forgotten_proxy_is_logged_once(caplog):
    for _ in range(3):
        assert DIRECT.client("127.0.0.1", ["203.0.113.5"]) == "127.0.0.1"
    assert caplog.text.count("TRUSTED_PROXIES does not name") == 1


def test_an_ipv6_network_of_a_customer_is_one_client():
    assert DIRECT.client("2001:db8:1:2::1", []) == DIRECT.client("2001:db8:1:2:ffff::9", [])
    assert DIRECT.client("2001:db8:1:2::1", []) != DIRECT.client("2001:db8:1:3::1", [])
    assert DIRECT.client("::ffff:192.0.2.1", []) == "192.0.2.1"


def test_exempt_networks():
    assert DIRECT.is_exempt("127.0.0.1")
    assert DIRECT.is_exempt(DIRECT.client("::1", []))
    assert not DIRECT.is_exempt("192.0.2.1")
    assert not DIRECT.is_exempt("")
    assert not PROXIED.is_exempt("127.0.0.1")
