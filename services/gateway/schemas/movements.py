"""Earns, redemptions and transactions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from services.gateway.domain.members import Place
from services.gateway.schemas.authority import Authorisation, AuthorisationField, as_shown
from services.gateway.schemas.baskets import Basket, SaleLine, Tender
from services.gateway.schemas.fields import (
    AMOUNT_MAX,
    POINTS_MAX,
    Answer,
    Body,
    CalendarDate,
    Currency,
    Instant,
    MemberId,
    Metadata,
    Moment,
    Reference,
    ShortText,
    StoreCode,
)
from services.gateway.schemas.naming import PresentMember

Channel = Annotated[
    Literal["store", "web", "app", "phone", "other"], Field(description="How the member was met")
]
EntryMode = Annotated[
    Literal["scanned", "swiped", "typed", "app", "on_file"], Field(description="How the card was taken")
]


class Receipt(Body):
    """Where and under which number a sale was rung up."""

    till: Annotated[ShortText, Field(description="Till, up to 64 characters", examples=["7"])] = ""
    business_date: Annotated[CalendarDate | None, Field(description="Business date of the store")] = None
    number: Annotated[
        ShortText, Field(description="Number of the receipt, up to 64 characters", examples=["1001"])
    ] = ""


def place_of(store: str | None, receipt: Receipt | None, *, earns: bool) -> Place:
    """Where a member's card was read."""
    return Place(store or "", receipt.till if receipt else "", earns)


class AtTill(Body):
    """What is asked while the member is there."""

    member: PresentMember


class _Movement(Body):
    reference: Reference
    store: Annotated[
        StoreCode | None, Field(description="Your own code of the store; leave it out where there is none")
    ] = None
    occurred_at: Annotated[
        Moment, Field(description="The till's clock: RFC 3339 with a zone. Decides rate and price")
    ]
    channel: Channel = "store"
    receipt: Annotated[Receipt | None, Field(description="Where it was rung up")] = None
    metadata: Metadata = Field(default_factory=dict[str, str])


class EarnContent(_Movement):
    """What is told of a purchase that earns points, one by one and in batches."""

    amount: Annotated[
        int, Field(ge=0, le=AMOUNT_MAX, description="What the member paid in all, in minor units")
    ]
    currency: Currency
    entry_mode: EntryMode | None = None
    lines: Annotated[
        tuple[SaleLine, ...],
        Field(max_length=500, description="What was bought; where given, the amounts sum to `amount`"),
    ] = ()
    tenders: Annotated[
        tuple[Tender, ...],
        Field(
            max_length=20,
            description="How it was paid. What was paid in `points`, in money's worth, is part of `amount` and earns "
            "nothing",
        ),
    ] = ()

    @field_validator("tenders")
    @classmethod
    def _no_more_than_all(cls, value: tuple[Tender, ...], info: ValidationInfo) -> tuple[Tender, ...]:
        in_points = sum(tender.amount for tender in value if tender.kind == "points")
        if not 0 <= in_points <= info.data.get("amount", AMOUNT_MAX):
            raise PydanticCustomError("points_tender", "The tenders in points are worth 0 up to the amount")
        return value


class EarnBody(EarnContent, AtTill):
    """A purchase that earns points at your rate."""


class RedemptionContent(_Movement):
    """What is told of points spent in one step, one by one and in batches."""

    points: Annotated[int, Field(ge=1, le=POINTS_MAX, description="Points to spend")]
    basket: Annotated[
        Basket | None,
        Field(
            description="What is to be paid; needed where your burn rule takes a share of a basket, or excludes something"
        ),
    ] = None


class RedemptionBody(RedemptionContent, AtTill):
    """Points spent in one step."""

    authorisation: AuthorisationField = None

    @field_validator("authorisation")
    @classmethod
    def _as_shown(cls, value: Authorisation | None, info: ValidationInfo) -> Authorisation | None:
        return as_shown(value, info.data.get("member"))


