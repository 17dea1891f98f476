"""Prove a window: commit to every rated entry of it, and sign what it came to, before it is stated."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.clients.points import PointsLedger
from services.partners.domain.proof import log
from services.partners.domain.proof.leaves import PartnerTrees, UnknownKind, owner_of
from services.partners.domain.proof.record import (
    NO_STATEMENT,
    JournalEnd,
    PartnerTree,
    checkpoint_text,
    record_of,
)
from services.partners.domain.proof.statement_head import head_of
from services.partners.domain.proof.sum_tree import EMPTY, Node
from services.partners.domain.statement import Statement
from services.partners.domain.windows import Window
from services.partners.queries.proof_keys import ProofKeys
from services.partners.storage import partners, proofs
from services.runtime.database import driver_of
from services.runtime.errors import Fault
from services.runtime.leisure import Leisure
from services.runtime.principal import Programme

# Hashing a million entries takes a processor for seconds; beside tills it takes its time, and so long more at most.
_REST_SECONDS_MAX: Final = 20.0


class ProveWindow:
    """Makes the trees of a window and signs its checkpoint, in the transaction that states it."""

    def __init__(self, points: PointsLedger, keys: ProofKeys) -> None:
        self._points, self._keys = points, keys

    async def journal_end(self, programme: Programme, window: Window) -> JournalEnd:
        """The first batch of the ledger's chain that reaches the window's last seq. Asked outside of transactions.

        Batches are numbered without a gap and their seqs rise, so halving finds it in some twenty calls.
        Raises Unavailable where points cannot be reached.
        """
        high = (await self._points.head(programme)).last_batch_no
        if window.last_seq == 0 or high == 0:
            return JournalEnd(0, b"")
        low = 1
        while low < high:
            middle = (low + high) // 2
            batch = await self._points.batch(programme, middle)
            low, high = (low, middle) if batch.end_seq >= window.last_seq else (middle + 1, high)
        found = await self._points.batch(programme, low)
        return JournalEnd(found.batch_no, found.chain_hash)

    async def prove_window(
        self,
        connection: AsyncConnection,
        programme: Programme,
        window: Window,
        issued: Sequence[Statement],
        end: JournalEnd,
    ) -> None:
        """Writes the window's trees and its checkpoint; `issued`: the statements that end with it.

        Raises Fault for an entry that has no place in a leaf, and where an earlier window has no checkpoint.
        """
        ledger_id, number = programme.ledger_id, window.number
        everyone = [
            found.partner_id
            for found in await partners.of_programme(connection, ledger_id)
            if found.first_window <= number
        ]
        roots = await self._roots(connection, ledger_id, window)
        last = await proofs.last_stated(connection, ledger_id, number)
        digests = {
            each.net.party_id: head_of(programme.slug, each, last.get(each.net.party_id, 0)).digest()
            for each in issued
        }
        trees: list[tuple[PartnerTree, Node]] = []
        for partner_id in everyone:
            tree = PartnerTree(
                partner_id, roots.pop(partner_id, EMPTY), digests.get(partner_id, NO_STATEMENT)
            )
            trees.append((tree, tree.leaf(owner_of(self._keys.root_key, ledger_id, partner_id, number))))
        if roots:
            raise Fault(
                f"window {number} has entries of {len(roots)} partners that the programme does not have yet"
            )
        # By a hash that nobody outside can guess: a neighbour in the tree is no name.
        trees.sort(key=lambda each: each[1][0])
        record = record_of(window, end, [leaf for _, leaf in trees])
        leaves = [*await proofs.log_leaves(connection, ledger_id, number - 1), log.leaf_of(record)]
        if len(leaves) != number:
            raise Fault(f"the log has {len(leaves) - 1} records before window {number}")
        origin = self._keys.origin_of(programme.slug)
        note = self._keys.signer.sign(origin, checkpoint_text(origin, number, log.root_of(leaves)))
        added = proofs.Checkpoint(number, end.batch_no, record.decode(), leaves[-1], note)
        await proofs.add(connection, ledger_id, added, trees)

    async def _roots(self, connection: AsyncConnection, ledger_id: int, window: Window) -> dict[UUID, Node]:
        """The root of each partner that has entries. In memory are a block of them, and a node a height."""
        trees = PartnerTrees(self._keys.root_key, ledger_id, window.number)
        leisure = Leisure(_REST_SECONDS_MAX)
        try:
            async with aclosing(proofs.rows_of(await driver_of(connection), ledger_id, window)) as pieces:
                async for piece in pieces:
                    await leisure.do(partial(trees.add, piece))
            return trees.roots()
        except UnknownKind as error:
            raise Fault(f"window {window.number} cannot be proved: {error}") from error
