"""One reading of the client's address, whatever stands in front and whatever a client makes up."""

from typing import Any

import pytest
from django.test import Client, RequestFactory

from accounts.models import User
from accounts.security.client_address import client_address, client_network
from tests.accounts.sign_in import IN, WAIT, WRONG, outcome, simple, tries, website

PASSWORD = "a long enough one"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "address"),
    [
        (0, None, "192.0.2.1", "192.0.2.1"),
        (0, "198.51.100.1", "192.0.2.1", "192.0.2.1"),
        (1, None, "192.0.2.1", "192.0.2.1"),
        (1, "198.51.100.1", "127.0.0.1", "198.51.100.1"),
        (1, "203.0.113.9, 198.51.100.1", "127.0.0.1", "198.51.100.1"),
        (1, "203.0.113.9,198.51.100.1:4711", "", "198.51.100.1"),
        (2, "203.0.113.9, 198.51.100.1, 10.0.0.2", "127.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "127.0.0.1", "198.51.100.1"),
        (1, "unknown", "127.0.0.1", "127.0.0.1"),
        (1, "", "127.0.0.1", "127.0.0.1"),
        (1, '"[2001:db8::1]:443"', "127.0.0.1", "2001:db8::1"),
        (1, "2001:DB8:0:0::1", "127.0.0.1", "2001:db8::1"),
        (1, "::ffff:198.51.100.1", "127.0.0.1", "198.51.100.1"),
        (0, None, "::ffff:198.51.100.1", "198.51.100.1"),
        (0, None, "fe80::1%eth0", "fe80::1"),
        (0, None, "", "unknown"),
        (1, "\x00,;=/", "/run/gunicorn.sock", "unknown"),
        (1, "1" * 100_000, "", "unknown"),
    ],
)
def test_client_address_behind_proxies(
    settings: Any, proxies: int, forwarded: str | None, remote: str, address: str
) -> None:
    settings.PROXIES = proxies
    more: Any = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    assert client_address(RequestFactory().get("/", REMOTE_ADDR=remote, **more)) == address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("", "unknown"),
    ],
)
def test_client_network_is_ipv4_address_or_ipv6_64(address: str, network: str) -> None:
    assert client_network(RequestFactory().get("/", REMOTE_ADDR=address)) == network


def from_behind(proxy: str, forwarded: str) -> Client:
    return Client(REMOTE_ADDR=proxy, HTTP_X_FORWARDED_FOR=forwarded)


def test_limits_count_by_forwarded_address(user: User, settings: Any) -> None:
    settings.PROXIES = 1
    tries(website, from_behind("127.0.0.1", "192.0.2.1"), user.email, 30)
    for door in (website, simple):
        assert outcome(door(from_behind("127.0.0.1", "192.0.2.1"), user.email, PASSWORD)) == WAIT
        assert outcome(door(from_behind("127.0.0.1", "198.51.100.7"), user.email, PASSWORD)) == IN


@pytest.mark.parametrize("proxies", [0, 1])
@pytest.mark.parametrize("door", [website, simple])
def test_forged_forwarded_addresses_do_not_reset_limits(
    user: User, settings: Any, proxies: int, door: Any
) -> None:
    """A proxy appends the address that it saw; what stands before it is the client's own."""
    settings.PROXIES = proxies
    real = ", 192.0.2.1" if proxies else ""
    seen = [tries(door, from_behind("192.0.2.1", f"10.0.0.{n}{real}"), user.email, 1)[0] for n in range(15)]
    assert seen == [WRONG] * 10 + [WAIT] * 5


def test_ipv6_addresses_of_one_network_share_limits(user: User) -> None:
    seen = [tries(simple, Client(REMOTE_ADDR=f"2001:db8::{n:x}"), user.email, 1)[0] for n in range(15)]
    assert seen == [WRONG] * 10 + [WAIT] * 5
    assert outcome(simple(Client(REMOTE_ADDR="2001:db8:0:1::1"), user.email, PASSWORD)) == IN


@pytest.mark.parametrize("remote", ["", "/run/gunicorn.sock", "unix:"])
def test_pages_work_without_client_address(user: User, remote: str) -> None:
    client = Client(REMOTE_ADDR=remote)
    assert outcome(website(client, user.email, PASSWORD)) == IN
    assert client.get("/api/v1/me/").status_code == 200
    assert client.get("/accounts/email/").status_code == 200
