"""A sale in one call, and goods given back."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from services.gateway.schemas.authority import Authorisation, AuthorisationField, as_shown
from services.gateway.schemas.baskets import SaleLine, Tender
from services.gateway.schemas.fields import (
    AMOUNT_MAX,
    POINTS_MAX,
    Answer,
    Body,
    Currency,
    IdempotencyKey,
    Instant,
    MemberId,
    Metadata,
    Moment,
    Reference,
    StoreCode,
)
from services.gateway.schemas.movements import (
    Bonus,
    Channel,
    Earn,
    EarnBody,
    EarnReceipt,
    KeptMetadata,
    OriginalId,
    ParkedEarn,
    ParkedReceipt,
    Posted,
    Receipt,
    RefundFigures,
    Transaction,
)
from services.gateway.schemas.naming import one_of


class CapturedHold(Body):
    """A hold to capture."""

    id: Annotated[str, Field(max_length=64, description="Id of the hold", examples=["hld_…"])]
    points: Annotated[
        int | None,
        Field(ge=1, le=POINTS_MAX, description="Points to spend; leave it out for all that is held"),
    ] = None


class RedeemedPoints(Body):
    """Points to spend without a hold."""

    points: Annotated[int, Field(ge=1, le=POINTS_MAX, description="Points to spend")]


class PurchaseBody(EarnBody):
    """A sale: what it earns, and what of it is paid in points, by a hold or at once."""

    hold: Annotated[
        CapturedHold | None, Field(description="Pays with points that a hold of the member set aside")
    ] = None
    redeem: Annotated[
        RedeemedPoints | None, Field(description="Pays with points at once; not together with `hold`")
    ] = None
    authorisation: AuthorisationField = None

    @field_validator("redeem")
    @classmethod
    def _one_way(cls, value: RedeemedPoints | None, info: ValidationInfo) -> RedeemedPoints | None:
        if value and info.data.get("hold"):
            raise PydanticCustomError("burn", "Points are paid by hold or by redeem, not by both")
        return value

    @field_validator("authorisation")
    @classmethod
    def _of_a_burn(cls, value: Authorisation | None, info: ValidationInfo) -> Authorisation | None:
        if value and "redeem" in info.data and not info.data["redeem"]:
            raise PydanticCustomError(
                "authorisation", "It goes with `redeem`: a hold had its own, and an earn needs none"
            )
        return as_shown(value, info.data.get("member"), info.data.get("entry_mode"))


class Original(Body):
    """Names what is refunded in exactly one way."""

    model_config = ConfigDict(json_schema_extra=one_of)

    transaction: Annotated[
        str,
        Field(
            max_length=64,
            description="Id of your earn, that of a purchase too, or of a burn without a sale",
            examples=["txn_…"],
        ),
    ] = ""
    reference: Annotated[Reference, Field(description="Your reference of the earn or purchase")] = ""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.transaction != "") + (self.reference != "") != 1:
            raise PydanticCustomError("original", "Exactly one of transaction and reference is needed")
        return self


class RefundBody(Body):
    """Goods of a sale given back, or points of a burn without one. All that is left unless it says how much."""

    original: Original
    reference: Reference
    store: Annotated[
        StoreCode | None, Field(description="Your own code of the store: any of yours, not only the sale's")
    ] = None
    occurred_at: Annotated[Moment, Field(description="The till's clock: RFC 3339 with a zone")]
    channel: Channel = "store"
    receipt: Annotated[Receipt | None, Field(description="Where it was given back")] = None
    lines: Annotated[
        tuple[SaleLine, ...],
        Field(max_length=500, description="What was given back, with positive amounts as a rule"),
    ] = ()
    amount: Annotated[
        int | None,
        Field(
            ge=1,
            le=AMOUNT_MAX,
            description="Of a sale: what the goods had cost, in minor units, however they were paid; the sum of "
            "`lines` where there are some",
        ),
    ] = None
    currency: Annotated[
        Currency | None, Field(validate_default=True, description="Needed with `amount` and with `lines`")
    ] = None
    points: Annotated[
        int | None, Field(ge=1, le=POINTS_MAX, description="Of a burn without a sale: points to give back")
    ] = None
    metadata: Metadata = Field(default_factory=dict[str, str])

    @field_validator("lines")
    @classmethod
    def _worth_something(cls, value: tuple[SaleLine, ...]) -> tuple[SaleLine, ...]:
        if value and not 1 <= sum(line.amount for line in value) <= AMOUNT_MAX:
            raise PydanticCustomError("lines", "The amounts of the lines sum to 1 or more")
        return value

    @field_validator("points")
    @classmethod
    def _no_sale(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value and (info.data.get("amount") or info.data.get("lines")):
            raise PydanticCustomError(
                "points", "A sale is refunded by amount; points are of a burn without one"
            )
        return value

    @field_validator("currency")
    @classmethod
    def _in_a_currency(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and (info.data.get("amount") or info.data.get("lines")):
            raise PydanticCustomError("missing", "An amount needs its currency")
        return value

    @property
    def amount_given(self) -> int:
        """What the goods had cost, by `amount` or else by the lines; 0: all that is left."""
        return self.amount or sum(line.amount for line in self.lines)


class ExchangeBody(Body):
    """What is taken for the goods that are given back: a sale of its own, at the refund's store, time and channel."""

    reference: Annotated[Reference, Field(description="Your own number of the new sale, as of an earn")]
    amount: Annotated[
        int,
        Field(
            ge=0,
            le=AMOUNT_MAX,
            description="What it costs in all, in minor units, whether or not what is given back pays for it",
        ),
    ]
    currency: Currency
    lines: Annotated[
        tuple[SaleLine, ...],
        Field(max_length=500, description="What is taken; where given, the amounts sum to `amount`"),
    ] = ()
    tenders: Annotated[
        tuple[Tender, ...],
        Field(
            max_length=20,
            description="How it is paid. What is paid in `points` is part of `amount` and earns nothing",
        ),
    ] = ()
    receipt: Annotated[Receipt | None, Field(description="Where it was rung up")] = None

    @field_validator("tenders")
    @classmethod
    def _no_more_than_all(cls, value: tuple[Tender, ...], info: ValidationInfo) -> tuple[Tender, ...]:
        in_points = sum(tender.amount for tender in value if tender.kind == "points")
        if not 0 <= in_points <= info.data.get("amount", AMOUNT_MAX):
            raise PydanticCustomError("points_tender", "The tenders in points are worth 0 up to the amount")
        return value


