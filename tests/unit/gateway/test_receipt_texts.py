"""Receipts in every language: all texts are there, fit, and take their figures."""

from __future__ import annotations

import string
import unicodedata
from dataclasses import fields
from typing import Final, get_args

import pytest
from coalition.type.v1.reason_pb2 import Reason

from services.gateway.answers.movements import RECEIPT_LINE_MAX
from services.gateway.answers.problems import receipt_text
from services.gateway.answers.receipts.wording import Lines, Wording, all_wordings, wording_of
from services.gateway.apidocs.errors import EXPLAINED
from services.gateway.apidocs.explained import RECEIPT_TEXT_MAX
from services.gateway.settings import ReceiptLanguage
from services.members.domain.languages import LANGUAGES
from services.runtime.errors import CoalitionError, code_of

_POINTS_MOST: Final = 10**9
_BALANCE_MOST: Final = 10**15
_DAYS: Final = ("spend_from", "use_by")
_SHOWN: Final = {code_of(reason).lower(): words for reason, words in EXPLAINED.items() if words.receipt_text}
_OTHERS: Final = sorted(set(LANGUAGES) - {"en"})


def _width(text: str) -> int:
    """Columns on paper: wide characters take two, marks that stand on others none."""
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )


def test_there_are_texts_in_every_language_that_a_member_may_choose() -> None:
    assert set(all_wordings()) == set(LANGUAGES) == set(get_args(ReceiptLanguage))
    assert wording_of("tlh") is wording_of("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_of_a_receipt_fits_with_the_largest_figures(language: str) -> None:
    say = wording_of(language)
    for name in (each.name for each in fields(Lines)):
        line = getattr(say.lines, name)
        assert line.before.strip(), name
        if name in _DAYS:
            told = say.day(line, "2028-03-31")
            assert {"2028", "03", "31"} <= set(
                told.replace(".", "/").replace("-", "/").replace("/", " ").split()
            )
        else:
            most = _BALANCE_MOST if name == "balance" else _POINTS_MOST
            told = say.points(line, most)
            assert "".join(filter(str.isdecimal, told)) == str(most)
        assert _width(told) <= RECEIPT_LINE_MAX, told


@pytest.mark.parametrize("language", _OTHERS)
def test_all_that_a_till_shows_is_said_in_every_language_with_the_same_figures(language: str) -> None:
    say = wording_of(language)
    assert set(say.refusals) == set(_SHOWN)
    assert 0 < _width(say.refused) <= RECEIPT_TEXT_MAX
    for code, text in say.refusals.items():
        assert _named(text) == _named(_SHOWN[code].receipt_text), code


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_a_till_shows_fits_with_the_largest_figures_and_is_not_the_title(language: str) -> None:
    say = wording_of(language)
    for reason, words in EXPLAINED.items():
        if not words.receipt_text:
            continue
        error = CoalitionError(reason, "", **dict.fromkeys(words.figures, str(_POINTS_MOST)))
        told = receipt_text(error, language)
        assert _width(told) <= RECEIPT_TEXT_MAX
        template = say.refusals.get(code_of(reason).lower(), words.receipt_text)
        assert told == template.format_map(dict.fromkeys(words.figures, say.number(_POINTS_MOST)))


def test_no_two_languages_say_a_line_alike_by_mistake() -> None:
    earned = [say.lines.earned.before for say in all_wordings().values()]
    assert len(set(earned)) == len(earned)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ("999", "1,234", "12,345", "-1,234", "1,000,000")),
        ("de", ("999", "1.234", "12.345", "-1.234", "1.000.000")),
        ("fr", ("999", "1\u00a0234", "12\u00a0345", "-1\u00a0234", "1\u00a0000\u00a0000")),
        # Four digits stand together there.
        ("es", ("999", "1234", "12.345", "-1234", "1.000.000")),
        ("pl", ("999", "1234", "12\u00a0345", "-1234", "1\u00a0000\u00a0000")),
    ],
)
def test_numbers_are_grouped_as_the_language_does(language: str, told: tuple[str, ...]) -> None:
    say = wording_of(language)
    assert tuple(map(say.number, (999, 1_234, 12_345, -1_234, 1_000_000))) == told


def test_a_refusal_is_told_in_the_language_and_without_figures_where_they_are_not_known() -> None:
    short = CoalitionError(Reason.REASON_INSUFFICIENT_POINTS, "", available=1_234)
    assert receipt_text(short, "de") == "Nicht genug Punkte: 1.234 da"
    assert receipt_text(short, "en") == receipt_text(short, "tlh") == "Not enough points: 1,234 there"
    bare = CoalitionError(Reason.REASON_INSUFFICIENT_POINTS, "")
    assert (receipt_text(bare, "de"), receipt_text(bare, "en")) == (
        "Das geht leider nicht",
        "Not enough points",
    )
    assert receipt_text(CoalitionError(Reason.REASON_BODY_TOO_LARGE, ""), "de") == ""


def test_a_line_in_bulgarian_and_its_day() -> None:
    say: Wording = wording_of("bg")
    assert say.points(say.lines.balance, 12_345) == "Баланс: 12\u00a0345 точки"
    assert say.day(say.lines.use_by, "2028-03-31") == "Използвайте до 31.03.2028"


def _named(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}
