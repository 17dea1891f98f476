"""Personal data: read once at the door, and never part of an error, a log or an event."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from services.runtime.errors import InvalidRequest

NAME_CHARACTERS_MAX: Final = 100
EMAIL_CHARACTERS_MAX: Final = 254
BIRTH_DATE_MIN: Final = date(1900, 1, 1)

# Lengths are those of RFC 5321, 4.5.3.1 and RFC 1035, 2.3.4: 64 before the @, 63 in a label of the domain,
# which neither starts nor ends with a hyphen. Whether the address takes mail is for a message to find out.
_LOCAL: Final = r"[^\s@\x00-\x1f\x7f]{1,64}"
_LABEL: Final = r"[^\W_](?:[^\W_]|-){0,62}(?<!-)"
_EMAIL: Final = re.compile(rf"{_LOCAL}@(?:{_LABEL}\.)+(?=[^\W\d_]){_LABEL}")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{7,14}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Personal fields; an empty one is not known. `birth_date` is YYYY-MM-DD, `phone` E.164."""

    given_name: str = field(default="", repr=False)
    family_name: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)


def read_personal(given: PersonalData, today: date) -> PersonalData:
    """Personal data in its normal form: names and e-mail without the spaces around them.

    `today` is the date in the programme's zone. Raises InvalidRequest naming the field, never its value.
    """
    read = replace(
        given,
        given_name=given.given_name.strip(),
        family_name=given.family_name.strip(),
        email=given.email.strip(),
    )
    for name in ("given_name", "family_name"):
        value: str = getattr(read, name)
        if len(value) > NAME_CHARACTERS_MAX or not value.isprintable():
            raise _refused(name, f"a name has at most {NAME_CHARACTERS_MAX} printable characters")
    if read.email and (len(read.email) > EMAIL_CHARACTERS_MAX or not _EMAIL.fullmatch(read.email)):
        raise _refused("email", "this is not an e-mail address")
    if read.phone and not _PHONE.fullmatch(read.phone):
        raise _refused("phone", "a phone number is in E.164 form: + and 8 to 15 digits")
    if read.birth_date and not BIRTH_DATE_MIN <= _date(read.birth_date) < today:
        raise _refused("birth_date", f"a date of birth lies between {BIRTH_DATE_MIN} and today")
    return read


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
