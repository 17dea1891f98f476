"""From where API keys are taken, for those that have a list of networks."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.directory.remembered import Remembered
from services.gateway.domain.caller import Caller
from services.runtime import logging, telemetry
from services.runtime.errors import error_of

_log = logging.get(__name__)
#: The same key from the same address is logged once in so many seconds, and counted each time.
_LOGGED_SECONDS: Final = 60.0


class AddressLists:
    """Holds callers to the networks of their keys."""

    def __init__(self, entries_max: int) -> None:
        self._logged: Remembered[tuple[str, str], bool] = Remembered(entries_max, _LOGGED_SECONDS)
        self._refused = telemetry.meter().create_counter("coalition.http.addresses_refused")

    def check(self, caller: Caller, address: IPv4Address | IPv6Address | None) -> None:
        """Raises PermissionDenied with ADDRESS_NOT_ALLOWED unless the address is in a network of the caller's key; None never is."""
        if address is not None and any(address in network for network in caller.key.addresses):
            return
        shown = str(address) if address is not None else "an address that cannot be told"
        self._refused.add(1, {"partner": caller.partner.slug})
        told = (caller.actor, shown)
        if not self._logged.get(told):
            self._logged.put(told, True)
            _log.warning(
                "keys.address_refused", key_id=caller.actor, partner=caller.partner.slug, address=shown
            )
        raise error_of(Reason.REASON_ADDRESS_NOT_ALLOWED, f"this API key is not taken from {shown}", {})
