"""What is said: every kind in every language, figures as the language writes them, nothing of a name but letters."""

from __future__ import annotations

import pytest

from services.members.domain.languages import LANGUAGES as OF_MEMBERS
from services.notifications.domain.channels import Channel, Contact, Form
from services.notifications.domain.kinds import ABOUT, Kind, by_preference
from services.notifications.domain.languages import LANGUAGES, language_of
from services.notifications.domain.texts import Text, TextBroken, check, fill, plain_name
from services.notifications.settings import Settings
from services.notifications.wording.language import Zones, all_wordings, wording_of, words_of
from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.errors import InvalidRequest

# 2026-03-29 00:00 in Berlin: the day before is the last one.
_MIDNIGHT_US = 1_774_738_800 * MICROS_PER_SECOND
_BERLIN = Zones("Europe/Berlin", "Europe/Berlin")


def test_the_languages_are_those_of_members_and_each_has_a_file():
    assert LANGUAGES == OF_MEMBERS
    assert tuple(all_wordings()) == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_is_said_in_every_form_with_words_that_it_has(language: str):
    wording = wording_of(language)
    facts = {"points": 12_345, "balance": 0, "expires_at_us": _MIDNIGHT_US, "until_us": _MIDNIGHT_US}
    words = words_of(wording, facts, "Ada", "Plaza", _BERLIN)
    words |= {"code": "048291", "partner": "Grocer", "minutes": "5"}
    assert set(wording.texts) == {(kind, form) for kind in Kind for form in Form}
    for (kind, form), text in wording.texts.items():
        check(kind, form, text)
        wanted = [f"{{{name}}}" for name in ABOUT[kind].words if form is Form.SHORT]
        assert all(name in text.body for name in wanted), (kind, "a short text says all there is to say")
        sent = fill(text, {name: words[name] for name in ABOUT[kind].placeholders})
        assert "{" not in sent.subject + sent.body
        assert len(sent.body) <= 300 or form is Form.EMAIL


def test_figures_and_days_are_written_as_the_language_writes_them():
    facts = {"points": 1_234, "expires_at_us": _MIDNIGHT_US, "until_us": _MIDNIGHT_US}
    told = {
        tag: [words_of(wording_of(tag), facts, "", "", _BERLIN)[name] for name in ("points", "day", "time")]
        for tag in ("de-AT", "en", "es", "fr")
    }
    assert told == {
        "de-AT": ["1.234", "28.03.2026", "29.03.2026 00:00"],
        "en": ["1,234", "2026-03-28", "2026-03-29 00:00"],
        "es": ["1234", "28/03/2026", "29/03/2026 00:00"],
        "fr": ["1\u00a0234", "28/03/2026", "29/03/2026 00:00"],
    }


def test_a_language_that_there_are_no_texts_in_is_english():
    assert [language_of(tag) for tag in ("pt-BR", "PL", "xx", "")] == ["pt", "pl", "en", "en"]


def test_without_a_name_nobody_is_greeted_by_none():
    assert words_of(wording_of("en"), {}, " \n", "Plaza", _BERLIN)["greeting"] == "Hello,"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("Zoë-Anne O’Neil", "Zoë-Anne O’Neil"),
        ("Ада", "Ада"),
        ("<b>Ada</b>", "b Ada b"),
        ("win.example.com/x?y", "win. example. com x y"),
        ("Ada\r\nBcc: x@y.z", "Ada Bcc x y. z"),
        ("{points}", "points"),
        ("A" * 200, "A" * 60),
    ],
)
def test_a_name_comes_through_as_letters_on_one_line(given: str, sent: str):
    assert plain_name(given) == sent


def test_a_word_with_braces_is_no_placeholder():
    assert fill(Text("", "{programme}!"), {"programme": "{points}"}).body == "{points}!"


@pytest.mark.parametrize("body", ["{gone}", "{", "{0}", "{}", "{points!r}"])
def test_a_text_that_cannot_be_filled_raises(body: str):
    with pytest.raises(TextBroken):
        fill(Text("", body), {"points": "1"})


def test_e_mails_have_their_own_form_and_all_others_the_short_one():
    assert {channel: channel.form for channel in Channel} == {
        Channel.EMAIL: Form.EMAIL, Channel.SMS: Form.SHORT, Channel.PUSH: Form.SHORT, Channel.CHAT: Form.SHORT,
    }  # fmt: skip


def test_a_channel_without_a_place_for_the_address_is_refused_without_telling_the_url():
    given = {"database_url": "postgresql://u:p@h/d", "sms_url": "json://key-geheim@example.com"}
    with pytest.raises(ValueError, match="where the member's address goes") as refused:
        Settings.model_validate(given)
    assert "geheim" not in str(refused.value)


def test_a_text_of_a_code_without_the_code_is_refused():
    with pytest.raises(InvalidRequest, match=r"without \{code\}"):
        check(Kind.ONE_TIME_CODE, Form.SHORT, Text("", "{programme}: your code is on its way."))
    check(Kind.ONE_TIME_CODE, Form.SHORT, Text("", "{programme}: {code}"))


def test_a_code_goes_by_text_message_first_and_never_by_chat():
    contacts = [Contact(channel, channel.value) for channel in (Channel.CHAT, Channel.EMAIL, Channel.SMS)]
    assert [each.channel for each in by_preference(Kind.ONE_TIME_CODE, contacts)] == [
        Channel.SMS, Channel.EMAIL,
    ]  # fmt: skip
    assert list(by_preference(Kind.WELCOME, contacts)) == contacts
