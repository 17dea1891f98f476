"""A nats-server that demands TLS or credentials, as an operator would set it up; and credentials of each kind."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nkeys

from services.launcher.embedded.nats import EmbeddedNats
from tests.support.certificates import Issued


class GuardedNats(EmbeddedNats):
    """The embedded server with other rules of who may come in; `rules` is in its configuration language."""

    def __init__(self, folder: Path, rules: str) -> None:
        super().__init__(folder, password="unused")
        self._rules = rules

    def _configuration(self) -> str:
        lines = super()._configuration().splitlines()
        kept = [line for line in lines if not line.startswith("authorization ")]
        return "\n".join([*kept, self._rules, ""])


@asynccontextmanager
async def guarded_nats(folder: Path, *rules: str) -> AsyncGenerator[GuardedNats]:
    """A running one, gone afterwards."""
    folder.mkdir(exist_ok=True)
    server = GuardedNats(folder, "\n".join(rules))
    await asyncio.to_thread(server.start)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.stop)


def tls_rule(issued: Issued, demands_clients: bool = True) -> str:
    """The block `tls` of the configuration."""
    files = {"cert_file": issued.certificate, "key_file": issued.key, "ca_file": issued.authority}
    lines = [f"{name}: {json.dumps(str(path))}" for name, path in files.items()]
    return f"tls {{ {', '.join(lines)}, verify: {json.dumps(demands_clients)} }}"


@dataclass(frozen=True)
class Nkey:
    """A key pair of NATS; `kind` is what it stands for."""

    kind: int
    seed: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Draws the seed."""
        object.__setattr__(self, "seed", nkeys.encode_seed(secrets.token_bytes(32), self.kind))

    @property
    def public(self) -> str:
        """The public key as NATS writes it."""
        return bytes(nkeys.from_seed(bytearray(self.seed)).public_key).decode()

    def token(self, subject: str, claims: dict[str, Any]) -> str:
        """A JWT of NATS about `subject`, signed with this key."""
        head = {"typ": "JWT", "alg": "ed25519-nkey"}
        body = {
            "jti": secrets.token_hex(16),
            "iat": 1_700_000_000,
            "iss": self.public,
            "sub": subject,
            "nats": claims,
        }
        signed = f"{_part(json.dumps(head).encode())}.{_part(json.dumps(body).encode())}"
        signature = nkeys.from_seed(bytearray(self.seed)).sign(signed.encode())
        return f"{signed}.{_part(bytes(signature))}"


def user_key() -> Nkey:
    """A key of a user."""
    return Nkey(nkeys.PREFIX_BYTE_USER)


def credentials_file(path: Path) -> str:
    """Writes a `.creds` file; the rules of a server that lets its user in, by the chain of operator and account."""
    operator, user = Nkey(nkeys.PREFIX_BYTE_OPERATOR), user_key()
    # JetStream works from an account of the system's own.
    system, account = Nkey(nkeys.PREFIX_BYTE_ACCOUNT), Nkey(nkeys.PREFIX_BYTE_ACCOUNT)
    limits = dict.fromkeys(("subs", "data", "payload", "imports", "exports", "conn", "leaf"), -1)
    stored = {"mem_storage": -1, "disk_storage": -1}
    of_operator = operator.token(operator.public, {"type": "operator", "version": 2})
    of_account, of_system = (
        operator.token(each.public, {"type": "account", "version": 2, "limits": granted})
        for each, granted in ((account, {**limits, **stored}), (system, limits))
    )
    of_user = account.token(
        user.public, {"type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1}
    )
    path.write_text(
        f"-----BEGIN NATS USER JWT-----\n{of_user}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed.decode()}\n------END USER NKEY SEED------\n"
    )
    return (
        f"operator: {of_operator}\nsystem_account: {system.public}\nresolver: MEMORY\n"
        f"resolver_preload: {{ {account.public}: {of_account}, {system.public}: {of_system} }}"
    )


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
