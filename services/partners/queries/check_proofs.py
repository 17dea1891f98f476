"""Proves that what was signed is what the rated entries make: trees, records, the log and its signatures, all again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import aclosing
from uuid import UUID

from services.partners.domain.checking import Breaches
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
from services.partners.domain.windows import Window, WindowState
from services.partners.queries.proof_keys import ProofKeys
from services.partners.storage import proofs, statements
from services.runtime.database import ReadConnection


async def check_proofs(
    connection: ReadConnection,
    keys: ProofKeys,
    ledger_id: int,
    block: list[Window],
    slugs: Mapping[UUID, str],
    programme: str,
    breaches: Breaches,
) -> int:
    """Makes the proofs of stated windows again and compares them with those kept; answers how many agree with a checkpoint."""
    checked = 0
    for window in block:
        if window.state is not WindowState.STATED:
            continue
        where = f"window {window.number}"
        kept = await proofs.checkpoint_of(connection, ledger_id, window.number)
        if kept is None:
            breaches.add(f"{where} is stated and has no checkpoint")
            continue
        await _check_trees(connection, keys, ledger_id, window, slugs, programme, breaches)
        trees = await proofs.trees_of(connection, ledger_id, window.number)
        known = json.loads(kept.record)
        end = JournalEnd(kept.batch_no, bytes.fromhex(known.get("batch_hash", "")))
        again = record_of(window, end, [leaf for _, leaf in trees])
        breaches.expect(
            again.decode() == kept.record, f"{where}: its record is not what its trees and its range make"
        )
        leaves = await proofs.log_leaves(connection, ledger_id, window.number)
        origin = kept.note.partition("\n")[0]
        signed = keys.signer.sign(origin, checkpoint_text(origin, window.number, log.root_of(leaves)))
        breaches.expect(
            kept.note == signed, f"{where}: its checkpoint is not the signed root of the log up to it"
        )
        checked += 1
    return checked


async def _check_trees(
    connection: ReadConnection,
    keys: ProofKeys,
    ledger_id: int,
    window: Window,
    slugs: Mapping[UUID, str],
    programme: str,
    breaches: Breaches,
) -> None:
    """The tree of every partner is what its entries make, and commits to the statement that is kept."""
    where = f"window {window.number}"
    trees = PartnerTrees(keys.root_key, ledger_id, window.number)
    try:
        async with aclosing(proofs.rows_of(await connection.driver(), ledger_id, window)) as pieces:
            async for piece in pieces:
                trees.add(piece)
        roots = trees.roots()
    except UnknownKind as error:
        breaches.add(f"{where}: {error}")
        return
    digests = await _digests(connection, ledger_id, window, programme)
    for tree, leaf in await proofs.trees_of(connection, ledger_id, window.number):
        name = slugs.get(tree.partner_id, str(tree.partner_id))
        root: Node = roots.pop(tree.partner_id, EMPTY)
        breaches.expect(
            tree.root == root,
            f"{where}: {name} has {root[1]:,} entries whose root is {root[0].hex()[:16]}, the checkpoint has "
            f"{tree.root[1]:,} and {tree.root[0].hex()[:16]}",
        )
        breaches.expect(
            digests.get(tree.partner_id, NO_STATEMENT) == tree.statement_digest,
            f"{where}: the statement of {name} is not the one that its checkpoint has",
        )
        owner = owner_of(keys.root_key, ledger_id, tree.partner_id, window.number)
        again = PartnerTree(tree.partner_id, tree.root, tree.statement_digest).leaf(owner)
        breaches.expect(leaf == again, f"{where}: the leaf of {name} in the tree of partners is another")
    for partner_id in roots:
        breaches.add(f"{where}: {slugs.get(partner_id, partner_id)} has entries and no tree")


async def _digests(
    connection: ReadConnection, ledger_id: int, window: Window, programme: str
) -> dict[UUID, bytes]:
    """What the statements that end with a window commit to, by partner."""
    listed = await statements.listed(
        connection,
        ledger_id,
        statements.OF_ONE_WINDOW_MAX,
        before_window=window.number + 1,
        after_window=window.number - 1,
    )
    before = await proofs.last_stated(connection, ledger_id, window.number)
    digests: dict[UUID, bytes] = {}
    for each in listed:
        whole = await statements.by_id(connection, ledger_id, each.statement_id)
        if whole is not None:
            partner_id = whole.net.party_id
            digests[partner_id] = head_of(programme, whole, before.get(partner_id, 0)).digest()
    return digests
