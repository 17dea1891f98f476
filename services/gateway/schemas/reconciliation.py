"""Days with control totals, the daily file, and what came of a partner's own file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, RootModel

from services.gateway.schemas.fields import Answer, CalendarDate, Instant

Kind = Literal[
    "earn", "redemption", "hold", "capture", "void", "refund", "reversal", "transfer", "bonus", "debt_repayment", "refund_part"
]  # fmt: skip
Status = Annotated[
    Literal["closed", "open"],
    Field(description="closed: the day is over and never changes; open: as far as `last_seq`"),
]
LastSeq = Annotated[
    int, Field(description="Last place in the programme's journal that counts; below first_seq: none")
]


class Figures(Answer):
    """Points as statements count them, and money. Each is 0 or more, but `points`."""

    points: Annotated[
        int,
        Field(
            description="What it did to the member's wallet, without bonus: issued − reversed − burned + returned"
        ),
    ]
    points_issued: Annotated[int, Field(description="Points that you issued")]
    points_reversed: Annotated[int, Field(description="Points you had issued, taken back")]
    points_burned: Annotated[int, Field(description="Points spent with you")]
    points_returned: Annotated[int, Field(description="Points spent with you, given back")]
    bonus_issued: Annotated[
        int, Field(description="Points that campaigns gave on top of your sales, whoever pays for them")
    ]
    bonus_reversed: Annotated[int, Field(description="The same, taken back")]
    amount: Annotated[
        int,
        Field(
            description="Minor units: of an earn the sale, of a refund of a sale what the goods had cost, of a burn what your burn rule "
            "made of its points; otherwise 0"
        ),
    ]


class KindTotal(Figures):
    """Operations of one kind, summed."""

    kind: Kind
    count: int


class ReconciliationDay(Figures):
    """A business day with your control totals: the sums of its file."""

    object: Literal["reconciliation_day"]
    date: CalendarDate
    status: Status
    starts_at: Annotated[Instant, Field(description="Midnight in the programme's zone; included")]
    ends_at: Annotated[Instant, Field(description="The next midnight; excluded")]
    first_seq: Annotated[int, Field(description="First place in the programme's journal")]
    last_seq: LastSeq
    currency: Annotated[str, Field(description="ISO 4217")]
    count: Annotated[int, Field(description="Operations of all kinds")]
    totals: Annotated[
        list[KindTotal], Field(description="By kind; a kind of which there are none is left out")
    ]


class FileLine(Figures):
    """An operation that was accepted on the day."""

    record: Literal["line"]
    kind: Kind
    reference: Annotated[
        str,
        Field(
            description="What you know it by: your reference; of a capture and a void that of the hold, of a bonus that of the sale, "
            "of a reversal its Idempotency-Key. Empty of a debt repayment, and where it was erased"
        ),
    ]
    idempotency_key: Annotated[
        str, Field(description="Of the request that it came with; empty for a line of a batch")
    ]
    original_reference: Annotated[
        str, Field(description="Your reference of the sale or burn that it corrects or belongs to, or empty")
    ]
    transaction: Annotated[str, Field(examples=["txn_…"])]
    seq: Annotated[int, Field(description="Place in the programme's journal")]
    member: Annotated[str, Field(description="Your id of the member", examples=["mem_…"])]
    held: Annotated[int, Field(description="Points set aside by a hold (positive), or no longer (negative)")]
    store: Annotated[str, Field(description="Your code of the store, or empty")]
    till: str
    business_date: Annotated[str, Field(description="As the till told it; decides nothing here")]
    receipt_number: str
    occurred_at: Annotated[Instant, Field(description="The till's clock")]
    recorded_at: Annotated[Instant, Field(description="Programme time: decides the day")]


class FileTotal(KindTotal):
    """Control totals of a kind, after the lines."""

    record: Literal["total"]


class FileEnd(Figures):
    """The last record: without it the file is not whole."""

    record: Literal["end"]
    count: Annotated[int, Field(description="Lines")]
    date: CalendarDate
    status: Status
    first_seq: int
    last_seq: LastSeq
    currency: str
    sha256: Annotated[
        str, Field(description="Over the bytes of all records `line` with their line ends, in hexadecimal")
    ]


class DailyRecord(RootModel[Annotated[FileLine | FileTotal | FileEnd, Field(discriminator="record")]]):
    """A record of the daily file: lines in the order in which they were recorded, totals by kind, the end."""


class BridgeStep(Answer):
    """A step of the bridge from your file to our books. All but the last add up to the last."""

    step: Literal["theirs", "missing_there", "missing_here", "different", "twice", "another_day", "ours"]
    count: int
    points: int
    amount: Annotated[int | None, Field(description="Minor units; null where amounts were not compared")]


class Bridge(Answer):
    """The bridge of one kind."""

    kind: Kind
    steps: list[BridgeStep]


class DifferenceCounts(Answer):
    """How many differences of each type there are."""

    missing_there: Annotated[int, Field(description="In our books of the day, not in your file")]
    missing_here: Annotated[int, Field(description="In your file, and in our books on no day at all")]
    different: Annotated[int, Field(description="In both, with other points or another amount")]
    twice: Annotated[int, Field(description="In your file again")]
    another_day: Annotated[int, Field(description="In both, on different days")]
    unreadable: Annotated[int, Field(description="Lines that could not be read; in no total")]


class ReconciliationUpload(Answer):
    """What came of your file."""

    object: Literal["reconciliation_upload"]
    id: Annotated[str, Field(examples=["rup_…"])]
    created_at: Annotated[Instant, Field(description="Wall-clock time")]
    date: Annotated[CalendarDate, Field(description="The business day that it was compared with")]
    status: Status
    last_seq: LastSeq
    currency: str
    kinds: Annotated[list[Kind], Field(description="Kinds that were compared")]
    amounts_compared: bool
    agrees: Annotated[bool, Field(description="Whether nothing differs and every line was read")]
    lines: Annotated[int, Field(description="Lines of your file, read or not")]
    matched: Annotated[int, Field(description="Operations that are the same on both sides")]
    differences: DifferenceCounts
    differences_kept: Annotated[
        int, Field(description="How many of them can be listed; beyond the limit they are only counted")
    ]
    bridge: Annotated[list[BridgeStep], Field(description="Of all kinds together")]
    bridges: list[Bridge]


class TheirFigures(Answer):
    """What your file says."""

    points: int
    amount: int | None
    date: CalendarDate


class OurFigures(Answer):
    """What our books say. Of another day's operation only the day and the transaction are told."""

    points: int | None
    amount: int | None
    date: CalendarDate
    transaction: Annotated[str | None, Field(examples=["txn_…"])]


class Unreadable(Answer):
    """Why a line could not be read."""

    field: Annotated[str | None, Field(description="The field that is at fault, where it is one")]
    column: Annotated[
        int | None, Field(description="From 1: of CSV the place of the field, of JSON lines the character")
    ]
    detail: str


DifferenceType = Literal["missing_there", "missing_here", "different", "twice", "another_day", "unreadable"]


class ReconciliationDifference(Answer):
    """One thing that differs."""

    object: Literal["reconciliation_difference"]
    number: Annotated[int, Field(description="From 1: the cursor of the list")]
    type: DifferenceType
    kind: Kind | None
    reference: str | None
    line: Annotated[int | None, Field(description="Line of your file, from 1, the header counted")]
    fields: Annotated[list[Literal["points", "amount", "date"]], Field(description="What differs")]
    ours: OurFigures | None
    theirs: TheirFigures | None
    unreadable: Unreadable | None
