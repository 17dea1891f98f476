"""Personal data: read once at the door, and never part of an error, a log or an event."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Final

from services.members.domain.contacts import read_email, read_phone
from services.members.domain.languages import LANGUAGES, read_language
from services.runtime.errors import InvalidRequest

NAME_CHARACTERS_MAX: Final = 100
BIRTH_DATE_MIN: Final = date(1900, 1, 1)

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Personal fields; an empty one is not known. `birth_date` is YYYY-MM-DD, `phone` E.164, `language` a BCP 47 tag."""

    given_name: str = field(default="", repr=False)
    family_name: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    language: str = field(default="", repr=False)

    @property
    def initials(self) -> str:
        """The first letters of given and family name, as far as they are known."""
        return "".join(name[0].upper() for name in (self.given_name, self.family_name) if name)


FIELDS: Final = tuple(each.name for each in fields(PersonalData))


def read_personal(given: PersonalData, today: date, region: str | None) -> PersonalData:
    """Personal data in its normal form: names without the spaces around them, phone, e-mail and language as they are kept.

    `today` is the date in the programme's zone, `region` its country. Raises InvalidRequest naming the field, never its
    value.
    """
    read = replace(given, given_name=given.given_name.strip(), family_name=given.family_name.strip())
    for name in ("given_name", "family_name"):
        value: str = getattr(read, name)
        if getattr(given, name) and not value:
            # To say that it is not known is to leave it out, or to remove it.
            raise _refused(name, "a name has more than spaces")
        if len(value) > NAME_CHARACTERS_MAX or not value.isprintable():
            raise _refused(name, f"a name has at most {NAME_CHARACTERS_MAX} printable characters")
    if read.birth_date and not BIRTH_DATE_MIN <= _date(read.birth_date) < today:
        raise _refused("birth_date", f"a date of birth lies between {BIRTH_DATE_MIN} and today")
    return replace(
        read,
        email=_or_refused("email", given.email, read_email, "this is not an e-mail address"),
        phone=_or_refused(
            "phone",
            given.phone,
            lambda text: read_phone(text, region),
            "this is no phone number: + and the country's code, or as it is dialled in the programme's country",
        ),
        language=_or_refused(
            "language", given.language, read_language, f"a language is one of {', '.join(LANGUAGES)}"
        ),
    )


def read_removed(names: Sequence[str], given: PersonalData) -> tuple[str, ...]:
    """The fields that are to say nothing any more. Raises InvalidRequest for one that is not there, or is set as well."""
    for name in names:
        if name not in FIELDS or getattr(given, name):
            raise InvalidRequest("a field is either set or removed", field="removed")
    return tuple(dict.fromkeys(names))


def _or_refused(name: str, text: str, read: Callable[[str], str | None], message: str) -> str:
    if not text:
        return ""
    found = read(text)
    if found is None:
        raise _refused(name, message)
    return found


def _date(text: str) -> date:
    # fromisoformat alone takes other ISO forms as well, such as 20170101 and 2017-W01-1.
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise _refused("birth_date", "a date of birth is YYYY-MM-DD")


def _refused(name: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, field=f"personal.{name}")
