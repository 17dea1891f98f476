"""Stores, rates and statements."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.gateway.schemas.fields import Answer, Instant


class Store(Answer):
    """One of your stores."""

    object: Literal["store"]
    id: Annotated[str, Field(examples=["sto_…"])]
    code: Annotated[str, Field(description="Your own code, as `store` of an earn or a redemption")]
    name: str


class TypePrices(Answer):
    """Prices of one type of points."""

    issue_micros: Annotated[int, Field(description="In millionths of the major unit")]
    reimbursement_micros: Annotated[int, Field(description="In millionths of the major unit")]


class Rate(Answer):
    """A version of your prices. Where several apply, the highest version wins."""

    object: Literal["rate"]
    version: Annotated[int, Field(description="From 1")]
    issue_micros: Annotated[
        int, Field(description="What you owe for a point you issue, in millionths of the major unit")
    ]
    reimbursement_micros: Annotated[
        int,
        Field(description="What you are owed for a point spent with you, in millionths of the major unit"),
    ]
    valid_from: Instant
    valid_to: Annotated[Instant | None, Field(description="Excluded; null: open")]
    issue_share_percent: Annotated[
        int,
        Field(
            description="How much of the price you owe when you issue a point; the rest you owe once it is used, and not "
            "at all if it expires"
        ),
    ]
    transaction_fee_micros: Annotated[
        int,
        Field(
            description="What you owe for each sale that earns and each redemption, in millionths of the major unit"
        ),
    ]
    bonus: Annotated[TypePrices | None, Field(description="Prices of bonus points; null: those above")]


class StatementWindow(Answer):
    """The range of the journal that a statement covers."""

    number: Annotated[int, Field(description="From 1")]
    starts_at: Annotated[Instant, Field(description="Programme time, included")]
    ends_at: Annotated[Instant, Field(description="Programme time, excluded")]


class Covers(Answer):
    """What a statement covers: one window, or a run of them where you are billed less often than windows are cut."""

    first_window: Annotated[int, Field(description="Number of the first window")]
    last_window: Annotated[int, Field(description="Number of the last window, which is `window`")]
    starts_at: Annotated[Instant, Field(description="Programme time, included")]
    ends_at: Annotated[Instant, Field(description="Programme time, excluded")]
    first_seq: Annotated[int, Field(description="First posting of the ledger in it")]
    last_seq: Annotated[int, Field(description="Last posting in it; first_seq - 1: there was none")]


class Net(Answer):
    """What is to be paid."""

    amount: Annotated[int, Field(description="Minor units: positive you pay, negative you receive")]
    direction: Annotated[Literal["you_pay", "you_receive", "nothing"], Field(description="The same in words")]
    exact_micros: Annotated[
        int, Field(description="Sum of the rated entries before rounding, in millionths of the major unit")
    ]
    carry_in_micros: Annotated[int, Field(description="Residue of the statement before")]
    carry_out_micros: Annotated[int, Field(description="Residue for the next statement")]


class StatementLine(Answer):
    """A line of a statement."""

    type: Annotated[
        Literal[
            "issued",
            "reversed",
            "charged",
            "credited",
            "released",
            "burned",
            "returned",
            "fee",
            "cycle_fee",
            "issued_difference",
            "reversed_difference",
            "charged_difference",
            "credited_difference",
            "released_difference",
            "burned_difference",
            "returned_difference",
            "fee_difference",
            "buy_out",
            "adjustment_points",
            "adjustment_fees",
            "adjustment_reimbursement",
            "carry_in",
            "carry_out",
        ],
        Field(
            description="Points you issued, and of such points those that refunds took back; points you pay for once they are "
            "used, of such points those that are unused again, and those that never can be used, for which you pay nothing; points spent with you, "
            "and of such points those that refunds gave back; fees by the transaction, and with the statement; what buys out all that is left of your points as you leave; what "
            "earlier ones of these differ by since they were re-rated at another price; what a dispute gave you back of points, of "
            "fees, or of what you are owed for points spent with you; the rounding's residue in and out"
        ),
    ]
    point_type: Annotated[
        Literal["base", "bonus"] | None,
        Field(
            description="What sales earn, or what campaigns give on top of them: of those that were issued or taken back you "
            "pay your share, at that part of your price. None for the residues"
        ),
    ]
    legal_entity: Annotated[
        int | None,
        Field(description="The company of yours that it is about, by its number; none for the residues"),
    ]
    count: Annotated[int, Field(description="Rated entries in it")]
    points: int
    price_micros: Annotated[
        int,
        Field(
            description="Price of each point, in millionths of the major unit; of a difference what it differs by, of either sign"
        ),
    ]
    amount_micros: Annotated[
        int, Field(description="Millionths of the major unit: positive you owe, negative you are owed")
    ]


class StatementSummary(Answer):
    """What you owe or are owed over a clearing window, or a run of them."""

    object: Literal["statement"]
    id: Annotated[str, Field(examples=["stm_…"])]
    window: Annotated[StatementWindow, Field(description="The last window it covers")]
    covers: Covers
    currency: Annotated[str, Field(description="ISO 4217")]
    points_issued: Annotated[int, Field(description="Points you issued in what it covers")]
    points_reversed: Annotated[
        int, Field(description="Points you had issued that refunds took back, in what it covers")
    ]
    points_burned: Annotated[int, Field(description="Points spent with you in what it covers")]
    points_returned: Annotated[
        int, Field(description="Points spent with you that refunds gave back, in what it covers")
    ]
    net: Net
    opening: Annotated[int, Field(description="What earlier statements left due, in minor units")]
    closing: Annotated[int, Field(description="What is due now: opening and net, in minor units")]
    issued_at: Annotated[Instant, Field(description="Programme time")]
    standing: Annotated[
        Literal["open", "accepted", "accepted_by_silence"],
        Field(description="You accepted it, your time to object is over, or neither"),
    ]
    objection_until: Annotated[Instant, Field(description="Programme time from which on silence accepts it")]
    accepted_at: Annotated[Instant | None, Field(description="When you accepted it; null: you did not")]


class LegalEntity(Answer):
    """A company of yours."""

    number: int
    name: str


class Statement(StatementSummary):
    """A statement with its lines."""

    lines: list[StatementLine]
    legal_entities: Annotated[list[LegalEntity], Field(description="Your companies that its lines are about")]
