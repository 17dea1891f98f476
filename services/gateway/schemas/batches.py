"""Batches of movements."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field

from services.gateway.schemas.fields import Answer, Body, Instant, MemberId
from services.gateway.schemas.movements import EarnContent, RedemptionContent, Transaction
from services.gateway.schemas.naming import MemberReference
from services.gateway.schemas.sales import RefundBody

LINES_MAX: Final = 5_000


class InBatch(Body):
    """What is told of later: nobody is there to show anything."""

    member: MemberReference


class EarnLine(EarnContent, InBatch):
    """A line that earns: the fields of an earn, and its type."""

    type: Literal["earn"]


class RedemptionLine(RedemptionContent, InBatch):
    """A line that redeems: the fields of a redemption, and its type."""

    type: Literal["redemption"]


class RefundLine(RefundBody):
    """A line that refunds: the fields of a refund, and its type. What it refunds may be a line before it."""

    type: Literal["refund"]


LineType = Literal["earn", "redemption", "refund"]
GoodLine = EarnLine | RedemptionLine | RefundLine
Line = Annotated[GoodLine, Field(discriminator="type")]


class BatchBody(Body):
    """Movements to post in one call, in this order."""

    lines: Annotated[
        list[Line],
        Field(min_length=1, max_length=LINES_MAX, description=f"1 to {LINES_MAX:,} movements"),
    ]


class LooseBatch(Body):
    """A batch whose lines are looked at one by one, so that a bad one does not stand in the others' way."""

    lines: Annotated[list[dict[str, Any] | Any], Field(min_length=1, max_length=LINES_MAX)]


class Counts(Answer):
    """How many lines came to what; all others sum to the first."""

    lines: int
    accepted: Annotated[int, Field(description="Posted now")]
    replayed: Annotated[int, Field(description="Posted before, under the same reference and content")]
    refused: Annotated[int, Field(description="Not posted; each says why")]
    waiting: Annotated[
        int, Field(description="Refunds whose sales have not arrived: decided right after those")
    ]
    parked: Annotated[
        int, Field(description="Earns beyond your credit limit: posted by themselves once there is headroom")
    ]


class LineError(Answer):
    """Why a line was refused; the figures of its reason are further members of this object."""

    model_config = ConfigDict(extra="allow")

    code: Annotated[str, Field(description="The reason, as in problem documents")]
    title: str
    detail: str
    retryable: bool
    remembered: Annotated[
        bool,
        Field(
            description="True: this reference gets the same refusal for ever. False: mend the cause and send "
            "the line again under the same reference"
        ),
    ]


class LineResult(Answer):
    """What became of one line."""

    line: Annotated[int, Field(description="Place in the batch, from 0, as in JSON pointers")]
    type: Annotated[LineType | None, Field(description="As sent; null where unreadable")]
    reference: Annotated[str | None, Field(description="As sent; null where unreadable")]
    outcome: Literal["accepted", "replayed", "refused", "waiting", "parked"]
    transaction: Annotated[
        Transaction | None, Field(description="The movement; null where refused or waiting for its sale")
    ]
    error: Annotated[LineError | None, Field(description="Why it was refused; null where it was not")]


class LineCounts(Answer):
    """How many lines of a large batch stand where; all others sum to the first."""

    lines: int
    queued: Annotated[int, Field(description="Stored, not posted yet")]
    retrying: Annotated[int, Field(description="Refused for what may pass, and tried again")]
    waiting: Annotated[int, Field(description="Refunds whose sales have not arrived: the ledger has them")]
    parked: Annotated[int, Field(description="Earns beyond your credit limit: the ledger has them")]
    accepted: Annotated[int, Field(description="Posted now")]
    replayed: Annotated[int, Field(description="Posted before, under the same reference and content")]
    refused: Annotated[int, Field(description="Not posted; each says why")]
    cancelled: Annotated[int, Field(description="Taken back before they were sent to the ledger")]


class BatchProgress(Answer):
    """How far a large batch is."""

    percent: Annotated[int, Field(description="Lines that are done, 0 to 100, rounded down")]
    started_at: Annotated[
        Instant | None, Field(description="When the first lines were posted; null: not yet")
    ]
    finished_at: Annotated[Instant | None, Field(description="When nothing was left to do; null: not yet")]
    next_attempt_at: Annotated[
        Instant | None, Field(description="When a line is worked on next; null where none is left")
    ]
    counts: LineCounts
    lines_url: Annotated[str, Field(description="The results of its lines")]


class BatchSummary(Answer):
    """A batch, without its results."""

    object: Literal["batch"]
    id: Annotated[str, Field(examples=["bat_…"])]
    status: Annotated[
        Literal["queued", "in_progress", "completed", "cancelled"],
        Field(
            description="A large batch is `queued` once all of it is stored, and goes on by itself. One that is answered at once "
            "and was cut short stays in progress until it is sent again with the same key"
        ),
    ]
    created_at: Annotated[Instant, Field(description="Wall-clock time of the first attempt")]
    counts: Annotated[
        Counts | None, Field(description="Null while in progress, and of a large batch: see `progress`")
    ]
    progress: Annotated[BatchProgress | None, Field(description="Of a large batch; null: answered at once")]


class Batch(BatchSummary):
    """A batch with the result of each line."""

    results: Annotated[
        list[LineResult] | None,
        Field(
            description="In the order of the lines; null while in progress, and of a large batch: see its lines"
        ),
    ]


class LineMovement(Answer):
    """What a line of a large batch posted."""

    id: Annotated[str, Field(description="Id of the transaction", examples=["txn_…"])]
    member: MemberId
    points: Annotated[int, Field(description="Effect on the wallet: negative for points taken")]
    pending: Annotated[int, Field(description="Effect on the points that cannot be spent yet")]
    balance: Annotated[int, Field(description="Points in the wallet right after it")]
    recorded_at: Annotated[Instant, Field(description="Programme time of the posting")]


LineOutcome = Literal[
    "queued", "retrying", "waiting", "parked", "accepted", "replayed", "refused", "cancelled"
]


class BatchLine(Answer):
    """A line of a large batch, and what became of it."""

    object: Literal["batch_line"]
    line: Annotated[
        int, Field(description="Of a file its line, from 1; of JSON its place in `lines`, from 0")
    ]
    type: Annotated[LineType | None, Field(description="As sent; null where unreadable")]
    reference: Annotated[str | None, Field(description="As sent; null where unreadable")]
    outcome: LineOutcome
    attempts: Annotated[int, Field(description="How often it was sent to the ledger, or looked up for that")]
    next_attempt_at: Annotated[Instant | None, Field(description="When it is tried again; null: never")]
    transaction: Annotated[LineMovement | None, Field(description="What it posted; null where nothing")]
    error: Annotated[
        LineError | None,
        Field(description="Why it was refused, or is tried again. Pointers of a file start at the line"),
    ]
