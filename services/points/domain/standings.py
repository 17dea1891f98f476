"""Where the partners of a ledger stand: what the partners service told of it, as the door reads it under its lock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple
from uuid import UUID

from services.runtime.partner_standing import ACTIVE, Operation, PartnerStanding, answers, standing_at


class StandingVersion(NamedTuple):
    """A standing of a partner, by the number that the partners service gave it: from 1 per partner."""

    partner_id: UUID
    number: int
    standing: PartnerStanding


class PartnerStandings:
    """The standings of all partners of a ledger, at one version of its configuration."""

    def __init__(self, versions: Iterable[StandingVersion] = ()) -> None:
        self._by_partner: dict[UUID, list[tuple[int, PartnerStanding]]] = {}
        for each in versions:
            self._by_partner.setdefault(each.partner_id, []).append((each.number, each.standing))

    def at(self, partner_id: UUID, now_us: int) -> PartnerStanding:
        """Where a partner stands at a programme time."""
        found = self._by_partner.get(partner_id)
        return standing_at(found, now_us) if found else ACTIVE

    def answers(self, operation: Operation, partner_id: UUID, now_us: int) -> bool:
        """Whether an operation of a partner is answered at a programme time."""
        return answers(operation, self.at(partner_id, now_us), now_us)


ALL_ACTIVE: Final = PartnerStandings()
