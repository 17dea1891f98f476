"""Where a dispute stands, what may follow, and until when."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from services.partners.domain.disputes.amounts import (
    Held,
    adjustment_kind,
    let_go,
    most_claimed_minor,
    with_tax,
    withheld,
)
from services.partners.domain.disputes.dispute import Dispute, Event, Ground, Happened, Mode, State
from services.partners.domain.disputes.terms import (
    DisputeTerms,
    DisputeTermsVersion,
    parse_terms,
    terms_at,
    terms_document,
)
from services.partners.domain.disputes.texts import read_said
from services.partners.domain.drafts import body_of
from services.partners.domain.entries import EntryKind
from services.partners.domain.statement import LineKind, StatementLine
from services.runtime.clock import MICROS_PER_DAY
from services.runtime.errors import InvalidRequest

DAY = MICROS_PER_DAY
PARTNER, FIRST, SECOND = UUID(int=1), UUID(int=2), UUID(int=3)
TERMS = DisputeTerms(0, 5, 10, 7)


def opened(claimed: int = 1_000) -> Dispute:
    return Dispute(
        UUID(int=9),
        1,
        UUID(int=8),
        1,
        "issued",
        PARTNER,
        1,
        claimed,
        Mode.WITHHELD,
        Ground.COUNT,
        2_000,
        with_tax(claimed, 2_000),
        TERMS,
        (Event(1, Happened.OPENED, State.OPENED, 0, "key_1"),),
    )


def after(dispute: Dispute, kind: Happened, day: int, accepted: int = 0, by_partner: bool = False) -> Dispute:
    assert dispute.may(kind)
    event = Event(
        len(dispute.events) + 1,
        kind,
        dispute.after(kind, by_partner),
        day * DAY,
        "stf",
        FIRST if kind in (Happened.ACCEPTED, Happened.REJECTED) else None,
        accepted_minor=accepted,
    )
    return replace(dispute, events=(*dispute.events, event))


def test_deadlines_are_those_of_the_terms_that_held_when_it_was_opened() -> None:
    dispute = opened()
    assert (dispute.decide_until_us, dispute.evidence_until_us, dispute.escalate_until_us) == (10 * DAY, 0, 0)
    asked = after(dispute, Happened.ASKED, 2)
    assert (asked.evidence_until_us, asked.decide_until_us) == (7 * DAY, 17 * DAY)
    answered = after(asked, Happened.EVIDENCE, 3, by_partner=True)
    assert (answered.state, answered.evidence_until_us, answered.decide_until_us) == (
        State.OPENED, 0, 17 * DAY,
    )  # fmt: skip
    rejected = after(answered, Happened.REJECTED, 4)
    assert (rejected.decide_until_us, rejected.escalate_until_us) == (0, 11 * DAY)
    escalated = after(rejected, Happened.ESCALATED, 6, by_partner=True)
    assert (escalated.decide_until_us, escalated.escalate_until_us) == (16 * DAY, 0)


def test_what_the_operator_adds_is_not_what_was_waited_for() -> None:
    asked = after(opened(), Happened.ASKED, 2)
    assert after(asked, Happened.EVIDENCE, 3).state is State.EVIDENCE


@pytest.mark.parametrize(("day", "over"), [(10, False), (11, True), (40, True)])
def test_a_rejection_is_over_when_the_days_to_escalate_are_whoever_looks_when(day: int, over: bool) -> None:
    rejected = after(opened(), Happened.REJECTED, 4)
    assert rejected.is_over(day * DAY) is over
    if over:
        assert rejected.over_since_us(day * DAY) == 11 * DAY


def test_what_is_accepted_wholly_or_decided_twice_is_over_at_once() -> None:
    whole = after(opened(), Happened.ACCEPTED, 4, 1_000)
    assert whole.is_over(4 * DAY)
    part = after(opened(), Happened.ACCEPTED, 4, 400)
    assert not part.is_over(4 * DAY)
    again = after(after(part, Happened.ESCALATED, 5, by_partner=True), Happened.REJECTED, 6)
    assert again.is_over(6 * DAY)
    assert again.over_since_us(9 * DAY) == 6 * DAY
    assert (again.accepted_minor, again.left_minor) == (400, 600)


def test_overdue_is_told_once_a_decision() -> None:
    dispute = opened()
    assert not dispute.is_overdue(10 * DAY - 1)
    assert dispute.is_overdue(10 * DAY)
    told = after(dispute, Happened.OVERDUE, 10)
    assert (told.overdue_told(), told.state) == (True, State.OPENED)
    escalated = after(after(told, Happened.REJECTED, 11), Happened.ESCALATED, 12)
    assert not escalated.overdue_told()


def test_nothing_follows_a_closed_dispute_and_nothing_is_decided_twice_without_an_escalation() -> None:
    rejected = after(opened(), Happened.REJECTED, 4)
    assert not rejected.may(Happened.ACCEPTED)
    closed = after(rejected, Happened.CLOSED, 11)
    assert not any(closed.may(each) for each in Happened)


@pytest.mark.parametrize(
    ("kind", "booked"),
    [
        (LineKind.REVERSED, EntryKind.ADJUSTMENT_POINTS),
        (LineKind.CYCLE_FEE, EntryKind.ADJUSTMENT_FEES),
        (LineKind.RETURNED, EntryKind.ADJUSTMENT_REIMBURSEMENT),
        (LineKind.ADJUSTMENT_FEES, EntryKind.ADJUSTMENT_FEES),
    ],
)
def test_what_is_given_back_is_of_the_supply_that_was_disputed(kind: LineKind, booked: EntryKind) -> None:
    assert adjustment_kind(kind.value) is booked


@pytest.mark.parametrize("kind", [LineKind.RELEASED, LineKind.CARRY_IN, LineKind.CARRY_OUT])
def test_what_costs_nothing_is_never_given_back(kind: LineKind) -> None:
    with pytest.raises(KeyError):
        adjustment_kind(kind.value)


@pytest.mark.parametrize(("micros", "most"), [(19_999, 1), (-19_999, 1), (9_999, 0), (20_000, 2)])
def test_at_most_the_whole_minor_units_of_a_line_are_disputed(micros: int, most: int) -> None:
    assert most_claimed_minor(StatementLine(LineKind.ISSUED, 1, 1, micros, micros)) == most


def test_tax_of_what_is_withheld_is_rounded_as_on_a_document() -> None:
    assert [with_tax(net, 1_900) for net in (0, 1, 3, 50)] == [0, 1, 4, 60]


def test_held_is_what_is_undecided_and_what_is_accepted_until_the_credit_note_is_there() -> None:
    held = Held(UUID(int=9), PARTNER, 1_000, 2_000, 0, 0, False)
    assert held.due_minor == 1_200
    assert replace(held, accepted_minor=400, pending_minor=400).due_minor == 1_200
    assert replace(held, accepted_minor=400).due_minor == 720
    assert replace(held, accepted_minor=400, pending_minor=400, closed=True).due_minor == 480
    assert replace(held, accepted_minor=400, closed=True).due_minor == 0


def test_withholding_and_letting_go_are_the_opposite_of_each_other() -> None:
    there, back = withheld(UUID(int=9), PARTNER, 1_200), let_go(UUID(int=9), PARTNER, 1_200)
    assert {(each.account, each.amount_minor) for each in there.entries} == {
        (each.account, -each.amount_minor) for each in back.entries
    }


def test_terms_are_read_back_from_their_draft_and_the_highest_valid_version_counts() -> None:
    assert parse_terms(body_of(terms_document(TERMS))) == TERMS
    later = replace(TERMS, valid_from_us=5 * DAY, decision_days=3)
    versions = [DisputeTermsVersion(TERMS, 1), DisputeTermsVersion(later, 2)]
    assert terms_at(versions, 5 * DAY - 1) == TERMS
    assert terms_at(versions, 5 * DAY) == later
    assert terms_at([], 0) == DisputeTerms()


@pytest.mark.parametrize(
    "changes",
    [{"evidence_days": 0}, {"decision_days": 367}, {"escalation_days": -1}, {"valid_from_us": -1}],
)
def test_terms_out_of_range_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        replace(TERMS, **changes).checked()
    assert refused.value.metadata["field"] in changes


@pytest.mark.parametrize(
    ("text", "references", "field"),
    [
        ("", (), "text"),
        ("x" * 4_001, (), "text"),
        ("bell\a", (), "text"),
        ("fine", ("x",) * 21, "references"),
        ("fine", ("ok", " "), "references[1]"),
        ("fine", ("x" * 201,), "references[0]"),
    ],
)
def test_what_is_said_has_limits(text: str, references: tuple[str, ...], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_said(text, references)
    assert refused.value.metadata["field"] == field


def test_lines_of_a_text_may_be_broken() -> None:
    assert read_said(" one\ntwo ", [" R-1 "]).references == ("R-1",)