class RefundOrExchangeBody(RefundBody):
    """Goods of a sale given back, or points of a burn without one; with `exchange` together with what is taken for them."""

    exchange: Annotated[
        ExchangeBody | None,
        Field(
            description="The sale of what is taken instead, by the same member: posted with the refund, or neither is"
        ),
    ] = None


class ReversalBody(Body):
    """Names what is to be undone, whether or not it arrived."""

    idempotency_key: IdempotencyKey
    occurred_at: Annotated[Moment, Field(description="The till's clock: RFC 3339 with a zone")]


class PurchaseReceipt(EarnReceipt):
    """What a till may print."""

    burned: Annotated[int, Field(description="Points spent; 0 where none were")]


class Purchase(Answer):
    """A recorded sale: what it earned and what was burned for it."""

    object: Literal["purchase"]
    id: Annotated[str, Field(description="Id of the recorded purchase", examples=["pur_…"])]
    member: MemberId
    reference: Annotated[str, Field(description="Your reference")]
    balance: Annotated[int, Field(description="Points in the wallet right after it")]
    occurred_at: Annotated[Instant, Field(description="The till's clock, in UTC")]
    recorded_at: Annotated[Instant, Field(description="Programme time of the earn")]
    metadata: KeptMetadata
    earn: Annotated[Transaction, Field(description="The points earned; a refund names this one")]
    burn: Annotated[
        Transaction | None, Field(description="The points spent: a capture or a redemption; null: none")
    ]
    bonus: Annotated[
        list[Bonus],
        Field(
            description="What campaigns gave on top of the points earned, each in a transaction of type `bonus`; in `balance`"
        ),
    ]
    bonus_points: Annotated[int, Field(description="All points of it")]
    receipt: PurchaseReceipt


