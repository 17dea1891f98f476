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
    Refused,
    TurnedAway,
    Waiting,
)
from services.points.domain.books import Books
from services.points.domain.deciding.await_original import (
    Burned,
    await_original,
    give_up,
    refund_awaited,
)
from services.points.domain.deciding.barred import refuse_barred
from services.points.domain.deciding.burn import NO_SALE, refuse_burn
from services.points.domain.deciding.checks import refuse_gone, too_late, untimely
from services.points.domain.deciding.earlier import Found, found
from services.points.domain.deciding.earn import beyond_floor, earn, refuse_credit, turn_away
from services.points.domain.deciding.exchange import exchange, of_one_exchange
from services.points.domain.deciding.floor import set_floor
from services.points.domain.deciding.hold import hold, resolve
from services.points.domain.deciding.lapse import catch_up, settle
from services.points.domain.deciding.linked import fall, replay_of
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
from services.points.domain.wallet_movements import WalletMovement

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
                other = items[number + 1] if number + 1 < len(items) else None
                if isinstance(item, Earn) and isinstance(other, Burn) and of_one_sale(item, other):
                    decisions += self._pair(number, item, other, wall_now_us)
                elif isinstance(item, Refund) and isinstance(other, Earn) and of_one_exchange(item, other):
                    decisions += exchange(self._books, number, item, other, wall_now_us)
                else:
                    decisions.append(TurnedAway(Reason.REASON_INVALID_REQUEST, NO_PAIR, {"field": "linked"}))
        return decisions

    def _pair(self, first: int, earning: Earn, burning: Burn, wall_now_us: int) -> list[Decision]:
        """An earn and what is burned with its sale: both or neither."""
        books = self._books
        sale, burn = found(books, earning), found(books, burning)
        if sale is None and burn is None:
            return self._new_pair(first, earning, burning, wall_now_us)
        if sale is None:
            return fall(books, first, (earning, burning), 1, self._not_of_this_sale(burn))
        if sale.conflict is not None:
            return fall(books, first, (earning, burning), 0, sale.conflict)
        if sale.refusal is not None:
            refused = sale.refusal._replace(replayed=True)
            if burn is not None and burn.conflict is None and burn.refusal is not None:
                return [refused, burn.refusal._replace(replayed=True)]
            return fall(books, first, (earning, burning), 0, refused)
        posted = self._books.linked.get(sale.seq) or self._at.linked.get(sale.seq)
        other = burn is not None and (posted is None or burn.seq != posted[0])
        if posted is None or posted[1] != burning.content_hash or other:
            return fall(books, first, (earning, burning), 1, self._not_of_this_sale(burn))
        if not sale.by_key:
            self._books.remember(first, earning, sale.seq, None)
        if burn is None or not burn.by_key:
            self._books.remember(first + 1, burning, posted[0], None)
        return [replay_of(books, sale.seq, parked=sale.parked), replay_of(books, posted[0])]

    def _new_pair(self, first: int, earning: Earn, burning: Burn, wall_now_us: int) -> list[Decision]:
        """All that can speak against either is asked before anything is posted, so nothing ever has to be undone."""
        books = self._books
        for place, item in enumerate((earning, burning)):
            away = too_late(item, wall_now_us) or turn_away_standing(books, item) or untimely(books, item)
            if away is not None:
                return fall(books, first, (earning, burning), place, away)
        gone = refuse_gone(books, first, earning)
        if gone is not None:
            return fall(books, first, (earning, burning), 0, gone)
        away = turn_away(books, earning)
        if away is not None:
            return fall(books, first, (earning, burning), 0, away)
        beyond = beyond_floor(books, earning)
        if beyond is not None and not beyond.parks:
            refusal = refuse_credit(books, first, earning, beyond)
            return fall(books, first, (earning, burning), 0, refusal)
        refused = refuse_burn(books, first + 1, burning, earning.purchase)
        if refused is not None:
            return fall(books, first, (earning, burning), 1, refused)
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

    def _one(self, number: int, item: Movement, wall_now_us: int) -> Decision:
        late = too_late(item, wall_now_us)
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
        away = untimely(self._books, item)
        if away is not None:
            return away
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
        gone = refuse_gone(books, number, item)
        if gone is not None:
            return gone
        if isinstance(item, WalletMovement):
            return refuse_barred(books, number, item) or of_wallets(books, number, item)
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
        return replay_of(self._books, earlier.seq, parked=earlier.parked)
