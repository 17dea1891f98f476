"""Settings of the points service."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import SecretSettings, ServiceSettings


class Settings(ServiceSettings, SecretSettings):
    """Read from COALITION_POINTS_…."""

    model_config = SettingsConfigDict(env_prefix="COALITION_POINTS_", extra="ignore", frozen=True)

    grpc_port: int = Field(default=50052, ge=0, le=65_535, description="Port to listen on")
    batch_items_max: int = Field(default=512, ge=1, le=512, description="Movements posted in one transaction")
    bulk_beside_items_max: int = Field(
        default=20,
        ge=4,
        le=512,
        description="Of these, how many of bulk loads while tills post too, which wait for them",
    )
    queue_items_max: int = Field(
        default=8_192, ge=1, description="Movements waiting per lane before OVERLOADED"
    )
    door_connections_max: int = Field(
        default=20, ge=1, le=200, description="Programmes that are posted to at once, each over a connection"
    )
    backdate_days_max: int = Field(default=400, ge=1, description="How old occurred_at may be")
    lapse_seconds: float = Field(
        default=60.0,
        ge=1,
        le=86_400,
        description="How often holds past their time and lots past their expiry are ended",
    )
    notice_seconds: float = Field(
        default=300.0, ge=1, le=86_400, description="How often points that expire soon are looked for"
    )
    unpark_seconds: float = Field(
        default=1.0,
        ge=0.1,
        le=3_600.0,
        description="How often earns that are parked are posted where there is headroom",
    )
    check_seconds: float = Field(
        default=3_600.0, ge=1, le=604_800, description="How often all invariants of all ledgers are proved"
    )
    post_retry_seconds: float = Field(
        default=20.0, ge=1, le=120, description="How long a batch is tried again when the database is away"
    )
