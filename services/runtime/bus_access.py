"""How NATS is reached by settings: where, over TLS or not, and as whom. Only what fits together is let through."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from services.runtime.certificates import Misconfigured, check_readable, read_authority, read_pair
from services.runtime.settings import BusSettings

URL: Final = "NATS_URL"
AUTHORITY: Final = "COALITION_NATS_AUTHORITY"
CERTIFICATE: Final = "COALITION_NATS_CERTIFICATE"
KEY: Final = "COALITION_NATS_KEY"
SERVER_NAME: Final = "COALITION_NATS_SERVER_NAME"
USER: Final = "COALITION_NATS_USER"
PASSWORD: Final = "COALITION_NATS_PASSWORD"  # noqa: S105 - the name of a variable
TOKEN: Final = "COALITION_NATS_TOKEN"  # noqa: S105 - the name of a variable
SEED_FILE: Final = "COALITION_NATS_SEED_FILE"
CREDENTIALS_FILE: Final = "COALITION_NATS_CREDENTIALS_FILE"
_PLAIN, _ENCRYPTED = "nats", "tls"
_PORT: Final = 4222


@dataclass(frozen=True, slots=True)
class BusAccess:
    """Servers and credentials of NATS. `encrypted`: nothing is said to a server before TLS, whatever the server offers."""

    # A URL may hold a password.
    servers: tuple[str, ...] = field(repr=False)
    encrypted: bool = False
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    seed_file: Path | None = None
    credentials_file: Path | None = None

    @property
    def addresses(self) -> str:
        """host:port of every server, without credentials: for logs and people."""
        parts = [urlsplit(server) for server in self.servers]
        return ", ".join(f"{each.hostname or '?'}:{each.port or _PORT}" for each in parts)

    def options(self) -> dict[str, Any]:
        """What nats-py's connect is given of this."""
        made: dict[str, Any] = {
            "servers": list(self.servers),
            "tls_hostname": self.server_name or None,
            "user": self.user or None,
            "password": self.password or None,
            "token": self.token or None,
            "nkeys_seed": str(self.seed_file) if self.seed_file else None,
            "user_credentials": str(self.credentials_file) if self.credentials_file else None,
        }
        return {name: value for name, value in made.items() if value is not None}

    def context(self) -> ssl.SSLContext:
        """TLS towards NATS, of the files as they are now: asked at each connection, so renewed ones count.

        Raises OSError (ssl.SSLError is one) where they cannot be used any more.
        """
        made = ssl.create_default_context(cafile=str(self.authority) if self.authority else None)
        if self.certificate is not None and self.key is not None:
            made.load_cert_chain(self.certificate, self.key)
        return made


def access_of(settings: BusSettings) -> BusAccess:
    """The access that settings describe. Raises Misconfigured where they contradict each other, or a file is no use."""
    servers = tuple(part.strip() for part in settings.nats_url.split(",") if part.strip())
    encrypted = _is_encrypted(servers)
    access = BusAccess(
        servers,
        encrypted,
        _path(settings.nats_authority),
        _path(settings.nats_certificate),
        _path(settings.nats_key),
        settings.nats_server_name,
        settings.nats_user,
        settings.nats_password.get_secret_value(),
        settings.nats_token.get_secret_value(),
        _path(settings.nats_seed_file),
        _path(settings.nats_credentials_file),
    )
    _check_tls(access)
    _check_credentials(access)
    return access


def _is_encrypted(servers: tuple[str, ...]) -> bool:
    if not servers:
        raise Misconfigured(f"{URL} is empty")
    schemes = {server.partition("://")[0] for server in servers}
    if not schemes <= {_PLAIN, _ENCRYPTED}:
        # Without what was given: a password may stand in it.
        raise Misconfigured(f"{URL} begins with nats:// or tls://, also where it names several servers")
    if len(schemes) > 1:
        raise Misconfigured(f"{URL} names servers with nats:// and with tls://: use one of them for all")
    try:
        missing = any(not urlsplit(server).hostname or urlsplit(server).port == 0 for server in servers)
    except ValueError:
        missing = True
    if missing:
        raise Misconfigured(f"{URL} is scheme://host:port, credentials before the host: one of its is not")
    return schemes == {_ENCRYPTED}


def _check_tls(access: BusAccess) -> None:
    given = {
        AUTHORITY: access.authority,
        CERTIFICATE: access.certificate,
        KEY: access.key,
        SERVER_NAME: access.server_name,
    }
    set_ones = [name for name, value in given.items() if value]
    if set_ones and not access.encrypted:
        raise Misconfigured(f"{set_ones[0]} is set, and {URL} begins with nats://: begin it with tls://")
    for name, other in ((CERTIFICATE, KEY), (KEY, CERTIFICATE)):
        if given[name] and not given[other]:
            raise Misconfigured(f"{name} is set without {other}")
    if access.authority is not None:
        read_authority(AUTHORITY, access.authority)
    if access.certificate is not None and access.key is not None:
        read_pair(CERTIFICATE, access.certificate, KEY, access.key)


def _check_credentials(access: BusAccess) -> None:
    for name, value, other, needed in (
        (USER, access.user, PASSWORD, access.password),
        (PASSWORD, access.password, USER, access.user),
    ):
        if value and not needed:
            raise Misconfigured(f"{name} is set without {other}")
    ways = {
        f"{URL} (before the host)": any("@" in urlsplit(server).netloc for server in access.servers),
        USER: bool(access.user),
        TOKEN: bool(access.token),
        SEED_FILE: access.seed_file is not None,
        CREDENTIALS_FILE: access.credentials_file is not None,
    }
    used = [name for name, is_used in ways.items() if is_used]
    if len(used) > 1:
        raise Misconfigured(f"NATS is signed in to in one way, and {' and '.join(used)} are set")
    for name, path in ((SEED_FILE, access.seed_file), (CREDENTIALS_FILE, access.credentials_file)):
        if path is not None:
            check_readable(name, path)


def _path(text: str) -> Path | None:
    return Path(text) if text else None
