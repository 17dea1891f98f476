"""Who sends a request, from where, and in which version of the API: the same for all that takes a key."""

from __future__ import annotations

from services.gateway.app import Gateway
from services.gateway.domain.api_versions import HEADER, ToldVersion
from services.gateway.domain.caller import Caller
from services.gateway.http.client_address import client_address
from services.gateway.http.exchange import Exchange


async def identify(gateway: Gateway, exchange: Exchange) -> Caller:
    """The caller of a request, noted in its exchange together with the version that it is answered by.

    Raises Unauthenticated, Unavailable, PermissionDenied with ADDRESS_NOT_ALLOWED, InvalidRequest with API_VERSION_UNKNOWN.
    """
    caller = await gateway.keys.authenticate(exchange.headers.get(b"authorization", b""))
    exchange.caller = caller
    if caller.key.addresses:
        address = client_address(exchange.http, gateway.settings.trusted_proxies)
        gateway.address_lists.check(caller, address)
    note_version(gateway, exchange, gateway.versions.pinned(caller.key.api_version))
    return caller


def note_version(gateway: Gateway, exchange: Exchange, usual: ToldVersion) -> None:
    """Notes the version that a request is answered by: the one that it names, or the usual one. Raises API_VERSION_UNKNOWN."""
    # Noted first: a refusal says which version it comes in, too.
    exchange.version = usual
    given = exchange.headers.get(HEADER)
    if given is not None:
        exchange.version = gateway.versions.asked(given)
