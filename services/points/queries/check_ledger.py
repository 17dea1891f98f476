"""Proves the ledger's invariants on the live database, as of one seq, while traffic runs."""

from __future__ import annotations

from typing import Final

from services.points.storage import ledgers, proofs
from services.points.storage.proofs import Finding
from services.runtime.database import ReadDatabase
from services.runtime.errors import NotFound

_STATEMENT_SECONDS_MAX: Final = 300


class CheckLedger:
    """Runs every proof in one snapshot."""

    def __init__(self, database: ReadDatabase) -> None:
        self._database = database

    async def __call__(self, ledger_id: int) -> tuple[int, list[Finding]]:
        """The seq that all was checked at, and a finding per invariant. Raises NotFound for no ledger."""
        async with self._database.snapshot() as snapshot:
            connection = await snapshot.driver()
            await proofs.prepare(connection, _STATEMENT_SECONDS_MAX)
            head = await ledgers.head(connection, ledger_id)
            if head is None:
                raise NotFound("the ledger is not open")
            findings = [
                await proofs.prove(connection, ledger_id, head.last_seq, proof) for proof in proofs.PROOFS
            ]
        return head.last_seq, findings
