"""Credit floors of a ledger on paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from services.points.domain.accounts import AccountKey, AccountKind
from services.points.domain.movements import Act, FloorChange
from services.points.domain.opened import StandingFloor
from services.points.domain.rows import FloorRow


@dataclass
class PaperFloors:
    """All floors that were set, in order."""

    rows: list[FloorRow] = field(default_factory=list)

    def bounds(self) -> dict[int, int]:
        """The floors in force, by issuance account."""
        last = {row.partner_no: row.floor for row in self.rows}
        return {account: floor for account, floor in last.items() if floor is not None}

    def parking(self) -> set[int]:
        """The issuance accounts beyond whose floor earns are parked."""
        last = {row.partner_no: row for row in self.rows}
        return {account for account, row in last.items() if row.parks and row.floor is not None}

    def standing(self, acts: Iterable[Act], accounts: Mapping[AccountKey, int]) -> dict[UUID, StandingFloor]:
        """The last floors of the partners that one is set of."""
        last = {
            row.partner_no: StandingFloor(row.floor, row.basis_seq, row.seq, row.parks) for row in self.rows
        }
        partners = {act.partner_id for act in acts if isinstance(act, FloorChange)}
        return {
            partner: last[account]
            for partner in partners
            if (account := accounts[AccountKey(AccountKind.ISSUANCE, partner)]) in last
        }
