"""What can be disputed of a line, what is withheld meanwhile, and what an accepted dispute books."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.partners.domain.documents.drafting import SUPPLY_OF
from services.partners.domain.documents.tax import Supply
from services.partners.domain.entries import EntryKind
from services.partners.domain.netting import MICROS_PER_MINOR
from services.partners.domain.rounding import half_away
from services.partners.domain.settlement.accounts import Account, Journal, JournalKind, entries
from services.partners.domain.statement import LineKind, StatementLine

_BASIS_POINTS: Final = 10_000
_GIVES_BACK: Final = {
    Supply.POINTS: EntryKind.ADJUSTMENT_POINTS,
    Supply.FEES: EntryKind.ADJUSTMENT_FEES,
    Supply.REIMBURSEMENT: EntryKind.ADJUSTMENT_REIMBURSEMENT,
}


def supply_of(line: StatementLine) -> Supply | None:
    """Whose supply a line is of; None: it cannot be disputed, for it costs nothing or is only rounding."""
    return SUPPLY_OF[line.kind]


def most_claimed_minor(line: StatementLine) -> int:
    """The most that can be wanted back of a line: its whole amount, in whole minor units, whichever way it goes."""
    return abs(line.amount_micros) // MICROS_PER_MINOR


def adjustment_kind(line_kind: str) -> EntryKind:
    """What is booked where a dispute of such a line is accepted. Raises KeyError for one that cannot be disputed."""
    supply = SUPPLY_OF[LineKind(line_kind)]
    if supply is None:
        raise KeyError(line_kind)
    return _GIVES_BACK[supply]


def with_tax(net_minor: int, tax_basis_points: int) -> int:
    """An amount with its tax, rounded half away from zero as on a document; minor units, 0 or more."""
    return net_minor + half_away(net_minor * tax_basis_points, _BASIS_POINTS)


@dataclass(frozen=True, slots=True)
class Held:
    """A withheld dispute as accounts see it. Net of tax, minor units.

    `pending_minor`: what was accepted and is on no statement yet: the credit note for it is still to come.
    """

    dispute_id: UUID
    partner_id: UUID
    claimed_minor: int
    tax_basis_points: int
    accepted_minor: int
    pending_minor: int
    closed: bool

    @property
    def due_minor(self) -> int:
        """What is to be held now, with tax: what is undecided, and what is accepted until the credit note for it is there.

        So a partner never pays what it is given back a run later.
        """
        undecided = 0 if self.closed else self.claimed_minor - self.accepted_minor
        return with_tax(undecided + self.pending_minor, self.tax_basis_points)


def withheld(dispute_id: UUID, partner_id: UUID, amount_minor: int) -> Journal:
    """What a partner need not pay now: with tax, above zero."""
    moved = entries({Account.DISPUTED: amount_minor, Account.PARTNER: -amount_minor}, partner_id)
    return Journal(JournalKind.WITHHELD, moved, dispute_id=dispute_id)


def let_go(dispute_id: UUID, partner_id: UUID, amount_minor: int) -> Journal:
    """What it owes as everything else again: with tax, above zero."""
    moved = entries({Account.PARTNER: amount_minor, Account.DISPUTED: -amount_minor}, partner_id)
    return Journal(JournalKind.LET_GO, moved, dispute_id=dispute_id)
