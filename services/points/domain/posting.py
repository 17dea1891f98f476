"""The decision: what a batch of movements does to a ledger whose head is locked.

Pure and in the order of the items. It starts from what the head lock showed (`Opened`) and ends with the
rows to write (`Rows`) and one decision per item; a bad item never fails its neighbours, but for those that
it is linked with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import Accepted, Decision, Lapsed, Refused, Replay, TurnedAway
from services.points.domain.books import Books
from services.points.domain.deciding.earn import earn
from services.points.domain.deciding.hold import hold, resolve
from services.points.domain.deciding.lapse import expire_overdue
from services.points.domain.deciding.redeem import redeem
from services.points.domain.deciding.refund import refund
from services.points.domain.deciding.repay import repay
from services.points.domain.deciding.reverse import reverse
from services.points.domain.marks import Mark
from services.points.domain.movements import (
    Act,
    Capture,
    Earn,
    Movement,
    Overdue,
    Redemption,
    Refund,
    Reversal,
    Void,
)
from services.points.domain.opened import LedgerRules, Opened
from services.points.domain.rows import Rows
from services.points.domain.telling import Telling
from services.points.domain.terms import Terms
from services.runtime.clock import MICROS_PER_DAY, MICROS_PER_SECOND
from services.runtime.errors import code_of

FUTURE_TOLERANCE_SECONDS: Final = 300
_Sale = tuple[int, UUID | None]
_NO_SALE: Final[_Sale] = (0, None)


class Posting:
    """One batch being decided."""

    def __init__(
        self, opened: Opened, rules: LedgerRules, terms: Terms, telling: Telling, currency: str
    ) -> None:
        self._at, self._rules = opened, rules
        self._books = Books(opened, rules, terms, telling, currency)

    @property
    def rows(self) -> Rows:
        """What is to be written."""
        return self._books.rows

    def decide(self, items: Sequence[Act], wall_now_us: int) -> list[Decision | Lapsed]:
        """Decides all items in order. Wall-clock time ends what is past its deadline."""
        decisions: list[Decision | Lapsed] = []
        chain: list[Movement] = []
        for number, item in enumerate(items):
            if isinstance(item, Overdue):
                decisions.append(self._lapse(item.member_id))
            elif item.linked:
                chain.append(item)
            elif chain:
                chain.append(item)
                decisions += self._chain(number + 1 - len(chain), chain, wall_now_us)
                chain = []
            else:
                decisions.append(self._one(number, item, wall_now_us, _NO_SALE))
        if chain:
            raise ValueError("the last item of a batch is linked with one that is not there")
        return decisions

    def _chain(self, first: int, items: Sequence[Movement], wall_now_us: int) -> list[Decision]:
        """Items that stand or fall together; what follows an earn belongs to its sale."""
        mark = Mark(self._books, items)
        decisions: list[Decision] = []
        sale = _NO_SALE
        replayed = 0
        for place, item in enumerate(items):
            decision = self._replay_linked(item, replayed) if replayed else None
            if decision is None:
                decision = self._one(first + place, item, wall_now_us, sale)
            if isinstance(decision, Refused | TurnedAway):
                mark.restore(self._books)
                return self._fall(first, items, place, decision)
            decisions.append(decision)
            if not place:
                replayed = _replayed_seq(decision)
                if isinstance(item, Earn) and isinstance(decision, Accepted):
                    sale = (decision.transaction.seq, decision.transaction.transaction_id)
        return decisions

    def _replay_linked(self, item: Movement, seq: int) -> Decision | None:
        """The answer to an item that is linked with one that was posted before: what was posted with that.

        None where it has an answer under its own key.
        """
        if (item.partner_id, item.key) in self._books.keys or (item.partner_id, item.key) in self._at.by_key:
            return None
        for transaction, content_hash in self._books.linked.get(seq, ()):
            if content_hash == item.content_hash:
                return Accepted(transaction, replayed=True)
        return Replay(seq, item.content_hash)

    def _fall(
        self, first: int, items: Sequence[Movement], fallen: int, why: Refused | TurnedAway
    ) -> list[Decision]:
        """None of a chain is posted, since one of them was not accepted; each keeps an answer where that one does."""
        metadata = {"item": str(fallen), "code": code_of(why.reason).lower()}
        message = f"item {fallen} of the chain was not accepted"
        decisions: list[Decision] = []
        for place, item in enumerate(items):
            earlier = self._books.keys.get((item.partner_id, item.key)) or self._at.by_key.get(
                (item.partner_id, item.key)
            )
            if place == fallen:
                if isinstance(why, Refused) and not why.replayed:
                    self._books.remember(first + place, item, None, why)
                decisions.append(why)
            elif earlier is not None and earlier.answers(item.content_hash):
                decisions.append(
                    earlier.refusal._replace(replayed=True)
                    if earlier.refusal
                    else self._replay(earlier.seq or 0)
                )
            elif isinstance(why, TurnedAway) or earlier is not None:
                decisions.append(TurnedAway(Reason.REASON_LINKED_ITEM_FAILED, message, metadata))
            else:
                decisions.append(
                    self._books.refuse(
                        first + place, item, Reason.REASON_LINKED_ITEM_FAILED, message, metadata
                    )
                )
        return decisions

    def _lapse(self, member_id: UUID) -> Lapsed:
        """Ends what is over in a wallet, as whoever comes to it next would."""
        before = self._books.seq
        expire_overdue(self._books, member_id, self._at.accounts.wallet[member_id])
        repay(self._books, member_id)
        return Lapsed(self._books.seq - before)

    def _one(self, number: int, item: Movement, wall_now_us: int, sale: _Sale) -> Decision:
        if 0 < item.deadline_us <= wall_now_us:
            return TurnedAway(Reason.REASON_DEADLINE_EXCEEDED, "the deadline passed in the queue", {})
        earlier = self._earlier(number, item)
        if earlier is not None:
            return earlier
        if not item.occurred_at_us:
            # A reversal that tells no time of its own happens when it is posted.
            item = item._replace(occurred_at_us=self._at.now_us)
        untimely = self._untimely(item)
        if untimely is not None:
            return untimely
        decision = self._decided(number, item, sale)
        repay(self._books, item.member_id)
        return decision

    def _decided(self, number: int, item: Movement, sale: _Sale) -> Decision:
        books = self._books
        # These of a closed member too: it took part when the points were set aside, or the sale was made.
        if isinstance(item, Capture | Void):
            return resolve(books, number, item, sale)
        if isinstance(item, Reversal):
            return reverse(books, number, item)
        if isinstance(item, Refund):
            if item.sale is None:
                raise ValueError("a refund comes to the door with what it refunds")
            return refund(books, number, item, item.sale)
        if item.member_id in self._at.closed:
            return books.refuse(number, item, Reason.REASON_MEMBER_CLOSED, "the member has been closed", {})
        if isinstance(item, Earn):
            return earn(books, number, item)
        if isinstance(item, Redemption):
            return redeem(books, number, item, sale)
        return hold(books, number, item)

    def _earlier(self, number: int, item: Movement) -> Decision | None:
        """One key, one effect, one answer; then one accepted operation per reference and kind."""
        key = (item.partner_id, item.key)
        found = self._books.keys.get(key) or self._at.by_key.get(key)
        if found is not None:
            if not found.answers(item.content_hash):
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
        same = self._books.references.get(reference) or self._at.by_reference.get(reference)
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
        self._books.remember(number, item, seq, None)
        return self._replay(seq)

    def _replay(self, seq: int) -> Decision:
        posted = self._books.posted.get(seq)
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


def _replayed_seq(decision: Decision) -> int:
    """The seq that a decision replays, or 0."""
    if isinstance(decision, Replay):
        return decision.seq
    return decision.transaction.seq if isinstance(decision, Accepted) and decision.replayed else 0
