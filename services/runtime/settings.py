"""Settings that every process has. A service adds its own in its settings.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

# What is wrong is told without what was given: it may be a secret.
_SHARED: Final = SettingsConfigDict(
    env_prefix="COALITION_", extra="ignore", frozen=True, hide_input_in_errors=True
)

S = TypeVar("S", bound=BaseSettings)


class TlsSettings(BaseSettings):
    """Certificates of gRPC; all empty: plain. services.runtime.tls reads the files and says what does not fit."""

    model_config = _SHARED

    tls_authority: str = Field(
        default="",
        description="PEM file of the authorities that certificates of gRPC must come from; set: all gRPC of this process uses "
        "TLS; empty: none does",
    )
    tls_certificate: str = Field(
        default="",
        description="PEM file of this process's certificate and chain, shown as a server and as a client; every server needs one",
    )
    tls_key: str = Field(
        default="", description="PEM file of its private key, not encrypted, readable by this process alone"
    )
    tls_clients: bool = Field(
        default=True,
        description="Whether this process's server demands a certificate of the authorities from its callers",
    )
    tls_server_name: str = Field(
        default="",
        description="Name that certificates of called servers must be good for; empty: the host of each target",
    )


class BusSettings(BaseSettings):
    """Where NATS is and how it is signed in to. services.runtime.bus_access says what does not fit."""

    model_config = _SHARED

    nats_url: str = Field(
        default="nats://127.0.0.1:4222",
        validation_alias="NATS_URL",
        repr=False,
        description="JetStream: nats://host:port, tls://host:port where TLS is demanded; several comma-separated",
    )
    nats_authority: str = Field(
        default="",
        description="PEM file of the authorities that the certificate of NATS must come from; empty: those of the system",
    )
    nats_certificate: str = Field(
        default="", description="PEM file of the certificate and chain that is shown to NATS, where it asks"
    )
    nats_key: str = Field(default="", description="PEM file of its private key, not encrypted")
    nats_server_name: str = Field(
        default="",
        description="Name that the certificate of NATS must be good for; empty: the host of NATS_URL",
    )
    nats_user: str = Field(
        default="", description="User of NATS, with a password; in place of one in NATS_URL"
    )
    nats_password: SecretStr = Field(default=SecretStr(""), description="Its password")
    nats_token: SecretStr = Field(default=SecretStr(""), description="Token of NATS, in place of a user")
    nats_seed_file: str = Field(
        default="", description="File with the seed of an nkey, in place of a user or token"
    )
    nats_credentials_file: str = Field(
        default="",
        description="File with a user's JWT and seed (`.creds`), in place of a user, token or seed",
    )
    nats_replicas: int = Field(
        default=1, ge=1, le=5, description="How many servers of a NATS cluster keep each stream: 1, 3 or 5"
    )


class PlatformSettings(TlsSettings, BusSettings):
    """What all processes share, read from COALITION_… and, for the bus, NATS_URL."""

    model_config = _SHARED

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
    insights_target: str = Field(default="127.0.0.1:50055", description="host:port of the insights service")
    notifications_target: str = Field(
        default="127.0.0.1:50054", description="host:port of the notifications service"
    )


def settings_in(kind: type[S], environment: Mapping[str, str]) -> S:
    """Settings from an environment that need not be this process's. Raises ValueError."""
    given: dict[str, Any] = {}
    for name, setting in kind.model_fields.items():
        # What is not there has its default, and not what stands in the environment here.
        value = environment.get(variable_of(kind, name)) or setting.get_default()
        given[str(setting.validation_alias or name)] = value
    return kind(**given)


def variable_of(kind: type[BaseSettings], name: str) -> str:
    """The environment variable of a setting."""
    alias = kind.model_fields[name].validation_alias
    return str(alias or f"{kind.model_config.get('env_prefix', '')}{name.upper()}")


class DatabaseSettings(BaseSettings):
    """A service's database; subclasses set the prefix COALITION_<SERVICE>_."""

    # Inherited: a message about one setting would quote all the others, this URL's password among them.
    model_config = SettingsConfigDict(hide_input_in_errors=True)

    database_url: SecretStr = Field(
        description="postgresql://role:password@host:port/database, the run-time role; over TLS with "
        "?sslmode=verify-full&sslrootcert=FILE"
    )
    database_pool_size: int = Field(default=10, ge=2, le=100, description="Connections kept at most")
    statement_timeout_seconds: int = Field(default=30, ge=1, le=600, description="Longest statement")


class SecretSettings(BaseSettings):
    """The secret of a service that derives keys from it; mixed in with the service's prefix."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    secret_key: SecretStr = Field(description="base64url of 32 random bytes, this service's alone")


class ServiceSettings(DatabaseSettings):
    """A gRPC service's own settings; subclasses set the prefix COALITION_<SERVICE>_."""

    grpc_host: str = Field(default="127.0.0.1", description="Address to listen on")
    grpc_port: int = Field(description="Port to listen on")
    stop_grace_seconds: float = Field(
        default=10.0, ge=0, le=60, description="Time for calls to end at a stop"
    )