class Worth(Answer):
    """What points are worth at your tills."""

    amount: Annotated[int, Field(description="Minor units, rounded down")]
    currency: Annotated[str, Field(description="ISO 4217", examples=["EUR"])]
    treatment: Annotated[
        Literal["discount", "tender"],
        Field(
            description="`tender`: tell the sale with a tender of kind `points` of this amount. `discount`: tell it without "
            "this amount, and without such a tender"
        ),
    ]


WorthField = Annotated[
    Worth | None, Field(description="What the points are worth by your burn rule; null: you have none")
]


class Campaign(Answer):
    """The campaign that gave points, and the version of its terms that decided."""

    id: Annotated[str, Field(description="Id of the campaign", examples=["cmp_…"])]
    version: Annotated[int, Field(description="Version of its terms, from 1")]


class Bonus(Answer):
    """Points that a campaign gave on top of a sale; they can be spent when those that it earned can, and expire with them."""

    campaign: Campaign
    points: int


class EarnReceipt(Answer):
    """What a till may print."""

    earned: Annotated[int, Field(description="Points earned")]
    bonus: Annotated[int, Field(description="Points that campaigns gave on top of them")]
    pending: Annotated[int, Field(description="How many of the points earned cannot be spent yet")]
    balance: Annotated[int, Field(description="Points in the wallet right after it")]
    expires_on: Annotated[
        str | None,
        Field(description="Last day on which the points earned can be spent, in the programme's zone"),
    ]
    lines: Annotated[list[str], Field(description="Ready to print, each at most 40 characters")]


class RedemptionReceipt(Answer):
    """What a till may print."""

    burned: Annotated[int, Field(description="Points spent")]
    balance: Annotated[int, Field(description="Points in the wallet right after it")]
    lines: Annotated[list[str], Field(description="Ready to print, each at most 40 characters")]


KeptMetadata = Annotated[
    dict[str, str], Field(description="What you keep with it; empty where there is nothing")
]


class Posted(Answer):
    """What all accepted movements have."""

    id: Annotated[str, Field(description="Id of the transaction", examples=["txn_…"])]
    member: MemberId
    balance: Annotated[int, Field(description="Points in the wallet right after it")]
    occurred_at: Annotated[Instant, Field(description="The till's clock, in UTC")]
    recorded_at: Annotated[Instant, Field(description="Programme time of the posting")]
    metadata: Annotated[
        dict[str, str], Field(description="What you keep with it; empty where there is nothing")
    ]


class Earn(Posted):
    """Points earned by a purchase."""

    object: Literal["earn"]
    reference: Annotated[str, Field(description="Your reference")]
    points: Annotated[int, Field(description="Points earned; 0 where the purchase was too small")]
    pending: Annotated[
        int, Field(description="How many of them cannot be spent yet; they are not in `balance`")
    ]
    matures_at: Annotated[Instant | None, Field(description="When they can be; null: at once")]
    expires_at: Annotated[
        Instant | None,
        Field(
            description="From this moment on the points earned are gone; null: never, or with the member's inactivity (see the balance)"
        ),
    ]
    purchase: Annotated[str, Field(description="Id of the recorded purchase", examples=["pur_…"])]
    bonus: Annotated[
        list[Bonus],
        Field(
            description="What campaigns gave on top of it, each in a transaction of type `bonus`. Not among `points`, but in `balance`"
        ),
    ]
    bonus_points: Annotated[int, Field(description="All points of it")]
    receipt: EarnReceipt


class ParkedReceipt(Answer):
    """What a till may print."""

    parked: Annotated[int, Field(description="Points to be added later")]
    balance: Annotated[int, Field(description="Points in the wallet right after it")]
    lines: Annotated[list[str], Field(description="Ready to print, each at most 40 characters")]


class ParkedEarn(Posted):
    """A sale beyond your credit limit: recorded, and earned by itself once there is headroom, under this key."""

    object: Literal["earn"]
    status: Annotated[
        Literal["parked"],
        Field(
            description="Ask again with the same Idempotency-Key, or for transactions with your reference, to learn the end"
        ),
    ]
    reference: Annotated[str, Field(description="Your reference")]
    parked_points: Annotated[
        int,
        Field(
            description="Points that it would earn now; how many it earns is decided by your rate at `occurred_at`"
        ),
    ]
    receipt: ParkedReceipt


