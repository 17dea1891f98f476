"""Settings of the members service, read from the variables COALITION_MEMBERS_*."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import SecretSettings, ServiceSettings


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
        default=5, ge=1, le=20, description="So many wrong PINs of a member in a row lock it"
    )
    pin_lock_seconds: int = Field(
        default=900,
        ge=1,
        le=86_400,
        description="How long the first lock lasts; each one after it twice as long, a day at most, until a right PIN",
    )
    authority_retention_days: int = Field(
        default=90,
        ge=1,
        le=3_650,
        description="How long a use of a token or a PIN is answered again under its key, and its replay is listed",
    )
