from __future__ import annotations

import grpc
import pytest
from coalition.type.v1.error_pb2 import ItemError
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.boundary import item_error_of, status_of
from services.runtime.errors import (
    CATALOGUE,
    CoalitionError,
    Conflict,
    Fault,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    Refused,
    Unauthenticated,
    Unavailable,
    code_of,
    error_of,
    reason_of,
)
from services.runtime.grpc_client import error_of_item

REASONS = [reason for reason in Reason.values() if reason != Reason.REASON_UNSPECIFIED]


def test_every_reason_but_unspecified_is_in_the_catalogue_and_nothing_else() -> None:
    assert sorted(CATALOGUE) == sorted(REASONS)


@pytest.mark.parametrize("reason", REASONS, ids=code_of)
def test_every_reason_has_a_status_of_an_error_at_both_edges(reason: Reason.ValueType) -> None:
    entry = CATALOGUE[reason]
    assert entry.grpc_status not in (grpc.StatusCode.OK, grpc.StatusCode.UNKNOWN)
    assert 400 <= entry.http_status <= 599
    assert entry.title


@pytest.mark.parametrize("reason", REASONS, ids=code_of)
def test_what_may_be_asked_again_is_told_apart_from_what_may_not(reason: Reason.ValueType) -> None:
    """A fault of the platform can be asked again; a fault of the caller cannot."""
    entry = CATALOGUE[reason]
    if entry.http_status >= 500 or entry.http_status == 429:
        assert entry.retryable
    if entry.http_status in (400, 401, 403, 404, 413, 422):
        assert not entry.retryable


@pytest.mark.parametrize("reason", REASONS, ids=code_of)
def test_a_reason_is_the_same_after_its_name_went_over_the_wire(reason: Reason.ValueType) -> None:
    assert reason_of(code_of(reason)) == reason
    assert code_of(reason) == Reason.Name(reason).removeprefix("REASON_")


def test_a_name_that_is_not_known_here_is_an_internal_fault() -> None:
    assert reason_of("FROM_THE_FUTURE") == Reason.REASON_INTERNAL


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (Reason.REASON_UNAUTHENTICATED, Unauthenticated),
        (Reason.REASON_PERMISSION_DENIED, PermissionDenied),
        (Reason.REASON_INVALID_REQUEST, InvalidRequest),
        (Reason.REASON_CURSOR_INVALID, InvalidRequest),
        (Reason.REASON_PROGRAMME_UNKNOWN, NotFound),
        (Reason.REASON_PARTNER_UNKNOWN, NotFound),
        (Reason.REASON_IDEMPOTENCY_KEY_REUSED, Conflict),
        (Reason.REASON_IDEMPOTENCY_KEY_IN_FLIGHT, Conflict),
        (Reason.REASON_INSUFFICIENT_POINTS, Refused),
        (Reason.REASON_OVERLOADED, Unavailable),
        (Reason.REASON_DEADLINE_EXCEEDED, Unavailable),
        (Reason.REASON_UNAVAILABLE, Unavailable),
        (Reason.REASON_INTERNAL, Fault),
    ],
)
def test_a_neighbours_reason_comes_back_as_the_error_that_a_handler_would_catch(
    reason: Reason.ValueType, kind: type[CoalitionError]
) -> None:
    error = error_of(reason, "a sentence", {"field": "x", "message": "not a parameter"})
    assert type(error) is kind
    assert (error.reason, error.message, error.metadata) == (
        reason,
        "a sentence",
        {"field": "x", "message": "not a parameter"},
    )


@pytest.mark.parametrize("reason", REASONS, ids=code_of)
def test_every_reason_comes_back_from_an_item_of_a_batch(reason: Reason.ValueType) -> None:
    error = CoalitionError(reason, "a sentence", available=3)
    back = error_of_item(item_error_of(error))
    assert (back.reason, back.message, back.metadata) == (reason, "a sentence", {"available": "3"})


def test_a_reason_from_a_newer_neighbour_is_a_fault() -> None:
    item = ItemError.FromString(ItemError(message="new").SerializeToString() + b"\x08\xe7\x07")
    assert item.reason == 999
    assert isinstance(error_of_item(item), Fault)


def test_a_status_carries_the_reason_its_domain_and_the_numbers() -> None:
    status = status_of(Refused(Reason.REASON_INSUFFICIENT_POINTS, "3 are there", available=3, required=5))
    assert (status.code, status.message) == (grpc.StatusCode.FAILED_PRECONDITION.value[0], "3 are there")
    (detail,) = status.details
    assert b"INSUFFICIENT_POINTS" in detail.value
    assert b"coalition" in detail.value
    assert b"required" in detail.value
