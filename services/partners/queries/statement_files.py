"""Statement files: everything that a partner needs to verify its statement without asking anybody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final
from uuid import UUID

from services.partners.domain.proof import log
from services.partners.domain.proof.leaves import Blocks, LeafOwner, owner_of, written
from services.partners.domain.proof.statement_file import (
    BETWEEN_WINDOWS,
    END,
    WINDOW_END,
    Opening,
    ProvedWindow,
    entries_written,
)
from services.partners.domain.proof.statement_head import head_of
from services.partners.domain.proof.sum_tree import path_of
from services.partners.domain.statement import Statement
from services.partners.domain.windows import Window
from services.partners.queries.proof_keys import ProofKeys
from services.partners.queries.statements import Statements
from services.partners.storage import proofs, windows
from services.runtime.database import Database, ReadConnection
from services.runtime.errors import Fault
from services.runtime.principal import Principal

# A piece is sent once it has as many characters: some two hundred blocks of entries a megabyte would be.
_PIECE_CHARACTERS: Final = 256 * 1_024


class StatementFiles:
    """Files of the programme acted in. `files_max`: sent at a time; others wait their turn."""

    def __init__(self, database: Database, statements: Statements, keys: ProofKeys, files_max: int) -> None:
        self._database, self._statements, self._keys = database, statements, keys
        self._turns = asyncio.Semaphore(files_max)

    async def read(self, who: Principal, statement_id: UUID) -> AsyncGenerator[bytes]:
        """The file in pieces of UTF-8, from one snapshot. Raises NotFound, for a partner also where it is another's."""
        found = (await self._statements.get(who, statement_id)).statement
        programme = who.in_programme()
        async with self._turns, self._database.reader.snapshot() as connection:
            text, characters = list[str](), 0
            async with aclosing(
                self._written(connection, programme.slug, programme.ledger_id, found)
            ) as parts:
                async for part in parts:
                    text.append(part)
                    characters += len(part)
                    if characters >= _PIECE_CHARACTERS:
                        yield "".join(text).encode()
                        text, characters = [], 0
            yield "".join(text).encode()

    async def _written(
        self, connection: ReadConnection, slug: str, ledger_id: int, statement: Statement
    ) -> AsyncGenerator[str]:
        partner_id, last = statement.net.party_id, statement.window.number
        before = (await proofs.last_stated(connection, ledger_id, statement.window.number)).get(partner_id, 0)
        head = head_of(slug, statement, before)
        leaves = await proofs.log_leaves(connection, ledger_id, last)
        previous = (await _checkpoint(connection, ledger_id, before)).note if before else ""
        checkpoint = (await _checkpoint(connection, ledger_id, last)).note
        key = self._keys.signer.verifier_key(checkpoint.partition("\n")[0])
        yield Opening(head, key, checkpoint, previous, log.consistency_of(leaves, before)).written()
        for number in range(head.first_window, head.last_window + 1):
            window = await windows.numbered(connection, ledger_id, number)
            if window is None:
                raise Fault(f"window {number} is stated and is not there")
            owner = owner_of(self._keys.root_key, ledger_id, partner_id, number)
            yield BETWEEN_WINDOWS if number > head.first_window else "\n"
            yield (await _proved(connection, ledger_id, owner, leaves)).written()
            async with aclosing(entries_of(connection, ledger_id, window, owner)) as parts:
                async for part in parts:
                    yield part
            yield WINDOW_END
        yield END


async def _checkpoint(connection: ReadConnection, ledger_id: int, number: int) -> proofs.Checkpoint:
    found = await proofs.checkpoint_of(connection, ledger_id, number)
    if found is None:
        raise Fault(f"window {number} is stated and has no checkpoint")
    return found


async def _proved(
    connection: ReadConnection, ledger_id: int, owner: LeafOwner, leaves: list[bytes]
) -> ProvedWindow:
    trees = await proofs.trees_of(connection, ledger_id, owner.window)
    place = next(at for at, (tree, _) in enumerate(trees) if tree.partner_id == owner.partner_id)
    return ProvedWindow(
        record=(await _checkpoint(connection, ledger_id, owner.window)).record,
        inclusion=log.inclusion_of(leaves, owner.window - 1),
        secret=owner.secret,
        place=place,
        path=path_of([leaf for _, leaf in trees], place),
    )


async def entries_of(
    connection: ReadConnection, ledger_id: int, window: Window, owner: LeafOwner
) -> AsyncGenerator[str]:
    """The entries of a partner's window as its file has them, in pieces."""
    blocks, first = Blocks(), True
    driver = await connection.driver()
    async with aclosing(proofs.rows_of(driver, ledger_id, window, owner.partner_id)) as pieces:
        async for piece in pieces:
            for number, rows in blocks.add(piece):
                yield entries_written(written(rows, owner, number), first)
                first = False
    end = blocks.end()
    if end is not None:
        yield entries_written(written(end[1], owner, end[0]), first)
