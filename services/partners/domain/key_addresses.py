"""From where an API key is taken: IPv4 and IPv6 networks, as a short list."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv6Network, ip_network
from typing import Final

from services.runtime.errors import InvalidRequest

NETWORKS_MAX: Final = 32
_CHARACTERS_MAX: Final = 64
_FIELD: Final = "addresses"
_MAPPED: Final = IPv6Network("::ffff:0:0/96")


def read_addresses(asked: Sequence[str]) -> tuple[str, ...]:
    """Addresses and networks in their one form, e.g. `203.0.113.7/32`, without doubles; none: from everywhere.

    Raises InvalidRequest for more than 32, and for what is no network, is everywhere, or could never match.
    """
    if len(asked) > NETWORKS_MAX:
        raise InvalidRequest(f"a key has at most {NETWORKS_MAX} addresses and networks", field=_FIELD)
    return tuple(dict.fromkeys(map(_network, asked)))


def _network(text: str) -> str:
    shown = text[:_CHARACTERS_MAX]
    try:
        found = ip_network(text.strip())
    except ValueError as error:
        raise InvalidRequest(
            f"{shown!r} is no address and no network such as 203.0.113.0/24 or 2001:db8::/32: {error}"[:300],
            field=_FIELD,
        ) from None
    if found.prefixlen == 0:
        raise InvalidRequest(
            f"{shown!r} is everywhere: name none at all to take the key from everywhere", field=_FIELD
        )
    if isinstance(found, IPv6Network) and (found.network_address.scope_id or found.overlaps(_MAPPED)):
        raise InvalidRequest(
            f"{shown!r} has a zone, or holds IPv4 addresses in an IPv6 form: write IPv4 as such", field=_FIELD
        )
    return str(found)
