"""What can be asked of the ledger; named tuples, for speed. metadata_json: what a partner keeps with it, an object of texts, or empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from services.points.domain.burning import Basket, Worth
from services.points.domain.campaigns import Bonus, Granted
from services.points.domain.guarding import NOTHING_SHOWN, Authority
from services.points.domain.kinds import MovementKind
from services.points.domain.wallet_movements import WalletMovement


class Purchase(NamedTuple):
    """The sale behind an earn, as the till told it. points_minor: the part of its amount that was paid in points."""

    store_id: UUID | None
    till: str
    business_date: str
    receipt_number: str
    channel: str
    entry_mode: str
    amount_minor: int
    lines_json: str
    tenders_json: str
    points_minor: int = 0


class Earn(NamedTuple):
    """A purchase that earns points, be it in exchange for the goods of the refund before it. Times in microseconds since 1970-01-01 UTC."""

    key: str
    partner_id: UUID
    member_id: UUID
    reference: str
    content_hash: bytes
    occurred_at_us: int
    purchase: Purchase
    traceparent: str
    deadline_us: int
    kind: MovementKind = MovementKind.EARN
    linked: bool = False
    in_exchange: bool = False
    metadata_json: str = ""


class Redemption(NamedTuple):
    """Points spent in one step; points is positive."""

    key: str
    partner_id: UUID
    member_id: UUID
    reference: str
    content_hash: bytes
    occurred_at_us: int
    points: int
    store_id: UUID | None
    channel: str
    traceparent: str
    deadline_us: int
    kind: MovementKind = MovementKind.REDEEM
    linked: bool = False
    basket: Basket | None = None
    authority: Authority = NOTHING_SHOWN
    metadata_json: str = ""


class Hold(NamedTuple):
    """Points set aside for so many seconds of programme time; points is positive.

    money_minor: instead what they shall pay for, in minor units (0: points are told). How many that takes is for the burn rule to
    say; points is 0 until then.
    """

    key: str
    partner_id: UUID
    member_id: UUID
    reference: str
    content_hash: bytes
    occurred_at_us: int
    points: int
    seconds: int
    traceparent: str
    deadline_us: int
    kind: MovementKind = MovementKind.HOLD
    linked: bool = False
    basket: Basket | None = None
    authority: Authority = NOTHING_SHOWN
    money_minor: int = 0
    metadata_json: str = ""


class Capture(NamedTuple):
    """A hold's points spent: `points` of them (0: all). hold_seq and member_id are those of the hold.

    rule_version: the burn rule that the hold was decided by (0: none).
    """

    key: str
    partner_id: UUID
    member_id: UUID
    hold_id: UUID
    hold_seq: int
    content_hash: bytes
    occurred_at_us: int
    points: int
    store_id: UUID | None
    channel: str
    traceparent: str
    deadline_us: int
    kind: MovementKind = MovementKind.CAPTURE
    reference: str | None = None
    linked: bool = False
    rule_version: int = 0
    metadata_json: str = ""


class Void(NamedTuple):
    """A hold given up. hold_seq and member_id are those of the hold."""

    key: str
    partner_id: UUID
    member_id: UUID
    hold_id: UUID
    hold_seq: int
    content_hash: bytes
    occurred_at_us: int
    traceparent: str
    deadline_us: int
    kind: MovementKind = MovementKind.VOID
    reference: str | None = None
    linked: bool = False


class Receipt(NamedTuple):
    """Where goods were given back, and which, as the till told it."""

    store_id: UUID | None
    till: str
    business_date: str
    number: str
    channel: str
    lines_json: str


class Sale(NamedTuple):
    """What can be refunded: an earn with the burn that is linked with it, or a burn alone. Nothing of it ever changes.

    `amount_minor`, of which `points_minor` was paid in points, earned `earned` points at so many `rate_points` for
    `rate_per_minor` minor units; all 0 for a burn alone. `burned` points were taken at `burn_seq` (0: none) from lots,
    in the order used. `grants`: what campaigns gave on top of it, in the order of seq.
    """

    seq: int
    transaction_id: UUID
    amount_minor: int
    points_minor: int
    earned: int
    rate_points: int
    rate_per_minor: int
    burn_seq: int
    burned: int
    lots: Sequence[tuple[int, int]]
    grants: Sequence[Granted] = ()

    @property
    def brought(self) -> int:
        """All points that it brought: earned and granted."""
        return self.earned + sum(grant.points for grant in self.grants)

    @property
    def of_points(self) -> bool:
        """Whether there are only points to give back: of a burn alone, or of a sale of which nothing was left to pay."""
        return self.seq == self.burn_seq or (not self.amount_minor and self.burned > 0)

    @property
    def whole(self) -> int:
        """What there is to refund: minor units of a sale, points where there are only these."""
        return self.burned if self.of_points else self.amount_minor


class Refund(NamedTuple):
    """Goods or points given back: `amount` minor units of a sale, points of a burn alone (0: all that is left).

    `sale` and member_id are found by the original's id, or by the reference of the partner's earn. One that reverses
    its original has no reference. One whose sale has not arrived yet has the nil UUID as its member. `unparks`: the posting that
    parked the earn of the sale that a burn was posted with, where that is taken away along with it; else 0. `parked_seq`: the posting
    that parked its sale, where it names that and the sale is not posted; `taken_away`: nor ever will be.
    """

    key: str
    partner_id: UUID
    member_id: UUID
    reference: str | None
    content_hash: bytes
    occurred_at_us: int
    original_id: UUID | None
    original_reference: str
    amount_minor: int
    points: int
    receipt: Receipt
    traceparent: str
    deadline_us: int
    sale: Sale | None = None
    kind: MovementKind = MovementKind.REFUND
    linked: bool = False
    unparks: int = 0
    parked_seq: int = 0
    taken_away: bool = False
    metadata_json: str = ""


class Reversal(NamedTuple):
    """What an earlier item did undone, known by that one's key; of no member as long as nothing was posted under it.

    (Of an earn that is parked under it, its member's.)
    """

    key: str
    partner_id: UUID
    content_hash: bytes
    occurred_at_us: int
    target_key: str
    traceparent: str
    deadline_us: int
    member_id: UUID = UUID(int=0)
    kind: MovementKind = MovementKind.REFUND
    reference: str | None = None
    linked: bool = False


class Overdue(NamedTuple):
    """A wallet in which something is over: the ledger's own act, asked for by nobody, so without a key."""

    member_id: UUID
    partner_id: UUID = UUID(int=0)
    key: str = ""
    content_hash: bytes = b""
    occurred_at_us: int = 0
    traceparent: str = ""
    deadline_us: int = 0
    kind: MovementKind = MovementKind.EXPIRE
    reference: str | None = None
    linked: bool = False


class WaitsOver(NamedTuple):
    """The ledger's own act: refunds that have waited too long for their originals end."""

    traceparent: str = ""


class CreditFloor(NamedTuple):
    """How far a partner's issuance balance (credits less debits) may fall, in points; None: without limit.

    Whoever set it had seen the journal up to basis_seq. parks: what goes beyond is parked, not refused.
    """

    floor: int | None
    basis_seq: int
    parks: bool = False


class FloorChange(NamedTuple):
    """A floor to be set: asked for by the platform, not by a partner, so without a key."""

    partner_id: UUID
    asked: CreditFloor
    set_by: str
    traceparent: str = ""


# What may be linked with an earn: the points that a sale was paid with.
Burn = Redemption | Capture
NO_PAIR: Final = (
    "an earn is linked with the redemption or capture right after it, a refund with the earn that is taken in exchange, "
    "of the same partner and member"
)


def of_one_sale(earning: Earn, burning: Burn) -> bool:
    """Whether a burn can be that of an earn's sale."""
    same = (earning.partner_id, earning.member_id) == (burning.partner_id, burning.member_id)
    return same and not burning.linked


Keeping = Earn | Redemption | Hold | Capture | Refund
Movement = Keeping | Void | Reversal | WalletMovement


class ParkedBurn(NamedTuple):
    """The burn that was posted with a sale whose earn was parked: its points, and the lots that they were taken from, in order."""

    seq: int
    transaction_id: UUID
    content_hash: bytes
    points: int
    lots: Sequence[tuple[int, int]]


class ParkedEarn(NamedTuple):
    """An earn that the posting seq parked at parked_us, and would then have issued so many points.

    item.member_id: whose wallet it is for now. Programme time, microseconds UTC.
    """

    seq: int
    transaction_id: UUID
    item: Earn
    points: int
    parked_us: int
    burn: ParkedBurn | None = None


class Unpark(NamedTuple):
    """The ledger's own act: an earn that is parked is posted, if there is headroom for it now."""

    parked: ParkedEarn
    traceparent: str = ""


# What comes to a ledger's door.
Plain = Movement | Overdue | FloorChange | WaitsOver
Act = Plain | Unpark


def of_sales(items: Sequence[Act]) -> Sequence[Plain]:
    """The items, with the earn itself for one that is to be posted after it was parked."""
    return [item.parked.item if isinstance(item, Unpark) else item for item in items]


class RefundFigures(NamedTuple):
    """What a refund came to: points, and the most money to pay out in minor units. `amount` is as Refund.amount."""

    amount: int
    returned: int
    clawed_back: int
    owed: int
    written_off: int
    money_minor: int


class Parked(NamedTuple):
    """Points that a sale would have issued when it was parked, and whether it still is."""

    points: int
    open: bool


class Transaction(NamedTuple):
    """An accepted movement as the journal holds it. points: effect on the wallet.

    held: points that it set aside (positive), or freed by resolving the hold `hold_id` (negative). original_seq and
    original_id: what a refund and its parts correct, or the earn with whose sale a burn is linked. pending: points that
    cannot be spent until matures_at_us (positive), or that were among these and are no more (negative). A floor and a load
    have the nil UUID as their member. bonuses: what campaigns granted on top of an earn; campaign: what a grant granted, or a
    load loaded. parked: of what was parked or taken away. worth: of what a burn rule decided. metadata_json: only where it is read.
    """

    transaction_id: UUID
    seq: int
    kind: MovementKind
    member_id: UUID
    partner_id: UUID | None
    reference: str | None
    points: int
    balance_after: int
    occurred_at_us: int
    recorded_at_us: int
    expires_at_us: int
    held: int = 0
    hold_id: UUID | None = None
    original_seq: int = 0
    original_id: UUID | None = None
    refund: RefundFigures | None = None
    pending: int = 0
    matures_at_us: int = 0
    credit_floor: CreditFloor | None = None
    bonuses: Sequence[Bonus] = ()
    campaign: Bonus | None = None
    parked: Parked | None = None
    worth: Worth | None = None
    metadata_json: str = ""

    @property
    def brought(self) -> int:
        """What an earn or a grant brought, be it pending."""
        return self.points + self.pending


class LotTaken(NamedTuple):
    """Points that a posting took from a lot, or gave back to it. `earned_seq`: the earn that they stem from."""

    lot_no: int
    issuer_id: UUID
    point_type: str
    points: int
    earned_seq: int
