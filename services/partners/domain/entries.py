"""Rated entries: what a posting makes one partner owe, or be owed; and the running control of all that were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

AMOUNT_MICROS_MAX: Final = 2**63 - 1
# What a purchase earns, and what campaigns grant on top of it.
BASE_POINTS: Final = "base"
BONUS_POINTS: Final = "bonus"


class EntryKind(StrEnum):
    """What a rated entry is about, in the order of a statement."""

    ISSUED = "issued"
    REVERSED = "reversed"
    CHARGED = "charged"
    """Points that somebody pays for once they are used, and that were."""
    CREDITED = "credited"
    RELEASED = "released"
    """Such points that can never be used any more: nobody pays for them."""
    BURNED = "burned"
    RETURNED = "returned"
    FEE = "fee"
    CYCLE_FEE = "cycle_fee"
    """Owed with a statement, for no posting."""
    NOTHING = "nothing"
    ISSUED_DIFFERENCE = "issued_difference"
    """From here on: what entries of these kinds differ by since they were re-rated. Booked, never rated."""
    REVERSED_DIFFERENCE = "reversed_difference"
    CHARGED_DIFFERENCE = "charged_difference"
    CREDITED_DIFFERENCE = "credited_difference"
    RELEASED_DIFFERENCE = "released_difference"
    BURNED_DIFFERENCE = "burned_difference"
    RETURNED_DIFFERENCE = "returned_difference"
    FEE_DIFFERENCE = "fee_difference"
    ADJUSTMENT_POINTS = "adjustment_points"
    """This and the two after it: what a partner is given back of a supply since a dispute of it was accepted. Booked, never rated; below zero."""
    ADJUSTMENT_FEES = "adjustment_fees"
    ADJUSTMENT_REIMBURSEMENT = "adjustment_reimbursement"
    BUY_OUT = "buy_out"
    """Owed by a partner that has left for all of its points that are not used yet, for no posting."""


# What each kind that undoes something undoes.
UNDOES: Final[Mapping[EntryKind, EntryKind]] = MappingProxyType(
    {
        EntryKind.REVERSED: EntryKind.ISSUED,
        EntryKind.CREDITED: EntryKind.CHARGED,
        EntryKind.RETURNED: EntryKind.BURNED,
    }
)
# Kinds of entries that have points, in the order of the control's figures.
OF_POINTS: Final = (
    EntryKind.ISSUED, EntryKind.REVERSED, EntryKind.CHARGED, EntryKind.CREDITED, EntryKind.RELEASED, EntryKind.BURNED,
    EntryKind.RETURNED,
)  # fmt: skip
# Kinds by which the operator owes; by the others it is owed.
OPERATOR_OWES: Final = frozenset(
    {
        EntryKind.BURNED, EntryKind.REVERSED, EntryKind.CREDITED, EntryKind.BURNED_DIFFERENCE,
        EntryKind.REVERSED_DIFFERENCE, EntryKind.CREDITED_DIFFERENCE,
    }
)  # fmt: skip


class Totals(NamedTuple):
    """Running control of rated entries, kept apart from them: a lost or changed entry no longer agrees.

    Micros are amounts without their sign. `nothings`: entries that move no money.
    """

    issued: int = 0
    issued_points: int = 0
    issued_micros: int = 0
    reversed: int = 0
    reversed_points: int = 0
    reversed_micros: int = 0
    charged: int = 0
    charged_points: int = 0
    charged_micros: int = 0
    credited: int = 0
    credited_points: int = 0
    credited_micros: int = 0
    released: int = 0
    released_points: int = 0
    released_micros: int = 0
    burned: int = 0
    burned_points: int = 0
    burned_micros: int = 0
    returned: int = 0
    returned_points: int = 0
    returned_micros: int = 0
    fees: int = 0
    fees_micros: int = 0
    nothings: int = 0

    @classmethod
    def of(cls, sums: Mapping[EntryKind, Sequence[int]]) -> Totals:
        """From how many entries there are of each kind, their points, and their micros without a sign."""
        figures = [figure for kind in OF_POINTS for figure in sums[kind]]
        fees = sums[EntryKind.FEE]
        return cls(*figures, fees=fees[0], fees_micros=fees[2], nothings=sums[EntryKind.NOTHING][0])

    @property
    def entries(self) -> int:
        """How many entries there are in all."""
        return (
            self.issued + self.reversed + self.charged + self.credited + self.released + self.burned
            + self.returned + self.fees + self.nothings
        )  # fmt: skip


class Entry(NamedTuple):
    """A rated entry. `amount_micros`: positive the partner owes, negative it is owed.

    One that moves no money has no partner, issuer, lot or version, and no type but that of a grant that the operator alone
    pays for: such can be undone. A fee has no points, issuer or type; its price is the fee. `redemption_micros`: of points
    issued, what the partner owes for each once it is used, on top of the price; of points released, what it never will.
    `earned_seq`: of points charged, credited or released, the posting that issued them. `effective_us`: the till's clock.
    `undoes_seq`: of points reversed or returned, the posting that is undone. `share_percent`: of a grant, who pays so much of it.
    `entity`: the partner's legal entity, by its number from 1; 0 where there is no partner.
    """

    seq: int
    line: int
    kind: EntryKind
    partner_id: UUID | None
    issuer_id: UUID | None
    point_type: str | None
    lot_no: int | None
    version: int | None
    points: int
    price_micros: int
    amount_micros: int
    effective_us: int
    redemption_micros: int = 0
    earned_seq: int | None = None
    undoes_seq: int | None = None
    share_percent: int | None = None
    entity: int = 0


def totals_of(entries: Iterable[Entry]) -> Totals:
    """What entries add to the running control."""
    count, points, micros = (dict.fromkeys(EntryKind, 0) for _ in range(3))
    for entry in entries:
        count[entry.kind] += 1
        points[entry.kind] += entry.points
        micros[entry.kind] += abs(entry.amount_micros)
    return Totals.of({kind: (count[kind], points[kind], micros[kind]) for kind in EntryKind})
