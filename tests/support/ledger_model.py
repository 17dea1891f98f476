"""The ledger as its rules say it, in plain Python: one movement at a time, no batches, no locks, no SQL.

What tests compare the service with; so it shares nothing with `services.points.domain`. A wallet is its lots
and nothing else: the balance is what is left in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from tests.support.ledger_facts import (
    SECOND_US,
    Ask,
    Debt,
    Hold,
    Kind,
    Lot,
    Posted,
    Sale,
    Taken,
    Verdict,
    end,
    month_end_us,
    take,
    untimely,
)
from tests.support.refund_model import owed, refund, repay


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
    sales: dict[int, Sale] = field(default_factory=dict)
    debts: list[Debt] = field(default_factory=list)
    # By partner: shortfall and tender order.
    refund_rules: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    by_key: dict[tuple[UUID, str], tuple[tuple[object, ...] | None, Verdict]] = field(default_factory=dict)
    moment_us: int = -1
    moment_seq: int = 0
    by_reference: dict[tuple[UUID, Kind, str], tuple[tuple[object, ...], Verdict]] = field(
        default_factory=dict
    )

    def set_rate(self, partner: UUID, valid_from_us: int, points: int, per_minor: int) -> None:
        """From a time on, so many points for so many minor units."""
        self.rates.setdefault(partner, {})[valid_from_us] = (points, per_minor)

    def post_all(self, asks: Sequence[Ask], now_us: int) -> list[Verdict]:
        """Posts one after the other at one moment; an earn and the burn that it is linked with together or not at all."""
        verdicts: list[Verdict] = []
        for place, ask in enumerate(asks):
            if ask.linked:
                verdicts += self._post_pair(ask, asks[place + 1], now_us)
            elif not place or not asks[place - 1].linked:
                verdicts.append(self.post(ask, now_us))
        return verdicts

    def _post_pair(self, earn: Ask, burn: Ask, now_us: int) -> list[Verdict]:
        """Either asked before: both were, together. Neither: nothing may speak against the one or the other."""
        found = self._with_member(burn)
        if isinstance(found, Verdict):
            return [Verdict("turned away", "LINKED_ITEM_FAILED"), found]
        burn = found
        sold, burned = self._seen(earn), self._seen(burn)
        if sold is None and burned is None:
            return self._new_pair(earn, burn, now_us)
        if sold is not None and sold.posted is None:
            if sold.outcome == "refused" and burned is not None and burned.outcome == "refused":
                return [sold, burned]
            return [sold, self._failed(burn, sold)]
        together = self._burn_of(sold)
        if (
            together is None
            or together[0] != burn.content
            or (burned and burned.posted != together[1].posted)
        ):
            why = burned if burned is not None and burned.posted is None else None
            by_key = (burn.partner, burn.key) in self.by_key
            reason = "IDEMPOTENCY_KEY_REUSED" if by_key else "REFERENCE_REUSED"
            why = why or Verdict("turned away", reason)
            return [self._failed(earn, why), why]
        assert sold is not None
        verdicts = [replace(verdict, replayed=True) for verdict in (sold, together[1])]
        for ask, verdict in zip((earn, burn), verdicts, strict=True):
            self.by_key.setdefault((ask.partner, ask.key), (ask.content, verdict))
        return verdicts

    def _seen(self, ask: Ask) -> Verdict | None:
        """What was decided of it before; nothing is remembered by asking."""
        known = self.by_key.get((ask.partner, ask.key))
        if known is not None:
            return self._again(known, ask, "IDEMPOTENCY_KEY_REUSED")
        same = self.by_reference.get((ask.partner, ask.kind, ask.reference))
        return self._again(same, ask, "REFERENCE_REUSED") if same is not None and ask.reference else None

    def _burn_of(self, sold: Verdict | None) -> tuple[tuple[object, ...], Verdict] | None:
        """The burn that was posted with a sale."""
        if sold is None or sold.posted is None:
            return None
        for content, verdict in list(self.by_key.values()):
            burn = verdict.posted
            if content is None or burn is None or burn.kind not in ("redeem", "capture"):
                continue
            if burn.original_seq == sold.posted.seq:
                return content, verdict
        return None

    def _new_pair(self, earn: Ask, burn: Ask, now_us: int) -> list[Verdict]:
        for ask in (earn, burn):
            late = untimely(self.backdate_days, ask, now_us)
            if late is not None:
                other = self._failed(burn if ask is earn else earn, late)
                return [late, other] if ask is earn else [other, late]
        why = None
        if earn.member in self.closed:
            why = Verdict("refused", "MEMBER_CLOSED")
        elif self._rate(earn.partner, earn.occurred_us) is None:
            why = Verdict("turned away", "EARN_RATE_MISSING")
        if why is not None:
            if why.outcome == "refused":
                self.by_key[earn.partner, earn.key] = (earn.content, why)
            return [why, self._failed(burn, why)]
        self.lapse(earn.member, now_us)
        why = self._against(burn)
        if why is not None:
            repay(self, earn.member, now_us)
            self.by_key[burn.partner, burn.key] = (burn.content, why)
            return [self._failed(earn, why), why]
        sold = self._earn(earn, now_us)
        assert sold.posted is not None
        verdicts = [sold, self._decide(burn, now_us, sold.posted.seq)]
        repay(self, earn.member, now_us)
        for ask, verdict in zip((earn, burn), verdicts, strict=True):
            self.by_key[ask.partner, ask.key] = (ask.content, verdict)
            self.by_reference[ask.partner, ask.kind, ask.reference] = (ask.content, verdict)
        return verdicts

    def _against(self, burn: Ask) -> Verdict | None:
        """What speaks against a burn, before its sale has brought any points."""
        if burn.kind == "redeem":
            available = self.free(burn.member) - owed(self, burn.member)
            return (
                Verdict("refused", "INSUFFICIENT_POINTS", available=available)
                if burn.amount > available
                else None
            )
        hold = self.holds[burn.hold_seq]
        if not hold.open:
            return Verdict("refused", "HOLD_RESOLVED")
        return Verdict("refused", "HOLD_TOO_SMALL") if burn.amount > hold.points else None

    def _failed(self, other: Ask, why: Verdict) -> Verdict:
        """The answer to the other one of a pair; remembered where it is a refusal and nothing was before."""
        if why.outcome == "refused" and (other.partner, other.key) not in self.by_key:
            refused = Verdict("refused", "LINKED_ITEM_FAILED")
            self.by_key[other.partner, other.key] = (other.content, refused)
            return refused
        return Verdict("turned away", "LINKED_ITEM_FAILED")

    def post(self, ask: Ask, now_us: int) -> Verdict:
        """Decides one movement."""
        named = self._with_member(ask)
        if isinstance(named, Verdict):
            return named
        earlier = self._earlier(named) or untimely(self.backdate_days, named, now_us)
        if earlier is not None:
            return earlier
        verdict = self._decide(named, now_us, 0)
        repay(self, named.member, now_us)
        if verdict.outcome == "turned away":
            return verdict
        self.by_key[named.partner, named.key] = (named.content, verdict)
        if verdict.outcome == "accepted":
            self.by_reference[named.partner, named.kind, named.reference] = (named.content, verdict)
        return verdict

    def _with_member(self, ask: Ask) -> Ask | Verdict:
        """Whose hold it is, or whose sale."""
        if ask.kind in ("capture", "void"):
            hold = self.holds.get(ask.hold_seq)
            if hold is None or hold.partner != ask.partner:
                return Verdict("turned away", "HOLD_UNKNOWN")
            return replace(ask, member=hold.member)
        if ask.kind == "reverse":
            return self._undoing(ask)
        if ask.kind == "refund":
            sale = self.sales.get(ask.original_seq)
            if sale is None or self.journal[ask.original_seq - 1].partner != ask.partner:
                return Verdict("turned away", "ORIGINAL_UNKNOWN")
            if sale.part_of:
                return Verdict("turned away", "PART_OF_SALE")
            return replace(ask, member=sale.member)
        return ask

    def _undoing(self, ask: Ask) -> Ask | Verdict:
        """What undoes that which was posted under a key; the reversal itself where nothing was."""
        posted = self.by_key.get((ask.partner, ask.target), (None, Verdict("refused")))[1].posted
        if posted is None:
            return ask
        if posted.kind == "hold":
            return replace(ask, kind="void", hold_seq=posted.seq, member=posted.member, said=ask.content)
        if posted.kind not in ("earn", "redeem", "capture"):
            return Verdict("turned away", "INVALID_REQUEST")
        seq = self.sales[posted.seq].part_of or posted.seq
        return replace(ask, kind="refund", original_seq=seq, member=posted.member, said=ask.content)

    def _earlier(self, ask: Ask) -> Verdict | None:
        known = self.by_key.get((ask.partner, ask.key))
        if known is not None:
            return self._again(known, ask, "IDEMPOTENCY_KEY_REUSED")
        same = self.by_reference.get((ask.partner, ask.kind, ask.reference))
        if same is None or not ask.reference:
            return None
        answer = self._again(same, ask, "REFERENCE_REUSED")
        if answer.replayed:
            self.by_key[ask.partner, ask.key] = (ask.content, same[1])
        return answer

    def _decide(self, ask: Ask, now_us: int, sale_seq: int) -> Verdict:
        if ask.kind in ("capture", "void"):
            return self._resolve(ask, now_us, sale_seq)
        if ask.kind == "refund":
            return refund(self, ask, now_us)
        if ask.kind == "reverse":
            late = Verdict("refused", "REVERSED_BEFORE_ARRIVAL")
            self.by_key.setdefault((ask.partner, ask.target), (None, late))
            return Verdict("refused", "NOTHING_TO_REVERSE")
        if ask.member in self.closed:
            return Verdict("refused", "MEMBER_CLOSED")
        if ask.kind == "redeem":
            return self._redeem(ask, now_us, sale_seq)
        return self._earn(ask, now_us) if ask.kind == "earn" else self._hold(ask, now_us)

    @staticmethod
    def _again(known: tuple[tuple[object, ...] | None, Verdict], ask: Ask, conflict: str) -> Verdict:
        content, verdict = known
        return (
            replace(verdict, replayed=True)
            if content in (ask.content, None)
            else Verdict("turned away", conflict)
        )

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
        ) - owed(self, member)

    def _rate(self, partner: UUID, occurred_us: int) -> tuple[int, int] | None:
        starts = [start for start in self.rates.get(partner, {}) if start <= occurred_us]
        return self.rates[partner][max(starts)] if starts else None

    def balance(self, member: UUID) -> int:
        """What is left in a member's lots."""
        return sum(lot.remaining for lot in self.lots.get(member, []))

    def _earn(self, ask: Ask, now_us: int) -> Verdict:
        rate = self._rate(ask.partner, ask.occurred_us)
        if rate is None:
            return Verdict("turned away", "EARN_RATE_MISSING")
        self.lapse(ask.member, now_us)
        points = (ask.amount - ask.in_points) * rate[0] // rate[1]
        seq, expires_us, lot_no = len(self.journal) + 1, 0, 0
        if points:
            if self.expiry_months:
                expires_us = month_end_us(ask.occurred_us, self.expiry_months, self.zone)
            lot_no = len(self.all_lots) + 1
            lot = Lot(lot_no, ask.partner, seq, points, points, ask.occurred_us, expires_us, 0, seq)
            self.all_lots.append(lot)
            self.lots.setdefault(ask.member, []).append(lot)
        self.sales[seq] = Sale(ask.member, ask.amount, ask.in_points, points, rate)
        return self.accept(ask, points, expires_us, lot_no, ())

    def _redeem(self, ask: Ask, now_us: int, sale_seq: int) -> Verdict:
        self.lapse(ask.member, now_us)
        available = self.free(ask.member) - owed(self, ask.member)
        if ask.amount > available:
            return Verdict("refused", "INSUFFICIENT_POINTS", available=available)
        lots = sorted(self.lots[ask.member], key=lambda lot: lot.order)
        taken = take(lots, ask.amount)
        self._burned(len(self.journal) + 1, ask.member, ask.amount, sale_seq)
        return self.accept(ask, -ask.amount, 0, 0, taken, original_seq=sale_seq)

    def _burned(self, seq: int, member: UUID, points: int, sale_seq: int) -> None:
        """A burn is refunded by itself, or with the sale that it belongs to."""
        self.sales[seq] = Sale(member, points, burn_seq=seq, part_of=sale_seq)
        if sale_seq:
            self.sales[sale_seq].burn_seq = seq

    def free(self, member: UUID) -> int:
        """What no hold has set aside."""
        return sum(lot.remaining - lot.reserved for lot in self.lots.get(member, []))

    def _hold(self, ask: Ask, now_us: int) -> Verdict:
        self.lapse(ask.member, now_us)
        available = self.free(ask.member) - owed(self, ask.member)
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
        return self.accept(ask, 0, expires_us, 0, (), held=ask.amount)

    def _decided_before(self, now_us: int) -> int:
        """Postings of this moment so far: each is recorded a microsecond after the one before."""
        if now_us != self.moment_us:
            self.moment_us, self.moment_seq = now_us, len(self.journal)
        return len(self.journal) - self.moment_seq

    def _resolve(self, ask: Ask, now_us: int, sale_seq: int) -> Verdict:
        hold = self.holds[ask.hold_seq]
        self.lapse(hold.member, now_us)
        if not hold.open:
            return Verdict("refused", "HOLD_RESOLVED")
        points = (ask.amount or hold.points) if ask.kind == "capture" else 0
        if points > hold.points:
            return Verdict("refused", "HOLD_TOO_SMALL")
        taken = end(hold, points)
        if points:
            self._burned(len(self.journal) + 1, hold.member, points, sale_seq)
        else:
            sale_seq = 0
        verdict = self.accept(
            ask, -points, 0, 0, taken, held=-hold.points, hold_seq=hold.seq, original_seq=sale_seq
        )
        self.lapse(hold.member, now_us)
        return verdict

    def lapse(self, member: UUID, now_us: int) -> None:
        """Ends what is over."""
        self._decided_before(now_us)
        due = [hold for hold in self.holds.values() if hold.open and hold.member == member]
        for hold in sorted(due, key=lambda hold: (hold.expires_us, hold.seq)):
            if hold.expires_us <= now_us:
                end(hold, 0)
                self.journal.append(
                    Posted(
                        len(self.journal) + 1, "lapse", member, hold.partner, "", 0, self.balance(member),
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
            taken = take(sorted(overdue, key=lambda lot: lot.order), points)
            self.journal.append(
                Posted(
                    len(self.journal) + 1, "expire", member, None, "", -points, self.balance(member),
                    taken=taken,
                )
            )  # fmt: skip

    def accept(
        self, ask: Ask, points: int, expires_us: int, lot_no: int, taken: tuple[Taken, ...], **more: Any
    ) -> Verdict:
        """Posts what was asked."""
        posted = Posted(
            len(self.journal) + 1, ask.kind, ask.member, ask.partner, ask.reference, points,
            self.balance(ask.member), expires_us, lot_no, taken, **more,
        )  # fmt: skip
        self.journal.append(posted)
        return Verdict("accepted", posted=posted)
