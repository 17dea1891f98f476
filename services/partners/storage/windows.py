"""Windows, nets and the burn matrix in the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.netting import MatrixCell, Net
from services.partners.domain.windows import Window, WindowState
from services.partners.storage.connection import Reads
from services.partners.storage.errors import programme_unknown
from services.partners.storage.tables import clearing_window, matrix_cell, net, window_head
from services.runtime.clock import from_micros, to_micros


async def lock(connection: AsyncConnection, ledger_id: int) -> int:
    """Takes the turn to change windows, until this transaction ends; answers the last window's number.

    Raises NotFound with PROGRAMME_UNKNOWN.
    """
    found = await connection.execute(
        select(window_head.c.last_number).where(window_head.c.ledger_id == ledger_id).with_for_update()
    )
    last_number = found.scalar()
    if last_number is None:
        raise programme_unknown()
    return int(last_number)


async def add(connection: AsyncConnection, ledger_id: int, closed: Window) -> None:
    """Writes a closed window; the caller holds the lock."""
    await connection.execute(
        insert(clearing_window).values(
            ledger_id=ledger_id,
            number=closed.number,
            starts_at=from_micros(closed.starts_at_us),
            ends_at=from_micros(closed.ends_at_us),
            first_seq=closed.first_seq,
            last_seq=closed.last_seq,
            state=closed.state,
            closed_at=from_micros(closed.fixed_at_us),
        )
    )
    await connection.execute(
        update(window_head).where(window_head.c.ledger_id == ledger_id).values(last_number=closed.number)
    )


async def move(connection: AsyncConnection, ledger_id: int, number: int, state: WindowState) -> None:
    """Moves a window to its next state; the caller holds the lock."""
    await connection.execute(
        update(clearing_window)
        .where(clearing_window.c.ledger_id == ledger_id, clearing_window.c.number == number)
        .values(state=state)
    )


async def last(connection: Reads, ledger_id: int) -> Window | None:
    """The newest closed window, or None."""
    found = await closed(connection, ledger_id, limit=1)
    return found[0] if found else None


async def closed(
    connection: Reads, ledger_id: int, limit: int, before_number: int | None = None
) -> list[Window]:
    """Closed windows, newest first."""
    wanted = select(clearing_window).where(clearing_window.c.ledger_id == ledger_id)
    if before_number is not None:
        wanted = wanted.where(clearing_window.c.number < before_number)
    found = await connection.execute(wanted.order_by(clearing_window.c.number.desc()).limit(limit))
    return [window_from(row) for row in found]


async def numbered(connection: Reads, ledger_id: int, number: int) -> Window | None:
    """A closed window, or None."""
    found = await connection.execute(
        select(clearing_window).where(
            clearing_window.c.ledger_id == ledger_id, clearing_window.c.number == number
        )
    )
    row = found.first()
    return window_from(row) if row else None


async def in_state(connection: Reads, ledger_id: int, state: WindowState, at_most: int) -> list[Window]:
    """Windows in a state, oldest first."""
    found = await connection.execute(
        select(clearing_window)
        .where(clearing_window.c.ledger_id == ledger_id, clearing_window.c.state == state)
        .order_by(clearing_window.c.number)
        .limit(at_most)
    )
    return [window_from(row) for row in found]


async def unfinished(connection: Reads, ledger_id: int) -> Window | None:
    """The oldest closed window whose statements are not issued yet, or None."""
    found = await connection.execute(
        select(clearing_window)
        .where(clearing_window.c.ledger_id == ledger_id, clearing_window.c.state != WindowState.STATED)
        .order_by(clearing_window.c.number)
        .limit(1)
    )
    row = found.first()
    return window_from(row) if row else None


async def stated(connection: Reads, ledger_id: int) -> int:
    """How many windows are stated: they are the first ones."""
    found = await connection.execute(
        select(func.count()).where(
            clearing_window.c.ledger_id == ledger_id, clearing_window.c.state == WindowState.STATED
        )
    )
    return int(found.scalar_one())


async def add_nets(
    connection: AsyncConnection,
    ledger_id: int,
    number: int,
    nets: Sequence[Net],
    cells: Iterable[MatrixCell],
) -> None:
    """Writes the nets and the matrix of a window."""
    await connection.execute(
        insert(net),
        [
            {
                "ledger_id": ledger_id,
                "window_number": number,
                "party_id": each.party_id,
                "points_issued": each.points_issued,
                "points_reversed": each.points_reversed,
                "points_burned": each.points_burned,
                "points_returned": each.points_returned,
                "exact_micros": each.exact_micros,
                "carry_in_micros": each.carry_in_micros,
                "net_minor": each.net_minor,
                "carry_out_micros": each.carry_out_micros,
            }
            for each in nets
        ],
    )
    rows = [
        {
            "ledger_id": ledger_id,
            "window_number": number,
            "issuer_id": cell.issuer_id,
            "redeemer_id": cell.redeemer_id,
            "points": cell.points,
            "micros": cell.micros,
            "points_returned": cell.points_returned,
            "micros_returned": cell.micros_returned,
        }
        for cell in cells
    ]
    if rows:
        await connection.execute(insert(matrix_cell), rows)


async def nets_of(connection: Reads, ledger_id: int, number: int) -> list[Net]:
    """The nets of one window, the operator's with them."""
    return [each for _, each in await nets_between(connection, ledger_id, number, number)]


async def nets_between(
    connection: Reads, ledger_id: int, first: int, last_number: int
) -> list[tuple[int, Net]]:
    """Nets with the number of their window, both ends included, in the order of windows."""
    found = await connection.execute(
        select(net)
        .where(net.c.ledger_id == ledger_id, net.c.window_number.between(first, last_number))
        .order_by(net.c.window_number)
    )
    return [(row.window_number, net_from(row)) for row in found]


async def carries_into(connection: Reads, ledger_id: int, number: int) -> dict[UUID, int]:
    """What each party carried out of the window before this one, in micros."""
    return {each.party_id: each.carry_out_micros for each in await nets_of(connection, ledger_id, number - 1)}


async def cells_between(connection: Reads, ledger_id: int, first: int, last_number: int) -> list[MatrixCell]:
    """The matrix over windows, both ends included."""
    of = matrix_cell.c
    found = await connection.execute(
        select(
            of.issuer_id,
            of.redeemer_id,
            func.sum(of.points).label("points"),
            func.sum(of.micros).label("micros"),
            func.sum(of.points_returned).label("points_returned"),
            func.sum(of.micros_returned).label("micros_returned"),
        )
        .where(of.ledger_id == ledger_id, of.window_number.between(first, last_number))
        .group_by(of.issuer_id, of.redeemer_id)
    )
    return [
        MatrixCell(
            row.issuer_id, row.redeemer_id, int(row.points), int(row.micros), int(row.points_returned),
            int(row.micros_returned),
        )
        for row in found
    ]  # fmt: skip


def window_from(row: Any) -> Window:
    """A window from a row that has its columns."""
    return Window(
        row.number,
        to_micros(row.starts_at),
        to_micros(row.ends_at),
        row.first_seq,
        row.last_seq,
        WindowState(row.state),
        to_micros(row.closed_at),
    )


def net_from(row: Any) -> Net:
    """A net from a row that has its columns."""
    return Net(
        row.party_id,
        row.points_issued,
        row.points_reversed,
        row.points_burned,
        row.points_returned,
        row.exact_micros,
        row.carry_in_micros,
        row.net_minor,
        row.carry_out_micros,
    )
