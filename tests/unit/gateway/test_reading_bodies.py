"""Bodies are read strictly, and what is wrong is pointed at."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.gateway.apidocs.burn_examples import REDEMPTION_BODIES
from services.gateway.apidocs.examples import BATCH_BODIES, EARN_BODIES
from services.gateway.domain.errors import FieldError, InvalidBody
from services.gateway.schemas.batches import LINES_MAX
from services.gateway.schemas.members import EnrolBody
from services.gateway.schemas.movements import EarnBody, RedemptionBody
from services.gateway.schemas.naming import MemberReference
from services.gateway.schemas.reading import BadLine, read, read_lines
from services.runtime.errors import InvalidRequest

_EARN: dict[str, Any] = EARN_BODIES["at the till"]
_REDEMPTION: dict[str, Any] = REDEMPTION_BODIES["at the till"]


def _pointers(model: Any, body: Any) -> list[str | None]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(InvalidBody) as caught:
        read(model, raw)
    return [error.pointer for error in caught.value.errors]


def _mistakes(model: Any, raw: bytes) -> tuple[FieldError, ...] | None:
    """What is wrong with a body; None where nothing is."""
    try:
        read(model, raw)
    except InvalidBody as error:
        return error.errors
    return None


def _earn(**changes: Any) -> dict[str, Any]:
    return {**_EARN, **changes}


def test_a_time_with_a_zone_becomes_an_instant() -> None:
    for text in ("2026-03-14T09:26:53+01:00", "2026-03-14T08:26:53Z", "2026-03-14T08:26:53.000000999Z"):
        assert (
            read(EarnBody, json.dumps(_earn(occurred_at=text)).encode()).occurred_at == 1_773_476_813_000_000
        )


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-14T09:26:53", "2026-03-14", "1773476813", "", "2026-02-30T09:26:53Z", "2026-03-14T24:26:53Z",
        "2026-03-14 09:26:53Z", "2026-03-14T09:26:53+0100", "٢٠٢٦-03-14T09:26:53Z", 1773476813, None, 1.5, [],
    ],
)  # fmt: skip
def test_a_time_without_a_zone_or_off_the_calendar_is_refused(text: Any) -> None:
    assert _pointers(EarnBody, _earn(occurred_at=text)) == ["/occurred_at"]


@pytest.mark.parametrize("amount", [1.0, 25.99, "2599", True, None, -1, 10**12 + 1, 10**40, [], {}])
def test_money_is_a_whole_number_within_its_limits(amount: Any) -> None:
    assert _pointers(EarnBody, _earn(amount=amount)) == ["/amount"]


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e3", "2599.0"])
def test_money_is_never_a_float(literal: str) -> None:
    raw = (
        json.dumps(_earn()).replace('"amount": 2599, "currency"', f'"amount": {literal}, "currency"').encode()
    )
    assert _pointers(EarnBody, raw)[0] in ("/amount", "")


@pytest.mark.parametrize(
    ("in_points", "fits"), [([2599], True), ([2000, 599], True), ([2600], False), ([-1], False)]
)
def test_what_is_paid_in_points_is_part_of_the_amount(in_points: list[int], fits: bool) -> None:
    tenders = [{"kind": "card", "amount": 9_000}, *({"kind": "points", "amount": each} for each in in_points)]
    if fits:
        read(EarnBody, json.dumps(_earn(tenders=tenders)).encode())
    else:
        assert _pointers(EarnBody, _earn(tenders=tenders)) == ["/tenders"]


@pytest.mark.parametrize("points", [0, -5, 10**9 + 1, 1.5, "5"])
def test_points_to_spend_are_a_positive_whole_number(points: Any) -> None:
    assert _pointers(RedemptionBody, {**_REDEMPTION, "points": points}) == ["/points"]


@pytest.mark.parametrize("reference", ["", " ", "a b", "a\n", "a\0", "ä", "x" * 256, 5, None])
def test_a_reference_is_visible_ascii(reference: Any) -> None:
    assert _pointers(EarnBody, _earn(reference=reference)) == ["/reference"]


@pytest.mark.parametrize(
    "member",
    [{}, {"id": ""}, {"card": "1", "id": "2"}, {"phone": "1"}, {"card": 6035}, "mem_1", None, []],
)
def test_a_member_is_named_in_exactly_one_way(member: Any) -> None:
    assert all((pointer or "").startswith("/member") for pointer in _pointers(EarnBody, _earn(member=member)))


def test_unknown_fields_are_refused_rather_than_overlooked() -> None:
    assert _pointers(EarnBody, _earn(ammount=1)) == ["/ammount"]
    line = {"sku": "1", "amount": 2599, "price": 5}
    assert _pointers(EarnBody, _earn(lines=[line])) == ["/lines/0/price"]


def test_control_characters_reach_neither_receipts_nor_databases() -> None:
    assert _pointers(EarnBody, _earn(receipt={"till": "7\0"})) == ["/receipt/till"]
    assert _pointers(EarnBody, _earn(lines=[{"sku": "a\x1b[0m", "amount": 2599}])) == ["/lines/0/sku"]
    assert _pointers(EarnBody, _earn(store="S\n1")) == ["/store"]
    assert _pointers(EnrolBody, {"personal": {"given_name": "A\0"}}) == ["/personal/given_name"]


def test_letters_of_any_script_are_welcome_where_text_is_for_people() -> None:
    body = read(EarnBody, json.dumps(_earn(lines=[{"sku": "сирене 🧀", "amount": 2599}])).encode())
    assert body.lines[0].sku == "сирене 🧀"


def test_lists_have_their_limits() -> None:
    line = {"sku": "1", "amount": 0}
    assert _pointers(EarnBody, _earn(lines=[line] * 501)) == ["/lines"]
    assert _pointers(EarnBody, _earn(tenders=[{"kind": "card", "amount": 0}] * 21)) == ["/tenders"]


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b"\0", b"{}{}", b'{"a":}', b"[" * 100_000,
        b'{"member":' + b"[" * 300 + b"]" * 300 + b"}", b'{"amount":' + b"9" * 10_000 + b"}",
        b'{"reference":"\\ud800"}', b'{"reference":"\xed\xa0\x80"}', b"<earn/>",
    ],
)  # fmt: skip
def test_what_is_no_json_object_is_an_invalid_body(raw: bytes) -> None:
    assert _pointers(EarnBody, raw)


def test_of_a_field_that_is_given_twice_the_last_one_counts() -> None:
    raw = json.dumps(_earn()).encode()[:-1] + b', "reference": "second"}'
    assert read(EarnBody, raw).reference == "second"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    )
)
@settings(max_examples=200)
def test_any_json_is_read_or_refused_with_pointers(value: Any) -> None:
    for model in (EarnBody, RedemptionBody, MemberReference, EnrolBody):
        mistakes = _mistakes(model, json.dumps(value).encode())
        assert all(each.pointer is not None for each in mistakes or ())


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for model in (EarnBody, MemberReference):
        assert _mistakes(model, raw) != ()


def test_at_most_20_mistakes_are_told_and_none_of_the_values() -> None:
    lines = [{"sku": "secret-article", "amount": "secret-amount"}] * 100
    with pytest.raises(InvalidBody) as caught:
        read(EarnBody, json.dumps(_earn(lines=lines)).encode())
    assert len(caught.value.errors) == 20
    assert "secret" not in repr(caught.value.errors)


async def test_the_lines_of_a_batch_are_read_in_their_order() -> None:
    lines = await read_lines(json.dumps(BATCH_BODIES["a till that was offline"]).encode())
    assert [line.type for line in lines] == ["earn", "redemption"]


async def test_a_bad_line_does_not_stand_in_the_others_way() -> None:
    good = {"type": "earn", **_EARN}
    bad: list[Any] = [
        {**good, "amount": 1.5, "reference": "r-9"}, {**good, "type": "refund"}, None, 5, "x", [], {},
        {**good, "reference": "ä"}, {**good, "amount": 10**30},
    ]  # fmt: skip
    lines = await read_lines(json.dumps({"lines": [good, *bad, good]}).encode())
    assert [isinstance(line, BadLine) for line in lines] == [False, *[True] * len(bad), False]
    first = lines[1]
    assert isinstance(first, BadLine)
    assert (first.type, first.reference) == ("earn", "r-9")
    assert [error.pointer for error in first.error.errors] == ["/amount"]


async def test_a_batch_of_nothing_is_no_batch() -> None:
    bodies: list[Any] = [
        {}, {"lines": []}, {"lines": None}, {"lines": {}}, {"lines": [{}], "more": 1}, [],
    ]  # fmt: skip
    for body in bodies:
        with pytest.raises(InvalidBody):
            await read_lines(json.dumps(body).encode())


async def test_a_batch_of_too_many_lines_says_how_many_it_may_have() -> None:
    with pytest.raises(InvalidRequest) as caught:
        await read_lines(json.dumps({"lines": [1] * (LINES_MAX + 1)}).encode())
    assert caught.value.metadata["limit"] == str(LINES_MAX)


def test_models_do_not_change_once_they_are_read() -> None:
    body = read(EarnBody, json.dumps(_earn()).encode())
    with pytest.raises(ValidationError):
        body.amount = 1
