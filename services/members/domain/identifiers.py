"""Identifiers: what names a member at a till or in a shop."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.members.domain.cards import read_card
from services.members.domain.contacts import email_key, read_email, read_phone
from services.runtime.errors import InvalidRequest

IDENTIFIERS_PER_MEMBER_MAX: Final = 10
CUSTOMER_NUMBER_CHARACTERS_MAX: Final = 64
# Before composition a character can be a letter and some marks.
_TYPED_CHARACTERS_MAX: Final = 4 * CUSTOMER_NUMBER_CHARACTERS_MAX
_CARD_ENDING: Final = 4


class IdentifierKind(StrEnum):
    """What an identifier is. The values are those of the tables, where phone and e-mail are personal fields."""

    CARD = "card"
    PARTNER_CUSTOMER = "partner_customer"
    # Only to find a member: more than one may have it.
    PHONE = "phone"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class GivenIdentifier:
    """An identifier as a caller sent it; `kind` is None where it was left out or is not known here."""

    kind: IdentifierKind | None
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier in its one normal form.

    `partner_id` is whose customer number it is; None for a card, which is the programme's.
    """

    kind: IdentifierKind
    value: str = field(repr=False)
    partner_id: UUID | None = None


def card_endings(identifiers: Iterable[Identifier]) -> tuple[str, ...]:
    """The last four digits of each card among some identifiers."""
    return tuple(each.value[-_CARD_ENDING:] for each in identifiers if each.kind is IdentifierKind.CARD)


def read_identifier(given: GivenIdentifier, partner_id: UUID | None, where: str = "") -> Identifier:
    """The normal form of an identifier that `partner_id` (None: staff or a service) sent.

    `where` leads the field's name in errors, e.g. `identifiers[2].`. Raises InvalidRequest, with
    CARD_NUMBER_INVALID for a card.
    """
    match given.kind:
        case IdentifierKind.CARD:
            return Identifier(IdentifierKind.CARD, read_card(given.text, f"{where}value"))
        case IdentifierKind.PARTNER_CUSTOMER:
            if partner_id is None:
                raise InvalidRequest("only a partner has customer numbers", field=f"{where}kind")
            number = _customer_number(given.text, f"{where}value")
            return Identifier(IdentifierKind.PARTNER_CUSTOMER, number, partner_id)
        case IdentifierKind.PHONE | IdentifierKind.EMAIL:
            raise InvalidRequest(
                "phone and e-mail are personal fields, not identifiers", field=f"{where}kind"
            )
        case None:
            raise InvalidRequest("an identifier needs its kind", field=f"{where}kind")


def read_contact(given: GivenIdentifier, region: str | None) -> Identifier:
    """The phone number or e-mail address to look for. Raises InvalidRequest for what is none.

    `region`: the country of a number that begins without +.
    """
    if given.kind is IdentifierKind.PHONE:
        value, what = read_phone(given.text, region), "phone number"
    else:
        address = read_email(given.text)
        value, what = address and email_key(address), "e-mail address"
    if not value or given.kind is None:
        raise InvalidRequest(f"this is no {what}", field="identifier.value")
    return Identifier(given.kind, value)


def contact_of(field_name: str, value: str) -> Identifier | None:
    """What a personal field is found by, where it is a contact."""
    if field_name == "phone":
        return Identifier(IdentifierKind.PHONE, value)
    return Identifier(IdentifierKind.EMAIL, email_key(value)) if field_name == "email" else None


def read_identifiers(given: tuple[GivenIdentifier, ...], partner_id: UUID | None) -> tuple[Identifier, ...]:
    """The normal forms of a new member's identifiers, in the order given.

    Raises InvalidRequest for more than 10, for one given twice, and as read_identifier does.
    """
    if len(given) > IDENTIFIERS_PER_MEMBER_MAX:
        raise InvalidRequest(
            f"a member has at most {IDENTIFIERS_PER_MEMBER_MAX} identifiers",
            field="identifiers",
            limit=IDENTIFIERS_PER_MEMBER_MAX,
        )
    read: list[Identifier] = []
    for place, one in enumerate(given):
        identifier = read_identifier(one, partner_id, f"identifiers[{place}].")
        if identifier in read:
            raise InvalidRequest("an identifier is given twice", field=f"identifiers[{place}]")
        read.append(identifier)
    return tuple(read)


def _customer_number(text: str, field_name: str) -> str:
    # Composed form, so that two spellings which look the same are the same.
    number = unicodedata.normalize("NFC", text) if len(text) <= _TYPED_CHARACTERS_MAX else ""
    visible = all(character.isprintable() and not character.isspace() for character in number)
    if not visible or not 1 <= len(number) <= CUSTOMER_NUMBER_CHARACTERS_MAX:
        raise InvalidRequest(
            f"a customer number has 1 to {CUSTOMER_NUMBER_CHARACTERS_MAX} visible characters",
            field=field_name,
        )
    return number
