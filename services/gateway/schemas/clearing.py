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


class StatementWindow(Answer):
    """The range of the journal that a statement covers."""

    number: Annotated[int, Field(description="From 1")]
    starts_at: Annotated[Instant, Field(description="Programme time, included")]
    ends_at: Annotated[Instant, Field(description="Programme time, excluded")]


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
        Literal["issued", "reversed", "burned", "returned", "carry_in", "carry_out"],
        Field(
            description="Points you issued, and of such points those that refunds took back; points spent with you, "
            "and of such points those that refunds gave back; the rounding's residue in and out"
        ),
    ]
    point_type: Annotated[
        Literal["base", "bonus"] | None,
        Field(
            description="What sales earn, or what campaigns give on top of them: of those that were issued or taken back you "
            "pay your share, at that part of your price. None for the residues"
        ),
    ]
    count: Annotated[int, Field(description="Rated entries in it")]
    points: int
    price_micros: Annotated[int, Field(description="Price of each point, in millionths of the major unit")]
    amount_micros: Annotated[
        int, Field(description="Millionths of the major unit: positive you owe, negative you are owed")
    ]


class StatementSummary(Answer):
    """What you owe or are owed over a clearing window."""

    object: Literal["statement"]
    id: Annotated[str, Field(examples=["stm_…"])]
    window: StatementWindow
    currency: Annotated[str, Field(description="ISO 4217")]
    points_issued: Annotated[int, Field(description="Points you issued in the window")]
    points_reversed: Annotated[
        int, Field(description="Points you had issued that refunds took back, in the window")
    ]
    points_burned: Annotated[int, Field(description="Points spent with you in the window")]
    points_returned: Annotated[
        int, Field(description="Points spent with you that refunds gave back, in the window")
    ]
    net: Net
    issued_at: Annotated[Instant, Field(description="Programme time")]


class Statement(StatementSummary):
    """A statement with its lines."""

    lines: list[StatementLine]
