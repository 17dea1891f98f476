"""What a till was shown of a member who wants to burn, and what a member's app and counter make of it."""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

from pydantic import Field, JsonValue, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from services.gateway.schemas.fields import Answer, Body, Instant, MemberId

_DIGITS = r"^[0-9]{4,8}$"
#: How many digits a code by message has.
CODE_DIGITS = 6
_CODE = rf"^[0-9]{{{CODE_DIGITS}}}$"
_SECRET: dict[str, JsonValue] = {"format": "password", "writeOnly": True}
# Ways of taking a card that read nothing of it.
_NOT_READ = frozenset({"typed", "app", "on_file"})


class Authorisation(Body):
    """What was shown of the member. Leave it out where nothing was, and where the member is named by a token of the app."""

    method: Annotated[
        Literal["card", "pin", "code"],
        Field(
            description="`card`: the card itself was read, not typed. `pin`: the member typed the PIN. `code`: the member read out "
            "the code that you had sent, see `POST /v1/members/{member_id}/one-time-codes`"
        ),
    ]
    pin: Annotated[
        str | None,
        Field(
            pattern=_DIGITS,
            repr=False,
            validate_default=True,
            description="The PIN, with the method `pin` alone",
            json_schema_extra=_SECRET,
        ),
    ] = None

    code: Annotated[
        str | None,
        Field(
            pattern=_CODE,
            repr=False,
            validate_default=True,
            description="The code as the member read it out, with the method `code` alone",
            json_schema_extra=_SECRET,
        ),
    ] = None

    @field_validator("pin", "code")
    @classmethod
    def _with_its_method(cls, value: str | None, info: ValidationInfo) -> str | None:
        method, name = info.data.get("method"), info.field_name
        if method == name and value is None:
            raise PydanticCustomError("authorisation", "The method `{method}` needs it", {"method": name})
        if method not in (None, name) and value is not None:
            raise PydanticCustomError(
                "authorisation", "This goes with the method `{method}` alone", {"method": name}
            )
        return value


AuthorisationField = Annotated[
    Authorisation | None,
    Field(description="What was shown of the member; nothing: a number was typed, or known from elsewhere"),
]


class _Named(Protocol):
    @property
    def card(self) -> str: ...

    @property
    def app_token(self) -> str: ...


def as_shown(
    shown: Authorisation | None, member: _Named | None, entry_mode: str | None = None
) -> Authorisation | None:
    """The same, where it goes with how the member is named and the card was taken. Raises PydanticCustomError."""
    if shown is None or member is None:
        return shown
    if member.app_token:
        raise PydanticCustomError(
            "authorisation", "A token of the app is what shows it: nothing else goes with it"
        )
    if shown.method == "card" and not member.card:
        raise PydanticCustomError(
            "authorisation", "The method `card` needs the card that was read, as `member`"
        )
    if shown.method == "card" and entry_mode in _NOT_READ:
        raise PydanticCustomError("authorisation", "`entry_mode` says that the card was not read")
    return shown


class PinBody(Body):
    """A PIN for a member."""

    pin: Annotated[
        str,
        Field(
            pattern=_DIGITS,
            repr=False,
            description="4 to 8 digits that are not all the same and do not count up or down",
            json_schema_extra=_SECRET,
        ),
    ]


class Pin(Answer):
    """That a member has a PIN."""

    object: Literal["pin"]
    member: MemberId


class AppToken(Answer):
    """A token for the member's app to show."""

    object: Literal["app_token"]
    member: MemberId
    token: Annotated[
        str,
        Field(
            description="Show it as it is, e.g. as a QR code: 80 characters that tell nothing of the member",
            examples=["apt_…"],
        ),
    ]
    expires_at: Annotated[Instant, Field(description="From this moment on it can no longer be used")]


class OneTimeCode(Answer):
    """That a code is on its way to a member. What it says the member alone is told."""

    object: Literal["one_time_code"]
    id: Annotated[
        str,
        Field(
            pattern="^otc_",
            description="Names it, and tells nothing of what it says",
            examples=["otc_01kkwz7r3se8tb0d2f4h6k8m0p"],
        ),
    ]
    member: MemberId
    digits: Annotated[int, Field(description="How many digits the till asks for")]
    expires_at: Annotated[Instant, Field(description="From this moment on it can no longer be used")]
