"""Members and their balances."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.gateway.schemas.fields import (
    Answer,
    Body,
    CalendarDate,
    Instant,
    MemberId,
    ShortText,
    StoreCode,
)

_Name = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,100}$")]


_Phone = Annotated[
    str,
    Field(
        min_length=1,
        max_length=32,
        description="Phone number: `+` and the country's code, or as it is dialled in the programme's country; answered in "
        "E.164 form",
        examples=["+359888123456"],
    ),
]
_Email = Annotated[
    str, Field(min_length=1, max_length=254, description="E-mail address", examples=["ana@example.org"])
]
_Language = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}$",
        description="Language that the member is written to in, a BCP 47 tag: bg, de, en, es, fr, it, nl, pl or pt, with or "
        "without a region. Where it is not known the programme's is used",
        examples=["de"],
    ),
]


class PersonalBody(Body):
    """Personal data, all of it optional, kept encrypted."""

    given_name: Annotated[_Name, Field(description="Given name, up to 100 characters, not only spaces")] = ""
    family_name: Annotated[_Name, Field(description="Family name, up to 100 characters, not only spaces")] = (
        ""
    )
    email: _Email = ""
    phone: _Phone = ""
    birth_date: Annotated[CalendarDate | None, Field(description="Date of birth")] = None
    language: _Language = ""


class PersonalPatch(Body):
    """What is to change: a field that is left out stays, null removes it."""

    given_name: Annotated[
        _Name | None, Field(description="Given name, up to 100 characters, not only spaces")
    ] = None
    family_name: Annotated[
        _Name | None, Field(description="Family name, up to 100 characters, not only spaces")
    ] = None
    email: _Email | None = None
    phone: _Phone | None = None
    birth_date: Annotated[CalendarDate | None, Field(description="Date of birth")] = None
    language: _Language | None = None


class UpdateBody(Body):
    """Changes of a member, as a JSON merge patch (RFC 7396)."""

    personal: Annotated[PersonalPatch, Field(description="Personal data to change")]


_NAMES: Final = ("id", "card", "customer_id", "phone", "email")


def _one_name(schema: dict[str, Any]) -> None:
    schema["oneOf"] = [{"required": [name]} for name in _NAMES]
    for field in schema["properties"].values():
        field.pop("default", None)


class LookupBody(Body):
    """Names a member in exactly one way, and may say where it is asked."""

    model_config = ConfigDict(json_schema_extra=_one_name)

    id: Annotated[str, Field(max_length=64, description="Your id of the member", examples=["mem_…"])] = ""
    card: Annotated[
        str,
        Field(
            max_length=80,
            description="The card number as scanned, typed or swiped (track 1 or 2)",
            examples=["6035 5500 0000 0018"],
        ),
    ] = ""
    customer_id: Annotated[
        str, Field(max_length=64, description="Your own customer number of the member", examples=["C-4711"])
    ] = ""
    phone: _Phone = ""
    email: _Email = ""
    store: Annotated[StoreCode | None, Field(description="Your own code of the store")] = None
    till: Annotated[ShortText, Field(description="Till, up to 64 characters", examples=["7"])] = ""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(getattr(self, name) != "" for name in _NAMES) != 1:
            raise PydanticCustomError("member_reference", f"Exactly one of {', '.join(_NAMES)} is needed")
        return self


class EnrolBody(Body):
    """A new member. Without a card one is issued."""

    card: Annotated[
        str | None,
        Field(
            min_length=8,
            max_length=80,
            description="Card that the member has already: 8 to 19 digits with a Luhn check digit. One that has earned "
            "before anybody enrolled it is claimed: its member and points become this person's",
            examples=["6035550000000018"],
        ),
    ] = None
    customer_id: Annotated[
        str | None,
        Field(min_length=1, max_length=64, description="Your own customer number", examples=["C-4711"]),
    ] = None
    personal: Annotated[PersonalBody | None, Field(description="Seen by you only")] = None


class Personal(Answer):
    """Personal data; null where it is not known."""

    given_name: str | None
    family_name: str | None
    email: str | None
    phone: str | None
    birth_date: str | None
    language: Annotated[str | None, Field(description="Language that the member is written to in")]


class MemberMatch(Answer):
    """A member as a person at a till recognises one."""

    object: Literal["member_match"]
    id: MemberId
    status: Annotated[
        Literal["active", "closed"], Field(description="A closed member neither earns nor spends")
    ]
    anonymous: Annotated[bool, Field(description="Whether the card earns only, until somebody enrols it")]
    card_endings: Annotated[list[str], Field(description="The last four digits of each card")]
    initials: Annotated[
        str | None, Field(description="First letters of the names; only of members that you enrolled")
    ]
    customer_id: Annotated[str | None, Field(description="Your own customer number, where you gave one")]
    enrolled_by_you: Annotated[bool, Field(description="Whether you enrolled the member")]


class Member(Answer):
    """A member as you may see it."""

    object: Literal["member"]
    id: MemberId
    status: Annotated[
        Literal["active", "closed"], Field(description="A closed member neither earns nor spends")
    ]
    cards: Annotated[
        list[str], Field(description="Card numbers; only of members that you enrolled or claimed, else empty")
    ]
    card_endings: Annotated[list[str], Field(description="The last four digits of each card")]
    customer_id: Annotated[str | None, Field(description="Your own customer number, where you gave one")]
    enrolled_by_you: Annotated[bool, Field(description="Whether you enrolled the member")]
    anonymous: Annotated[
        bool,
        Field(description="Whether its card has earned, and nobody has enrolled it yet: it cannot spend"),
    ]
    works_for_you: Annotated[bool, Field(description="Whether it is your staff: it cannot spend with you")]
    enrolled_at: Instant
    personal: Annotated[Personal | None, Field(description="Only of members that you enrolled")]


class Expiry(Answer):
    """Points that expire together."""

    points: int
    at: Annotated[Instant, Field(description="From this moment on they are gone")]


class Expiration(Answer):
    """Points that expire together."""

    object: Literal["expiration"]
    points: Annotated[int, Field(description="Points that can be spent until then")]
    expires_at: Annotated[
        Instant, Field(description="From this moment on they are gone; the cursor of this list")
    ]


class Maturity(Answer):
    """Points that can be spent together from a time on."""

    points: int
    at: Annotated[Instant, Field(description="From this moment on they can be spent")]


class Balance(Answer):
    """A wallet now."""

    object: Literal["balance"]
    member: MemberId
    available: Annotated[
        int, Field(description="Points that can be spent; below 0 where the member owes more than there is")
    ]
    owed: Annotated[
        int,
        Field(description="Points that the member owes, off `available` already; later earns pay them first"),
    ]
    pending: Annotated[
        int, Field(description="Points earned that cannot be spent yet; `available` is without them")
    ]
    next_maturity: Annotated[Maturity | None, Field(description="Which can be first; null: there are none")]
    next_expiry: Annotated[Expiry | None, Field(description="What expires next; null: nothing")]
