"""What proofs are made with, and the public part of it for whoever verifies them."""

from __future__ import annotations

from dataclasses import dataclass

from services.partners.domain.permissions import STATEMENTS_READ
from services.partners.storage import proofs
from services.runtime.database import Database
from services.runtime.principal import Kind, Principal
from services.runtime.signed_note import NoteSigner


@dataclass(frozen=True, slots=True)
class ProofKeys:
    """`origin`: what checkpoints of this installation begin with, before the programme's slug.

    `root_key`: 32 bytes that every partner's secrets are derived from; whoever has it can read more than its own.
    """

    signer: NoteSigner
    root_key: bytes
    origin: str

    def origin_of(self, slug: str) -> str:
        """What a programme's checkpoints begin with, and the name that they are signed under."""
        return f"{self.origin}/{slug}"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The key that a programme's checkpoints are signed with, and the newest of them (empty: none yet)."""

    origin: str
    verifier_key: str
    checkpoint: str


class ProofKey:
    """The public key of the programme acted in. For its partners, staff and services."""

    def __init__(self, database: Database, keys: ProofKeys) -> None:
        self._database, self._keys = database, keys

    async def __call__(self, who: Principal) -> PublicKey:
        """Raises PermissionDenied for a partner's key without scope `statements:read`."""
        if who.kind is Kind.PARTNER:
            who.require(STATEMENTS_READ)
        programme = who.in_programme()
        async with self._database.reader.snapshot() as connection:
            newest = await proofs.newest(connection, programme.ledger_id)
        origin = self._keys.origin_of(programme.slug)
        return PublicKey(origin, self._keys.signer.verifier_key(origin), newest.note if newest else "")
