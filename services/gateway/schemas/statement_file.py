"""The file that proves a statement. docs/statements.md says what each part is hashed into."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.gateway.schemas.fields import Answer

Hash = Annotated[str, Field(description="32 bytes in hexadecimal", pattern="^[0-9a-f]{64}$")]
Sums = tuple[int, int, int, int, int]


class ProvedStatement(Answer):
    """All that the statement says beside its entries."""

    programme: str
    partner: str
    partner_id: Annotated[str, Field(description="16 bytes in hexadecimal")]
    currency: Annotated[str, Field(description="ISO 4217")]
    first_window: int
    last_window: int
    previous_window: Annotated[int, Field(description="Last window of your statement before; 0: none")]
    carry_in_micros: int
    net_minor: Annotated[int, Field(description="Minor units: positive you pay")]
    carry_out_micros: int
    opening_minor: Annotated[int, Field(description="What earlier statements left due, in minor units")]
    closing_minor: Annotated[int, Field(description="What is due now: opening and net")]
    objection_until_us: Annotated[
        int,
        Field(
            description="From then on your silence accepts it: microseconds since 1970 UTC, programme time"
        ),
    ]
    lines: Annotated[
        list[tuple[str, str, int, int, int, int, int]],
        Field(
            description="Kind, type of points, count, points, price and amount in micros, number of your company"
        ),
    ]


class WindowRecord(Answer):
    """What the log keeps of a window."""

    window: int
    first_seq: int
    last_seq: int
    batch_no: Annotated[int, Field(description="Batch of the ledger's chain that reached last_seq; 0: none")]
    batch_hash: str
    partners: int
    root: Hash
    totals: Annotated[
        Sums, Field(description="Entries, points issued, points burned, micros owed, micros received")
    ]


class ProvedWindow(Answer):
    """A window: what it came to, and your entries."""

    record: WindowRecord
    inclusion: list[Hash]
    secret: Hash
    place: int
    path: list[tuple[Hash, int, int, int, int, int]]
    entries: Annotated[
        list[tuple[int, int, str, str, int, int, int, int, int, int, str]],
        Field(
            description="Seq (0: booked for no posting), line, kind, type of points, points, price and amount in micros, "
            "micros due for each point once it is used, the seq that issued the points (0: not said), number of your company, first digits of the leaf's hash"
        ),
    ]


class StatementFile(Answer):
    """Everything that is needed to verify a statement offline."""

    format: Literal["coalition statement 1"]
    statement: ProvedStatement
    key: Annotated[str, Field(description="Verifier key of the operator: compare it with the published one")]
    checkpoint: Annotated[str, Field(description="Signed note: size and root of the log of windows")]
    previous: Annotated[
        str, Field(description="The checkpoint of your statement before; empty: this is the first")
    ]
    consistency: Annotated[list[Hash], Field(description="Proof that the log continues the previous one")]
    windows: list[ProvedWindow]
