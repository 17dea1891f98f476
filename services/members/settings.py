"""Settings of the members service, read from the variables COALITION_MEMBERS_*."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import SecretSettings, ServiceSettings

#: As domain/languages.py has them.
Language = Literal["bg", "de", "en", "es", "fr", "it", "nl", "pl", "pt"]


class Settings(ServiceSettings, SecretSettings):
    """What an installation decides of members.

    The secret key is the root of look-up hashes and of the first wrapping key: with it lost, no identifier is
    found and no personal field opens again.
    """

    model_config = SettingsConfigDict(env_prefix="COALITION_MEMBERS_", extra="ignore", frozen=True)

    grpc_port: int = Field(default=50051, ge=0, le=65_535, description="Port to listen on; 0: a free one")
    card_prefix: str = Field(
        default="77",
        pattern=r"^[0-9]{1,6}$",
        description="First digits of the card numbers issued here; the 13 digits end with a check digit",
    )
    lookup_window_seconds: int = Field(
        default=900,
        ge=1,
        le=86_400,
        description="Unknown identifiers are counted in windows of so many seconds",
    )
    lookup_till_unknown_max: int = Field(
        default=50, ge=1, le=1_000_000, description="Unknown identifiers that a till may ask for in a window"
    )
    lookup_key_unknown_max: int = Field(
        default=200,
        ge=1,
        le=1_000_000,
        description="Unknown identifiers that an API key with all of its tills may ask for in a window",
    )
    lookup_till_enrolled_max: int = Field(
        default=300,
        ge=1,
        le=1_000_000,
        description="Cards of card ranges that a till may enrol in a window by earning with them",
    )
    lookup_key_enrolled_max: int = Field(
        default=2_000,
        ge=1,
        le=1_000_000,
        description="The same of an API key with all of its tills",
    )
    lookup_share_percent: int = Field(
        default=50,
        ge=0,
        le=100,
        description="Beyond these limits who asks is stopped only where more than this share of what it asked for "
        "was unknown or enrolled; cards that the gateway remembers are not asked for",
    )
    wrapping_keys: SecretStr = Field(
        default=SecretStr(""),
        description="Further keys that wrap members' data keys: `version:base64url of 32 random bytes`, "
        "comma-separated, versions from 2 up; the highest wraps those of new members. Version 1 follows from the "
        "secret key. Keep every version that has wrapped a key.",
    )
    app_token_seconds: int = Field(
        default=60, ge=5, le=600, description="How long a token of a member's app can be used"
    )
    pin_tries_max: int = Field(
        default=5, ge=1, le=20, description="So many wrong PINs of a member in a row lock it with the partner"
    )
    pin_tries_everywhere_max: int = Field(
        default=20,
        ge=1,
        le=1_000,
        description="So many wrong PINs of a member within a day lock it with all partners; of one partner those count "
        "that lock it there, and no more. At least one more than COALITION_MEMBERS_PIN_TRIES_MAX",
    )
    pin_lock_seconds: int = Field(
        default=900,
        ge=1,
        le=86_400,
        description="How long the first lock lasts; each one after it twice as long, a day at most, until a right PIN",
    )
    code_seconds: int = Field(
        default=300, ge=60, le=1_800, description="How long a code that is sent to a member can be used"
    )
    code_tries_max: int = Field(default=3, ge=1, le=10, description="So many wrong tries end a code")
    code_partner_hour_max: int = Field(
        default=4, ge=1, le=1_000, description="Codes that a partner may have sent to a member in an hour"
    )
    code_partner_day_max: int = Field(
        default=12, ge=1, le=1_000, description="Codes that a partner may have sent to a member in 24 hours"
    )
    code_member_hour_max: int = Field(
        default=10,
        ge=2,
        le=10_000,
        description="Codes that all partners together may have sent to a member in an hour. At least one more than "
        "COALITION_MEMBERS_CODE_PARTNER_HOUR_MAX",
    )
    code_partner_all_hour_max: int = Field(
        default=1_000,
        ge=1,
        le=1_000_000,
        description="Codes that a partner may have sent in an hour to all members together: what a stolen key of a till can cost in messages",
    )
    code_wrong_partner_max: int = Field(
        default=9,
        ge=1,
        le=1_000,
        description="So many wrong codes of a member with a partner in 24 hours, and none is sent or looked at there until they are older",
    )
    code_wrong_everywhere_max: int = Field(
        default=20,
        ge=2,
        le=10_000,
        description="The same of wrong ones with all partners together, for all. At least one more than "
        "COALITION_MEMBERS_CODE_WRONG_PARTNER_MAX",
    )
    programme_languages: dict[str, Language] = Field(
        default={},
        description='Languages that members are written to in, by programmes\' slugs, where they have said none: {"plaza": "de"}; '
        "others in English. As COALITION_GATEWAY_RECEIPT_LANGUAGES has those of receipts",
    )
    authority_retention_days: int = Field(
        default=90,
        ge=1,
        le=3_650,
        description="How long a use of a token, a PIN or a code is answered again under its key, and a token's replay is listed",
    )
