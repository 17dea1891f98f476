"""Settings of the insights service, read from the variables COALITION_INSIGHTS_*."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """What an installation decides of insights. It derives no keys, so it has no secret."""

    model_config = SettingsConfigDict(env_prefix="COALITION_INSIGHTS_", extra="ignore", frozen=True)

    grpc_port: int = Field(default=50055, ge=0, le=65_535, description="Port to listen on; 0: a free one")
