"""Phone numbers and e-mail addresses in their one normal form: what is stored, and what is looked up."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email

PHONE_CHARACTERS_MAX: Final = 32
EMAIL_CHARACTERS_MAX: Final = 254


def read_phone(text: str, region: str | None) -> str | None:
    """The E.164 form of a phone number as typed; None for what cannot be one.

    Without a leading + it is a number of `region` (ISO 3166-1 alpha-2). Possible by its length is enough: numbers are
    assigned faster than tables of them are brought up to date. An extension has no place in E.164 and is refused.
    """
    if not text or len(text) > PHONE_CHARACTERS_MAX or any(character.isalpha() for character in text):
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_email(text: str) -> str | None:
    """An e-mail address with its domain in lower case; None for what is none. Nobody is asked whether it takes mail."""
    if len(text) > EMAIL_CHARACTERS_MAX:
        return None
    try:
        return validate_email(text.strip(), check_deliverability=False, strict=True).normalized
    except EmailNotValidError:
        return None


def email_key(address: str) -> str:
    """What an address is found by: mailboxes that differ in case alone are one, as nearly all hosts of mail have it."""
    return address.casefold()


@cache
def region_of(zone: str) -> str | None:
    """The country (ISO 3166-1 alpha-2) of a time zone, by the zone table of the IANA database; None: of no one country."""
    for line in files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8").splitlines():
        fields = line.split("\t")
        if len(fields) > 2 and fields[2] == zone:
            return fields[0]
    return None
