# ruff: noqa: INP001
"""Makes every secret of an installation with Docker Compose: `python deploy/compose/write_env.py [FILE]`.

Writes FILE (deploy/compose/.env by default), readable by its owner only. A file that is there is never
touched: with other secrets the data in the volumes could not be opened any more.
"""

from __future__ import annotations

import sys
from pathlib import Path

from services.launcher.credentials import Credentials, write_private_file

POSTGRES, NATS = "postgres:5432", "nats:4222"


def variables(credentials: Credentials) -> dict[str, str]:
    """What compose.yaml asks for, by name."""
    made = {
        "POSTGRES_PASSWORD": credentials.postgres_admin_password,
        "DATABASE_URL": f"postgresql://postgres:{credentials.postgres_admin_password}@{POSTGRES}/postgres",
        "NATS_PASSWORD": credentials.nats_password,
        "NATS_URL": f"nats://coalition:{credentials.nats_password}@{NATS}",
        "COALITION_PRINCIPAL_PUBLIC_KEYS": ",".join(
            f"{issuer}:{key}" for issuer, key in credentials.principal_public_keys.items()
        ),
    }
    for issuer, key in credentials.principal_private_keys.items():
        made[f"{issuer.upper()}_PRIVATE_KEY"] = key
    for service, password in credentials.database_passwords.items():
        name = f"coalition_{service}"
        made[f"COALITION_{service.upper()}_DATABASE_URL"] = (
            f"postgresql://{name}:{password}@{POSTGRES}/{name}"
        )
    for service, key in credentials.secret_keys.items():
        made[f"COALITION_{service.upper()}_SECRET_KEY"] = key
    return made


def main(arguments: list[str]) -> int:
    """Writes the file; answers the exit status."""
    path = Path(arguments[0]) if arguments else Path(__file__).with_name(".env")
    if path.exists():
        sys.stderr.write(f"{path} is there already and stays as it is\n")
        return 1
    lines = [f"{name}={value}\n" for name, value in variables(Credentials.generate()).items()]
    write_private_file(path, "".join(lines))
    sys.stderr.write(f"{path} written: keep a copy of it where you keep the copies of the database\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
