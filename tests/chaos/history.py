"""What tills asked for, and every answer that they heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from services.runtime.ids import new_id
from tests.support.ledger_facts import Ask, Kind

#: Statuses after which nobody knows what happened; the same request goes again with the same key.
_PASSING: Final = frozenset({0, 408, 429, 500, 502, 503, 504})
_IN_FLIGHT: Final = "idempotency_key_in_flight"
#: What a problem document says of the call instead of the operation.
_OF_THE_CALL: Final = ("request_id", "instance", "type")
_OPERATOR: Final = UUID(int=0)


@dataclass(frozen=True)
class Asked:
    """A movement asked for, as the model has it, with ids where the model has places in the journal.

    `key` is the ledger's: the partner's with `k:` before it, for the burn of a purchase with `b:`, for a line of a batch
    its kind and reference. `hold` is the transaction that opened the hold; what is refunded is named by `original`, or
    by the reference of the earn.
    """

    kind: Kind
    partner: UUID
    key: str
    member: UUID
    reference: str
    occurred_us: int
    amount: int
    seconds: int = 0
    in_points: int = 0
    linked: bool = False
    target: str = ""
    hold: UUID | None = None
    original: UUID | None = None
    original_reference: str = ""

    @property
    def place(self) -> tuple[UUID, str]:
        """Where the ledger keeps the answer."""
        return self.partner, self.key

    def ask(self, hold_seq: int, original_seq: int) -> Ask:
        """In the words of the model."""
        return Ask(
            self.kind, self.partner, self.key, self.member, self.reference, self.occurred_us, self.amount,
            self.seconds, hold_seq, original_seq, self.in_points, self.linked, self.target,
            original_reference=self.original_reference,
        )  # fmt: skip


@dataclass(frozen=True)
class Heard:
    """What came back for a request: the HTTP status (0: nothing), the body, and `why` where nothing came."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    replayed: bool = False
    why: str = ""

    @property
    def code(self) -> str:
        """The code of a problem; empty for a success."""
        return str(self.body.get("code", "")) if self.status >= 400 else ""

    @property
    def waits(self) -> bool:
        """Whether it says that the operation is kept: until its original comes, or until its points may be issued."""
        return self.status == 202

    @property
    def parked(self) -> bool:
        """Whether it says that the sale is parked."""
        return self.waits and self.body.get("status") == "parked"

    @property
    def definite(self) -> bool:
        """Whether it says what became of the operation."""
        return self.status not in _PASSING and self.code != _IN_FLIGHT and not self.waits

    @property
    def told(self) -> Mapping[str, Any]:
        """What has to be the same whenever the same is asked."""
        return {name: value for name, value in self.body.items() if name not in _OF_THE_CALL} | {
            "status": self.status
        }


@dataclass
class Operation:
    """One request of a till, sent again with the same key until it is answered or given up.

    `movements` is what it asks the ledger for. `expected`: codes of problems that leave nothing behind and that this
    request may be answered with. `given_up`: nobody waits for the answer any more.
    """

    no: int
    kind: str
    partner: str
    path: str
    key: str
    body: Mapping[str, Any]
    movements: tuple[Asked, ...] = ()
    expected: frozenset[str] = frozenset()
    heard: list[Heard] = field(default_factory=list[Heard])
    given_up: bool = False

    @property
    def answer(self) -> Heard | None:
        """The first definite answer; where one left nothing behind, the first that did."""
        definite = [heard for heard in self.heard if heard.definite]
        lasting = (heard for heard in definite if heard.code not in self.expected)
        return next(lasting, definite[0] if definite else None)

    @property
    def answered(self) -> bool:
        """Whether some answer said what became of it."""
        return self.answer is not None

    @property
    def accepted(self) -> bool:
        """Whether it was heard that it was done."""
        answer = self.answer
        return answer is not None and answer.status < 400

    @property
    def waits(self) -> bool:
        """Whether all that was heard is that it waits, or is parked."""
        return not self.answered and any(heard.waits for heard in self.heard)

    @property
    def parked(self) -> Heard | None:
        """The first answer that says that the sale is parked."""
        return next((heard for heard in self.heard if heard.parked), None)

    def __str__(self) -> str:
        return f"operation {self.no} ({self.partner}: {self.kind}, key {self.key})"


@dataclass
class Load:
    """Points that the operator wants in a campaign's budget. `seqs`: the postings that were heard to have brought them there."""

    key: str
    campaign_id: UUID
    points: int
    seqs: set[int] = field(default_factory=set[int])

    @property
    def place(self) -> tuple[UUID, str]:
        """Where the ledger keeps the answer."""
        return _OPERATOR, self.key


@dataclass
class FloorAsked:
    """A credit floor that the operator wants for a partner. `heard`: what stands, and its seq: as soon as that was answered."""

    partner: UUID
    floor: int | None
    basis_seq: int
    parks: bool
    heard: tuple[int, int | None, int, bool] | None = None


class History:
    """All operations of a run, in the order in which they were first sent; and what the operator loaded and bounded."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.loads: dict[tuple[UUID, str], Load] = {}
        self.floors: list[FloorAsked] = []

    def floor(self, wanted: FloorAsked) -> FloorAsked:
        """A new floor, not asked for yet."""
        self.floors.append(wanted)
        return wanted

    def load(self, campaign_id: UUID, points: int) -> Load:
        """A new load, not asked for yet."""
        wanted = Load(new_id().hex, campaign_id, points)
        self.loads[wanted.place] = wanted
        return wanted

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    def begin(
        self, kind: str, partner: str, path: str, key: str, body: Mapping[str, Any], *movements: Asked,
        expected: frozenset[str] = frozenset(),
    ) -> Operation:  # fmt: skip
        """A new operation, not sent yet."""
        operation = Operation(len(self.operations) + 1, kind, partner, path, key, body, movements, expected)
        self.operations.append(operation)
        return operation

    @property
    def movements(self) -> dict[tuple[UUID, str], Asked]:
        """All that was asked of the ledger, by where it keeps the answers."""
        return {asked.place: asked for operation in self for asked in operation.movements}

    def kinds(self) -> Counter[str]:
        """Operations by kind."""
        return Counter(operation.kind for operation in self)

    def answers(self) -> Counter[str]:
        """Operations by what became of them: `accepted`, the code of the problem, or `unknown`."""
        return Counter(_done(operation) for operation in self)

    def unheard(self) -> Counter[str]:
        """Requests without a definite answer, by status and code."""
        return Counter(
            f"{heard.status} {heard.code}".strip() if heard.status else heard.why
            for operation in self
            for heard in operation.heard
            if not heard.definite and not heard.waits
        )

    def again(self) -> int:
        """Requests beyond the first of each operation."""
        return sum(max(0, len(operation.heard) - 1) for operation in self)


def _done(operation: Operation) -> str:
    """What became of it: a reversal may have found nothing to reverse."""
    answer = operation.answer
    if answer is None:
        waits = "parked" if operation.parked else "waiting"
        return waits if operation.waits else "unknown"
    done = "nothing_to_reverse" if answer.body.get("status") == "nothing_to_reverse" else "accepted"
    return answer.code or done
