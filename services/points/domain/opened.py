"""A ledger as it stands when a batch is decided: what was read under its head's lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from services.points.domain.accounts import AccountNumbers
from services.points.domain.answers import Refused
from services.points.domain.guarding import Count, Subject
from services.points.domain.lots import OpenLots
from services.points.domain.movements import CreditFloor, ParkedEarn
from services.points.domain.refunding import TenderOrder
from services.points.domain.waits import WaitingRefund
from services.runtime.event_log import LogHead

# The hash of an answer that stands whatever is asked under its key.
ANY_CONTENT: Final = b""


class Earlier(NamedTuple):
    """A decision remembered under a key: a posting's seq, or a refusal."""

    content_hash: bytes
    seq: int | None
    refusal: Refused | None

    def answers(self, content_hash: bytes) -> bool:
        """Whether this is the answer to what is asked."""
        return self.content_hash in (content_hash, ANY_CONTENT)


class LedgerRules(NamedTuple):
    """What a ledger's programme fixes."""

    zone: str
    backdate_days_max: int


class OpenHold(NamedTuple):
    """A hold that is still open, with the lots it reserved. expires_at_us: programme time, microseconds UTC."""

    seq: int
    hold_id: UUID
    partner_id: UUID
    partner_no: int
    member_id: UUID
    points: int
    expires_at_us: int
    lots: Sequence[tuple[int, int]]


class Refunded(NamedTuple):
    """What the refunds of an original came to so far. taken: points clawed back or owed, of the sale and its grants together."""

    no: int
    given: int
    returned: int
    taken: int
    money_minor: int
    tender_order: TenderOrder


@dataclass(slots=True)
class OpenDebt:
    """Points that a member owes, of the earn original_seq of an issuer, whose number is partner_no."""

    seq: int
    issuer_id: UUID
    original_seq: int
    left: int
    partner_no: int


@dataclass(slots=True)
class Debts:
    """A member's open debts, the oldest first; `touched` are those that were paid on."""

    account_no: int
    open: list[OpenDebt] = field(default_factory=list)
    touched: dict[int, OpenDebt] = field(default_factory=dict)

    @property
    def points(self) -> int:
        """All that is owed."""
        return sum(debt.left for debt in self.open)


class StandingFloor(NamedTuple):
    """The credit floor of a partner that was set last, and where in the journal."""

    floor: int | None
    basis_seq: int
    seq: int
    parks: bool = False


class FloorInForce(NamedTuple):
    """A partner's credit floor, where in the journal and by whom it was set, and the issuance balance that it bounds."""

    partner_id: UUID
    floor: CreditFloor
    seq: int
    set_by: str
    balance: int


@dataclass(slots=True)
class Opened:
    """A ledger as seen under its head's lock. Times in microseconds UTC, programme time."""

    last_seq: int
    now_us: int
    last_lot_no: int
    batch_no: int
    log: LogHead
    by_key: Mapping[tuple[UUID, str], Earlier]
    by_reference: dict[tuple[UUID, str, str], tuple[int, bytes]]
    accounts: AccountNumbers
    balances: dict[int, int]
    held: dict[int, int]
    open_holds: dict[UUID, int]
    closed: frozenset[UUID]
    lots: dict[UUID, OpenLots]
    holds: dict[int, OpenHold]
    # The burn that was posted with the sale of an earn that was found, by the earn's seq: its own, and its hash.
    linked: Mapping[int, tuple[int, bytes]]
    refunded: dict[int, Refunded]
    debts: dict[UUID, Debts]
    # When the wallet of a member expires as a whole, in a ledger by activity (0: it has had no points yet).
    expires: dict[UUID, int] = field(default_factory=dict)
    # The floors of issuance accounts that have one, by account; and of the partners whose floor is to be set, if ever set.
    credit_floors: dict[int, int] = field(default_factory=dict)
    # Those of them beyond which an earn is parked.
    parking: set[int] = field(default_factory=set)
    standing_floors: dict[UUID, StandingFloor] = field(default_factory=dict)
    # Members who may not burn with a partner, which employs them; or anywhere (PROGRAMME), as long as nobody has claimed them.
    barred: frozenset[tuple[UUID, UUID]] = frozenset()
    # Members whose wallets were given up, with those whose wallets took what was in them.
    merged: dict[UUID, UUID] = field(default_factory=dict)
    # What those who give points away have given today.
    given_today: dict[UUID, int] = field(default_factory=dict)
    # Points clawed back or owed so far of grants of sales that are refunded, by the grant's seq.
    taken_of_grants: dict[int, int] = field(default_factory=dict)
    # The day in the programme's zone, where somebody burns at a partner with a burn rule; and by member and partner what was
    # burned there today, with what open holds of the partner set aside.
    today: date = date.min
    burned_today: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    # The day in the programme's zone, where a partner's guard counts somebody, and what was counted of those in it.
    day: date = date.min
    counts: dict[Subject, Count] = field(default_factory=dict)
    # Refunds that wait: under a key or with a reference that is asked for, for an earn that is, and those too long.
    waiting: Sequence[WaitingRefund] = ()
    # Earns that are parked: under a key or with a reference that is asked for, and those that the batch is about.
    parked: Sequence[ParkedEarn] = ()
    # Of those in by_reference the ones that were erased: nothing is found by them any more, they are only taken.
    erased: Set[tuple[UUID, str, str]] = frozenset()
