"""Why a transaction came to its points."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.gateway.schemas.fields import Answer, Instant
from services.gateway.schemas.movements import Transaction, Worth
from services.gateway.schemas.quotes import BurnRatio, QuotedCampaign


class EarnRate(Answer):
    """What you give for money, by the rate that decided."""

    points: Annotated[int, Field(description="So many points for …")]
    amount: Annotated[int, Field(description="… so many minor units")]


class ExplainedEarn(Answer):
    """`points` = `money` × `rate.points` ÷ `rate.amount`, rounded down once."""

    amount: Annotated[int, Field(description="What was paid in all, in minor units")]
    in_points: Annotated[int, Field(description="What of it was paid in points, and earns nothing")]
    money: Annotated[int, Field(description="What is left of it")]
    rate: EarnRate
    points: Annotated[int, Field(description="Points of the sale itself")]
    dropped: Annotated[int, Field(description="What rounding dropped: so many `rate.amount`-ths of a point")]


class ExplainedCampaign(Answer):
    """A campaign that was there for the sale."""

    campaign: QuotedCampaign
    multiplier_percent: Annotated[
        int | None, Field(description="So many per cent of the sale's own points in all; null: fixed points")
    ]
    fixed_points: Annotated[
        int | None, Field(description="Points whatever the sale earned; null: a multiplier")
    ]
    min_amount: Annotated[int, Field(description="The least that had to be paid in money, in minor units")]
    due: Annotated[int, Field(description="What it came to by its terms")]
    points: Annotated[int, Field(description="What it gave, out of its budget: all that was due, or nothing")]
    outcome: Annotated[
        Literal["given", "amount_too_small", "no_points", "not_covered"],
        Field(
            description="`not_covered`: its budget had fewer points left, or one who pays for it took no part then"
        ),
    ]


class ExplainedBurn(Answer):
    """`worth.amount` = `points` × `ratio.amount` ÷ `ratio.points`, rounded down once."""

    points: Annotated[int, Field(description="Points spent, or set aside")]
    ratio: BurnRatio
    worth: Worth
    counted: Annotated[
        int | None, Field(description="What of the basket counted, in minor units; null: it was not told")
    ]
    share_percent: Annotated[int, Field(description="How much of that may be paid in points")]


class RefundSums(Answer):
    """What refunds come to together."""

    returned: Annotated[int, Field(description="Points returned")]
    taken: Annotated[int, Field(description="Points taken back or owed, of the sale and of campaigns")]
    money: Annotated[int, Field(description="Money to pay out, in minor units")]


class ExplainedRefund(Answer):
    """What the refund came to is `due`, less what the ones before it had come to (`before`)."""

    whole: Annotated[int, Field(description="What there was to refund: minor units, or points of a burn")]
    in_points: Annotated[int, Field(description="What of a sale was paid in points, in minor units")]
    burned: Annotated[int, Field(description="Points burned for it")]
    earned: Annotated[int, Field(description="Points that it earned itself")]
    bonus: Annotated[int, Field(description="Points that campaigns gave for it")]
    tender_order: Literal["pro_rata", "points_first", "money_first"]
    given: Annotated[int, Field(description="Of the whole, what all refunds up to this one gave back")]
    due: Annotated[RefundSums, Field(description="What was due by then, with nothing written off")]
    refunds_before: Annotated[int, Field(description="How many refunds came before it")]
    before: RefundSums


class ExplainedLots(Answer):
    """Points of lots."""

    act: Annotated[
        Literal["opened", "taken", "given_back", "set_aside"],
        Field(
            description="What the movement did with them: put into a new lot, taken, given back, set aside for a hold"
        ),
    ]
    issuer: Annotated[Literal["own", "other"], Field(description="`own`: you issued them")]
    point_type: Literal["base", "bonus"]
    points: int
    expires_at: Annotated[
        Instant | None, Field(description="Of a new lot: when they expire; null: never, or another act")
    ]
    matures_at: Annotated[
        Instant | None,
        Field(description="Of a new lot: when they can be spent; null: at once, or another act"),
    ]


class Explanation(Answer):
    """Why a transaction came to its points. What is not of its type is null or empty."""

    object: Literal["explanation"]
    transaction: Transaction
    earn: Annotated[
        ExplainedEarn | None, Field(description="Of an earn, and of a bonus the earn that it is of")
    ]
    campaigns: Annotated[
        list[ExplainedCampaign],
        Field(
            description="Of an earn all that were there for it, of a bonus its own, in the order of their creation"
        ),
    ]
    burn: Annotated[ExplainedBurn | None, Field(description="Of a burn or a hold by your burn rule")]
    refund: Annotated[ExplainedRefund | None, Field(description="Of a refund")]
    lots: Annotated[list[ExplainedLots], Field(description="What it did with points of which kind")]
