"""Whatever a bank says of whatever is open: each item has one outcome, and no cent is lost or counted twice."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from services.partners.domain.payments.bank_entries import BankItem
from services.partners.domain.payments.instructions import Direction
from services.partners.domain.payments.legs import Leg, LegState
from services.partners.domain.payments.matching import OutcomeKind, match_statement
from services.partners.domain.payments.reference import (
    creditor_reference,
    creditor_references,
    read_creditor_reference,
)
from tests.support.payment_model import OWN_IBAN, iban, item, leg, statement

NUMBERS = st.integers(1, 5)
# Few amounts, so that they meet.
AMOUNTS = st.sampled_from([100, 200, 250, 300])


@st.composite
def open_legs(draw: st.DrawFn) -> list[Leg]:
    """Legs in any state, some of the same account."""
    made: list[Leg] = []
    for number in draw(st.lists(NUMBERS, unique=True)):
        amount, state = draw(AMOUNTS), draw(st.sampled_from(LegState))
        paid = 0
        if state is LegState.SETTLED:
            paid = amount
        elif state is not LegState.INSTRUCTED:
            paid = draw(st.integers(0, amount - 1))
        made.append(
            leg(
                number,
                state=state,
                direction=draw(st.sampled_from(Direction)),
                amount_minor=amount,
                paid_minor=paid,
                booked_minor=paid if state is LegState.SETTLED and draw(st.booleans()) else 0,
                counterparty_iban=iban(draw(st.integers(1, 3)), "ELSE"),
                message_id=draw(st.sampled_from(["R1-C-1", ""])),
            )
        )
    return made


@st.composite
def bank_items(draw: st.DrawFn) -> list[BankItem]:
    """Movements that name legs, or others, or nothing; some twice."""
    named = NUMBERS.map(leg)
    wrote = st.one_of(
        st.just(""),
        st.just("RF712348231"),
        named.map(lambda each: each.creditor_reference),
        st.tuples(named, named).map(lambda two: " ".join(each.creditor_reference for each in two)),
    )
    return [
        item(
            draw(AMOUNTS) * draw(st.sampled_from([1, -1])),
            place,
            charge_minor=draw(st.sampled_from([0, 0, 0, -50, -100, 50])),
            bank_reference=draw(st.sampled_from(["", "B1", "B2", f"B-{place}"])),
            currency=draw(st.sampled_from(["EUR", "EUR", "EUR", "USD"])),
            end_to_end_id=draw(
                st.one_of(st.sampled_from(["", "NOTPROVIDED"]), named.map(lambda each: each.end_to_end_id))
            ),
            remittance=draw(wrote),
            is_return=draw(st.booleans()),
            counterparty_iban=draw(st.sampled_from(["", iban(1, "ELSE"), iban(2, "ELSE")])),
        )
        for place in range(1, draw(st.integers(0, 12)) + 1)
    ]


@given(open_legs(), bank_items(), st.sampled_from([OWN_IBAN, OWN_IBAN, iban(99)]))
def test_each_item_ends_in_one_outcome_and_every_cent_in_a_leg_or_a_break(
    legs: list[Leg], items: list[BankItem], account: str
) -> None:
    told = statement(*items, account_iban=account)
    found = match_statement(told, legs, {OWN_IBAN})
    assert Counter(each.item for each in found.outcomes) == Counter(items)
    went = sum(each.applied_minor + each.break_minor + each.charge_minor for each in found.outcomes)
    assert went == sum(each.amount_minor for each in items)
    for each in found.outcomes:
        assert isinstance(each.item, BankItem)
        assert each.applied_minor + each.break_minor + each.charge_minor == each.item.amount_minor
        assert (each.break_type is not None) or each.break_minor == 0
        assert (each.kind in (OutcomeKind.BREAK, OutcomeKind.CHARGE)) == (each.applied_minor == 0)
        assert each.charge_minor in (0, each.item.charge_minor)
    for before, after in zip(legs, found.legs, strict=True):
        applied = sum(each.applied_minor for each in found.outcomes if each.leg_id == before.leg_id)
        assert after.paid_minor - before.paid_minor == applied * before.sign
        assert 0 <= after.booked_minor <= after.paid_minor <= after.amount_minor
        assert after.state is not LegState.SETTLED or after.due_minor == 0


@given(open_legs(), bank_items())
def test_a_statement_told_again_moves_nothing(legs: list[Leg], items: list[BankItem]) -> None:
    told = statement(*items)
    first = match_statement(told, legs, {OWN_IBAN})
    again = match_statement(told, first.legs, {OWN_IBAN}, lambda _: True)
    assert again.legs == first.legs
    assert sum(each.break_minor for each in again.outcomes) == sum(each.amount_minor for each in items)


@given(
    st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=21), st.integers(0, 24), st.data()
)
def test_a_reference_with_one_wrong_character_is_never_taken_for_right(
    body: str, place: int, data: st.DataObject
) -> None:
    made = creditor_reference(body)
    assert read_creditor_reference(made) == made
    grouped = " ".join(made[start : start + 4] for start in range(0, len(made), 4))
    assert made in creditor_references(f"pays {grouped} with thanks")
    place %= len(made)
    other = data.draw(
        st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ").filter(lambda each: each != made[place])
    )
    wrong = made[:place] + other + made[place + 1 :]
    # A letter counts as two figures, so only figures are sure to be told apart (ISO 7064).
    if made[place].isdecimal() and other.isdecimal():
        assert read_creditor_reference(wrong) is None
