"""Codes by message: what they say follows from whom they are for, and how many are sent or tried is bounded."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from services.members.domain.authority.codes import (
    DAY_US,
    Code,
    CodeRule,
    SentCode,
    looks_again_from_us,
    looks_like_code,
    sends_again_from_us,
)
from services.members.storage.authority.code_words import CodeWords
from services.runtime.clock import MICROS_PER_SECOND

_SECOND, _HOUR = MICROS_PER_SECOND, 3_600 * MICROS_PER_SECOND
_NOW = 2_000 * DAY_US
_HERE, _THERE = UUID(int=1), UUID(int=2)
_RULE = CodeRule(
    life_seconds=300,
    tries_max=3,
    partner_hour_max=2,
    partner_day_max=3,
    member_hour_max=3,
    partner_all_hour_max=100,
    wrong_partner_max=4,
    wrong_everywhere_max=6,
)
_CODE = Code(UUID(int=7), 1, UUID(int=8), _HERE, _NOW + 300 * _SECOND)


def _sent(ago_us: int, partner_id: UUID = _HERE, wrong: int = 0) -> SentCode:
    return SentCode(partner_id, _NOW - ago_us, wrong)


def test_a_code_has_six_digits_which_are_another_ones_of_all_that_it_is_bound_to():
    words = CodeWords(bytes(32))
    others = [
        replace(_CODE, code_id=UUID(int=9)), replace(_CODE, ledger_id=2),
        replace(_CODE, member_id=UUID(int=9)), replace(_CODE, partner_id=_THERE),
    ]  # fmt: skip
    said = [words.of(each) for each in (_CODE, *others)] + [CodeWords(b"\x01" * 32).of(_CODE)]
    assert len(set(said)) == 6
    assert all(looks_like_code(each) for each in said)
    # What becomes of it changes nothing.
    assert words.of(replace(_CODE, wrong=2, used_key=bytes(32), expires_at_us=0)) == said[0]
    assert words.fits(_CODE, said[0])
    assert not any(words.fits(_CODE, each) for each in [*said[1:], "", said[0][:5], said[0] + "0", "é"])


def test_all_digits_come_first_about_as_often():
    words = CodeWords(bytes(32))
    firsts = [words.of(replace(_CODE, code_id=UUID(int=n)))[0] for n in range(2_000)]
    assert {firsts.count(digit) // 100 for digit in "0123456789"} <= {1, 2}


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "123456\n", "12 456"])
def test_what_is_no_code(text: str):
    assert not looks_like_code(text)


@pytest.mark.parametrize(
    ("changes", "is_open"),
    [
        ({}, True),
        ({"expires_at_us": _NOW}, False),
        ({"wrong": 2}, True),
        ({"wrong": 3}, False),
        ({"used_key": bytes(32)}, False),
    ],
)
def test_a_code_is_open_until_its_time_its_last_try_or_its_use(changes: dict[str, int], is_open: bool):
    assert replace(_CODE, **changes).is_open(_NOW, _RULE) is is_open


@pytest.mark.parametrize(
    ("sent", "from_us"),
    [
        ([], 0),
        ([_sent(60 * _SECOND)], 0),
        ([_sent(60 * _SECOND), _sent(1)], _NOW - 60 * _SECOND + _HOUR),
        # An hour ago is over.
        ([_sent(_HOUR), _sent(1)], 0),
        # Three in a day: the oldest of them has to go.
        ([_sent(9 * _HOUR), _sent(5 * _HOUR), _sent(2 * _HOUR)], _NOW - 9 * _HOUR + DAY_US),
        ([_sent(DAY_US), _sent(5 * _HOUR), _sent(2 * _HOUR)], 0),
        # Of all partners three in an hour.
        ([_sent(30, _THERE), _sent(20, _THERE), _sent(10)], _NOW - 30 + _HOUR),
        ([_sent(30, _THERE), _sent(20, _THERE)], 0),
        # Wrong ones count also where none may be tried any more.
        ([_sent(5 * _HOUR, wrong=4)], _NOW - 5 * _HOUR + DAY_US),
    ],
)
def test_no_more_codes_are_sent_than_the_rule_has(sent: list[SentCode], from_us: int):
    assert sends_again_from_us(sent, _HERE, _NOW, _RULE) == from_us


@pytest.mark.parametrize(
    ("sent", "from_us"),
    [
        ([_sent(9 * _HOUR, wrong=3), _sent(_HOUR, wrong=0)], 0),
        # One of the older code's is enough to make room.
        ([_sent(9 * _HOUR, wrong=1), _sent(_HOUR, wrong=3)], _NOW - 9 * _HOUR + DAY_US),
        ([_sent(DAY_US, wrong=3), _sent(_HOUR, wrong=3)], 0),
        # Elsewhere as many as there may be, and with all together too many.
        ([_sent(9 * _HOUR, _THERE, wrong=4)], 0),
        ([_sent(9 * _HOUR, _THERE, wrong=4), _sent(_HOUR, wrong=2)], _NOW - 9 * _HOUR + DAY_US),
    ],
)
def test_wrong_ones_of_a_day_are_bounded_over_all_codes(sent: list[SentCode], from_us: int):
    assert looks_again_from_us(sent, _HERE, _NOW, _RULE) == from_us
