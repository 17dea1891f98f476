"""Quotes: what a sale or a refund would come to."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from services.gateway.schemas.baskets import Basket, SaleLine
from services.gateway.schemas.fields import (
    AMOUNT_MAX,
    POINTS_MAX,
    Answer,
    Body,
    Currency,
    Instant,
    MemberId,
    Moment,
    StoreCode,
)
from services.gateway.schemas.movements import (
    Campaign,
    Channel,
    RefundFigures,
    Worth,
)
from services.gateway.schemas.naming import MemberReference
from services.gateway.schemas.sales import Original


class QuotedRefundBody(Body):
    """Goods that would be given back, or points of a burn without a sale. All that is left unless it says how much."""

    original: Original
    lines: Annotated[tuple[SaleLine, ...], Field(max_length=500, description="What would be given back")] = ()
    amount: Annotated[
        int | None,
        Field(
            ge=1,
            le=AMOUNT_MAX,
            description="What the goods had cost, in minor units; the sum of `lines` where there are some",
        ),
    ] = None
    currency: Annotated[
        Currency | None, Field(validate_default=True, description="Needed with `amount` and with `lines`")
    ] = None
    points: Annotated[
        int | None, Field(ge=1, le=POINTS_MAX, description="Of a burn without a sale: points to give back")
    ] = None

    @field_validator("lines")
    @classmethod
    def _worth_something(cls, value: tuple[SaleLine, ...]) -> tuple[SaleLine, ...]:
        if value and not 1 <= sum(line.amount for line in value) <= AMOUNT_MAX:
            raise PydanticCustomError("lines", "The amounts of the lines sum to 1 or more")
        return value

    @field_validator("currency")
    @classmethod
    def _in_a_currency(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and (info.data.get("amount") or info.data.get("lines")):
            raise PydanticCustomError("missing", "An amount needs its currency")
        return value

    @field_validator("points")
    @classmethod
    def _no_sale(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value and (info.data.get("amount") or info.data.get("lines")):
            raise PydanticCustomError(
                "points", "A sale is refunded by amount; points are of a burn without one"
            )
        return value

    @property
    def amount_given(self) -> int:
        """What the goods had cost, by `amount` or else by the lines; 0: all that is left."""
        return self.amount or sum(line.amount for line in self.lines)


class QuoteBody(Body):
    """What is asked about: a sale, a refund, or both for an exchange."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["sale", "member"]}, {"required": ["refund"]}]}
    )

    member: Annotated[
        MemberReference | None,
        Field(description="Who buys. Left out with `refund`: whose sale it was"),
    ] = None
    store: Annotated[
        StoreCode | None, Field(description="Your own code of the store; leave it out where there is none")
    ] = None
    occurred_at: Annotated[
        Moment,
        Field(description="The till's clock: RFC 3339 with a zone. Decides rate, campaigns and burn rule"),
    ]
    channel: Channel = "store"
    sale: Annotated[
        Basket | None,
        Field(
            description="What is bought, before points are taken for it; with `refund` in exchange for what is given back"
        ),
    ] = None
    refund: Annotated[QuotedRefundBody | None, Field(description="What would be given back")] = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.sale is None and self.refund is None:
            raise PydanticCustomError("quote", "A sale, a refund or both are needed")
        if (self.member is None) != (self.refund is not None):
            raise PydanticCustomError(
                "quote", "A sale needs its member; with a refund it is that of the sale refunded"
            )
        in_points = (
            sum(tender.amount for tender in self.sale.tenders if tender.kind == "points") if self.sale else 0
        )
        if self.sale is not None and not 0 <= in_points <= self.sale.amount:
            raise PydanticCustomError("points_tender", "The tenders in points are worth 0 up to the amount")
        return self


class Refusal(Answer):
    """Why not; the figures of its reason are further members of this object."""

    model_config = ConfigDict(extra="allow")

    code: Annotated[str, Field(description="The reason, as in problem documents")]
    title: str
    detail: str
    retryable: bool


class QuotedCampaign(Campaign):
    """The campaign that would give points, by the version of its terms that decides now."""

    name: Annotated[str, Field(description="What the operator calls it")]


class QuotedBonus(Answer):
    """Points that a campaign would give on top."""

    campaign: QuotedCampaign
    points: int


class QuotedEarn(Answer):
    """What the sale would earn, if nothing of it is paid in points but what its tenders say."""

    status: Annotated[
        Literal["earned", "parked", "refused"],
        Field(
            description="`parked`: beyond your credit limit, so the points come later. `refused`: see `refusal`"
        ),
    ]
    points: Annotated[int, Field(description="Points of the sale itself; 0 where it is refused")]
    pending: Annotated[int, Field(description="How many of them could not be spent at once")]
    matures_at: Annotated[Instant | None, Field(description="When they could be; null: at once")]
    expires_at: Annotated[
        Instant | None, Field(description="From when on they would be gone; null: see an earn")
    ]
    bonus: Annotated[list[QuotedBonus], Field(description="What campaigns would give on top of it")]
    bonus_points: Annotated[int, Field(description="All points of it")]
    refusal: Annotated[Refusal | None, Field(description="Why the sale would not be taken; null: it would")]


class BurnRatio(Answer):
    """What points are worth by your burn rule, rounded down once for a burn."""

    points: Annotated[int, Field(description="So many points are worth …")]
    amount: Annotated[int, Field(description="… so many minor units")]


class QuotedBurn(Answer):
    """What may be paid in points, in a hold or a redemption with this sale as its basket."""

    least: Annotated[int, Field(description="Fewest points")]
    most: Annotated[
        int, Field(description="Most points, a multiple of `step`; 0: none may be taken, see `refusal`")
    ]
    step: Annotated[int, Field(description="Points are taken in multiples of this")]
    worth: Annotated[
        Worth | None,
        Field(description="What `most` is worth; null: nothing may be taken, or you have no burn rule"),
    ]
    ratio: Annotated[BurnRatio | None, Field(description="Null: you have no burn rule")]
    left_today: Annotated[
        int | None, Field(description="Points that the member may spend with you today; null: without limit")
    ]
    authorisation: Annotated[
        Literal["card", "pin", "app_token"] | None,
        Field(
            description="What has to be shown at least for the most points (`pin`: or a code by message); null: nothing may be taken"
        ),
    ]
    refusal: Annotated[
        Refusal | None, Field(description="What the fewest points would be refused with; null: nothing")
    ]


class Quote(Answer):
    """What it would come to if it were posted now. It promises nothing: what happens in between counts."""

    object: Literal["quote"]
    member: MemberId
    quoted_at: Annotated[Instant, Field(description="Programme time of the quote")]
    available: Annotated[
        int,
        Field(description="Points that the member can spend before any of it; below 0 where points are owed"),
    ]
    owed: Annotated[int, Field(description="Points that the member owes")]
    earn: Annotated[QuotedEarn | None, Field(description="Of a sale; null without one")]
    burn: Annotated[QuotedBurn | None, Field(description="Of a sale that is no exchange; null otherwise")]
    refund: Annotated[RefundFigures | None, Field(description="Of a refund; null without one")]
