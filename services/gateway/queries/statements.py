"""Lists of statements."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from services.gateway.clients.partners import Partners
from services.gateway.domain.caller import Caller
from services.gateway.domain.clearing import Statement
from services.gateway.domain.pages import Cursor, Page, unknown_cursor
from services.runtime.errors import NotFound
from services.runtime.ids import MalformedId, from_text

PREFIX: Final = "stm"


async def list_statements(partners: Partners, caller: Caller, cursor: Cursor) -> Page[Statement]:
    """A page of statements, newest first. Raises InvalidRequest (CURSOR_INVALID) and what partners does."""
    before = await _window(partners, caller, "starting_after", cursor.starting_after)
    after = await _window(partners, caller, "ending_before", cursor.ending_before)
    found, has_more = await partners.statements(caller.token, cursor.limit, before, after)
    return Page(found, has_more)


async def get_statement(partners: Partners, caller: Caller, statement_id: str) -> Statement:
    """One statement with its lines. Raises NotFound."""
    return await partners.statement(caller.token, statement_id_of(statement_id))


async def open_statement_file(
    partners: Partners, caller: Caller, statement_id: str
) -> tuple[bytes, AsyncIterator[bytes]]:
    """The first piece of the file that proves a statement, and those after it. Raises NotFound."""
    pieces = partners.statement_file(caller.token, statement_id_of(statement_id))
    # Whatever is refused is refused before the first piece, while it can still be said.
    return await anext(pieces), pieces


async def accept_statement(partners: Partners, caller: Caller, statement_id: str) -> Statement:
    """Accepts a statement; answers it as it stands. Raises NotFound."""
    return await partners.accept(caller.token, statement_id_of(statement_id))


def statement_id_of(text: str) -> UUID:
    """A statement by its id on the wire. Raises NotFound."""
    try:
        return from_text(PREFIX, text)
    except MalformedId:
        raise NotFound("there is no such statement") from None


async def _window(partners: Partners, caller: Caller, name: str, cursor: str) -> int:
    """The window of a cursor; 0 for an empty one."""
    if not cursor:
        return 0
    try:
        return (await get_statement(partners, caller, cursor)).window
    except NotFound:
        raise unknown_cursor(name) from None
