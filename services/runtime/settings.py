"""Settings that every process has. A service adds its own in its settings.py."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class PlatformSettings(BaseSettings):
    """What all processes share, read from COALITION_… and, for the bus, NATS_URL."""

    model_config = SettingsConfigDict(env_prefix="COALITION_", extra="ignore", frozen=True)

    nats_url: str = Field(
        default="nats://127.0.0.1:4222", validation_alias="NATS_URL", description="JetStream"
    )
    nats_replicas: int = Field(
        default=1, ge=1, le=5, description="How many servers of a NATS cluster keep each stream: 1, 3 or 5"
    )
    principal_public_keys: str = Field(
        default="", description="Who may sign principals: `issuer:base64url key`, comma-separated"
    )
    principal_private_key: SecretStr = Field(
        default=SecretStr(""), description="This process's own Ed25519 signing key, base64url of 32 bytes"
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR")
    otlp_endpoint: str = Field(
        default="", description="OTLP/gRPC collector, e.g. http://127.0.0.1:4317; empty: telemetry is off"
    )
    trace_share_percent: int = Field(
        default=100, ge=0, le=100, description="Share of new traces that are kept"
    )
    members_target: str = Field(default="127.0.0.1:50051", description="host:port of the members service")
    points_target: str = Field(default="127.0.0.1:50052", description="host:port of the points service")
    partners_target: str = Field(default="127.0.0.1:50053", description="host:port of the partners service")


class DatabaseSettings(BaseSettings):
    """A service's database; subclasses set the prefix COALITION_<SERVICE>_."""

    database_url: SecretStr = Field(
        description="postgresql://role:password@host:port/database, the run-time role"
    )
    database_pool_size: int = Field(default=10, ge=2, le=100, description="Connections kept at most")
    statement_timeout_seconds: int = Field(default=30, ge=1, le=600, description="Longest statement")


class SecretSettings(BaseSettings):
    """The secret of a service that derives keys from it; mixed in with the service's prefix."""

    secret_key: SecretStr = Field(description="base64url of 32 random bytes, this service's alone")


class ServiceSettings(DatabaseSettings):
    """A gRPC service's own settings; subclasses set the prefix COALITION_<SERVICE>_."""

    grpc_host: str = Field(default="127.0.0.1", description="Address to listen on")
    grpc_port: int = Field(description="Port to listen on")
    stop_grace_seconds: float = Field(
        default=10.0, ge=0, le=60, description="Time for calls to end at a stop"
    )
