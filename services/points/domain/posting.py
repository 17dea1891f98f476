"""The decision: what a batch of movements does to a ledger whose head is locked.

Pure and in the order of the items. It starts from what the head lock showed (`Opened`) and ends with the
rows to write (`Rows`) and one decision per item; a bad item never fails its neighbours, but for those that
it is linked with.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import (
    Accepted,
    Decision,
    FloorSet,
    Lapsed,
    ParkedAnswer,
    Refused,
    Replay,
    TurnedAway,
    Waiting,
)
from services.points.domain.books import Books
from services.points.domain.deciding.await_original import (
    FUTURE_TOLERANCE_SECONDS,
    Burned,
    await_original,
    give_up,
    refund_awaited,
)
from services.points.domain.deciding.barred import refuse_barred
from services.points.domain.deciding.burn import NO_SALE, refuse_burn
from services.points.domain.deciding.earlier import Found, found
from services.points.domain.deciding.earn import beyond_floor, earn, refuse_credit, turn_away
from services.points.domain.deciding.floor import set_floor
from services.points.domain.deciding.hold import hold, resolve
from services.points.domain.deciding.lapse import catch_up, settle
from services.points.domain.deciding.of_wallets import of_wallets
from services.points.domain.deciding.park import park, take_away, unpark
from services.points.domain.deciding.redeem import redeem
from services.points.domain.deciding.refund import refund
from services.points.domain.deciding.reverse import reverse
from services.points.domain.deciding.standing import turn_away_standing
from services.points.domain.movements import (
    NO_PAIR,
    Act,
    Burn,
    Capture,
    Earn,
    FloorChange,
    Movement,
    Overdue,
    Redemption,
    Refund,
    Reversal,
    Unpark,
    Void,
    WaitsOver,
    of_one_sale,
)
from services.points.domain.opened import LedgerRules, Opened
from services.points.domain.rows import Rows
from services.points.domain.telling import Telling
from services.points.domain.terms import Terms
from services.points.domain.wallet_movements import Merge, Opening, WalletMovement, other_member
from services.runtime.clock import MICROS_PER_DAY, MICROS_PER_SECOND
from services.runtime.errors import code_of
from services.runtime.ids import to_text

# What is decided of an item, or of an act of the platform's own.
Decided = Decision | Lapsed | FloorSet


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

    def decide(self, items: Sequence[Act], wall_now_us: int) -> list[Decided]:
        """Decides all items in order. Wall-clock time ends what is past its deadline."""
        decisions: list[Decided] = []
        given_up = give_up(self._books)
        for number, item in enumerate(items):
            if len(decisions) > number:
                # Decided along with the one before.
                continue
            if isinstance(item, Overdue):
                decisions.append(self._lapse(item.member_id))
            elif isinstance(item, WaitsOver):
                decisions.append(Lapsed(given_up))
            elif isinstance(item, Unpark):
                decisions.append(Lapsed(unpark(self._books, number, item)))
            elif isinstance(item, FloorChange):
                decisions.append(set_floor(self._books, item))
            elif not item.linked:
                decisions.append(self._one(number, item, wall_now_us))
            else:
                burning = items[number + 1] if number + 1 < len(items) else None
                if isinstance(item, Earn) and isinstance(burning, Burn) and of_one_sale(item, burning):
                    decisions += self._pair(number, item, burning, wall_now_us)
                else:
                    decisions.append(TurnedAway(Reason.REASON_INVALID_REQUEST, NO_PAIR, {"field": "linked"}))
        return decisions

    def _pair(self, first: int, earning: Earn, burning: Burn, wall_now_us: int) -> list[Decision]:
        """An earn and what is burned with its sale: both or neither."""
        sale, burn = found(self._books, earning), found(self._books, burning)
        if sale is None and burn is None:
            return self._new_pair(first, earning, burning, wall_now_us)
        if sale is None:
            return self._fall(first, (earning, burning), 1, self._not_of_this_sale(burn))
        if sale.conflict is not None:
            return self._fall(first, (earning, burning), 0, sale.conflict)
        if sale.refusal is not None:
            refused = sale.refusal._replace(replayed=True)
            if burn is not None and burn.conflict is None and burn.refusal is not None:
                return [refused, burn.refusal._replace(replayed=True)]
            return self._fall(first, (earning, burning), 0, refused)
        posted = self._books.linked.get(sale.seq) or self._at.linked.get(sale.seq)
        other = burn is not None and (posted is None or burn.seq != posted[0])
        if posted is None or posted[1] != burning.content_hash or other:
            return self._fall(first, (earning, burning), 1, self._not_of_this_sale(burn))
        if not sale.by_key:
            self._books.remember(first, earning, sale.seq, None)
        if burn is None or not burn.by_key:
            self._books.remember(first + 1, burning, posted[0], None)
        return [self._replay(sale.seq, parked=sale.parked), self._replay(posted[0])]

    def _new_pair(self, first: int, earning: Earn, burning: Burn, wall_now_us: int) -> list[Decision]:
        """All that can speak against either is asked before anything is posted, so nothing ever has to be undone."""
        books = self._books
        for place, item in enumerate((earning, burning)):
            away = (
                self._too_late(item, wall_now_us) or turn_away_standing(books, item) or self._untimely(item)
            )
            if away is not None:
                return self._fall(first, (earning, burning), place, away)
        gone = self._refuse_gone(first, earning)
        if gone is not None:
            return self._fall(first, (earning, burning), 0, gone)
        away = turn_away(books, earning)
        if away is not None:
            return self._fall(first, (earning, burning), 0, away)
        beyond = beyond_floor(books, earning)
        if beyond is not None and not beyond.parks:
            refusal = refuse_credit(books, first, earning, beyond)
            return self._fall(first, (earning, burning), 0, refusal)
        refused = refuse_burn(books, first + 1, burning, earning.purchase)
        if refused is not None:
            return self._fall(first, (earning, burning), 1, refused)
        # (What a sale was paid with is burned at once, also where what it earns has to wait.)
        earned = earn(books, first, earning) if beyond is None else park(books, earning, beyond)
        sale = earned.transaction.seq, earned.transaction.transaction_id
        # A sale that comes very late may have earned what is past its time: it pays for nothing.
        catch_up(books, earning.member_id, self._at.accounts.wallet[earning.member_id])
        burned = (
            resolve(books, first + 1, burning, sale, earning.purchase)
            if isinstance(burning, Capture)
            else redeem(books, first + 1, burning, sale, earning.purchase)
        )
        settle(self._books, earning.member_id)
        if isinstance(earned, Accepted) and isinstance(burned, Accepted):
            refund_awaited(books, first + 1, earning, earned, Burned.just_now(books, burned))
        return [earned, burned]

    def _fall(
        self, first: int, pair: tuple[Earn, Burn], fallen: int, why: Refused | TurnedAway
    ) -> list[Decision]:
        """Neither is posted, since one was not accepted; the other keeps an answer where that one does."""
        metadata = {"item": str(fallen), "code": code_of(why.reason).lower()}
        message = "what it is linked with was not accepted"
        number, other = 1 - fallen, pair[1 - fallen]
        key = (other.partner_id, other.key)
        failed: Decision = TurnedAway(Reason.REASON_LINKED_ITEM_FAILED, message, metadata)
        books = self._books
        unseen = key not in books.keys and key not in self._at.by_key
        unseen = unseen and not books.waits.by_key(*key) and not books.parks.by_key(*key)
        if isinstance(why, Refused) and unseen:
            failed = self._books.refuse(
                first + number, other, Reason.REASON_LINKED_ITEM_FAILED, message, metadata
            )
        return [why, failed] if fallen == 0 else [failed, why]

    @staticmethod
    def _not_of_this_sale(burn: Found | None) -> Refused | TurnedAway:
        """Why a burn cannot stand with a sale: it was decided before, or the sale was posted with another."""
        if burn is not None and burn.conflict is not None:
            return burn.conflict
        if burn is not None and burn.refusal is not None:
            return burn.refusal._replace(replayed=True)
        reason = (
            Reason.REASON_IDEMPOTENCY_KEY_REUSED
            if burn is not None and burn.by_key
            else Reason.REASON_REFERENCE_REUSED
        )
        return TurnedAway(reason, "the burn and the sale were not posted together", {})

    def _lapse(self, member_id: UUID) -> Lapsed:
        """Ends what is over in a wallet, as whoever comes to it next would."""
        before = self._books.seq
        catch_up(self._books, member_id, self._at.accounts.wallet[member_id])
        settle(self._books, member_id)
        return Lapsed(self._books.seq - before)

    @staticmethod
    def _too_late(item: Movement, wall_now_us: int) -> TurnedAway | None:
        if 0 < item.deadline_us <= wall_now_us:
            return TurnedAway(Reason.REASON_DEADLINE_EXCEEDED, "the deadline passed in the queue", {})
        return None

    def _one(self, number: int, item: Movement, wall_now_us: int) -> Decision:
        late = self._too_late(item, wall_now_us)
        if late is not None:
            return late
        earlier = self._earlier(number, item)
        if earlier is not None:
            return earlier
        stands = turn_away_standing(self._books, item)
        if stands is not None:
            return stands
        if not item.occurred_at_us:
            # A reversal that tells no time of its own happens when it is posted.
            item = item._replace(occurred_at_us=self._at.now_us)
        untimely = self._untimely(item)
        if untimely is not None:
            return untimely
        decision = self._decided(number, item)
        settle(self._books, item.member_id)
        if isinstance(item, Earn) and isinstance(decision, Accepted):
            refund_awaited(self._books, number, item, decision)
        return decision

    def _decided(self, number: int, item: Movement) -> Decision:
        books = self._books
        # These of a closed member too: it took part when the points were set aside, or the sale was made.
        if isinstance(item, Capture | Void):
            return resolve(books, number, item, NO_SALE)
        if isinstance(item, Reversal):
            return reverse(books, number, item)
        if isinstance(item, Refund):
            if item.sale is None:
                return await_original(books, number, item)
            if item.member_id in self._at.merged:
                # The wallet was given up at the same moment: it is the other's sale now.
                return TurnedAway(
                    Reason.REASON_UNAVAILABLE, "the member was merged meanwhile", {}, again=True
                )
            if item.unparks and not self._take_away(number, item):
                return TurnedAway(Reason.REASON_UNAVAILABLE, "the sale was posted meanwhile", {}, again=True)
            return refund(books, number, item, item.sale)
        gone = self._refuse_gone(number, item) or refuse_barred(books, self._at, number, item)
        if gone is not None:
            return gone
        if isinstance(item, WalletMovement):
            return of_wallets(books, number, item)
        if isinstance(item, Earn):
            return turn_away(books, item) or self._earn(number, item)
        if isinstance(item, Redemption):
            return refuse_burn(books, number, item) or redeem(books, number, item, NO_SALE)
        return hold(books, number, item)

    def _earn(self, number: int, item: Earn) -> Decision:
        beyond = beyond_floor(self._books, item)
        if beyond is None:
            return earn(self._books, number, item)
        return (
            park(self._books, item, beyond)
            if beyond.parks
            else refuse_credit(self._books, number, item, beyond)
        )

    def _take_away(self, number: int, item: Refund) -> bool:
        """Takes away the parked earn of a sale whose burn is reversed; whether it was parked still."""
        parked = self._books.parks.by_seq(item.unparks)
        if parked is not None:
            take_away(self._books, number, parked, item.member_id)
        return parked is not None

    def _refuse_gone(self, number: int, item: Movement) -> Refused | None:
        """Nothing is done for a member whose wallet was given up, or who was closed; what the latter left may be merged."""
        merged, closed = self._at.merged, self._at.closed
        for member in (item.member_id, other_member(item)):
            if member is None:
                continue
            if member in merged:
                named = {"member": to_text("mem", merged[member])}
                message = "the member's wallet was merged into another's"
                return self._books.refuse(number, item, Reason.REASON_MEMBER_MERGED, message, named)
            if member in closed and not (isinstance(item, Merge) and member == item.member_id):
                return self._books.refuse(
                    number, item, Reason.REASON_MEMBER_CLOSED, "the member has been closed", {}
                )
        return None

    def _earlier(self, number: int, item: Movement) -> Decision | None:
        """What was decided of an item before; under a further key it is remembered too."""
        earlier = found(self._books, item)
        if earlier is None:
            return None
        if earlier.conflict is not None:
            return earlier.conflict
        if earlier.refusal is not None:
            return earlier.refusal._replace(replayed=True)
        if earlier.waiting:
            # Under another key too, which is not kept: it is found by its reference once it is decided.
            return Waiting(replayed=True)
        if not earlier.by_key:
            self._books.remember(number, item, earlier.seq, None)
        return self._replay(earlier.seq, parked=earlier.parked)

    def _replay(self, seq: int, *, parked: bool = False) -> Decision:
        posted = self._books.posted.get(seq)
        if posted is None:
            return Replay(seq, parked)
        return ParkedAnswer(posted, replayed=True) if parked else Accepted(posted, replayed=True)

    def _untimely(self, item: Movement) -> TurnedAway | None:
        ahead_us = item.occurred_at_us - self._at.now_us
        if ahead_us > FUTURE_TOLERANCE_SECONDS * MICROS_PER_SECOND:
            return TurnedAway(
                Reason.REASON_OCCURRED_IN_FUTURE,
                "occurred_at is ahead of the programme's clock",
                {"field": "occurred_at", "tolerance_seconds": str(FUTURE_TOLERANCE_SECONDS)},
            )
        # (Opening balances are as old as they are.)
        if -ahead_us > self._rules.backdate_days_max * MICROS_PER_DAY and not isinstance(item, Opening):
            return TurnedAway(
                Reason.REASON_OCCURRED_TOO_LONG_AGO,
                f"occurred_at is more than {self._rules.backdate_days_max} days ago",
                {"field": "occurred_at", "limit_days": str(self._rules.backdate_days_max)},
            )
        return None
