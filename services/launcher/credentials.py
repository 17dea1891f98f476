"""Secrets of an installation that `coalition up` runs, each made once and kept in the state directory."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.launcher.errors import LauncherError
from services.launcher.processes import SERVICES

PASSWORD_BYTES: Final = 24
SECRET_KEY_BYTES: Final = 32
CLI: Final = "cli"
#: Who may sign principals; services.runtime.principal says for whom each may speak.
ISSUERS: Final = (*SERVICES, CLI)
#: Services that derive keys from a secret of their own.
HOLDERS_OF_SECRETS: Final = ("members", "points", "partners", "gateway")


@dataclass(frozen=True)
class Credentials:
    """Passwords are URL-safe text; keys are base64url of raw bytes, without padding.

    `principal_private_keys` and `principal_public_keys` are the Ed25519 pairs that sign who acts, by issuer:
    each service has its own, and so has the command line. `database_passwords` are by service,
    `secret_keys` by HOLDERS_OF_SECRETS.
    """

    postgres_admin_password: str
    nats_password: str
    principal_private_keys: dict[str, str]
    principal_public_keys: dict[str, str]
    database_passwords: dict[str, str]
    secret_keys: dict[str, str]

    @classmethod
    def generate(cls) -> "Credentials":
        """New ones, from the system's random source."""
        private = {issuer: base64url(Ed25519PrivateKey.generate().private_bytes_raw()) for issuer in ISSUERS}
        return cls(
            postgres_admin_password=secrets.token_urlsafe(PASSWORD_BYTES),
            nats_password=secrets.token_urlsafe(PASSWORD_BYTES),
            principal_private_keys=private,
            principal_public_keys={name: _public_of(key) for name, key in private.items()},
            database_passwords={service: secrets.token_urlsafe(PASSWORD_BYTES) for service in SERVICES},
            secret_keys={
                service: base64url(secrets.token_bytes(SECRET_KEY_BYTES)) for service in HOLDERS_OF_SECRETS
            },
        )

    @classmethod
    def load_or_generate(cls, path: Path) -> "Credentials":
        """Read `path`, or write new ones to it (0600). Raises LauncherError when the file is damaged.

        What a service has needed only since the file was written is made and added to it; what is there stays.
        """
        try:
            stored: dict[str, Any] = json.loads(path.read_text())
            found = cls(**stored)
            whole = found._completed()
            if whole != found:
                write_private_file(path, json.dumps(asdict(whole), indent=2))
            return whole
        except FileNotFoundError:
            made = cls.generate()
            write_private_file(path, json.dumps(asdict(made), indent=2))
            return made
        except (ValueError, TypeError) as error:
            raise LauncherError(
                f"{path} cannot be read ({error}): restore it from a copy; without it the data beside it is lost, "
                f"and deleting {path.parent} begins afresh"
            ) from error

    def _completed(self) -> "Credentials":
        """These, with new ones for every name that has none. Raises ValueError, TypeError for keys that are none."""
        new = self.generate()
        private = {**new.principal_private_keys, **self.principal_private_keys}
        return replace(
            self,
            principal_private_keys=private,
            principal_public_keys={name: _public_of(key) for name, key in private.items()},
            database_passwords={**new.database_passwords, **self.database_passwords},
            secret_keys={**new.secret_keys, **self.secret_keys},
        )


def _public_of(private_key: str) -> str:
    raw = base64.urlsafe_b64decode(private_key + "=" * (-len(private_key) % 4))
    return base64url(Ed25519PrivateKey.from_private_bytes(raw).public_key().public_bytes_raw())


def base64url(raw: bytes) -> str:
    """Unpadded base64url."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def write_private_file(path: Path, text: str) -> None:
    """Write the file whole or not at all, readable by its owner only."""
    work = path.with_name(f".{path.name}.{os.getpid()}")
    work.unlink(missing_ok=True)
    fd = os.open(work, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    work.replace(path)
