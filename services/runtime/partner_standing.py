"""Where a partner stands in its programme, and the one table of what is answered then; whoever enforces it reads it here.

The partners service keeps the standings and holds them against the table for keys and campaigns, the gateway for what
never reaches the ledger, the ledger for every movement. docs/partners.md shows the same table, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from coalition.type.v1.reason_pb2 import Reason

from services.runtime.clock import from_micros
from services.runtime.errors import CoalitionError, error_of


class StandingKind(StrEnum):
    """What a partner is to its programme."""

    ACTIVE = "active"
    """It takes part. What goes without saying."""
    SUSPENDED = "suspended"
    """Nothing new begins with it. What had begun can be ended: captured, voided, refunded, reversed."""
    EXITING = "exiting"
    """It leaves: no earns, burns until the run-off ends, refunds and the like until the return window does."""
    EXITED = "exited"
    """It has left, for good. It reads its statements still."""


class Operation(StrEnum):
    """What is asked by a partner, for it, or of its points; in the order in which the table lists it."""

    ENROL = "enrol"
    MEMBERS = "members"
    EARN = "earn"
    EARN_PARKED = "earn_parked"
    REDEEM = "redeem"
    HOLD = "hold"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    REVERSE = "reverse"
    FUND = "fund"
    GRANT = "grant"
    TRANSFER = "transfer"
    BURN_ELSEWHERE = "burn_elsewhere"
    STATEMENTS = "statements"
    ISSUE_KEY = "issue_key"


class Until(StrEnum):
    """Whether, and until when, an operation is answered."""

    ALWAYS = "answered"
    RUN_OFF = "until the run-off ends"
    RETURNS = "until the return window ends"
    NEVER = "refused"


class PartnerStanding(NamedTuple):
    """A standing that holds from a programme time on. Times in microseconds; the ends, excluded, of one that is leaving only."""

    kind: StandingKind = StandingKind.ACTIVE
    valid_from_us: int = 0
    run_off_until_us: int = 0
    returns_until_us: int = 0


# Without a version a partner is active.
ACTIVE: Final = PartnerStanding()

_A, _RUN_OFF, _RETURNS, _NO = Until.ALWAYS, Until.RUN_OFF, Until.RETURNS, Until.NEVER
_KINDS: Final = (StandingKind.ACTIVE, StandingKind.SUSPENDED, StandingKind.EXITING, StandingKind.EXITED)
_ROWS: Final[Mapping[Operation, tuple[Until, Until, Until, Until]]] = {
    Operation.ENROL: (_A, _NO, _NO, _NO),
    Operation.MEMBERS: (_A, _A, _RETURNS, _NO),
    Operation.EARN: (_A, _NO, _NO, _NO),
    Operation.EARN_PARKED: (_A, _NO, _RETURNS, _NO),
    Operation.REDEEM: (_A, _NO, _RUN_OFF, _NO),
    Operation.HOLD: (_A, _NO, _RUN_OFF, _NO),
    Operation.CAPTURE: (_A, _A, _RETURNS, _NO),
    Operation.VOID: (_A, _A, _RETURNS, _NO),
    Operation.REFUND: (_A, _A, _RETURNS, _NO),
    Operation.REVERSE: (_A, _A, _RETURNS, _NO),
    Operation.FUND: (_A, _NO, _NO, _NO),
    Operation.GRANT: (_A, _NO, _NO, _NO),
    Operation.TRANSFER: (_A, _A, _A, _A),
    Operation.BURN_ELSEWHERE: (_A, _A, _A, _A),
    Operation.STATEMENTS: (_A, _A, _A, _A),
    Operation.ISSUE_KEY: (_A, _A, _A, _NO),
}
TABLE: Final[Mapping[Operation, Mapping[StandingKind, Until]]] = {
    operation: dict(zip(_KINDS, row, strict=True)) for operation, row in _ROWS.items()
}


def answers(operation: Operation, standing: PartnerStanding, now_us: int) -> bool:
    """Whether an operation is answered at a programme time."""
    match TABLE[operation][standing.kind]:
        case Until.ALWAYS:
            return True
        case Until.RUN_OFF:
            return now_us < standing.run_off_until_us
        case Until.RETURNS:
            return now_us < standing.returns_until_us
        case Until.NEVER:
            return False


def refused_operations(standing: PartnerStanding, now_us: int) -> tuple[Operation, ...]:
    """All that is refused at a programme time."""
    return tuple(each for each in Operation if not answers(each, standing, now_us))


class Refusal(NamedTuple):
    """Why an operation is refused: the reason, the sentence, and the words in it."""

    reason: Reason.ValueType
    message: str
    metadata: dict[str, str]

    def error(self) -> CoalitionError:
        """The same as an error to raise."""
        return error_of(self.reason, self.message, self.metadata)


def refusal_of(operation: Operation, standing: PartnerStanding) -> Refusal:
    """The refusal of an operation that is not answered in a standing: suspended, leaving or gone."""
    said = {"standing": standing.kind.value, "operation": operation.value}
    if standing.kind is StandingKind.SUSPENDED:
        message = f"the partner is suspended since {from_micros(standing.valid_from_us).isoformat()}"
        return Refusal(Reason.REASON_PARTNER_SUSPENDED, message, said)
    message = "the partner has left the programme"
    if standing.kind is StandingKind.EXITING:
        message = f"the partner leaves the programme, since {from_micros(standing.valid_from_us).isoformat()}"
    return Refusal(Reason.REASON_PARTNER_EXITED, message, said)


def standing_at(versions: Iterable[tuple[int, PartnerStanding]], now_us: int) -> PartnerStanding:
    """The standing at a programme time among numbered versions: that of the highest number in force, or active."""
    in_force = [each for each in versions if each[1].valid_from_us <= now_us]
    return max(in_force, key=lambda each: each[0])[1] if in_force else ACTIVE
