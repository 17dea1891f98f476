"""Every reason has its words, its page and its place in a problem document."""

from __future__ import annotations

import string

import pytest
from coalition.type.v1.reason_pb2 import Reason

from services.gateway.answers.problems import problem, receipt_text
from services.gateway.apidocs import pages
from services.gateway.apidocs.errors import EXPLAINED, entry_of
from services.gateway.apidocs.explained import RECEIPT_TEXT_MAX
from services.runtime.errors import CoalitionError, code_of

_ALL = sorted(Reason.values())
_LONGEST = "1000000000"


@pytest.mark.parametrize("reason", _ALL, ids=[code_of(each).lower() for each in _ALL])
def test_every_reason_is_explained_and_has_a_page(reason: Reason.ValueType) -> None:
    words = EXPLAINED[reason]
    assert words.happened.endswith(".")
    assert words.do.endswith(".")
    page = pages.error_page(code_of(reason).lower())
    assert page is not None
    assert entry_of(reason).title.encode() in page


@pytest.mark.parametrize("reason", _ALL, ids=[code_of(each).lower() for each in _ALL])
def test_what_a_till_shows_has_at_most_40_characters(reason: Reason.ValueType) -> None:
    words = EXPLAINED[reason]
    named = {name for _, name, _, _ in string.Formatter().parse(words.receipt_text) if name}
    assert named <= set(words.figures)
    error = CoalitionError(reason, "", **dict.fromkeys(words.figures, _LONGEST))
    assert len(receipt_text(error, "en")) <= RECEIPT_TEXT_MAX
    assert len(receipt_text(CoalitionError(reason, ""), "en")) <= RECEIPT_TEXT_MAX


@pytest.mark.parametrize("reason", _ALL, ids=[code_of(each).lower() for each in _ALL])
def test_a_problem_of_any_reason_has_all_members_of_rfc_9457(reason: Reason.ValueType) -> None:
    document = problem(
        CoalitionError(reason, "so it is"), origin="https://h", instance="/v1/x", request_id="r"
    )
    assert document["type"] == f"https://h/errors/{code_of(reason).lower()}"
    assert document["detail"] == "so it is"
    assert document["instance"] == "/v1/x"
    assert 400 <= document["status"] <= 599
    assert document["title"]


def test_the_figures_of_a_refusal_are_numbers_and_nothing_else_is_told() -> None:
    error = CoalitionError(
        Reason.REASON_INSUFFICIENT_POINTS,
        "no",
        available=120,
        required=500,
        account_no=77,
        partner_id="secret",
    )
    document = problem(error, origin="", instance="/", request_id="r")
    assert (document["available"], document["required"]) == (120, 500)
    assert "account_no" not in document
    assert "partner_id" not in document
    assert document["receipt_text"] == "Not enough points: 120 there"


def test_a_reason_that_is_newer_than_the_gateway_is_an_internal_fault_with_words() -> None:
    assert entry_of(9_999).http_status == 500  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ("earn.sale.lines[2].amount_minor", "/lines/2/amount"),
        ("occurred_at", "/occurred_at"),
        ("till", "/receipt/till"),
        ("store_id", "/store"),
        ("member.card", "/member/card"),
        ("personal.email", "/personal/email"),
    ],
)
def test_a_field_that_a_service_names_is_pointed_at_where_it_is_in_the_body(field: str, pointer: str) -> None:
    error = CoalitionError(Reason.REASON_INVALID_REQUEST, "no", field=field)
    document = problem(error, origin="", instance="/", request_id="r")
    assert document["errors"] == [{"pointer": pointer, "code": "invalid_request", "detail": "no"}]


def test_pages_ask_no_other_host_for_anything() -> None:
    policy = pages.CONTENT_SECURITY_POLICY
    assert "http" not in policy
    assert policy.startswith("default-src 'none'")
    for page in (pages.reference_page(), pages.error_index(), pages.error_page("not_found") or b""):
        assert b"//" not in page.replace(b"<!doctype", b"")
