"""The environment that the launcher gives to services: the one list of its variables.

Every service reads its settings from the environment and nothing else. On Kubernetes the same variables
come from config maps and secrets.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from services.launcher.credentials import CLI, Credentials
from services.launcher.leftovers import MARKER
from services.launcher.ports import LOOPBACK, free_port
from services.launcher.processes import SERVICES
from services.runtime.settings import BusSettings, TlsSettings, variable_of

GRPC_SERVICES: Final = ("members", "points", "partners", "insights", "notifications")
GATEWAY: Final = "gateway"
PUBLIC_KEYS: Final = "COALITION_PRINCIPAL_PUBLIC_KEYS"
PRIVATE_KEY: Final = "COALITION_PRINCIPAL_PRIVATE_KEY"

#: Variable (SVC stands for a service in upper case) → what it is, and who gets it.
CONTRACT: Final[Mapping[str, str]] = {
    "DATABASE_URL": "administrator's PostgreSQL URL; for `coalition migrate` and tools, never for services",
    "NATS_URL": "NATS with JetStream, credentials in the URL or in COALITION_NATS_…; all",
    "COALITION_PRINCIPAL_PUBLIC_KEYS": "issuer:key,…, Ed25519 as base64url: verifies who acts; all",
    "COALITION_PRINCIPAL_PRIVATE_KEY": "Ed25519, 32 raw bytes as base64url; a different one for each and for the CLI",
    "COALITION_SVC_DATABASE_URL": "postgresql://role:password@host:port/database, run-time rights; the service",
    "COALITION_SVC_SECRET_KEY": "32 random bytes as base64url; the service",
    "COALITION_SVC_GRPC_PORT": "port that every service but the gateway listens on; the service",
    "COALITION_GATEWAY_HTTP_PORT": "port that the gateway listens on; gateway",
    "COALITION_SVC_TARGET": "host:port where every service but the gateway is reached; all",
    MARKER: "state directory, set by a supervisor on what it starts; not a setting",
}


@dataclass(frozen=True)
class ServicePorts:
    """TCP ports the services listen on."""

    members: int = 50051
    points: int = 50052
    partners: int = 50053
    insights: int = 50055
    gateway: int = 8080
    notifications: int = 50054

    @classmethod
    def shifted(cls, offset: int) -> "ServicePorts":
        """The defaults plus `offset`, except for those that a variable of the contract names."""
        defaults = cls()
        return cls(
            **{
                service: int(os.environ.get(_port_variable(service)) or getattr(defaults, service) + offset)
                for service in SERVICES
            }
        )

    @classmethod
    def free(cls) -> "ServicePorts":
        """Ports that are free now."""
        taken: dict[str, int] = {}
        for service in SERVICES:
            taken[service] = free_port(taken.values())
        return cls(**taken)

    def of(self, service: str) -> int:
        """The port of a service by name."""
        port: int = getattr(self, service)
        return port


def installation_environment(
    credentials: Credentials,
    ports: ServicePorts,
    *,
    admin_url: str,
    nats_url: str,
    database_prefix: str = "coalition",
) -> dict[str, str]:
    """Every variable of the contract as the command line has it, for an installation on this machine.

    Variables that are set already win where the server is the user's own (DATABASE_URL names it).
    """
    given: Mapping[str, str] = os.environ if os.environ.get("DATABASE_URL") else {}
    variables = {
        **_connections(os.environ),
        "DATABASE_URL": admin_url,
        "NATS_URL": nats_url,
        PUBLIC_KEYS: ",".join(f"{issuer}:{key}" for issuer, key in credentials.principal_public_keys.items()),
        PRIVATE_KEY: credentials.principal_private_keys[CLI],
    }
    for service, url in runtime_urls(credentials, admin_url, database_prefix, given).items():
        prefix = f"COALITION_{service.upper()}"
        variables[f"{prefix}_DATABASE_URL"] = url
        if service in credentials.secret_keys:
            variables[f"{prefix}_SECRET_KEY"] = (
                given.get(f"{prefix}_SECRET_KEY") or credentials.secret_keys[service]
            )
        variables[_port_variable(service)] = str(ports.of(service))
        if service in GRPC_SERVICES:
            variables[f"{prefix}_TARGET"] = f"{LOOPBACK}:{ports.of(service)}"
    return variables


def _connections(environment: Mapping[str, str]) -> dict[str, str]:
    """What says how gRPC and NATS are encrypted and signed in to, as it is set: clients and tools need it as well."""
    names = [variable_of(kind, name) for kind in (TlsSettings, BusSettings) for name in kind.model_fields]
    return {name: environment[name] for name in names if environment.get(name)}


def runtime_urls(
    credentials: Credentials, admin_url: str, database_prefix: str, given: Mapping[str, str]
) -> dict[str, str]:
    """Each service's database URL: the one `given`, or one on the administrator's server."""
    server = urlsplit(admin_url)
    address = server.netloc.rpartition("@")[2]
    urls: dict[str, str] = {}
    for service in SERVICES:
        name = f"{database_prefix}_{service}"
        password = quote(credentials.database_passwords[service], safe="")
        made = server._replace(netloc=f"{name}:{password}@{address}", path=f"/{name}").geturl()
        urls[service] = given.get(f"COALITION_{service.upper()}_DATABASE_URL") or made
    return urls


def process_environment(
    service: str, installation: Mapping[str, str], credentials: Credentials
) -> dict[str, str]:
    """What a process of `service` gets: the user's environment and its own part of the installation's.

    It signs with its own key, sees no other service's secrets, and the administrator's URL never.
    """
    signing_key = {PRIVATE_KEY: credentials.principal_private_keys[service]}
    combined = {**os.environ, **installation, **signing_key}
    return {name: value for name, value in combined.items() if _may_see(service, name)}


def _may_see(service: str, name: str) -> bool:
    if name == "DATABASE_URL":
        return False
    others = tuple(f"COALITION_{other.upper()}_" for other in SERVICES if other != service)
    return not name.startswith(others) or name.endswith("_TARGET")


def _port_variable(service: str) -> str:
    return f"COALITION_{service.upper()}_{'HTTP' if service == GATEWAY else 'GRPC'}_PORT"
