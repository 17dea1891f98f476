"""From which address a request comes: that of the connection, unless a proxy that is trusted says whose call it hands on."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from starlette.types import Scope

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_FORWARDED: Final = b"x-forwarded-for"
#: Proxies one behind the other; what comes before them was not written by any of ours.
_HOPS_MAX: Final = 16


def client_address(scope: Scope, trusted: Sequence[Network]) -> Address | None:
    """The caller's address; None where it cannot be told.

    `trusted`: networks of proxies, each of which adds to `X-Forwarded-For` whom it was called by. So the list is read from its end,
    and the first that is no proxy of ours is the caller: what stands before it could have been written by anybody.
    """
    peer = scope.get("client")
    found = _read(peer[0]) if peer else None
    if found is None or not is_among(found, trusted):
        return found
    said = b",".join(value for name, value in scope["headers"] if name == _FORWARDED)
    if not said.strip():
        return found
    for hop in reversed(said.decode("latin-1").split(",")[-_HOPS_MAX:]):
        found = _read(hop)
        if found is None or not is_among(found, trusted):
            break
    return found


def is_among(address: Address, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of several networks."""
    return any(address in network for network in networks)


def _read(text: str) -> Address | None:
    """An address, which may have a port; IPv4 in the form of IPv6 is IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
