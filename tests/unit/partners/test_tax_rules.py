"""What tax data may say, and which of it holds when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pycountry
import pytest

from services.partners.domain.documents.code_lists import COUNTRIES, EXEMPTION_CODES
from services.partners.domain.documents.party import LENGTHS, Party, read_party
from services.partners.domain.documents.tax import (
    Category,
    OperatorData,
    OperatorVersion,
    SelfBilling,
    Supply,
    TaxRule,
    operator_at,
    seller_lacks,
    tax_at,
)
from services.runtime.errors import InvalidRequest
from tests.support.en16931 import exemption_codes
from tests.support.tax_papers import GROCER, OPERATOR, OUTSIDE, REVERSED, STANDARD, tax_version


@pytest.mark.parametrize(
    "rule",
    [
        TaxRule(Category.STANDARD),
        TaxRule(Category.STANDARD, 10_001),
        TaxRule(Category.STANDARD, 2_000, "why"),
        TaxRule(Category.ZERO, 0, "", "VATEX-EU-O"),
        TaxRule(Category.ZERO, 1),
        TaxRule(Category.EXEMPT),
        TaxRule(Category.EXEMPT, 500, "why"),
        TaxRule(Category.REVERSE_CHARGE),
        TaxRule(Category.EXPORT),
        TaxRule(Category.OUTSIDE),
        TaxRule(Category.EXEMPT, 0, "", "vatex-eu-o"),
        TaxRule(Category.EXEMPT, 0, "", "VATEX-EU-135-1-D"),
        TaxRule(Category.EXEMPT, 0, "two\nlines"),
        TaxRule(Category.EXEMPT, 0, "x" * 301),
    ],
)
def test_a_rule_whose_parts_do_not_go_together_is_refused(rule: TaxRule) -> None:
    with pytest.raises(InvalidRequest):
        rule.checked()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("legal_name", ""),
        ("street", ""),
        ("city", " Köln"),
        ("country", "de"),
        ("country", "ZZ"),
        ("vat_id", "123456789"),
        ("vat_id", "ZZ123456789"),
        ("vat_id", "DE 123456789"),
        ("email", "nobody"),
        ("email", "a b@c.example"),
        ("legal_note", "a\x00b"),
        *((name, "X" * (at_most + 1)) for name, at_most in LENGTHS.items()),
    ],
)
def test_a_party_is_told_which_field_is_out_of_shape(field: str, value: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        replace(GROCER, **{field: value}).checked()
    assert refused.value.metadata["field"] == field


def test_countries_are_those_of_iso_3166() -> None:
    assert {country.alpha_2 for country in pycountry.countries} == COUNTRIES


def test_exemption_codes_are_those_of_the_official_rules() -> None:
    assert exemption_codes() == EXEMPTION_CODES


def test_a_party_is_read_back_only_as_it_was_written() -> None:
    assert read_party(GROCER.document()) == GROCER
    for broken in ({**GROCER.document(), "more": ""}, {**GROCER.document(), "city": 7}):
        with pytest.raises(TypeError):
            read_party(broken)


def test_who_cannot_sell_under_a_rule_is_told_what_is_lacking() -> None:
    nameless = replace(GROCER, vat_id="", registration_id="")
    small = replace(nameless, tax_number="143/000/11111", registration_id="HRB 1")
    exempt, export = TaxRule(Category.EXEMPT, 0, "small"), TaxRule(Category.EXPORT, 0, "export")
    assert "VAT id or a tax number" in seller_lacks(nameless, STANDARD)
    assert "registration" in seller_lacks(replace(small, registration_id=""), exempt)
    assert seller_lacks(small, exempt) == seller_lacks(small, OUTSIDE) == ""
    assert "VAT id" in seller_lacks(small, export)
    # On a document outside the scope no VAT id is named, so it identifies nobody.
    assert "registration" in seller_lacks(replace(GROCER, registration_id=""), OUTSIDE)
    with pytest.raises(InvalidRequest) as refused:
        tax_version({Supply.REIMBURSEMENT: STANDARD}, party=nameless)
    assert refused.value.metadata["field"] == "rules.reimbursement"
    with pytest.raises(InvalidRequest):
        tax_version({Supply.POINTS: REVERSED}, party=nameless)
    tax_version({Supply.POINTS: STANDARD}, party=nameless)


def test_prefunding_is_outside_the_scope_of_tax_and_nothing_else() -> None:
    data = tax_version().data
    for rule in (STANDARD, REVERSED, TaxRule(Category.ZERO), TaxRule(Category.EXEMPT, 0, "exempt")):
        with pytest.raises(InvalidRequest, match="its category is O") as refused:
            replace(data, rules={Supply.PREFUNDING: rule}).checked()
        assert refused.value.metadata["field"] == "rules.prefunding"
    replace(data, rules={Supply.PREFUNDING: OUTSIDE}).checked()


@pytest.mark.parametrize(
    "agreement",
    [
        SelfBilling("", date(2016, 1, 1), 14),
        SelfBilling("x" * 61, date(2016, 1, 1), 14),
        SelfBilling("a", date(2016, 1, 1), 0),
        SelfBilling("a", date(2016, 1, 1), 367),
    ],
)
def test_an_agreement_has_a_reference_and_days(agreement: SelfBilling) -> None:
    with pytest.raises(InvalidRequest):
        tax_version(self_billing=agreement)


@pytest.mark.parametrize(("entity", "at_us"), [(0, 0), (1_001, 0), (1, -1), (1, 10**17)])
def test_tax_data_is_of_a_company_and_of_our_time(entity: int, at_us: int) -> None:
    with pytest.raises(InvalidRequest):
        tax_version(entity=entity, valid_from_us=at_us)


def test_the_highest_version_that_is_valid_holds() -> None:
    versions = [
        tax_version(version=1, valid_from_us=10),
        tax_version(version=2, valid_from_us=30, party=OPERATOR),
        # Backdated: from its time on it takes the place of both.
        tax_version(version=3, valid_from_us=20, party=replace(GROCER, city="Ulm")),
        tax_version(version=9, valid_from_us=0, entity=2),
    ]
    cities = [found.party.city if (found := tax_at(versions, 1, at)) else None for at in (9, 10, 19, 20, 40)]
    assert cities == [None, "München", "München", "Ulm", "Ulm"]
    of = [
        OperatorVersion(OperatorData(at, replace(OPERATOR, city=city)), n)
        for n, at, city in ((1, 5, "A"), (2, 8, "B"))
    ]
    assert [party.city if (party := operator_at(of, at)) else None for at in (4, 5, 8)] == [None, "A", "B"]


def test_a_party_without_optional_texts_is_fine() -> None:
    assert Party("A", "B", "C", "", "GR", vat_id="EL123456789").checked().postcode == ""
