"""Whether cohorts agree with the books: two accounts of the same points, made apart, held against each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from services.partners.domain.liability.cohorts import Cohort, Paid
from services.partners.domain.liability.journals import Settled
from services.partners.domain.netting import MICROS_PER_MINOR, OPERATOR, MatrixCell
from services.partners.domain.rounding import half_even


class TieKind(StrEnum):
    """What is held against what."""

    STRAYED = "strayed"
    """Points that moved out of earns that were never rated: none."""
    BURNED = "burned"
    """Points burned of an issuer's, earn by earn; and in the burn matrix."""
    RETURNED = "returned"
    DEFERRED = "deferred"
    """Micros due when points were issued: cohorts at the prices that count; and entries with the differences of re-rates."""
    CHARGED = "charged"
    """Micros due once points were used: likewise."""


@dataclass(frozen=True, slots=True)
class Tie:
    """A figure by both accounts. `party_id`: whose it is; the zero UUID: the operator's, or everybody's."""

    kind: TieKind
    party_id: UUID
    counted: int
    booked: int

    @property
    def holds(self) -> bool:
        """Whether both say the same."""
        return self.counted == self.booked


def ties_of_points(
    strayed: int, burned: Mapping[UUID, tuple[int, int]], cells: Iterable[MatrixCell]
) -> list[Tie]:
    """Points burned and returned, by whose they were, and those that strayed."""
    booked: dict[UUID, tuple[int, int]] = {}
    for cell in cells:
        before = booked.get(cell.issuer_id, (0, 0))
        booked[cell.issuer_id] = before[0] + cell.points, before[1] + cell.points_returned
    made = [Tie(TieKind.STRAYED, OPERATOR, strayed, 0)]
    for place, kind in enumerate((TieKind.BURNED, TieKind.RETURNED)):
        for issuer_id in sorted({*burned, *booked}):
            here, there = burned.get(issuer_id, (0, 0)), booked.get(issuer_id, (0, 0))
            made.append(Tie(kind, issuer_id, here[place], there[place]))
    return made


def ties_of_money(cohorts: Sequence[Cohort], paid: Iterable[Paid], booked: Mapping[str, int]) -> list[Tie]:
    """What partners owe for points issued and charged, by cohorts and by entries."""
    charged = sum(each.used * each.later_micros for each in paid)
    return [
        Tie(
            TieKind.DEFERRED,
            OPERATOR,
            sum(each.deferred_micros for each in cohorts),
            booked.get("issued", 0) + booked.get("reversed", 0),
        ),
        Tie(TieKind.CHARGED, OPERATOR, charged, booked.get("charged", 0) + booked.get("credited", 0)),
    ]


def settled_of(booked: Mapping[str, int]) -> Settled:
    """What partners owe and are owed for points used, in minor units: each rounded half-even, once."""
    return Settled(
        half_even(booked.get("charged", 0) + booked.get("credited", 0), MICROS_PER_MINOR),
        half_even(-booked.get("burned", 0) - booked.get("returned", 0), MICROS_PER_MINOR),
    )
