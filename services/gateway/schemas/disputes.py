"""Disputes of statement lines."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.gateway.schemas.fields import AMOUNT_MAX, Answer, Body, Instant

_Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4_000),
    Field(description="What you say; lines may be broken"),
]
_References = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...],
    Field(
        max_length=20, description="What the text points to: receipts, `seq` of postings, addresses of files"
    ),
]


class DisputeBody(Body):
    """A line of a statement that is not right."""

    statement: Annotated[
        str, Field(max_length=64, description="The id of your statement", examples=["stm_…"])
    ]
    line: Annotated[int, Field(ge=1, le=1_000_000, description="Its line, counted from 1")]
    claimed_amount: Annotated[
        int,
        Field(
            ge=1,
            le=AMOUNT_MAX,
            description="What you want back of it, in minor units without tax: at most the line's amount",
        ),
    ]
    ground: Annotated[
        Literal["count", "price", "twice", "other"],
        Field(
            description="Not so many entries or points; another price; charged elsewhere too; something else"
        ),
    ]
    mode: Annotated[
        Literal["pay_first", "withheld"],
        Field(
            description="Whether you pay it and are given back what is accepted, or do not pay it, with its tax, until it is "
            "decided. Only of what you owe can anything be withheld"
        ),
    ]
    text: _Text
    references: _References = ()


class EvidenceBody(Body):
    """What shows that you are right."""

    text: _Text
    references: _References = ()


class EscalationBody(Body):
    """Why the decision is not right."""

    text: _Text


class DisputeEvent(Answer):
    """Something that happened to a dispute."""

    type: Annotated[
        str,
        Field(description="opened, asked, evidence, accepted, rejected, escalated, overdue or closed"),
    ]
    state: Annotated[str, Field(description="The dispute's state after it")]
    at: Annotated[Instant, Field(description="Programme time")]
    by: Annotated[Literal["you", "operator"], Field(description="Whose step it was")]
    text: str
    references: list[str]
    accepted_amount: Annotated[
        int, Field(description="What a decision accepts, in minor units without tax; else 0")
    ]
    window: Annotated[
        int | None,
        Field(description="The window in which that is given back: it is a line of the statement over it"),
    ]


class Dispute(Answer):
    """A dispute of a line of a statement."""

    object: Literal["dispute"]
    id: Annotated[str, Field(examples=["dsp_…"])]
    number: Annotated[int, Field(description="From 1 in the programme: what the operator calls it by")]
    statement: Annotated[str, Field(examples=["stm_…"])]
    line: Annotated[int, Field(description="Of the statement, from 1")]
    line_type: str
    legal_entity: Annotated[int, Field(description="The company of yours that the line is about")]
    claimed_amount: Annotated[int, Field(description="Minor units, without tax")]
    accepted_amount: Annotated[int, Field(description="What was accepted of it so far")]
    withheld_amount: Annotated[
        int, Field(description="What you do not pay until it is decided, in minor units with tax")
    ]
    mode: Literal["pay_first", "withheld"]
    ground: Literal["count", "price", "twice", "other"]
    state: Annotated[
        Literal["opened", "evidence", "accepted", "rejected", "escalated", "closed"],
        Field(
            description="The operator is to decide; you were asked for evidence; it is accepted, in part at least; rejected; "
            "another person is to decide; nothing follows any more"
        ),
    ]
    evidence_until: Annotated[
        Instant | None, Field(description="Until when the evidence that you were asked for is waited for")
    ]
    decide_until: Annotated[Instant | None, Field(description="Until when the operator decides")]
    escalate_until: Annotated[
        Instant | None, Field(description="Until when you may want another person to decide")
    ]
    overdue: Annotated[bool, Field(description="A decision is due, and there is none")]
    events: Annotated[list[DisputeEvent], Field(description="Oldest first")]
