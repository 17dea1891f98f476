"""Errors that cross a boundary, and what each reason means there.

    CoalitionError
    ├── InvalidRequest       what was asked cannot be read or is out of range
    ├── Unauthenticated      no credential, or a wrong one
    ├── PermissionDenied     known, but may not
    ├── NotFound             not there, or another partner's
    ├── Conflict             the same key, reference or name stands for something else
    ├── Refused              understood, decided against
    ├── Unavailable          overloaded, unreachable or too late: ask again with the same key
    └── Fault                a mistake of ours

Anything else that escapes a handler is a Fault: the boundary logs it and tells the caller nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import grpc
from coalition.type.v1.reason_pb2 import Reason

DOMAIN: Final = "coalition"


@dataclass(frozen=True, slots=True)
class ReasonEntry:
    """What a reason means at the edges."""

    grpc_status: grpc.StatusCode
    http_status: int
    title: str
    retryable: bool = False


_S = grpc.StatusCode
CATALOGUE: Final[dict[Reason.ValueType, ReasonEntry]] = {
    Reason.REASON_UNAUTHENTICATED: ReasonEntry(_S.UNAUTHENTICATED, 401, "Not authenticated"),
    Reason.REASON_PERMISSION_DENIED: ReasonEntry(_S.PERMISSION_DENIED, 403, "Not allowed"),
    Reason.REASON_INVALID_REQUEST: ReasonEntry(_S.INVALID_ARGUMENT, 400, "Request not valid"),
    Reason.REASON_NOT_FOUND: ReasonEntry(_S.NOT_FOUND, 404, "Not found"),
    Reason.REASON_BODY_TOO_LARGE: ReasonEntry(_S.INVALID_ARGUMENT, 413, "Body too large"),
    Reason.REASON_BATCH_TOO_LARGE: ReasonEntry(_S.INVALID_ARGUMENT, 413, "Batch too large"),
    Reason.REASON_CURSOR_INVALID: ReasonEntry(_S.INVALID_ARGUMENT, 400, "Cursor not valid"),
    Reason.REASON_IDEMPOTENCY_KEY_MISSING: ReasonEntry(_S.INVALID_ARGUMENT, 400, "Idempotency-Key missing"),
    Reason.REASON_IDEMPOTENCY_KEY_REUSED: ReasonEntry(_S.ALREADY_EXISTS, 422, "Idempotency key reused"),
    Reason.REASON_IDEMPOTENCY_KEY_IN_FLIGHT: ReasonEntry(_S.ABORTED, 409, "Same key in flight", True),
    Reason.REASON_REFERENCE_REUSED: ReasonEntry(_S.ALREADY_EXISTS, 409, "Reference reused"),
    Reason.REASON_UNSUPPORTED: ReasonEntry(_S.UNIMPLEMENTED, 415, "Not supported"),
    Reason.REASON_CARD_NUMBER_INVALID: ReasonEntry(_S.INVALID_ARGUMENT, 400, "Card number not valid"),
    Reason.REASON_MEMBER_UNKNOWN: ReasonEntry(_S.NOT_FOUND, 404, "Member unknown"),
    Reason.REASON_MEMBER_CLOSED: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Member closed"),
    Reason.REASON_IDENTIFIER_TAKEN: ReasonEntry(_S.ALREADY_EXISTS, 409, "Identifier taken"),
    Reason.REASON_LOOKUP_LIMITED: ReasonEntry(_S.RESOURCE_EXHAUSTED, 429, "Too many unknown cards", True),
    Reason.REASON_MEMBER_ANONYMOUS: ReasonEntry(
        _S.FAILED_PRECONDITION, 409, "Card is not registered by name"
    ),
    Reason.REASON_STAFF_CARD: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Staff card"),
    Reason.REASON_IDENTIFIER_AMBIGUOUS: ReasonEntry(_S.FAILED_PRECONDITION, 409, "More than one member"),
    Reason.REASON_INSUFFICIENT_POINTS: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Not enough points"),
    Reason.REASON_OCCURRED_IN_FUTURE: ReasonEntry(_S.INVALID_ARGUMENT, 400, "Time lies in the future"),
    Reason.REASON_OCCURRED_TOO_LONG_AGO: ReasonEntry(_S.INVALID_ARGUMENT, 400, "Time lies too far back"),
    Reason.REASON_EARN_RATE_MISSING: ReasonEntry(_S.FAILED_PRECONDITION, 409, "No earn rate"),
    Reason.REASON_STORE_UNKNOWN: ReasonEntry(_S.NOT_FOUND, 404, "Store unknown"),
    Reason.REASON_AMOUNT_MISMATCH: ReasonEntry(_S.INVALID_ARGUMENT, 400, "Amounts do not add up"),
    Reason.REASON_CURRENCY_UNSUPPORTED: ReasonEntry(_S.INVALID_ARGUMENT, 400, "Currency not supported"),
    Reason.REASON_HOLD_UNKNOWN: ReasonEntry(_S.NOT_FOUND, 404, "Hold unknown"),
    Reason.REASON_HOLD_RESOLVED: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Hold already resolved"),
    Reason.REASON_HOLD_TOO_SMALL: ReasonEntry(_S.FAILED_PRECONDITION, 409, "More than is held"),
    Reason.REASON_BURN_TOO_SMALL: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Fewer points than are taken"),
    Reason.REASON_BURN_STEP: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Points are taken in steps"),
    Reason.REASON_BURN_SHARE: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Too many points for the basket"),
    Reason.REASON_BURN_DAILY_LIMIT: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Over the daily limit"),
    Reason.REASON_BURN_WORTH_MISMATCH: ReasonEntry(_S.INVALID_ARGUMENT, 400, "Points of another worth"),
    Reason.REASON_AUTHORISATION_REQUIRED: ReasonEntry(_S.FAILED_PRECONDITION, 403, "More must be shown"),
    Reason.REASON_VELOCITY_EXCEEDED: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Too much in a day"),
    Reason.REASON_AUTHORISATION_INVALID: ReasonEntry(
        _S.FAILED_PRECONDITION, 403, "What was shown is not good"
    ),
    Reason.REASON_PIN_LOCKED: ReasonEntry(_S.FAILED_PRECONDITION, 429, "PIN locked", True),
    Reason.REASON_CODE_LIMITED: ReasonEntry(_S.FAILED_PRECONDITION, 429, "No more codes for now", True),
    Reason.REASON_NO_CONTACT: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Nowhere to send a code to"),
    Reason.REASON_FLAG_REVIEWED: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Flag ended before"),
    Reason.REASON_RUN_STALE: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Run is out of date"),
    Reason.REASON_RUN_STATE: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Run is in another state"),
    Reason.REASON_OPERATOR_DATA_MISSING: ReasonEntry(
        _S.FAILED_PRECONDITION, 409, "Data of the operator missing"
    ),
    Reason.REASON_BREAK_ENDED: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Break is ended"),
    Reason.REASON_DISPUTE_STATE: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Dispute is in another state"),
    Reason.REASON_LINE_DISPUTED: ReasonEntry(_S.ALREADY_EXISTS, 409, "Line is disputed already"),
    Reason.REASON_DISPUTE_LATE: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Days to object are over"),
    Reason.REASON_DECIDED_BEFORE: ReasonEntry(_S.PERMISSION_DENIED, 403, "Another person decides"),
    Reason.REASON_EVIDENCE_AWAITED: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Evidence is awaited"),
    Reason.REASON_TOO_MANY_HOLDS: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Too many open holds"),
    Reason.REASON_ORIGINAL_UNKNOWN: ReasonEntry(_S.NOT_FOUND, 404, "Original unknown"),
    Reason.REASON_REFUND_TOO_LARGE: ReasonEntry(_S.FAILED_PRECONDITION, 409, "More than is left to refund"),
    Reason.REASON_PART_OF_SALE: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Part of a sale"),
    Reason.REASON_LINKED_ITEM_FAILED: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Linked item failed"),
    Reason.REASON_NOTHING_TO_REVERSE: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Nothing to reverse"),
    Reason.REASON_REVERSED_BEFORE_ARRIVAL: ReasonEntry(
        _S.FAILED_PRECONDITION, 409, "Reversed before it arrived"
    ),
    Reason.REASON_CREDIT_LIMIT: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Credit limit reached"),
    Reason.REASON_CAMPAIGN_UNKNOWN: ReasonEntry(_S.NOT_FOUND, 404, "Campaign unknown"),
    Reason.REASON_PROGRAMME_UNKNOWN: ReasonEntry(_S.NOT_FOUND, 404, "Programme unknown"),
    Reason.REASON_ALREADY_EXISTS: ReasonEntry(_S.ALREADY_EXISTS, 409, "Exists already"),
    Reason.REASON_CLOCK_FIXED: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Clock cannot be moved"),
    Reason.REASON_CLOCK_BACKWARDS: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Clock only moves forward"),
    Reason.REASON_BOUNDARY_IN_FUTURE: ReasonEntry(
        _S.FAILED_PRECONDITION, 409, "Boundary lies in the future", True
    ),
    Reason.REASON_RATE_CARD_MISSING: ReasonEntry(_S.FAILED_PRECONDITION, 409, "No price in force"),
    Reason.REASON_RATING_BEHIND: ReasonEntry(_S.UNAVAILABLE, 503, "Rating is behind", True),
    Reason.REASON_PARTNER_UNKNOWN: ReasonEntry(_S.NOT_FOUND, 404, "Partner unknown"),
    Reason.REASON_APPROVAL_NEEDED: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Approval needed"),
    Reason.REASON_PROPOSAL_DECIDED: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Proposal already decided"),
    Reason.REASON_OWN_PROPOSAL: ReasonEntry(_S.PERMISSION_DENIED, 403, "Own proposal"),
    Reason.REASON_TRANSFER_LIMIT: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Transfer limit reached"),
    Reason.REASON_HOLDS_OPEN: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Holds are open"),
    Reason.REASON_POINTS_PENDING: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Points are pending"),
    Reason.REASON_MEMBER_MERGED: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Member merged"),
    Reason.REASON_DRAFT_DECIDED: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Draft already decided"),
    Reason.REASON_OWN_DRAFT: ReasonEntry(_S.PERMISSION_DENIED, 403, "Own draft"),
    Reason.REASON_DRAFT_CHANGED: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Draft changed"),
    Reason.REASON_DRAFT_EXPIRED: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Draft too old"),
    Reason.REASON_MAKER_ROLE_LOST: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Maker has lost the role"),
    Reason.REASON_PERSON_NEEDED: ReasonEntry(_S.PERMISSION_DENIED, 403, "A person is needed"),
    Reason.REASON_DRAFT_NEEDED: ReasonEntry(_S.FAILED_PRECONDITION, 409, "A draft is needed"),
    Reason.REASON_RERATE_STALE: ReasonEntry(_S.FAILED_PRECONDITION, 409, "Re-rate is out of date"),
    Reason.REASON_PARTNER_SUSPENDED: ReasonEntry(_S.PERMISSION_DENIED, 403, "Partner suspended"),
    Reason.REASON_PARTNER_EXITED: ReasonEntry(_S.PERMISSION_DENIED, 403, "Partner leaves or has left"),
    Reason.REASON_ADDRESS_NOT_ALLOWED: ReasonEntry(_S.PERMISSION_DENIED, 403, "Address not allowed"),
    Reason.REASON_API_VERSION_UNKNOWN: ReasonEntry(_S.INVALID_ARGUMENT, 400, "API version unknown"),
    Reason.REASON_RATE_LIMITED: ReasonEntry(_S.RESOURCE_EXHAUSTED, 429, "Too many requests", True),
    Reason.REASON_TOO_MANY_AT_ONCE: ReasonEntry(
        _S.RESOURCE_EXHAUSTED, 429, "Too many requests at once", True
    ),
    Reason.REASON_SUBSCRIBER_REFUSES: ReasonEntry(
        _S.FAILED_PRECONDITION, 409, "The subscriber does not take this"
    ),
    Reason.REASON_OVERLOADED: ReasonEntry(_S.RESOURCE_EXHAUSTED, 503, "Overloaded", True),
    Reason.REASON_DEADLINE_EXCEEDED: ReasonEntry(_S.DEADLINE_EXCEEDED, 504, "Too late", True),
    Reason.REASON_UNAVAILABLE: ReasonEntry(_S.UNAVAILABLE, 503, "Not available", True),
    Reason.REASON_INTERNAL: ReasonEntry(_S.INTERNAL, 500, "Internal fault", True),
}


def code_of(reason: Reason.ValueType) -> str:
    """The stable upper-case name of a reason without its prefix, e.g. INSUFFICIENT_POINTS."""
    return Reason.Name(reason).removeprefix("REASON_")


def reason_of(code: str) -> Reason.ValueType:
    """The reason of an upper-case name; REASON_INTERNAL for one that is not known here."""
    try:
        return Reason.Value(f"REASON_{code}")
    except ValueError:
        return Reason.REASON_INTERNAL


class CoalitionError(Exception):
    """An error with a stable reason, a sentence for a person and the numbers in it."""

    def __init__(self, reason: Reason.ValueType, message: str, **metadata: str | int) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.metadata = {name: str(value) for name, value in metadata.items()}

    @property
    def entry(self) -> ReasonEntry:
        """What the reason means at the edges."""
        return CATALOGUE[self.reason]

    def __str__(self) -> str:
        return f"{code_of(self.reason)}: {self.message}"


class InvalidRequest(CoalitionError):
    """What was asked cannot be read or is out of range."""

    def __init__(
        self, message: str, reason: Reason.ValueType = Reason.REASON_INVALID_REQUEST, **metadata: str | int
    ) -> None:
        super().__init__(reason, message, **metadata)


class Unauthenticated(CoalitionError):
    """No credential, or one that is wrong, expired or revoked."""

    def __init__(self, message: str = "no valid credential was given", **metadata: str | int) -> None:
        super().__init__(Reason.REASON_UNAUTHENTICATED, message, **metadata)


class PermissionDenied(CoalitionError):
    """The caller is known but may not do this."""

    def __init__(self, message: str, **metadata: str | int) -> None:
        super().__init__(Reason.REASON_PERMISSION_DENIED, message, **metadata)


class NotFound(CoalitionError):
    """The thing addressed does not exist, or is another partner's."""

    def __init__(
        self, message: str, reason: Reason.ValueType = Reason.REASON_NOT_FOUND, **metadata: str | int
    ) -> None:
        super().__init__(reason, message, **metadata)