class Redemption(Posted):
    """Points spent."""

    object: Literal["redemption"]
    reference: Annotated[str, Field(description="Your reference")]
    points: Annotated[int, Field(description="Points spent, as a positive number")]
    worth: WorthField
    receipt: RedemptionReceipt


OriginalId = Annotated[
    str, Field(description="Id of the earn of the sale, or of the burn without one", examples=["txn_…"])
]


class Money(Answer):
    """An amount of money."""

    amount: Annotated[int, Field(description="Minor units")]
    currency: Annotated[str, Field(description="ISO 4217", examples=["EUR"])]


class RefundFigures(Answer):
    """What a refund came to."""

    amount: Annotated[
        int,
        Field(
            description="What the goods had cost, in minor units; of a burn without a sale: points given back"
        ),
    ]
    points_returned: Annotated[int, Field(description="Points burned that are back in the wallet")]
    points_clawed_back: Annotated[int, Field(description="Points earned that were taken from the wallet")]
    points_owed: Annotated[int, Field(description="Points earned that the member owes from now on")]
    points_written_off: Annotated[int, Field(description="Points earned that nobody takes back")]
    money: Annotated[Money, Field(description="The most money to pay out")]


class ParkedPoints(Answer):
    """Points of a sale that is parked, or was."""

    points: Annotated[int, Field(description="What it would have earned when it was parked")]
    status: Annotated[
        Literal["parked", "ended"],
        Field(
            description="`ended`: an earn of your reference names this as its `original`, or it was taken away"
        ),
    ]


class Transaction(Posted):
    """An accepted movement of points, in one shape for all types."""

    object: Literal["transaction"]
    type: Literal[
        "earn",
        "redemption",
        "expiry",
        "hold",
        "capture",
        "void",
        "hold_expiry",
        "refund",
        "points_returned",
        "clawback",
        "debt",
        "debt_repayment",
        "maturity",
        "transfer",
        "transfer_received",
        "wallet_merged",
        "debt_assumed",
        "adjustment",
        "opening_balance",
        "bonus",
        "parked_earn",
        "parked_earn_ended",
    ]
    reference: Annotated[str | None, Field(description="Your reference; null where the movement has none")]
    points: Annotated[int, Field(description="Effect on the wallet: negative for points taken")]
    pending: Annotated[
        int, Field(description="Effect on the points that cannot be spent yet, which are not in the wallet")
    ]
    matures_at: Annotated[Instant | None, Field(description="When pending points can be spent, of an earn")]
    expires_at: Annotated[
        Instant | None, Field(description="When the points earned expire, or the hold ends; null: never")
    ]
    hold: Annotated[
        str | None, Field(description="Id of the hold, of one and of what resolved it", examples=["hld_…"])
    ]
    held: Annotated[int, Field(description="Points that a hold set aside; negative: that were freed of it")]
    purchase: Annotated[str | None, Field(description="Id of the recorded purchase, of an earn")]
    original: Annotated[
        str | None,
        Field(
            description="What it corrects: of a refund what was refunded, of its parts the earn or the burn; of what was "
            "burned in a purchase its earn; of an earn that was parked what parked it",
            examples=["txn_…"],
        ),
    ]
    refund: Annotated[RefundFigures | None, Field(description="What it came to, of a refund")]
    bonus: Annotated[
        list[Bonus],
        Field(description="Of an earn: what campaigns gave on top of it, in transactions of their own"),
    ]
    campaign: Annotated[
        Campaign | None, Field(description="Of a bonus: which campaign gave it; its `original` is the earn")
    ]
    parked: Annotated[
        ParkedPoints | None,
        Field(description="Of a sale beyond your credit limit, and of what took such a one away"),
    ]
    worth: WorthField
