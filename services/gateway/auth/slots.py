"""A partner's share of what is worked on at once: however many requests one sends, the others find a place."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.domain.caller import Caller
from services.runtime.errors import Refused

_RETRY_SECONDS: Final = 1
_Name = tuple[int, UUID]


class PartnerSlots:
    """Counts the requests of each partner that are worked on now."""

    def __init__(self, partner_max: int) -> None:
        self._partner_max = partner_max
        self._taken: dict[_Name, int] = {}

    def enter(self, caller: Caller) -> None:
        """Takes a place for the caller, who leaves it. Raises Refused (TOO_MANY_AT_ONCE) where its partner has all of its share."""
        name = _name(caller)
        taken = self._taken.get(name, 0)
        if taken >= self._partner_max:
            raise Refused(
                Reason.REASON_TOO_MANY_AT_ONCE,
                f"{taken:,} requests of this partner are being worked on",
                limit=self._partner_max,
                retry_after_seconds=_RETRY_SECONDS,
            )
        self._taken[name] = taken + 1

    def leave(self, caller: Caller) -> None:
        """Gives the place back."""
        name = _name(caller)
        left = self._taken[name] - 1
        if left:
            self._taken[name] = left
        else:
            del self._taken[name]


def _name(caller: Caller) -> _Name:
    return caller.programme.ledger_id, caller.partner.partner_id
