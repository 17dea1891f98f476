"""The ledger as its rules say it, in plain Python: one movement at a time, no batches, no locks, no SQL.

What tests compare the service with; so it shares nothing with `services.points.domain`. A wallet is its lots
and nothing else: the balance is what is left in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

SECOND_US: Final = 1_000_000
DAY_US: Final = 86_400 * SECOND_US
FUTURE_TOLERANCE_US: Final = 300 * SECOND_US
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Kind = Literal["earn", "redeem", "hold", "capture", "void"]
Outcome = Literal["accepted", "refused", "turned away"]


@dataclass(frozen=True)
class Ask:
    """A movement asked for. `amount`: minor units of an earn, points of all else (0 of a capture: all that is held).

    `seconds` is how long a hold lives, `hold_seq` the hold that a capture or a void resolves.
    """

    kind: Kind
    partner: UUID
    key: str
    member: UUID
    reference: str
    occurred_us: int
    amount: int
    seconds: int = 0
    hold_seq: int = 0

    @property
    def content(self) -> tuple[object, ...]:
        """What has to be the same for a repetition to be one."""
        return (
            self.kind, self.member, self.reference, self.occurred_us, self.amount, self.seconds, self.hold_seq,
        )  # fmt: skip


@dataclass(frozen=True)
class Taken:
    """Points that a posting took from a lot."""

    lot_no: int
    issuer: UUID
    points: int


@dataclass
class Lot:
    """A lot of a wallet."""

    lot_no: int
    issuer: UUID
    opened_seq: int
    original: int
    remaining: int
    earned_us: int
    expires_us: int
    reserved: int = 0

    @property
    def order(self) -> tuple[bool, int, int, int]:
        """Which lot is used first."""
        return self.expires_us == 0, self.expires_us, self.earned_us, self.lot_no


@dataclass
class Hold:
    """Points set aside, with the lots they are in."""

    seq: int
    partner: UUID
    member: UUID
    points: int
    expires_us: int
    lots: list[tuple[Lot, int]]
    open: bool = True


@dataclass(frozen=True)
class Posted:
    """A posting of the journal. held: points set aside, or freed (negative) by resolving the hold `hold_seq`."""

    seq: int
    kind: Literal["earn", "redeem", "expire", "hold", "capture", "void", "lapse"]
    member: UUID
    partner: UUID | None
    reference: str
    points: int
    balance_after: int
    expires_us: int = 0
    lot_no: int = 0
    taken: tuple[Taken, ...] = ()
    held: int = 0
    hold_seq: int = 0


@dataclass(frozen=True)
class Verdict:
    """The answer to an item."""

    outcome: Outcome
    reason: str = ""
    posted: Posted | None = None
    available: int | None = None
    replayed: bool = False


@lru_cache(maxsize=10_000)
def month_end_us(earned_us: int, months: int, zone: str) -> int:
    """The first instant at which the zone's calendar is past the month that is `months` after the earn's.

    Found by halving, from the definition alone.
    """
    tz = ZoneInfo(zone)
    earned = (_EPOCH + timedelta(microseconds=earned_us)).astimezone(tz)
    last_month = earned.year * 12 + (earned.month - 1) + months
    due = datetime((last_month + 1) // 12, (last_month + 1) % 12 + 1, 1, tzinfo=UTC)
    low = int((due - _EPOCH).total_seconds()) - 26 * 3600
    high = low + 52 * 3600
    while high - low > 1:
        middle = (low + high) // 2
        local = (_EPOCH + timedelta(seconds=middle)).astimezone(tz)
        low, high = (low, middle) if local.year * 12 + local.month - 1 > last_month else (middle, high)
    return high * SECOND_US


@dataclass
class LedgerModel:
    """One ledger. Times in microseconds UTC, programme time."""

    zone: str
    expiry_months: int
    backdate_days: int
    rates: dict[UUID, dict[int, tuple[int, int]]] = field(default_factory=dict)
    closed: set[UUID] = field(default_factory=set)
    journal: list[Posted] = field(default_factory=list)
    lots: dict[UUID, list[Lot]] = field(default_factory=dict)
    all_lots: list[Lot] = field(default_factory=list)
    holds: dict[int, Hold] = field(default_factory=dict)
    by_key: dict[tuple[UUID, str], tuple[tuple[object, ...], Verdict]] = field(default_factory=dict)
    moment_us: int = -1
    moment_seq: int = 0
    by_reference: dict[tuple[UUID, Kind, str], tuple[tuple[object, ...], Verdict]] = field(
        default_factory=dict
    )

    def set_rate(self, partner: UUID, valid_from_us: int, points: int, per_minor: int) -> None:
        """From a time on, so many points for so many minor units."""
        self.rates.setdefault(partner, {})[valid_from_us] = (points, per_minor)

    def post_all(self, asks: Sequence[Ask], now_us: int) -> list[Verdict]:
        """Posts one after the other at one moment."""
        return [self.post(ask, now_us) for ask in asks]

    def post(self, ask: Ask, now_us: int) -> Verdict:
        """Decides one movement."""
        if ask.kind in ("capture", "void"):
            hold = self.holds.get(ask.hold_seq)
            if hold is None or hold.partner != ask.partner:
                return Verdict("turned away", "HOLD_UNKNOWN")
            ask = replace(ask, member=hold.member)
        known = self.by_key.get((ask.partner, ask.key))
        if known is not None:
            return self._again(known, ask, "IDEMPOTENCY_KEY_REUSED")
        same = self.by_reference.get((ask.partner, ask.kind, ask.reference))
        if same is not None and ask.reference:
            answer = self._again(same, ask, "REFERENCE_REUSED")
            if answer.replayed:
                self.by_key[ask.partner, ask.key] = (ask.content, same[1])
            return answer
        if ask.occurred_us > now_us + FUTURE_TOLERANCE_US:
            return Verdict("turned away", "OCCURRED_IN_FUTURE")
        if ask.occurred_us < now_us - self.backdate_days * DAY_US:
            return Verdict("turned away", "OCCURRED_TOO_LONG_AGO")
        if ask.kind in ("capture", "void"):
            verdict = self._resolve(ask, now_us)
        elif ask.member in self.closed:
            verdict = Verdict("refused", "MEMBER_CLOSED")
        else:
            decide = {"earn": self._earn, "redeem": self._redeem, "hold": self._hold}[ask.kind]
            verdict = decide(ask, now_us)
        if verdict.outcome == "turned away":
            return verdict
        self.by_key[ask.partner, ask.key] = (ask.content, verdict)
        if verdict.outcome == "accepted":
            self.by_reference[ask.partner, ask.kind, ask.reference] = (ask.content, verdict)
        return verdict

    @staticmethod
    def _again(known: tuple[tuple[object, ...], Verdict], ask: Ask, conflict: str) -> Verdict:
        content, verdict = known
        return replace(verdict, replayed=True) if content == ask.content else Verdict("turned away", conflict)

    def available(self, member: UUID, now_us: int) -> int:
        """What can be spent at a time, whether or not what has lapsed was posted."""
        alive = [
            (lot, points)
            for hold in self.holds.values()
            if hold.open and hold.member == member and hold.expires_us > now_us
            for lot, points in hold.lots
        ]
        return sum(
            lot.remaining - sum(points for held, points in alive if held is lot)
            for lot in self.lots.get(member, [])
            if lot.expires_us == 0 or lot.expires_us > now_us
        )

    def _rate(self, partner: UUID, occurred_us: int) -> tuple[int, int] | None:
        starts = [start for start in self.rates.get(partner, {}) if start <= occurred_us]
        return self.rates[partner][max(starts)] if starts else None

    def _balance(self, member: UUID) -> int:
        return sum(lot.remaining for lot in self.lots.get(member, []))

    def _earn(self, ask: Ask, now_us: int) -> Verdict:
        rate = self._rate(ask.partner, ask.occurred_us)
        if rate is None:
            return Verdict("turned away", "EARN_RATE_MISSING")
        self._lapse(ask.member, now_us)
        points = ask.amount * rate[0] // rate[1]
        seq, expires_us, lot_no = len(self.journal) + 1, 0, 0
        if points:
            if self.expiry_months:
                expires_us = month_end_us(ask.occurred_us, self.expiry_months, self.zone)
            lot_no = len(self.all_lots) + 1
            lot = Lot(lot_no, ask.partner, seq, points, points, ask.occurred_us, expires_us)
            self.all_lots.append(lot)
            self.lots.setdefault(ask.member, []).append(lot)
        return self._accept(ask, points, expires_us, lot_no, ())

    def _redeem(self, ask: Ask, now_us: int) -> Verdict:
        self._lapse(ask.member, now_us)
        available = self._free(ask.member)
        if ask.amount > available:
            return Verdict("refused", "INSUFFICIENT_POINTS", available=available)
        lots = sorted(self.lots[ask.member], key=lambda lot: lot.order)
        taken = self._take(lots, ask.amount)
        return self._accept(ask, -ask.amount, 0, 0, taken)

    def _free(self, member: UUID) -> int:
        return sum(lot.remaining - lot.reserved for lot in self.lots.get(member, []))

    def _hold(self, ask: Ask, now_us: int) -> Verdict:
        self._lapse(ask.member, now_us)
        available = self._free(ask.member)
        if ask.amount > available:
            return Verdict("refused", "INSUFFICIENT_POINTS", available=available)
        if sum(hold.open and hold.member == ask.member for hold in self.holds.values()) >= 20:
            return Verdict("refused", "TOO_MANY_HOLDS")
        parts: list[tuple[Lot, int]] = []
        missing = ask.amount
        for lot in sorted(self.lots[ask.member], key=lambda lot: lot.order):
            part = min(missing, lot.remaining - lot.reserved)
            if part:
                lot.reserved += part
                missing -= part
                parts.append((lot, part))
        seq = len(self.journal) + 1
        recorded_us = now_us + self._decided_before(now_us)
        expires_us = recorded_us + ask.seconds * SECOND_US
        self.holds[seq] = Hold(seq, ask.partner, ask.member, ask.amount, expires_us, parts)
        return self._accept(ask, 0, expires_us, 0, (), held=ask.amount)

    def _decided_before(self, now_us: int) -> int:
        """Postings of this moment so far: each is recorded a microsecond after the one before."""
        if now_us != self.moment_us:
            self.moment_us, self.moment_seq = now_us, len(self.journal)
        return len(self.journal) - self.moment_seq

    def _resolve(self, ask: Ask, now_us: int) -> Verdict:
        hold = self.holds[ask.hold_seq]
        self._lapse(hold.member, now_us)
        if not hold.open:
            return Verdict("refused", "HOLD_RESOLVED")
        points = (ask.amount or hold.points) if ask.kind == "capture" else 0
        if points > hold.points:
            return Verdict("refused", "HOLD_TOO_SMALL")
        taken = self._end(hold, points)
        verdict = self._accept(ask, -points, 0, 0, taken, held=-hold.points, hold_seq=hold.seq)
        self._lapse(hold.member, now_us)
        return verdict

    @staticmethod
    def _end(hold: Hold, points: int) -> tuple[Taken, ...]:
        hold.open = False
        taken: list[Taken] = []
        for lot, held in sorted(hold.lots, key=lambda pair: pair[0].order):
            part = min(points, held)
            lot.reserved -= held
            lot.remaining -= part
            points -= part
            if part:
                taken.append(Taken(lot.lot_no, lot.issuer, part))
        return tuple(taken)

    def _lapse(self, member: UUID, now_us: int) -> None:
        self._decided_before(now_us)
        due = [hold for hold in self.holds.values() if hold.open and hold.member == member]
        for hold in sorted(due, key=lambda hold: (hold.expires_us, hold.seq)):
            if hold.expires_us <= now_us:
                self._end(hold, 0)
                self.journal.append(
                    Posted(
                        len(self.journal) + 1, "lapse", member, hold.partner, "", 0, self._balance(member),
                        held=-hold.points, hold_seq=hold.seq,
                    )
                )  # fmt: skip
        overdue = [
            lot
            for lot in self.lots.get(member, [])
            if lot.remaining > lot.reserved and 0 < lot.expires_us <= now_us
        ]
        points = sum(lot.remaining - lot.reserved for lot in overdue)
        if points:
            taken = self._take(sorted(overdue, key=lambda lot: lot.order), points)
            self.journal.append(
                Posted(
                    len(self.journal) + 1, "expire", member, None, "", -points, self._balance(member),
                    taken=taken,
                )
            )  # fmt: skip

    @staticmethod
    def _take(lots: Sequence[Lot], points: int) -> tuple[Taken, ...]:
        taken: list[Taken] = []
        for lot in lots:
            part = min(points, lot.remaining - lot.reserved)
            if part:
                lot.remaining -= part
                points -= part
                taken.append(Taken(lot.lot_no, lot.issuer, part))
        assert points == 0
        return tuple(taken)

    def _accept(
        self, ask: Ask, points: int, expires_us: int, lot_no: int, taken: tuple[Taken, ...], **held: int
    ) -> Verdict:
        posted = Posted(
            len(self.journal) + 1, ask.kind, ask.member, ask.partner, ask.reference, points,
            self._balance(ask.member), expires_us, lot_no, taken, **held,
        )  # fmt: skip
        self.journal.append(posted)
        return Verdict("accepted", posted=posted)