class ParkedPurchaseReceipt(ParkedReceipt):
    """What a till may print."""

    burned: Annotated[int, Field(description="Points spent; 0 where none were")]


class ParkedPurchase(Answer):
    """A sale beyond your credit limit: what was spent is spent, what it earns is added once there is headroom."""

    object: Literal["purchase"]
    status: Annotated[
        Literal["parked"],
        Field(
            description="Ask again with the same Idempotency-Key, or for transactions with your reference, to learn the end"
        ),
    ]
    id: Annotated[str, Field(description="Id of the transaction of type `parked_earn`", examples=["txn_…"])]
    member: MemberId
    reference: Annotated[str, Field(description="Your reference")]
    balance: Annotated[int, Field(description="Points in the wallet right after it")]
    occurred_at: Annotated[Instant, Field(description="The till's clock, in UTC")]
    recorded_at: Annotated[Instant, Field(description="Programme time of what was recorded")]
    metadata: KeptMetadata
    parked_points: Annotated[
        int,
        Field(
            description="Points that it would earn now; how many it earns is decided by your rate at `occurred_at`"
        ),
    ]
    burn: Annotated[
        Transaction | None, Field(description="The points spent: a capture or a redemption; null: none")
    ]
    receipt: ParkedPurchaseReceipt


class RefundReceipt(Answer):
    """What a till may print."""

    returned: Annotated[int, Field(description="Points burned that are back in the wallet")]
    clawed_back: Annotated[int, Field(description="Points earned that were taken back")]
    owed: Annotated[int, Field(description="Points earned that the member owes")]
    balance: Annotated[int, Field(description="Points in the wallet right after it")]
    lines: Annotated[list[str], Field(description="Ready to print, each at most 40 characters")]


class Refund(Posted, RefundFigures):
    """What a refund came to."""

    object: Literal["refund"]
    reference: Annotated[str, Field(description="Your reference")]
    original: OriginalId
    receipt: RefundReceipt
    exchange: Annotated[
        Earn | ParkedEarn | None,
        Field(
            description="What was taken instead, right after the refund; its `balance` is the last. Null: no exchange"
        ),
    ]


class WaitingRefund(Answer):
    """A refund whose sale has not arrived: it is decided right after that, under this key."""

    object: Literal["refund"]
    status: Annotated[
        Literal["waiting"],
        Field(
            description="Ask again with the same Idempotency-Key, or for transactions with your reference, to learn the end"
        ),
    ]
    reference: Annotated[str, Field(description="Your reference")]
    original: Annotated[str, Field(description="The reference of the sale that it waits for")]


class ReversalReceipt(RefundReceipt):
    """What a till may print."""

    released: Annotated[int, Field(description="Points of a hold that are free again")]


class Reversal(RefundFigures):
    """What became of a request that was to be undone. All figures are 0 where there was nothing to undo."""

    object: Literal["reversal"]
    status: Annotated[
        Literal["reversed", "nothing_to_reverse"],
        Field(
            description="`reversed`: it had been posted, and is undone. `nothing_to_reverse`: it had not, had been refused, "
            "or was undone before; if it still arrives it is refused. Either way nothing is left of it"
        ),
    ]
    idempotency_key: Annotated[str, Field(description="That of the original, as sent")]
    transaction: Annotated[
        Transaction | None,
        Field(description="What undid it: a refund, or of a hold a void; null: nothing did"),
    ]
    released: Annotated[int, Field(description="Points of a hold that are free again")]
    balance: Annotated[
        int | None,
        Field(description="Points in the wallet right after it; null where nothing was reversed"),
    ]
    receipt: ReversalReceipt | None
