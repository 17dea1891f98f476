"""Where a run stands follows from its payments, and what is approved from everything that is in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from services.partners.domain.payments.instructions import Direction
from services.partners.domain.settlement.draft import WantedRun
from services.partners.domain.settlement.payments import (
    EventKind,
    Method,
    Payment,
    PaymentEvent,
    PaymentState,
    Standing,
    standing,
)
from services.partners.domain.settlement.runs import (
    Outcome,
    Position,
    Proposal,
    RunState,
    outcome_of,
    state_of,
    steps_between,
)
from services.runtime.errors import Fault

DUE = date(2026, 3, 16)
GROCER, FUEL = UUID(int=1), UUID(int=2)
DEBIT = Payment(
    UUID(int=10), 1, GROCER, 1, Direction.COLLECT, Method.DIRECT_DEBIT, 1_000, "R1-A-1", "RF1", DUE, 1, 1, 0
)
TRANSFER = replace(
    DEBIT,
    payment_id=UUID(int=11),
    partner_id=FUEL,
    direction=Direction.PAYOUT,
    method=Method.CREDIT_TRANSFER,
    end_to_end_id="R1-B-1",
)
INVOICE = replace(DEBIT, payment_id=UUID(int=12), method=Method.INVOICE, end_to_end_id="R1-C-1")
BOOKED = PaymentEvent(EventKind.BOOKED, 1_000, DUE)
RETURNED = PaymentEvent(EventKind.RETURNED, 1_000, DUE, "MD06")
REJECTED = PaymentEvent(EventKind.REJECTED, 0, DUE, "AC04")
CARRIED = PaymentEvent(EventKind.CARRIED, 0, DUE, "run 2")
POSITION = Position(GROCER, (UUID(int=7),), 1, 2, 1_000, 1_001, 200, -1, Outcome.COLLECT)


def stand(payment: Payment, *events: PaymentEvent) -> Standing:
    return standing(payment, events)


@pytest.mark.parametrize(
    ("events", "paid", "state", "left"),
    [
        ((), 0, PaymentState.OPEN, 1_000),
        ((PaymentEvent(EventKind.ACCEPTED, 0, DUE),), 0, PaymentState.OPEN, 1_000),
        ((BOOKED,), 1_000, PaymentState.PAID, 0),
        ((REJECTED,), 0, PaymentState.FAILED, 1_000),
        ((BOOKED, RETURNED), 0, PaymentState.FAILED, 1_000),
        ((BOOKED, RETURNED, CARRIED), 0, PaymentState.CLOSED, 1_000),
        ((PaymentEvent(EventKind.CANCELLED, 0, DUE),), 0, PaymentState.CLOSED, 1_000),
    ],
)
def test_a_debit_is_tried_once_and_open_again_only_in_a_later_run(
    events: tuple[PaymentEvent, ...], paid: int, state: PaymentState, left: int
) -> None:
    found = stand(DEBIT, *events)
    assert (found.paid_minor, found.state, found.left_minor) == (paid, state, left)
    assert found.covered_minor == (left if state is PaymentState.OPEN else 0)


def test_an_invoice_may_be_paid_in_parts_and_a_debit_that_came_back_by_a_transfer() -> None:
    part = PaymentEvent(EventKind.TRANSFERRED, 400, DUE)
    rest = PaymentEvent(EventKind.TRANSFERRED, 600, DUE)
    assert stand(INVOICE, part).left_minor == 600
    assert stand(INVOICE, part, rest).state is PaymentState.PAID
    again = stand(DEBIT, BOOKED, RETURNED, part, rest)
    assert (again.state, again.paid_minor, again.booked_minor) == (PaymentState.PAID, 1_000, 0)
    assert stand(DEBIT, BOOKED).booked_minor == 1_000


def test_what_may_still_come_of_a_payout_counts_as_owed_to_the_partner() -> None:
    assert stand(TRANSFER).covered_minor == -1_000
    assert stand(TRANSFER, REJECTED).covered_minor == 0


@pytest.mark.parametrize(
    ("payments", "today", "wanted"),
    [
        ([], DUE, RunState.SETTLED),
        ([stand(DEBIT), stand(TRANSFER)], DUE, RunState.INSTRUCTED),
        ([stand(DEBIT, BOOKED), stand(TRANSFER)], DUE, RunState.COLLECTED),
        ([stand(DEBIT), stand(TRANSFER, BOOKED)], DUE, RunState.INSTRUCTED),
        ([stand(DEBIT, BOOKED), stand(TRANSFER, BOOKED)], DUE, RunState.SETTLED),
        ([stand(DEBIT, REJECTED), stand(TRANSFER)], DUE, RunState.PARTIAL),
        ([stand(DEBIT, BOOKED, RETURNED), stand(TRANSFER, BOOKED)], DUE, RunState.PARTIAL),
        ([stand(DEBIT, REJECTED, CARRIED), stand(TRANSFER, BOOKED)], DUE, RunState.SETTLED),
        ([stand(INVOICE)], DUE, RunState.INSTRUCTED),
        ([stand(INVOICE)], DUE + timedelta(days=3), RunState.INSTRUCTED),
        ([stand(INVOICE)], DUE + timedelta(days=4), RunState.PARTIAL),
    ],
)
def test_a_run_stands_where_its_payments_do(payments: list[Standing], today: date, wanted: RunState) -> None:
    assert state_of(payments, today) is wanted


@pytest.mark.parametrize(
    ("now", "wanted", "steps"),
    [
        (RunState.INSTRUCTED, RunState.SETTLED, [RunState.COLLECTED, RunState.PAID, RunState.SETTLED]),
        (RunState.COLLECTED, RunState.COLLECTED, []),
        (RunState.INSTRUCTED, RunState.PARTIAL, [RunState.PARTIAL]),
        (RunState.PARTIAL, RunState.SETTLED, [RunState.SETTLED]),
        (RunState.SETTLED, RunState.PARTIAL, [RunState.PARTIAL]),
        (RunState.SETTLED, RunState.INSTRUCTED, [RunState.PARTIAL]),
        (RunState.PARTIAL, RunState.INSTRUCTED, [RunState.INSTRUCTED]),
    ],
)
def test_a_run_goes_through_its_states_one_by_one(
    now: RunState, wanted: RunState, steps: list[RunState]
) -> None:
    assert list(steps_between(now, wanted)) == steps


@pytest.mark.parametrize(
    ("due", "by_debit", "wanted"),
    [
        (1, True, Outcome.COLLECT),
        (1, False, Outcome.INVOICE),
        (0, True, Outcome.NOTHING),
        (-499, True, Outcome.BELOW_LEAST),
        (-500, True, Outcome.PAY),
    ],
)
def test_what_is_done_about_an_amount(due: int, by_debit: bool, wanted: Outcome) -> None:
    assert outcome_of(due, by_direct_debit=by_debit, least_payout_minor=500) is wanted


def test_due_is_documents_with_tax_and_what_was_brought_forward_and_rounding_is_told_apart() -> None:
    assert (POSITION.due_minor, POSITION.rounding_minor) == (1_200, 1)
    left_out = replace(POSITION, documents_minor=0, tax_minor=0, outcome=Outcome.LEFT_OUT, why="no terms")
    assert left_out.rounding_minor == 0


@pytest.mark.parametrize(
    "change",
    [
        {"statements_minor": 999},
        {"documents_minor": 1_002},
        {"tax_minor": 201},
        {"brought_forward_minor": 0},
        {"outcome": Outcome.INVOICE},
        {"statement_ids": (UUID(int=8),)},
        {"last_window": 3},
        {"partner_id": FUEL},
        {"why": "x"},
    ],
)
def test_the_hash_of_a_proposal_changes_with_every_figure_in_it(change: dict[str, object]) -> None:
    proposal = Proposal(2, (POSITION,), (b"s" * 32,))
    changed = replace(proposal, positions=(replace(POSITION, **change),))
    assert changed.sha256() != proposal.sha256()
    assert replace(proposal, seals=(b"t" * 32,)).sha256() != proposal.sha256()
    assert replace(proposal, until_window=3).sha256() != proposal.sha256()


def test_what_comes_and_what_goes_leaves_out_those_that_wait() -> None:
    paid = replace(POSITION, partner_id=FUEL, documents_minor=-900, outcome=Outcome.PAY)
    waits = replace(POSITION, documents_minor=0, tax_minor=0, outcome=Outcome.LEFT_OUT, why="no terms")
    small = replace(POSITION, documents_minor=-202, outcome=Outcome.BELOW_LEAST)
    proposal = Proposal(2, (POSITION, paid, waits, small), ())
    assert (proposal.collect_minor, proposal.pay_minor) == (1_200, 701)
    wanted = WantedRun.of(proposal)
    assert (wanted.partners, wanted.left_out) == (3, 1)
    assert WantedRun.parse(wanted.body()) == wanted


def test_a_body_that_nobody_here_has_made_is_no_run() -> None:
    with pytest.raises(Fault):
        WantedRun.parse(b'{"until_window":"2"}')