class Conflict(CoalitionError):
    """The same key, reference or name stands for something else already."""


class Refused(CoalitionError):
    """Understood, and decided against."""


class Unavailable(CoalitionError):
    """Overloaded, unreachable or too late: ask again with the same key."""

    def __init__(
        self, message: str, reason: Reason.ValueType = Reason.REASON_UNAVAILABLE, **metadata: str | int
    ) -> None:
        super().__init__(reason, message, **metadata)


class Fault(CoalitionError):
    """A mistake of ours; its text stays in the logs."""

    def __init__(self, message: str = "an internal fault; the request id finds it in the logs") -> None:
        super().__init__(Reason.REASON_INTERNAL, message)


_TREE: Final[dict[grpc.StatusCode, type[CoalitionError]]] = {
    _S.INVALID_ARGUMENT: InvalidRequest,
    _S.UNIMPLEMENTED: InvalidRequest,
    _S.UNAUTHENTICATED: Unauthenticated,
    _S.PERMISSION_DENIED: PermissionDenied,
    _S.NOT_FOUND: NotFound,
    _S.ALREADY_EXISTS: Conflict,
    _S.ABORTED: Conflict,
    _S.FAILED_PRECONDITION: Refused,
    _S.RESOURCE_EXHAUSTED: Unavailable,
    _S.UNAVAILABLE: Unavailable,
    _S.DEADLINE_EXCEEDED: Unavailable,
    _S.INTERNAL: Fault,
}


def error_of(reason: Reason.ValueType, message: str, metadata: Mapping[str, str]) -> CoalitionError:
    """The error of the tree that a neighbour's reason stands for, so that `except NotFound` catches it.

    A reason that is not known here, from a newer neighbour, is a Fault.
    """
    known = reason if reason in CATALOGUE else Reason.REASON_INTERNAL
    kind = _TREE[CATALOGUE[known].grpc_status]
    # Their own ways of making them have fixed reasons and sentences.
    found = kind.__new__(kind)
    CoalitionError.__init__(found, known, message)
    found.metadata = dict(metadata)
    return found
