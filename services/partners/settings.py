"""Settings of the partners service, read from the variables COALITION_PARTNERS_*."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import SecretSettings, ServiceSettings


class Settings(ServiceSettings, SecretSettings):
    """What an installation decides of partners and clearing."""

    model_config = SettingsConfigDict(env_prefix="COALITION_PARTNERS_", extra="ignore", frozen=True)

    grpc_port: int = Field(default=50053, ge=0, le=65_535, description="Port to listen on; 0: a free one")
    rating_wait_seconds: float = Field(
        default=10.0,
        ge=0,
        le=60,
        description="Longest that closing a window waits for rating to reach its end",
    )
    draft_days: int = Field(
        default=30, ge=1, le=365, description="How long a draft can be approved after it was made, in days"
    )
    close_every_seconds: float = Field(
        default=15.0, ge=0.1, le=3_600, description="How often due windows are looked for and closed"
    )
    proof_origin: str = Field(
        default="coalition",
        pattern=r"^[a-z0-9][a-z0-9./-]{0,99}$",
        description="What checkpoints begin with, before the programme's slug: a name of this installation that is nobody "
        "else's, such as `points.example.com`",
    )
    statement_files_max: int = Field(
        default=3, ge=1, le=50, description="Statement files sent at a time; each holds a connection"
    )
    lots_every_seconds: float = Field(
        default=60.0,
        ge=0.1,
        le=86_400,
        description="How often what became of points is read from the ledger's events, up to what is stated",
    )
    floor_every_seconds: float = Field(
        default=1.0,
        ge=0.1,
        le=60,
        description="How often it is counted what partners with a credit limit owe, and how much they may still issue",
    )
    follow_every_seconds: float = Field(
        default=5.0,
        ge=0.1,
        le=3_600,
        description="How often it is looked which payments are overdue by now, and which deadlines of disputes have passed",
    )
