"""What is answered where a partner stands: the table, its times, its words."""

from __future__ import annotations

import pytest
from coalition.partners.v1 import standing_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import PermissionDenied
from services.runtime.partner_standing import (
    ACTIVE,
    TABLE,
    Operation,
    PartnerStanding,
    StandingKind,
    Until,
    answers,
    refusal_of,
    refused_operations,
    standing_at,
)

LEAVING = PartnerStanding(StandingKind.EXITING, 100, 200, 300)
SUSPENDED = PartnerStanding(StandingKind.SUSPENDED, 100)
GONE = PartnerStanding(StandingKind.EXITED, 300)


def test_the_table_says_something_of_every_operation_in_every_standing() -> None:
    assert list(TABLE) == list(Operation)
    assert all(list(row) == list(StandingKind) for row in TABLE.values())


def test_an_active_partner_is_answered_everything() -> None:
    assert refused_operations(ACTIVE, 0) == ()


def test_who_leaves_burns_until_the_run_off_ends_and_undoes_until_the_return_window_does() -> None:
    assert not answers(Operation.EARN, LEAVING, 100)
    assert answers(Operation.REDEEM, LEAVING, 199)
    assert not answers(Operation.REDEEM, LEAVING, 200)
    assert answers(Operation.REFUND, LEAVING, 299)
    assert not answers(Operation.REFUND, LEAVING, 300)
    assert answers(Operation.STATEMENTS, LEAVING, 10**18)


def test_what_had_begun_can_be_ended_during_a_suspension_and_nothing_new_begins() -> None:
    ended = {Operation.CAPTURE, Operation.VOID, Operation.REFUND, Operation.REVERSE}
    refused = set(refused_operations(SUSPENDED, 10**18))
    assert not ended & refused
    assert {Operation.ENROL, Operation.EARN, Operation.REDEEM, Operation.HOLD, Operation.GRANT} <= refused


def test_points_stay_the_members_wherever_their_issuer_stands() -> None:
    for operation in (Operation.TRANSFER, Operation.BURN_ELSEWHERE):
        assert set(TABLE[operation].values()) == {Until.ALWAYS}


def test_the_highest_number_in_force_counts_whatever_its_date() -> None:
    numbered = [(2, SUSPENDED), (1, PartnerStanding(StandingKind.EXITING, 150, 200, 300)), (3, GONE)]
    assert standing_at(numbered, 99) == ACTIVE
    assert standing_at(numbered, 299) == SUSPENDED
    assert standing_at(numbered, 300) == GONE


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (SUSPENDED, Reason.REASON_PARTNER_SUSPENDED),
        (LEAVING, Reason.REASON_PARTNER_EXITED),
        (GONE, Reason.REASON_PARTNER_EXITED),
    ],
)
def test_a_refusal_says_where_the_partner_stands_and_what_was_asked(
    standing: PartnerStanding, reason: Reason.ValueType
) -> None:
    error = refusal_of(Operation.EARN, standing).error()
    assert isinstance(error, PermissionDenied)
    assert error.reason == reason
    assert error.metadata == {"standing": standing.kind.value, "operation": "earn"}


def test_the_contract_has_the_same_standings_and_operations() -> None:
    kinds = [
        name.removeprefix("STANDING_KIND_").lower()
        for name in standing_pb2.StandingKind.DESCRIPTOR.values_by_name
    ]
    assert kinds == ["unspecified", *StandingKind]
    operations = [
        name.removeprefix("PARTNER_OPERATION_").lower()
        for name in standing_pb2.PartnerOperation.DESCRIPTOR.values_by_name
    ]
    assert operations == ["unspecified", *Operation]
