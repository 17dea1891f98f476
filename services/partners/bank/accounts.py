"""IBAN and BIC against the registry of what they look like in each country."""

from __future__ import annotations

from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from services.runtime.errors import InvalidRequest

_CHARACTERS_MAX = 50


def read_iban(text: str, field: str) -> str:
    """An IBAN in capitals without its spaces. Raises InvalidRequest, which says what is wrong with it, not what it was."""
    try:
        return str(IBAN(_short(text, field)).compact)
    except SchwiftyException as error:
        raise InvalidRequest(f"that is no IBAN: {_why(error)}", field=field) from None


def read_bic(text: str, field: str) -> str:
    """A BIC in capitals; empty where there is none. Raises InvalidRequest."""
    if not text.strip():
        return ""
    try:
        return str(BIC(_short(text, field)).compact)
    except SchwiftyException as error:
        raise InvalidRequest(f"that is no BIC: {_why(error)}", field=field) from None


def _short(text: str, field: str) -> str:
    if len(text) > _CHARACTERS_MAX or not text.isascii():
        raise InvalidRequest(f"up to {_CHARACTERS_MAX} letters and figures", field=field)
    return text


def _why(error: SchwiftyException) -> str:
    """The kind of mistake in words; the library's own may repeat the number."""
    name = type(error).__name__.removeprefix("Invalid")
    return {
        "ChecksumDigits": "its check digits are wrong",
        "CountryCode": "there is no such country",
        "Length": "its length is not that of its country",
        "Structure": "it has not the form of its country",
        "BankCode": "there is no such bank",
        "BBANChecksum": "the check digits of its country are wrong",
    }.get(name, "it has not the form of one")
