"""Settings of the notifications service, read from the variables COALITION_NOTIFICATIONS_*."""

from __future__ import annotations

from typing import Final

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import ServiceSettings

ADDRESS: Final = "{address}"
_URL: Final = "as an apprise URL, with {address} where the member's address goes; empty: nothing goes by it"


class Settings(ServiceSettings):
    """What an installation decides of how members are written to. Without any URL no notice is made."""

    model_config = SettingsConfigDict(env_prefix="COALITION_NOTIFICATIONS_", extra="ignore", frozen=True)

    grpc_port: int = Field(default=50054, ge=0, le=65_535, description="Port to listen on; 0: a free one")
    email_url: SecretStr = Field(default=SecretStr(""), description=f"Where e-mails are handed over, {_URL}")
    sms_url: SecretStr = Field(
        default=SecretStr(""), description=f"Where text messages are handed over, {_URL}"
    )
    push_url: SecretStr = Field(
        default=SecretStr(""), description=f"Where messages to apps are handed over, {_URL}"
    )
    chat_url: SecretStr = Field(
        default=SecretStr(""), description=f"Where messages to chats are handed over, {_URL}"
    )
    email_per_day: int = Field(
        default=5, ge=1, le=1_000, description="E-mails that a member gets in 24 hours at most"
    )
    sms_per_day: int = Field(
        default=3, ge=1, le=1_000, description="Text messages that a member gets in 24 hours at most"
    )
    push_per_day: int = Field(
        default=10, ge=1, le=1_000, description="Messages to its app that a member gets in 24 hours at most"
    )
    chat_per_day: int = Field(
        default=10, ge=1, le=1_000, description="Messages to its chat that a member gets in 24 hours at most"
    )
    send_every_seconds: float = Field(
        default=1.0, ge=0.05, le=60, description="How often it is looked what is due"
    )
    send_at_once: int = Field(default=8, ge=1, le=64, description="Messages that are handed over at a time")
    send_timeout_seconds: float = Field(
        default=30.0, ge=1, le=300, description="Longest wait for each answer of a channel"
    )
    lease_seconds: float = Field(
        default=300.0,
        ge=1,
        le=3_600,
        description="After so long a notice that nobody has ended is taken for interrupted, and tried again: longer than handing one "
        "over can take",
    )
    retry_first_seconds: float = Field(
        default=10.0,
        ge=0.05,
        le=3_600,
        description="Pause after a first try that failed; twice as long each time",
    )
    retry_longest_seconds: float = Field(
        default=3_600.0, ge=0.05, le=86_400, description="Longest pause between tries"
    )
    attempts_max: int = Field(default=20, ge=1, le=100, description="Tries of one notice at most")
    retention_days: int = Field(
        default=400, ge=10, le=3_650, description="How long notices and the log of their deliveries are kept"
    )

    @field_validator("email_url", "sms_url", "push_url", "chat_url")
    @classmethod
    def _has_a_place_for_the_address(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and ADDRESS not in url.get_secret_value():
            raise ValueError(f"has {ADDRESS} where the member's address goes")
        return url
