"""The IP address of a client, for rate limits, e-mail and the log."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

UNKNOWN = "unknown"
IPV6_PREFIX = 64  # what a provider assigns to one customer, who is one client for every limit


def client_address(request: HttpRequest | Request) -> str:
    """Return the address from which the outermost of ``STEMOTECA_PROXIES`` proxies was called.

    Each proxy appends the address that called it to ``X-Forwarded-For``. What the client itself sent there comes
    before those entries and is ignored. ``"unknown"`` for a Unix socket without a proxy.
    """
    hops: list[str] = []
    if settings.PROXIES:
        hops = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")[-settings.PROXIES :]
    for text in (*hops, str(request.META.get("REMOTE_ADDR", ""))):
        if address := _parse(text):
            return address
    return UNKNOWN


def client_network(request: HttpRequest | Request) -> str:
    """Return what limits count by: an IPv4 address, or the /64 of an IPv6 address."""
    address = client_address(request)
    if ":" not in address:
        return address
    return str(ipaddress.IPv6Network((address, IPV6_PREFIX), strict=False))


def _parse(text: str) -> str:
    """Return an address in its usual form, without port, brackets and zone; empty if it is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)
