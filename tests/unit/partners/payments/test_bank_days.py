"""Bank days and references of payments."""

from datetime import date
from uuid import UUID

import pytest

from services.partners.domain.payments.accounts import is_creditor_id
from services.partners.domain.payments.calendar import (
    add_bank_days,
    easter_sunday,
    is_bank_day,
    next_bank_day,
)
from services.partners.domain.payments.reference import (
    creditor_reference,
    creditor_references,
    end_to_end_id,
    is_end_to_end_id,
    payment_reference,
    read_creditor_reference,
)
from services.partners.domain.payments.sepa_text import read_reference, sepa_text
from services.runtime.errors import InvalidRequest


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [(1961, 4, 2), (2000, 4, 23), (2008, 3, 23), (2011, 4, 24), (2026, 4, 5), (2038, 4, 25), (2285, 3, 22)],
)
def test_easter_is_where_the_church_has_it(year: int, month: int, day: int):
    assert easter_sunday(year) == date(year, month, day)


@pytest.mark.parametrize(
    "day",
    [
        "2026-01-01",
        "2026-04-03",
        "2026-04-06",
        "2026-05-01",
        "2026-12-25",
        "2026-02-28",
        "2026-03-01",
        "2024-12-26",
    ],
)
def test_banks_are_closed_at_weekends_and_on_the_six_days_of_t2(day: str):
    assert not is_bank_day(date.fromisoformat(day))


@pytest.mark.parametrize(
    "day", ["2026-01-02", "2026-04-02", "2026-04-07", "2026-05-14", "2026-12-24", "2026-12-31"]
)
def test_they_are_open_on_other_days_whatever_a_country_celebrates(day: str):
    assert is_bank_day(date.fromisoformat(day))


def test_days_are_counted_over_easter():
    assert next_bank_day(date(2026, 4, 3)) == date(2026, 4, 7)
    assert add_bank_days(date(2026, 4, 1), 2) == date(2026, 4, 7)
    assert add_bank_days(date(2026, 4, 4), 0) == date(2026, 4, 7)
    assert add_bank_days(date(2026, 12, 24), 1) == date(2026, 12, 28)


@pytest.mark.parametrize("count", [-1, 367])
def test_nobody_counts_backwards_or_beyond_a_year(count: int):
    with pytest.raises(ValueError, match="bank days"):
        add_bank_days(date(2026, 4, 1), count)


def test_a_creditor_reference_has_the_check_digits_of_iso_11649():
    assert creditor_reference("539007547034") == "RF18539007547034"
    assert creditor_reference("2348231") == "RF712348231"
    assert read_creditor_reference("rf18 5390 0754 7034") == "RF18539007547034"


@pytest.mark.parametrize(
    "text", ["RF19539007547034", "18539007547034", "RF18", "RF1853900754703٤", "RF18-5390", ""]
)
def test_a_reference_with_other_digits_is_none(text: str):
    assert read_creditor_reference(text) is None


@pytest.mark.parametrize("body", ["", "0" * 22, "a", "A-1", "Ä"])
def test_a_reference_is_made_of_capitals_and_figures(body: str):
    with pytest.raises(ValueError, match="capitals"):
        creditor_reference(body)


def test_references_are_found_in_what_a_payer_writes():
    wrote = "Rechnung rf18 5390 0754 7034 danke / RF712348231; RF19539007547034 xRF712348231"
    assert creditor_references(wrote) == ("RF18539007547034", "RF712348231")
    assert creditor_references("RF18 5390 0754 7034") == ("RF18539007547034",)
    assert creditor_references("nothing of it") == ()


def test_ids_of_a_payment_follow_from_run_partner_and_leg_alone():
    partner = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    assert end_to_end_id(12, partner) == end_to_end_id(12, partner, 1)
    made = {
        end_to_end_id(run, who, leg) for run in (1, 12) for who in (partner, UUID(int=1)) for leg in (1, 2)
    }
    assert len(made) == 8
    assert all(is_end_to_end_id(each) and is_end_to_end_id(each.lower()) for each in made)
    assert len(end_to_end_id(9_999_999, partner, 99)) <= 35
    longest = payment_reference(9_999_999, partner, 99)
    assert len(longest) == 25
    assert read_creditor_reference(longest) == longest
    assert payment_reference(1, partner, 11) != payment_reference(11, partner, 1)


@pytest.mark.parametrize(("run", "leg"), [(0, 1), (10_000_000, 1), (1, 0), (1, 100)])
def test_an_id_out_of_range_is_not_made(run: int, leg: int):
    with pytest.raises(ValueError, match="out of range"):
        end_to_end_id(run, UUID(int=1), leg)


@pytest.mark.parametrize("text", ["invoice 4711", "R0-000000000001-1", "R1-1-1", "R1-000000000001", ""])
def test_what_others_call_their_payments_is_not_taken_for_ours(text: str):
    assert not is_end_to_end_id(text)


def test_a_text_is_written_in_the_letters_of_every_bank():
    assert sepa_text("Müller & Söhne GmbH, Straße «4»", 70) == "Muller + Sohne GmbH, Strasse .4."
    assert sepa_text("Łódź Ærø", 70) == "Lodz AEro"
    assert sepa_text("a" * 80, 70) == "a" * 70
    assert sepa_text("株式会社", 70) == "...."


@pytest.mark.parametrize("text", ["", " M1", "M//1", "/M1", "M1/", "M*1", "Ä1", "x" * 36])
def test_a_reference_that_banks_refuse_is_refused_here(text: str):
    with pytest.raises(InvalidRequest):
        read_reference(text, "mandate_id")


def test_a_reference_is_never_changed():
    assert read_reference("M-1/2 a", "mandate_id") == "M-1/2 a"


@pytest.mark.parametrize("text", ["DE98ZZZ09999999999", "NL79ZZZ999999990000", "DE98ABC09999999999"])
def test_a_creditor_identifier_is_known_by_its_digits_whatever_its_business_code(text: str):
    assert is_creditor_id(text)


@pytest.mark.parametrize(
    "text", ["DE97ZZZ09999999999", "DE98ZZZ", "98ZZZ09999999999", "de98zzz09999999999", ""]
)
def test_another_is_none(text: str):
    assert not is_creditor_id(text)
