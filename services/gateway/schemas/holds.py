"""Holds, and what resolves them."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from services.gateway.schemas.authority import Authorisation, AuthorisationField, as_shown
from services.gateway.schemas.baskets import Basket
from services.gateway.schemas.fields import (
    AMOUNT_MAX,
    POINTS_MAX,
    Body,
    Currency,
    Instant,
    Metadata,
    Moment,
    Reference,
    StoreCode,
)
from services.gateway.schemas.movements import (
    Channel,
    Posted,
    Receipt,
    RedemptionReceipt,
    WorthField,
)
from services.gateway.schemas.naming import PresentMember

SECONDS: Final = 900
SECONDS_MAX: Final = 7 * 86_400
_OccurredAt = Annotated[Moment, Field(description="The till's clock: RFC 3339 with a zone")]


class MoneyToPay(Body):
    """What points shall pay for."""

    amount: Annotated[int, Field(ge=1, le=AMOUNT_MAX, description="Minor units")]
    currency: Currency


class HoldBody(Body):
    """Points to set aside for a burn: so many, or those that are worth so much."""

    member: PresentMember
    reference: Reference
    store: Annotated[
        StoreCode | None, Field(description="Your own code of the store; leave it out where there is none")
    ] = None
    points: Annotated[
        int | None,
        Field(ge=1, le=POINTS_MAX, description="Points to set aside; leave it out where `money` is told"),
    ] = None
    occurred_at: _OccurredAt
    money: Annotated[
        MoneyToPay | None,
        Field(
            validate_default=True,
            description="Instead of `points`: those that are worth the most that is no more than this by your burn rule, and the fewest of "
            "these. The answer tells how many, and their worth",
        ),
    ] = None
    seconds: Annotated[
        int, Field(ge=1, le=SECONDS_MAX, description="How long they are set aside, in programme time")
    ] = SECONDS
    receipt: Annotated[Receipt | None, Field(description="Where they are set aside")] = None
    basket: Annotated[
        Basket | None,
        Field(
            description="What is to be paid; needed where your burn rule takes a share of a basket, or excludes something"
        ),
    ] = None
    authorisation: AuthorisationField = None
    metadata: Metadata = Field(default_factory=dict[str, str])

    @field_validator("money")
    @classmethod
    def _one_of_both(cls, value: MoneyToPay | None, info: ValidationInfo) -> MoneyToPay | None:
        # (Points that are wrong are told as such.)
        if "points" in info.data and (value is None) == (info.data["points"] is None):
            raise PydanticCustomError("points_or_money", "Tell either points or money")
        return value

    @field_validator("authorisation")
    @classmethod
    def _as_shown(cls, value: Authorisation | None, info: ValidationInfo) -> Authorisation | None:
        return as_shown(value, info.data.get("member"))


class CaptureBody(Body):
    """What is spent of a hold."""

    points: Annotated[
        int | None,
        Field(ge=1, le=POINTS_MAX, description="Points to spend; leave it out for all that is held"),
    ] = None
    occurred_at: _OccurredAt
    store: Annotated[
        StoreCode | None, Field(description="Your own code of the store; leave it out where there is none")
    ] = None
    channel: Channel = "store"
    receipt: Annotated[Receipt | None, Field(description="Where it was rung up")] = None
    metadata: Metadata = Field(default_factory=dict[str, str])


class VoidBody(Body):
    """A hold given up."""

    occurred_at: _OccurredAt


HoldId = Annotated[str, Field(description="Id of the hold", examples=["hld_…"])]


class Hold(Posted):
    """Points set aside."""

    object: Literal["hold"]
    hold: HoldId
    reference: Annotated[str, Field(description="Your reference")]
    points: Annotated[int, Field(description="Points set aside")]
    worth: WorthField
    expires_at: Annotated[Instant, Field(description="From this moment on they are free again")]


class Capture(Posted):
    """Points of a hold spent."""

    object: Literal["capture"]
    hold: HoldId
    points: Annotated[int, Field(description="Points spent, as a positive number")]
    worth: WorthField
    released: Annotated[int, Field(description="Points of the hold that are free again")]
    receipt: RedemptionReceipt


class Void(Posted):
    """A hold given up."""

    object: Literal["void"]
    hold: HoldId
    released: Annotated[int, Field(description="Points that are free again")]
