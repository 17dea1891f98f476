"""Members and their balances."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.gateway.schemas.fields import Answer, Body, CalendarDate, Instant, MemberId

_Name = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,100}$")]


class PersonalBody(Body):
    """Personal data, all of it optional, kept encrypted."""

    given_name: Annotated[_Name, Field(description="Given name, up to 100 characters")] = ""
    family_name: Annotated[_Name, Field(description="Family name, up to 100 characters")] = ""
    email: Annotated[str, Field(min_length=1, max_length=254, description="E-mail address")] = ""
    phone: Annotated[
        str, Field(pattern=r"^\+[1-9][0-9]{7,14}$", description="E.164: `+` and 8 to 15 digits")
    ] = ""
    birth_date: Annotated[CalendarDate | None, Field(description="Date of birth")] = None


class EnrolBody(Body):
    """A new member. Without a card one is issued."""

    card: Annotated[
        str | None,
        Field(
            min_length=8,
            max_length=64,
            description="Card that the member has already: 8 to 19 digits with a Luhn check digit",
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


class Member(Answer):
    """A member as you may see it."""

    object: Literal["member"]
    id: MemberId
    status: Annotated[
        Literal["active", "closed"], Field(description="A closed member neither earns nor spends")
    ]
    cards: Annotated[list[str], Field(description="Card numbers")]
    customer_id: Annotated[str | None, Field(description="Your own customer number, where you gave one")]
    enrolled_by_you: Annotated[bool, Field(description="Whether you enrolled the member")]
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
