"""The ledger as its rules say it, in plain Python: one movement at a time, no batches, no locks, no SQL.

What tests compare the service with; so it shares nothing with `services.points.domain`. A wallet is its lots
and nothing else: the balance is what is left in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from tests.support import burn_model
from tests.support.burn_model import BurnRules
from tests.support.campaign_model import Campaign, grant_all
from tests.support.credit_model import over_credit
from tests.support.due_model import catch_up, owed, repay
from tests.support.ledger_facts import (
    DAY_US,
    OPERATOR,
    SECOND_US,
    Ask,
    Debt,
    Expiry,
    Hold,
    Kind,
    Lot,
    Posted,
    Sale,
    Taken,
    Verdict,
    again,
    end,
    take,
    untimely,
)
from tests.support.pair_model import post_pair
from tests.support.park_model import park, take_away, undoing_parked
from tests.support.refund_model import refund
from tests.support.wallet_model import of_wallets


@dataclass
class LedgerModel:
    """One ledger. Times in microseconds UTC, programme time. idle_us: by member, when what has no date of its own is gone."""

    zone: str
    expiry: Expiry
    backdate_days: int
    rates: dict[UUID, dict[int, tuple[int, int, int]]] = field(default_factory=dict)
    # By partner: what it may issue at most, less what was taken back, the basis_seq of that, and whether earns beyond are parked.
    floors: dict[UUID, tuple[int | None, int, bool]] = field(default_factory=dict)
    # What is parked, by the posting that parked it.
    parked: dict[int, Ask] = field(default_factory=dict)
    closed: set[UUID] = field(default_factory=set)
    journal: list[Posted] = field(default_factory=list)
    lots: dict[UUID, list[Lot]] = field(default_factory=dict)
    all_lots: list[Lot] = field(default_factory=list)
    holds: dict[int, Hold] = field(default_factory=dict)
    sales: dict[int, Sale] = field(default_factory=dict)
    # The earns among them, by partner.
    sold: defaultdict[UUID, list[Sale]] = field(default_factory=lambda: defaultdict(list))
    debts: list[Debt] = field(default_factory=list)
    idle_us: defaultdict[UUID, int] = field(default_factory=lambda: defaultdict(int))
    # By partner: shortfall and tender order.
    refund_rules: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    # Wallets that were given up, and for whose. Points given by giver and local day.
    merged: dict[UUID, UUID] = field(default_factory=dict)
    given: dict[tuple[UUID, date], int] = field(default_factory=dict)
    # Largest adjustment of one person; most points of a transfer, and of all in a day.
    limits: tuple[int, int, int] = (10_000, 0, 0)
    burn_rules: BurnRules = field(default_factory=BurnRules)
    # In the order of their creation.
    campaigns: dict[UUID, Campaign] = field(default_factory=dict)
    by_key: dict[tuple[UUID, str], tuple[tuple[object, ...] | None, Verdict]] = field(default_factory=dict)
    moment_us: int = -1
    moment_seq: int = 0
    by_reference: dict[tuple[UUID, Kind, str], tuple[tuple[object, ...], Verdict]] = field(
        default_factory=dict
    )

    def set_rate(
        self, partner: UUID, valid_from_us: int, points: int, per_minor: int, pending_days: int = 0
    ) -> None:
        """From a time on, so many points for so many minor units, pending for so many days after the sale."""
        self.rates.setdefault(partner, {})[valid_from_us] = (points, per_minor, pending_days)

    def post_all(self, asks: Sequence[Ask], now_us: int) -> list[Verdict]:
        """Posts one after the other at one moment; an earn and the burn that it is linked with together or not at all."""
        verdicts: list[Verdict] = []
        for place, ask in enumerate(asks):
            if ask.linked:
                verdicts += post_pair(self, ask, asks[place + 1], now_us)
            elif not place or not asks[place - 1].linked:
                verdicts.append(self.post(ask, now_us))
        return verdicts

    def seen(self, ask: Ask) -> Verdict | None:
        """What was decided of it before; nothing is remembered by asking."""
        known = self.by_key.get((ask.partner, ask.key))
        if known is not None:
            return again(known, ask, "IDEMPOTENCY_KEY_REUSED")
        same = self.by_reference.get((ask.partner, ask.kind, ask.reference))
        if same is None or not ask.reference:
            return None
        if same[1].outcome == "parked":
            # (Under its own key alone.)
            return Verdict("turned away", "REFERENCE_REUSED")
        return again(same, ask, "REFERENCE_REUSED")

    def post(self, ask: Ask, now_us: int) -> Verdict:
        """Decides one movement."""
        named = self.with_member(ask)
        if isinstance(named, Verdict):
            return named
        earlier = self._earlier(named) or untimely(self.backdate_days, named, now_us)
        if earlier is not None:
            return earlier
        verdict = self.decide(named, now_us, 0)
        repay(self, named.member, now_us)
        if verdict.outcome == "turned away":
            return verdict
        self.by_key[named.partner, named.key] = (named.content, verdict)
        if verdict.outcome in ("accepted", "parked"):
            self.by_reference[named.partner, named.kind, named.reference] = (named.content, verdict)
        return verdict

    def with_member(self, ask: Ask) -> Ask | Verdict:
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
            return replace(ask, member=self.now_of(sale.member))
        return ask

    def now_of(self, member: UUID) -> UUID:
        """The member who has what was this one's: itself, or the last one that it was merged into."""
        while member in self.merged:
            member = self.merged[member]
        return member

    def gone(self, ask: Ask) -> Verdict | None:
        """Refused for who it concerns."""
        for member in filter(None, (ask.member, ask.other)):
            if member in self.merged:
                return Verdict("refused", "MEMBER_MERGED")
            if member in self.closed and (ask.kind, member) != ("merge", ask.member):
                return Verdict("refused", "MEMBER_CLOSED")
        return None

    def _undoing(self, ask: Ask) -> Ask | Verdict:
        """What undoes that which was posted under a key; the reversal itself where nothing was."""
        posted = self.by_key.get((ask.partner, ask.target), (None, Verdict("refused")))[1].posted
        if posted is None:
            return ask
        if posted.seq in self.parked:
            return undoing_parked(self, ask, posted.seq)
        if posted.kind == "hold":
            return replace(ask, kind="void", hold_seq=posted.seq, member=posted.member, said=ask.content)
        if posted.kind not in ("earn", "redeem", "capture"):
            return Verdict("turned away", "INVALID_REQUEST")
        seq = self.sales[posted.seq].part_of or posted.seq
        if seq in self.parked:
            return undoing_parked(self, ask, seq)
        return replace(
            ask, kind="refund", original_seq=seq, member=self.now_of(posted.member), said=ask.content
        )

    def _earlier(self, ask: Ask) -> Verdict | None:
        answer = self.seen(ask)
        if answer is not None and answer.replayed and (ask.partner, ask.key) not in self.by_key:
            same = self.by_reference[ask.partner, ask.kind, ask.reference]
            self.by_key[ask.partner, ask.key] = (ask.content, same[1])
        return answer

    def decide(self, ask: Ask, now_us: int, sale_seq: int) -> Verdict:
        if ask.kind in ("capture", "void"):
            return self._resolve(ask, now_us, sale_seq)
        if ask.kind == "refund":
            if ask.unparks:
                take_away(self, ask.unparks, "REVERSED_BEFORE_ARRIVAL", now_us)
            return refund(self, ask, now_us)
        if ask.kind == "reverse":
            late = Verdict("refused", "REVERSED_BEFORE_ARRIVAL")
            posted = self.by_key.get((ask.partner, ask.target), (None, late))[1].posted
            if posted is not None:
                take_away(self, posted.seq, "REVERSED_BEFORE_ARRIVAL", now_us)
            self.by_key.setdefault((ask.partner, ask.target), (None, late))
            return Verdict("refused", "NOTHING_TO_REVERSE")
        gone = self.gone(ask)
        if gone is not None:
            return gone
        if ask.kind in ("transfer", "adjust", "import", "merge"):
            return of_wallets(self, ask, now_us)
        if ask.kind == "redeem":
            return self._redeem(ask, now_us, sale_seq)
        if ask.kind == "earn":
            rate = self.rate(ask.partner, ask.occurred_us)
            beyond = over_credit(self, ask, rate)
            if beyond is not None and beyond.outcome == "parked":
                return park(self, ask, now_us)
            return beyond or self.earn(ask, now_us)
        return self._hold(ask, now_us)

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
            if not lot.is_over(now_us, self.idle_us[member]) and lot.matures_us <= now_us
        ) - owed(self, member)

    def rate(self, partner: UUID, occurred_us: int) -> tuple[int, int, int] | None:
        starts = [start for start in self.rates.get(partner, {}) if start <= occurred_us]
        return self.rates[partner][max(starts)] if starts else None

    def balance(self, member: UUID) -> int:
        """What is left in the lots of a member's wallet."""
        return sum(lot.remaining for lot in self.spendable(member))

    def spendable(self, member: UUID) -> list[Lot]:
        """The lots of a member's wallet, in the order in which they are used."""
        lots = [lot for lot in self.lots.get(member, []) if not lot.matures_us]
        return sorted(lots, key=lambda lot: lot.order)

    def earn(self, ask: Ask, now_us: int, parked_seq: int = 0) -> Verdict:
        rate = self.rate(ask.partner, ask.occurred_us)
        if rate is None:
            return Verdict("turned away", "EARN_RATE_MISSING")
        catch_up(self, ask.member, now_us)
        points = (ask.amount - ask.in_points) * rate[0] // rate[1]
        seq, expires_us, lot_no, matures_us = len(self.journal) + 1, 0, 0, 0
        if points:
            matures_us = ask.occurred_us + rate[2] * DAY_US
            matures_us = matures_us if rate[2] and matures_us > now_us else 0
            expires_us = self.expiry.end_us(ask.occurred_us, self.zone)
            lot_no = len(self.all_lots) + 1
            lot = Lot(
                lot_no, ask.partner, seq, points, points, ask.occurred_us, expires_us, 0, seq, 0, matures_us
            )
            self.all_lots.append(lot)
            self.lots.setdefault(ask.member, []).append(lot)
        sale = self.sales[seq] = Sale(ask.member, ask.amount, ask.in_points, points, rate[:2])
        self.sold[ask.partner].append(sale)
        pending = points if matures_us else 0
        verdict = self.accept(
            ask, points - pending, expires_us, lot_no, (), pending=pending, original_seq=parked_seq
        )
        grant_all(self, ask, sale, seq, now_us)
        return verdict

    def _redeem(self, ask: Ask, now_us: int, sale_seq: int) -> Verdict:
        catch_up(self, ask.member, now_us)
        # (What is burned for a sale was asked before that was posted.)
        why = None if sale_seq else burn_model.against(self, ask, ask.amount, None, now_us)
        if why is not None:
            return why
        available = self.free(ask.member) - owed(self, ask.member)
        if ask.amount > available:
            return Verdict("refused", "INSUFFICIENT_POINTS", available=available)
        taken = take(self.spendable(ask.member), ask.amount)
        self._burned(len(self.journal) + 1, ask.member, ask.amount, sale_seq)
        worth = burn_model.note(self, ask, ask.amount, now_us)
        return self.accept(ask, -ask.amount, 0, 0, taken, original_seq=sale_seq, worth=worth)

    def _burned(self, seq: int, member: UUID, points: int, sale_seq: int) -> None:
        """A burn is refunded by itself, or with the sale that it belongs to."""
        self.sales[seq] = Sale(member, points, burn_seq=seq, part_of=sale_seq)
        if sale_seq in self.sales:
            self.belongs(sale_seq, seq, points)

    def belongs(self, sale_seq: int, burn_seq: int, points: int) -> None:
        """Gives a sale its burn; where nothing was left to pay, that is all there is to refund."""
        sale = self.sales[sale_seq]
        sale.burn_seq, sale.of_points = burn_seq, not sale.whole
        sale.whole = sale.whole or points

    def free(self, member: UUID) -> int:
        """What no hold has set aside."""
        return sum(lot.remaining - lot.reserved for lot in self.spendable(member))

    def _hold(self, ask: Ask, now_us: int) -> Verdict:
        catch_up(self, ask.member, now_us)
        why = burn_model.against(self, ask, ask.amount, None, now_us)
        if why is not None:
            return why
        available = self.free(ask.member) - owed(self, ask.member)
        if ask.amount > available:
            return Verdict("refused", "INSUFFICIENT_POINTS", available=available)
        if sum(hold.open and hold.member == ask.member for hold in self.holds.values()) >= 20:
            return Verdict("refused", "TOO_MANY_HOLDS")
        parts: list[tuple[Lot, int]] = []
        missing = ask.amount
        for lot in self.spendable(ask.member):
            part = min(missing, lot.remaining - lot.reserved)
            if part:
                lot.reserved += part
                missing -= part
                parts.append((lot, part))
        seq = len(self.journal) + 1
        expires_us = now_us + self.decided_before(now_us) + ask.seconds * SECOND_US
        self.holds[seq] = Hold(seq, ask.partner, ask.member, ask.amount, expires_us, parts)
        worth = burn_model.note(self, ask, ask.amount, now_us)
        return self.accept(ask, 0, expires_us, 0, (), held=ask.amount, worth=worth)

    def decided_before(self, now_us: int) -> int:
        """Postings of this moment so far: each is recorded a microsecond after the one before."""
        if now_us != self.moment_us:
            self.moment_us, self.moment_seq = now_us, len(self.journal)
        return len(self.journal) - self.moment_seq

    def _resolve(self, ask: Ask, now_us: int, sale_seq: int) -> Verdict:
        hold = self.holds[ask.hold_seq]
        catch_up(self, self.now_of(hold.member), now_us)
        if not hold.open:
            return Verdict("refused", "HOLD_RESOLVED")
        points = (ask.amount or hold.points) if ask.kind == "capture" else 0
        if points > hold.points:
            return Verdict("refused", "HOLD_TOO_SMALL")
        why = burn_model.against(self, ask, points, None, now_us) if points and not sale_seq else None
        if why is not None:
            return why
        taken, worth = end(hold, points), None
        if points:
            self._burned(len(self.journal) + 1, hold.member, points, sale_seq)
            worth = burn_model.note(self, ask, points, now_us)
        else:
            sale_seq = 0
        verdict = self.accept(
            ask,
            -points,
            0,
            0,
            taken,
            held=-hold.points,
            hold_seq=hold.seq,
            original_seq=sale_seq,
            worth=worth,
        )
        catch_up(self, hold.member, now_us)
        return verdict

    def arrive(self, member: UUID, seq: int, now_us: int) -> None:
        """Points without a date of their own come to a wallet: it has a date from then on, unless it has one to come."""
        if self.idle_us[member] <= now_us:
            self.keep_alive(member, self.recorded_us(seq))

    def keep_alive(self, member: UUID, active_us: int) -> None:
        """The wallet's date is counted from an activity then, if that is later."""
        self.idle_us[member] = max(self.idle_us[member], self.expiry.idle_us(active_us, self.zone))

    def recorded_us(self, seq: int) -> int:
        """When a posting of this moment is recorded."""
        return self.moment_us + seq - 1 - self.moment_seq

    def accept(
        self, ask: Ask, points: int, expires_us: int, lot_no: int, taken: tuple[Taken, ...], **more: Any
    ) -> Verdict:
        """Posts what was asked."""
        posted = Posted(
            len(self.journal) + 1, ask.kind, ask.member, None if ask.partner == OPERATOR else ask.partner, ask.reference, points,
            self.balance(ask.member), expires_us, lot_no, taken, **more,
        )  # fmt: skip
        self.journal.append(posted)
        if ask.kind in ("earn", "park", "redeem", "capture"):
            matures_us = self.all_lots[lot_no - 1].matures_us if lot_no else 0
            self.keep_alive(ask.member, max(self.recorded_us(posted.seq), matures_us))
        return Verdict("accepted", posted=posted)
