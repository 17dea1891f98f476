"""What becomes of each thing that a bank says of a file that it was given."""

import pytest

from services.partners.domain.payments.bank_entries import Status, StatusItem, StatusReport
from services.partners.domain.payments.legs import Leg, LegState
from services.partners.domain.payments.matching import BreakType, OutcomeKind, match_report
from tests.support.payment_model import leg


def report(*items: StatusItem, whole: StatusItem | None = None, of: str = "R1-C-1") -> StatusReport:
    return StatusReport("P1", of, whole, (), items)


def said(status: Status, of: Leg | None = None, reason: str = "") -> StatusItem:
    return StatusItem(of.end_to_end_id if of else "", status, status.value, reason)


def test_a_reject_ends_a_leg_and_acceptance_changes_nothing():
    first, second = leg(1), leg(2)
    found = match_report(
        report(said(Status.REJECTED, first, "AC04"), said(Status.ACCEPTED, second)), [first, second]
    )
    assert [each.kind for each in found.outcomes] == [OutcomeKind.REJECTED, OutcomeKind.NOTED]
    assert [each.state for each in found.legs] == [LegState.REJECTED, LegState.INSTRUCTED]
    again = match_report(report(said(Status.REJECTED, first, "AC04")), found.legs)
    assert again.outcomes[0].kind is OutcomeKind.NOTED


def test_a_file_that_is_rejected_is_rejected_with_all_that_was_in_it_and_nothing_else():
    legs = [leg(1), leg(2), leg(3, message_id="R1-C-2")]
    found = match_report(report(whole=said(Status.REJECTED, reason="FF01")), legs)
    assert [each.state for each in found.legs] == [LegState.REJECTED, LegState.REJECTED, LegState.INSTRUCTED]
    assert [each.item.reason for each in found.outcomes] == ["FF01", "FF01"]


def test_what_is_said_of_a_payment_goes_before_what_is_said_of_its_file():
    told = report(said(Status.REJECTED, leg(1), "AC04"), whole=said(Status.REJECTED, reason="FF01"))
    found = match_report(told, [leg(1), leg(2)])
    assert [(each.kind, each.item.reason) for each in found.outcomes] == [
        (OutcomeKind.REJECTED, "AC04"), (OutcomeKind.REJECTED, "FF01")
    ]  # fmt: skip


def test_a_file_that_nobody_knows_is_a_break():
    found = match_report(report(whole=said(Status.REJECTED), of="X"), [leg()])
    assert [each.break_type for each in found.outcomes] == [BreakType.UNKNOWN_REFERENCE]
    assert found.legs == (leg(),)


@pytest.mark.parametrize("reason", ["AM05", "DUPL", "DU01"])
def test_a_file_or_payment_that_the_bank_has_had_before_is_not_rejected_by_that(reason: str):
    legs = (leg(1), leg(2))
    for told in (
        report(whole=said(Status.REJECTED, reason=reason)),
        report(said(Status.REJECTED, leg(1), reason)),
    ):
        found = match_report(told, legs)
        assert [each.break_type for each in found.outcomes] == [BreakType.DUPLICATE]
        assert found.legs == legs


def test_a_reject_of_what_is_not_instructed_is_a_break():
    settled = leg().paid(10_000, by_instruction=True)
    found = match_report(report(said(Status.REJECTED, settled)), [settled])
    assert (found.outcomes[0].break_type, found.legs) == (BreakType.UNEXPECTED_RETURN, (settled,))
    strange = match_report(report(said(Status.REJECTED, leg(9))), [leg()])
    assert strange.outcomes[0].break_type is BreakType.UNKNOWN_REFERENCE
