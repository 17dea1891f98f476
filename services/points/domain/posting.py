"""The decision: what a batch of movements does to a ledger whose head is locked.

Pure and in the order of the items. It starts from what the head lock showed (`Opened`) and ends with the
rows to write (`Rows`) and one decision per item; a bad item never fails its neighbours.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.accounts import PROGRAMME
from services.points.domain.answers import Accepted, Decision, Refused, Replay, TurnedAway
from services.points.domain.earning import EarnRates
from services.points.domain.expiry import expires_at_us
from services.points.domain.lots import Lot, OpenLots
from services.points.domain.movements import (
    Capture,
    Earn,
    Hold,
    LotTaken,
    Movement,
    MovementKind,
    Redemption,
    Transaction,
    Void,
)
from services.points.domain.opened import Earlier, LedgerRules, Opened, OpenHold
from services.points.domain.rows import DecisionRow, HoldEndRow, HoldRow, PostingRow, Rows
from services.points.domain.telling import Telling
from services.runtime.clock import MICROS_PER_DAY, MICROS_PER_SECOND
from services.runtime.errors import code_of
from services.runtime.event_log import PARTITIONS
from services.runtime.ids import new_id

FUTURE_TOLERANCE_SECONDS: Final = 300
# Most points that one partner may have issued. Counters have 63 bits and thousands of partners fill one wallet; and
# at up to 9.00 a point what they cost is still counted by clearing, in micros.
ISSUED_POINTS_MAX: Final = 10**12


# Of one wallet, of all partners together. Those whose time is over all end in the next batch that comes to the
# wallet, under the head's lock: thousands of them would stop every till of the programme.
OPEN_HOLDS_MAX: Final = 20
_NO_PURCHASE: Final = (None,) * 9
_NO_LEGS: Final = (None, None, 0)


class Posting:
    """One batch being decided."""

    def __init__(
        self, opened: Opened, rules: LedgerRules, rates: EarnRates, telling: Telling, currency: str
    ) -> None:
        self._at, self._rules, self._rates, self._tell = opened, rules, rates, telling
        self._currency = currency
        self._seq = opened.last_seq
        self._first_us = opened.now_us
        self.rows = Rows()
        self._keys: dict[tuple[UUID, str], Earlier] = {}
        self._references: dict[tuple[UUID, str, str], tuple[int, bytes]] = {}
        self._posted: dict[int, Transaction] = {}
        self._due = _by_member(opened)

    def decide(self, items: Sequence[Movement], wall_now_us: int) -> list[Decision]:
        """Decides all items in order. Wall-clock time ends what is past its deadline."""
        return [self._one(number, item, wall_now_us) for number, item in enumerate(items)]

    def _one(self, number: int, item: Movement, wall_now_us: int) -> Decision:
        if 0 < item.deadline_us <= wall_now_us:
            return TurnedAway(Reason.REASON_DEADLINE_EXCEEDED, "the deadline passed in the queue", {})
        earlier = self._earlier(number, item)
        if earlier is not None:
            return earlier
        untimely = self._untimely(item)
        if untimely is not None:
            return untimely
        if isinstance(item, Capture | Void):
            # Of a closed member too: the points were set aside while it took part.
            return self._resolve(number, item)
        if item.member_id in self._at.closed:
            return self._refuse(number, item, Reason.REASON_MEMBER_CLOSED, "the member has been closed", {})
        if isinstance(item, Earn):
            return self._earn(number, item)
        return self._redeem(number, item) if isinstance(item, Redemption) else self._hold(number, item)

    def _earlier(self, number: int, item: Movement) -> Decision | None:
        """One key, one effect, one answer; then one accepted operation per reference and kind."""
        key = (item.partner_id, item.key)
        found = self._keys.get(key) or self._at.by_key.get(key)
        if found is not None:
            if found.content_hash != item.content_hash:
                return TurnedAway(
                    Reason.REASON_IDEMPOTENCY_KEY_REUSED,
                    "this idempotency key was used with another request",
                    {"key": item.key},
                )
            if found.refusal is not None:
                return found.refusal._replace(replayed=True)
            return self._replay(found.seq or 0)
        if item.reference is None:
            return None
        reference = (item.partner_id, item.kind, item.reference)
        same = self._references.get(reference) or self._at.by_reference.get(reference)
        if same is None:
            return None
        seq, content_hash = same
        if content_hash != item.content_hash:
            return TurnedAway(
                Reason.REASON_REFERENCE_REUSED,
                f"another {item.kind} has the reference",
                {"reference": item.reference},
                conflict_seq=seq,
            )
        self._remember(number, item, seq, None)
        return self._replay(seq)

    def _replay(self, seq: int) -> Decision:
        posted = self._posted.get(seq)
        return Accepted(posted, replayed=True) if posted is not None else Replay(seq)

    def _untimely(self, item: Movement) -> TurnedAway | None:
        ahead_us = item.occurred_at_us - self._at.now_us
        if ahead_us > FUTURE_TOLERANCE_SECONDS * MICROS_PER_SECOND:
            return TurnedAway(
                Reason.REASON_OCCURRED_IN_FUTURE,
                "occurred_at is ahead of the programme's clock",
                {"field": "occurred_at", "tolerance_seconds": str(FUTURE_TOLERANCE_SECONDS)},
            )
        if -ahead_us > self._rules.backdate_days_max * MICROS_PER_DAY:
            return TurnedAway(
                Reason.REASON_OCCURRED_TOO_LONG_AGO,
                f"occurred_at is more than {self._rules.backdate_days_max} days ago",
                {"field": "occurred_at", "limit_days": str(self._rules.backdate_days_max)},
            )
        return None

    def _remember(self, number: int, item: Movement, seq: int | None, refusal: Refused | None) -> None:
        self._keys[item.partner_id, item.key] = Earlier(item.content_hash, seq, refusal)
        told = (None, None, None)
        if refusal is not None:
            told = (code_of(refusal.reason), refusal.message, json.dumps(refusal.metadata))
        partner_no = self._at.accounts.issuance[item.partner_id]
        self.rows.decisions.append(DecisionRow(partner_no, item.key, number, item.content_hash, seq, *told))

    def _refuse(
        self, number: int, item: Movement, reason: Reason.ValueType, message: str, metadata: dict[str, str]
    ) -> Refused:
        refusal = Refused(reason, message, metadata)
        self._remember(number, item, None, refusal)
        return refusal

    def _move(self, debit: int, credit: int, points: int) -> tuple[int, int, int]:
        """Two legs: points from one account to another."""
        rows, balances = self.rows, self._at.balances
        rows.delta(debit)[0] += points
        rows.delta(credit)[1] += points
        balances[debit] -= points
        balances[credit] += points
        return debit, credit, points

    def _next(self) -> tuple[int, int]:
        self._seq += 1
        return self._seq, self._first_us + self._seq - self._at.last_seq - 1

    def _write(
        self,
        transaction: Transaction,
        wallet: int,
        legs: tuple[int | None, int | None, int],
        lot_no: int | None,
        purchase: tuple[Any, ...],
        event: tuple[str, bytes],
        asked: tuple[int, Movement] | None,
        partner_no: int | None = None,
    ) -> None:
        """Adds a posting's row; `asked` is the item it answers, None for the ledger's own acts."""
        partition = transaction.member_id.int % PARTITIONS
        before = self._at.log.advance(partition)
        key, number, content_hash, traceparent = None, None, None, ""
        if asked is not None:
            number, item = asked
            key, content_hash, traceparent = item.key, item.content_hash, item.traceparent
            partner_no = self._at.accounts.issuance[item.partner_id]
            self._keys[item.partner_id, key] = Earlier(content_hash, transaction.seq, None)
            if item.reference is not None:
                self._references[item.partner_id, item.kind, item.reference] = (transaction.seq, content_hash)
        head = (
            transaction.transaction_id,
            transaction.kind,
            wallet,
            partner_no,
            transaction.reference,
            key,
            number,
        )
        moved = (content_hash, transaction.points, transaction.balance_after, transaction.occurred_at_us)
        told = (event[0], transaction.partner_id, partition, before, traceparent, event[1])
        lapses = transaction.expires_at_us or None
        self.rows.postings.append(PostingRow._make((*head, *moved, lapses, *legs, lot_no, *purchase, *told)))
        self._posted[transaction.seq] = transaction

    def _earn(self, number: int, item: Earn) -> Decision:
        rate = self._rates.at(item.partner_id, item.occurred_at_us)
        if rate is None:
            # Not remembered: the operator sets the rate, and the till sends the sale again under the same key.
            return TurnedAway(Reason.REASON_EARN_RATE_MISSING, "the partner had no earn rate then", {})
        points = rate.points_for(item.purchase.amount_minor)
        issuance = self._at.accounts.issuance[item.partner_id]
        if points - self._at.balances[issuance] > ISSUED_POINTS_MAX:
            return TurnedAway(
                Reason.REASON_INVALID_REQUEST,
                "amount: the partner would have issued more points than the ledger counts",
                {"field": "amount", "limit_points": str(ISSUED_POINTS_MAX)},
            )
        wallet = self._at.accounts.wallet[item.member_id]
        self._expire_overdue(item.member_id, wallet)
        seq, recorded_us = self._next()
        lot_no, lapses_us = 0, 0
        legs: tuple[int | None, int | None, int] = (None, None, 0)
        if points:
            legs = self._move(issuance, wallet, points)
            lapses_us = expires_at_us(item.occurred_at_us, self._rules.expiry_months, self._rules.zone)
            lot_no = self._open_lot(item, points, lapses_us)
        transaction = Transaction(
            new_id(), seq, MovementKind.EARN, item.member_id, item.partner_id, item.reference, points,
            self._at.balances[wallet], item.occurred_at_us, recorded_us, lapses_us,
        )  # fmt: skip
        payload = self._tell.earned(transaction, item, lot_no, self._currency)
        event = ("points.earned", payload)
        self._write(transaction, wallet, legs, lot_no or None, item.purchase, event, (number, item))
        return Accepted(transaction)

    def _open_lot(self, item: Earn, points: int, lapses_us: int) -> int:
        self._at.last_lot_no += 1
        lots = self._at.lots.get(item.member_id)
        if lots is None and 0 < lapses_us <= self._at.now_us:
            # Backdated beyond its own life: the wallet's next item finds it overdue, in this batch as in another.
            lots = self._at.lots[item.member_id] = OpenLots([])
        if lots is not None:
            lots.add(
                Lot(self._at.last_lot_no, item.partner_id, "base", points, 0, item.occurred_at_us, lapses_us)
            )
        return self._at.last_lot_no

    def _available(self, number: int, item: Redemption | Hold, wallet: int) -> Refused | None:
        """Frees and lapses what is due, then refuses what the wallet has not."""
        self._expire_overdue(item.member_id, wallet)
        available = self._at.balances[wallet] - self._at.held[wallet]
        if item.points <= available:
            return None
        return self._refuse(
            number,
            item,
            Reason.REASON_INSUFFICIENT_POINTS,
            f"{available} points are available, {item.points} are required",
            {"available": str(available), "required": str(item.points)},
        )

    def _redeem(self, number: int, item: Redemption) -> Decision:
        wallet = self._at.accounts.wallet[item.member_id]
        refusal = self._available(number, item, wallet)
        if refusal is not None:
            return refusal
        taken = self._at.lots[item.member_id].take(item.points)
        seq, recorded_us = self._next()
        self._use(seq, taken)
        legs = self._move(wallet, self._at.accounts.redemption[item.partner_id], item.points)
        transaction = Transaction(
            new_id(), seq, MovementKind.REDEEM, item.member_id, item.partner_id, item.reference, -item.points,
            self._at.balances[wallet], item.occurred_at_us, recorded_us, 0,
        )  # fmt: skip
        payload = self._tell.redeemed(transaction, item, taken)
        event = ("points.redeemed", payload)
        self._write(transaction, wallet, legs, None, _NO_PURCHASE, event, (number, item))
        return Accepted(transaction)

    def _hold(self, number: int, item: Hold) -> Decision:
        wallet = self._at.accounts.wallet[item.member_id]
        refusal = self._available(number, item, wallet)
        if refusal is not None:
            return refusal
        if self._at.open_holds[item.member_id] >= OPEN_HOLDS_MAX:
            return self._refuse(
                number, item, Reason.REASON_TOO_MANY_HOLDS, f"{OPEN_HOLDS_MAX} holds are open on the wallet",
                {"limit": str(OPEN_HOLDS_MAX)},
            )  # fmt: skip
        reserved = self._at.lots[item.member_id].reserve(item.points)
        seq, recorded_us = self._next()
        ends_us = recorded_us + item.seconds * MICROS_PER_SECOND
        partner_no = self._at.accounts.issuance[item.partner_id]
        self.rows.holds.append(HoldRow(seq, item.points, ends_us, wallet, partner_no))
        self.rows.hold_lots.extend((seq, part.lot_no, part.points) for part in reserved)
        self.rows.delta(wallet)[2] += item.points
        self._at.open_holds[item.member_id] += 1
        self._at.held[wallet] += item.points
        transaction = Transaction(
            new_id(), seq, MovementKind.HOLD, item.member_id, item.partner_id, item.reference, 0,
            self._at.balances[wallet], item.occurred_at_us, recorded_us, ends_us, item.points,
        )  # fmt: skip
        event = ("points.held", self._tell.held(transaction))
        self._write(transaction, wallet, _NO_LEGS, None, _NO_PURCHASE, event, (number, item))
        return Accepted(transaction)

    def _resolve(self, number: int, item: Capture | Void) -> Decision:
        """Captures a hold or gives it up; either way what is not taken is free again, and lapses where it is overdue."""
        wallet = self._at.accounts.wallet[item.member_id]
        self._expire_overdue(item.member_id, wallet)
        hold = self._at.holds.get(item.hold_seq)
        if hold is None:
            return self._refuse(
                number,
                item,
                Reason.REASON_HOLD_RESOLVED,
                "the hold was resolved before, or its time is over",
                {},
            )
        points = (item.points or hold.points) if isinstance(item, Capture) else 0
        if points > hold.points:
            return self._refuse(
                number,
                item,
                Reason.REASON_HOLD_TOO_SMALL,
                f"{hold.points} points are held, {points} are required",
                {"held": str(hold.points), "required": str(points)},
            )
        seq, recorded_us = self._next()
        taken = self._end(hold, wallet, seq, points)
        self._use(seq, taken)
        legs = _NO_LEGS
        if points:
            legs = self._move(wallet, self._at.accounts.redemption[item.partner_id], points)
        transaction = Transaction(
            new_id(), seq, item.kind, item.member_id, item.partner_id, None, -points, self._at.balances[wallet],
            item.occurred_at_us, recorded_us, 0, -hold.points, hold.hold_id,
        )  # fmt: skip
        event = ("points.released", self._tell.released(transaction))
        if isinstance(item, Capture):
            event = ("points.redeemed", self._tell.captured(transaction, item, taken))
        self._write(transaction, wallet, legs, None, _NO_PURCHASE, event, (number, item))
        self._expire_overdue(item.member_id, wallet)
        return Accepted(transaction)

    def _end(self, hold: OpenHold, wallet: int, seq: int, points: int) -> Sequence[LotTaken]:
        """Resolves a hold: `points` of its lots are taken, the rest of them is free."""
        del self._at.holds[hold.seq]
        self.rows.hold_ends.append(HoldEndRow(hold.seq, seq, hold.points, points))
        self.rows.delta(wallet)[3] += hold.points
        self._at.open_holds[hold.member_id] -= 1
        self._at.held[wallet] -= hold.points
        return self._at.lots[hold.member_id].resolve(hold.lots, points)

    def _release_due(self, member_id: UUID, wallet: int) -> None:
        """Holds whose time is over end before anything is decided, as overdue lots lapse."""
        for hold in self._due.pop(member_id, ()):
            seq, recorded_us = self._next()
            self._end(hold, wallet, seq, 0)
            transaction = Transaction(
                new_id(), seq, MovementKind.LAPSE, member_id, hold.partner_id, None, 0, self._at.balances[wallet],
                recorded_us, recorded_us, 0, -hold.points, hold.hold_id,
            )  # fmt: skip
            event = ("points.released", self._tell.released(transaction))
            self._write(transaction, wallet, _NO_LEGS, None, _NO_PURCHASE, event, None, hold.partner_no)

    def _expire_overdue(self, member_id: UUID, wallet: int) -> None:
        """Lots past their expiry lapse before anything is decided, so no job's timing changes an answer."""
        self._release_due(member_id, wallet)
        lots = self._at.lots.get(member_id)
        taken = lots.take_overdue(self._at.now_us) if lots is not None else []
        if not taken:
            return
        points = sum(part.points for part in taken)
        seq, recorded_us = self._next()
        self._use(seq, taken)
        legs = self._move(wallet, self._at.accounts.expiry[PROGRAMME], points)
        transaction = Transaction(
            new_id(), seq, MovementKind.EXPIRE, member_id, None, None, -points, self._at.balances[wallet],
            recorded_us, recorded_us, 0,
        )  # fmt: skip
        event = ("points.expired", self._tell.expired(transaction, taken))
        self._write(transaction, wallet, legs, None, _NO_PURCHASE, event, None)

    def _use(self, seq: int, taken: Sequence[LotTaken]) -> None:
        self.rows.uses.extend((seq, part.lot_no, part.points) for part in taken)


def _by_member(opened: Opened) -> dict[UUID, list[OpenHold]]:
    """The holds whose time is over, by member, in the order in which they ran out."""
    due: dict[UUID, list[OpenHold]] = {}
    for hold in sorted(opened.holds.values(), key=lambda hold: (hold.expires_at_us, hold.seq)):
        if hold.expires_at_us <= opened.now_us:
            due.setdefault(hold.member_id, []).append(hold)
    return due
