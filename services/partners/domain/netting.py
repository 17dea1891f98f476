"""Netting: from rated entries to what each party pays or receives, to the minor unit.

Each partner's exact sum is in micros. Once per statement it is rounded half-even to minor units, and what
rounding left over is carried to the next: cutting more often changes no total. The operator is a party
of its own. Its side is computed from the entries by kind, never as what the partners leave over, so that
the sum of all nets being zero is a proof and no tautology.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final
from uuid import UUID

from services.partners.domain.entries import BASE_POINTS, OPERATOR_OWES, EntryKind
from services.partners.domain.legal_entities import FIRST_ENTITY
from services.partners.domain.rounding import half_even as nearest

# Millionths of the major unit in a minor unit, for a currency with two decimals.
MICROS_PER_MINOR: Final = 10_000
# The operator's place where a party is named by id.
OPERATOR: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Fold:
    """Rated entries of one partner, kind, type of points, legal entity and price, summed. `amount_micros`: positive the partner owes."""

    partner_id: UUID
    kind: EntryKind
    price_micros: int
    count: int
    points: int
    amount_micros: int
    point_type: str = BASE_POINTS
    entity: int = FIRST_ENTITY


@dataclass(frozen=True, slots=True)
class KindTotal:
    """All rated entries of one kind: points times price, of fees the price, without a sign."""

    kind: EntryKind
    micros: int


@dataclass(frozen=True, slots=True)
class Net:
    """What a party owes (positive) or is owed (negative) in one window.

    Points are each kind's own, never one less the other: what was reversed may have been issued in an earlier
    window. exact + carry in = net × 10,000 + carry out. For the operator the carries are those of the rounding
    account: the partners' with the other sign.
    """

    party_id: UUID
    points_issued: int
    points_reversed: int
    points_burned: int
    points_returned: int
    exact_micros: int
    carry_in_micros: int
    net_minor: int
    carry_out_micros: int

    @property
    def magnitude(self) -> int:
        """Its largest figure, without a sign."""
        return max(
            abs(self.exact_micros), self.points_issued, self.points_reversed, self.points_burned,
            self.points_returned,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """Points of an issuer's lots burned at a redeemer, and their reimbursement in micros.

    Beside them those that were returned, and the reimbursement that the redeemer owes back.
    """

    issuer_id: UUID
    redeemer_id: UUID
    points: int
    micros: int
    points_returned: int
    micros_returned: int

    @property
    def magnitude(self) -> int:
        """Its largest figure."""
        return max(self.points, self.micros, self.points_returned, self.micros_returned)


def whole(nets: Sequence[Net]) -> Net:
    """What one party's nets of consecutive windows are together. Raises ValueError where one does not follow another."""
    first, last = nets[0], nets[-1]
    if any(one.carry_out_micros != after.carry_in_micros for one, after in pairwise(nets)):
        raise ValueError(f"what party {first.party_id} carried from one window to the next differs")
    return Net(
        party_id=first.party_id,
        points_issued=sum(net.points_issued for net in nets),
        points_reversed=sum(net.points_reversed for net in nets),
        points_burned=sum(net.points_burned for net in nets),
        points_returned=sum(net.points_returned for net in nets),
        exact_micros=sum(net.exact_micros for net in nets),
        carry_in_micros=first.carry_in_micros,
        net_minor=sum(net.net_minor for net in nets),
        carry_out_micros=last.carry_out_micros,
    )


def merged(folds: Iterable[Fold]) -> list[Fold]:
    """Folds of several windows, summed by partner, kind, type of points, legal entity and price."""
    sums: dict[tuple[UUID, EntryKind, str, int, int], Fold] = {}
    for fold in folds:
        key = fold.partner_id, fold.kind, fold.point_type, fold.entity, fold.price_micros
        before = sums.get(key)
        sums[key] = (
            fold
            if before is None
            else replace(
                fold,
                count=before.count + fold.count,
                points=before.points + fold.points,
                amount_micros=before.amount_micros + fold.amount_micros,
            )
        )
    return list(sums.values())


class NotBalanced(Exception):
    """The nets of a window do not sum to zero: entries are missing or were changed. Nothing is stated."""


def half_even(micros: int, per_minor: int = MICROS_PER_MINOR) -> int:
    """Minor units nearest to an amount in micros; a tie goes to the even one."""
    return nearest(micros, per_minor)


def net_partner(
    partner_id: UUID,
    points: Mapping[EntryKind, int],
    exact_micros: int,
    carry_in_micros: int,
    is_stated: bool = True,
) -> Net:
    """A partner's net over one window; `points` by kind, none where a kind is missing.

    Where no statement is due with the window, all of it is carried on to the one that is.
    """
    due = exact_micros + carry_in_micros
    net_minor = half_even(due) if is_stated else 0
    return Net(
        party_id=partner_id,
        points_issued=points.get(EntryKind.ISSUED, 0),
        points_reversed=points.get(EntryKind.REVERSED, 0),
        points_burned=points.get(EntryKind.BURNED, 0),
        points_returned=points.get(EntryKind.RETURNED, 0),
        exact_micros=exact_micros,
        carry_in_micros=carry_in_micros,
        net_minor=net_minor,
        carry_out_micros=due - net_minor * MICROS_PER_MINOR,
    )


def net_partners(
    partners: Iterable[UUID],
    folds: Sequence[Fold],
    carries: Mapping[UUID, int],
    stated: Container[UUID] | None = None,
) -> tuple[Net, ...]:
    """The nets of all partners in their order.

    `carries`: what each carried out of the window before; `stated`: whose statements are due with this one (None: all).
    """
    points: dict[UUID, dict[EntryKind, int]] = {fold.partner_id: {} for fold in folds}
    exact = dict.fromkeys(points, 0)
    for fold in folds:
        of_partner = points[fold.partner_id]
        of_partner[fold.kind] = of_partner.get(fold.kind, 0) + fold.points
        exact[fold.partner_id] += fold.amount_micros
    return tuple(
        net_partner(
            partner,
            points.get(partner, {}),
            exact.get(partner, 0),
            carries.get(partner, 0),
            stated is None or partner in stated,
        )
        for partner in partners
    )


def net_operator(kinds: Iterable[KindTotal], partners: Sequence[Net]) -> Net:
    """The operator's side: it is owed what was issued, charged and returned, and fees; it owes what undoes these, and what was burned.

    It keeps the rounding account.
    Raises NotBalanced unless it and the partners' nets sum to zero.
    """
    exact = sum(total.micros if total.kind in OPERATOR_OWES else -total.micros for total in kinds)
    carry_in = -sum(net.carry_in_micros for net in partners)
    carry_out = -sum(net.carry_out_micros for net in partners)
    net_minor, rest = divmod(exact + carry_in - carry_out, MICROS_PER_MINOR)
    others = sum(net.net_minor for net in partners)
    if rest or net_minor + others:
        raise NotBalanced(
            f"by kind the operator's side is {exact} micros, by partner it is "
            f"{-sum(net.exact_micros for net in partners)}"
        )
    return Net(OPERATOR, 0, 0, 0, 0, exact, carry_in, net_minor, carry_out)
