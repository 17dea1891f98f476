"""Texts with placeholders in braces: how they are checked when they are set, and filled when they are sent."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Final

from services.notifications.domain.channels import Form, Message
from services.notifications.domain.kinds import ABOUT, Kind
from services.runtime.errors import InvalidRequest

SUBJECT_CHARS_MAX: Final = 150
BODY_CHARS_MAX: Final = {Form.EMAIL: 4_000, Form.SHORT: 300}
_NAME_CHARS_MAX: Final = 60
_IN_NAMES: Final = " '’-."


class TextBroken(ValueError):
    """A text has a placeholder that cannot be filled."""


@dataclass(frozen=True, slots=True)
class Text:
    """What is said of a kind in a language and a form; `subject` is empty of a short text."""

    subject: str
    body: str


def check(kind: Kind, form: Form, text: Text) -> None:
    """Raises InvalidRequest where a text is empty, too long, or names what its kind does not have."""
    longest = BODY_CHARS_MAX[form]
    if not 1 <= len(text.body.strip()) <= longest or len(text.body) > longest:
        raise InvalidRequest(f"body: 1 to {longest} characters", field="body")
    if form is Form.SHORT and text.subject:
        raise InvalidRequest("a short text has no subject", field="subject")
    if form is Form.EMAIL and not 1 <= len(text.subject.strip()) <= SUBJECT_CHARS_MAX:
        raise InvalidRequest(f"subject: 1 to {SUBJECT_CHARS_MAX} characters", field="subject")
    if any(not character.isprintable() for character in text.subject):
        raise InvalidRequest("subject: one line, without control characters", field="subject")
    if any(not character.isprintable() and character != "\n" for character in text.body):
        raise InvalidRequest("body: no control characters but line breaks", field="body")
    for field, told in (("subject", text.subject), ("body", text.body)):
        _check_names(field, told, ABOUT[kind].placeholders)
    said = set(_names(text.body))
    for name in ABOUT[kind].needed:
        if name not in said:
            raise InvalidRequest(f"body: it says nothing without {{{name}}}", field="body")


def _check_names(field: str, text: str, known: Collection[str]) -> None:
    try:
        unknown = [name for name in _names(text) if name not in known]
    except TextBroken as error:
        raise InvalidRequest(f"{field}: {error}", field=field) from None
    if unknown:
        there = ", ".join(f"{{{name}}}" for name in known)
        raise InvalidRequest(f"{field}: {{{unknown[0]}}} is not there; there are {there}", field=field)


def fill(text: Text, words: Mapping[str, str]) -> Message:
    """The text with words in place of its placeholders. Raises TextBroken where one has no word."""
    return Message(_filled(text.subject, words), _filled(text.body, words))


def _filled(text: str, words: Mapping[str, str]) -> str:
    for name in _names(text):
        if name not in words:
            raise TextBroken(f"{{{name}}} has no word")
    # Words are put in as they are: a brace in one of them is not a placeholder.
    return text.format_map(words)


def _names(text: str) -> Iterator[str]:
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise TextBroken(f"braces do not fit ({error}); a brace itself is written twice") from None
    for _, name, style, conversion in parts:
        if name is None:
            continue
        if style or conversion or not name.isidentifier():
            raise TextBroken(f"a placeholder is a name in braces, and nothing else: {name[:40]!r}")
        yield name


def plain_name(name: str) -> str:
    """A member's name as it may stand in a message: letters and what joins them, on one line, 60 characters at most.

    What a member types as a name is sent under the operator's: no address and no markup comes through. A full stop that a letter follows
    is no part of a domain any more.
    """
    kept = "".join(
        each if unicodedata.category(each)[0] in "LM" or each in _IN_NAMES else " "
        for each in unicodedata.normalize("NFC", name)
    )
    return " ".join(kept.replace(".", ". ").split())[:_NAME_CHARS_MAX].rstrip()
