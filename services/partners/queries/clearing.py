"""Reads of how clearing stands: windows, nets and the burn matrix. For staff and services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.partners.domain.matrix import SideSums, sides_of
from services.partners.domain.netting import OPERATOR, MatrixCell, Net
from services.partners.domain.programme import Registration
from services.partners.domain.text import OPERATOR_SLUG
from services.partners.domain.windows import Window, open_window
from services.partners.queries.programmes import Programmes
from services.partners.storage import partners, rating, windows
from services.partners.storage.connection import Reads
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal

PAGE_MAX: Final = 100
PAGE_DEFAULT: Final = 20
# Ten years of weeks.
WINDOWS_A_RANGE_MAX: Final = 520


@dataclass(frozen=True, slots=True)
class Party:
    """A side of the settlement; the operator has the zero UUID and the slug `operator`."""

    partner_id: UUID
    slug: str


@dataclass(frozen=True, slots=True)
class ClearingStatus:
    """How far rating and windows are. `now_us`: programme time as last heard; `blocked`: empty where nothing is."""

    rated_seq: int
    now_us: int
    open: Window
    stated: int
    blocked: str


@dataclass(frozen=True, slots=True)
class WindowsPage:
    """Windows, newest first, and whether there are older ones."""

    windows: list[Window]
    has_more: bool


@dataclass(frozen=True, slots=True)
class PartyNet:
    """What a party's net is in one window."""

    window: int
    party: Party
    net: Net


@dataclass(frozen=True, slots=True)
class PartyCell:
    """A cell of the burn matrix."""

    issuer: Party
    redeemer: Party
    cell: MatrixCell


@dataclass(frozen=True, slots=True)
class MatrixSide:
    """A party's row and column."""

    party: Party
    sums: SideSums


@dataclass(frozen=True, slots=True)
class Matrix:
    """The burn matrix, and the sums that its rows and columns come to with the operator in it."""

    cells: list[PartyCell]
    sides: list[MatrixSide]


class Clearing:
    """How clearing stands in the programme acted in."""

    def __init__(self, database: Database, programmes: Programmes) -> None:
        self._database, self._programmes = database, programmes

    async def status(self, who: Principal) -> ClearingStatus:
        """How far rating is, which window is open, and what is in the way."""
        registration = await self._acted_in(who)
        ledger_id = registration.programme.ledger_id
        async with self._database.reader.snapshot() as connection:
            head = await rating.head(connection, ledger_id)
            blocked = await rating.blocked(connection, ledger_id)
            return ClearingStatus(
                head.rated_seq,
                wall_now_us() + head.clock_offset_us,
                open_window(registration, await windows.last(connection, ledger_id)),
                await windows.stated(connection, ledger_id),
                _in_the_way(blocked),
            )

    async def oldest_unstated(self, registration: Registration) -> tuple[Window, int]:
        """The oldest window without statements, closed or open, and programme time as last heard."""
        ledger_id = registration.programme.ledger_id
        async with self._database.reader.snapshot() as connection:
            head = await rating.head(connection, ledger_id)
            window = await windows.unfinished(connection, ledger_id) or open_window(
                registration, await windows.last(connection, ledger_id)
            )
        return window, wall_now_us() + head.clock_offset_us

    async def list_windows(self, who: Principal, limit: int, before_number: int) -> WindowsPage:
        """Windows, newest first: the open one leads the first page. `limit` 1 to 100, 0: 20."""
        registration = await self._acted_in(who)
        ledger_id, take = registration.programme.ledger_id, page_size(limit)
        async with self._database.reader.snapshot() as connection:
            opened = open_window(registration, await windows.last(connection, ledger_id))
            found = await windows.closed(connection, ledger_id, take + 1, before_number or None)
        if not 0 < before_number <= opened.number:
            found = [opened, *found]
        return WindowsPage(found[:take], len(found) > take)

    async def nets(self, who: Principal, from_window: int, to_window: int) -> list[PartyNet]:
        """The nets of windows, both ends included (0: the first, the last), the operator last in each."""
        ledger_id = (await self._acted_in(who)).programme.ledger_id
        async with self._database.reader.snapshot() as connection:
            first, last = await _range(connection, ledger_id, from_window, to_window)
            party = await _parties(connection, ledger_id)
            found = await windows.nets_between(connection, ledger_id, first, last)
        named = [PartyNet(number, party(net.party_id), net) for number, net in found]
        return sorted(
            named, key=lambda each: (each.window, each.party.partner_id == OPERATOR, each.party.slug)
        )

    async def matrix(self, who: Principal, from_window: int, to_window: int) -> Matrix:
        """The burn matrix over windows, both ends included (0: the first, the last); the operator's side last."""
        ledger_id = (await self._acted_in(who)).programme.ledger_id
        async with self._database.reader.snapshot() as connection:
            first, last = await _range(connection, ledger_id, from_window, to_window)
            party = await _parties(connection, ledger_id)
            found = await windows.cells_between(connection, ledger_id, first, last)
            nets = [net for _, net in await windows.nets_between(connection, ledger_id, first, last)]
        cells = [PartyCell(party(cell.issuer_id), party(cell.redeemer_id), cell) for cell in found]
        sides = [MatrixSide(party(party_id), sums) for party_id, sums in sides_of(found, nets).items()]
        return Matrix(
            sorted(cells, key=lambda each: (each.issuer.slug, each.redeemer.slug)),
            sorted(sides, key=lambda each: (each.party.partner_id == OPERATOR, each.party.slug)),
        )

    async def _acted_in(self, who: Principal) -> Registration:
        who.require_internal()
        return await self._programmes.named(who.in_programme().slug)


def page_size(limit: int) -> int:
    """How many a page holds: what was asked, 1 to 100; 0: 20. Raises InvalidRequest."""
    if not 0 <= limit <= PAGE_MAX:
        raise InvalidRequest(f"a page holds 1 to {PAGE_MAX}", field="limit")
    return limit or PAGE_DEFAULT


async def _range(connection: Reads, ledger_id: int, first: int, last: int) -> tuple[int, int]:
    if first < 0 or last < 0:
        raise InvalidRequest("windows are numbered from 1", field="from_window")
    newest = await windows.last(connection, ledger_id)
    first, last = first or 1, last or (newest.number if newest else 0)
    if last - first >= WINDOWS_A_RANGE_MAX:
        raise InvalidRequest(f"at most {WINDOWS_A_RANGE_MAX} windows a call", field="to_window")
    return first, last


async def _parties(connection: Reads, ledger_id: int) -> Callable[[UUID], Party]:
    slugs: Mapping[UUID, str] = {
        OPERATOR: OPERATOR_SLUG,
        **{found.partner_id: found.slug for found in await partners.of_programme(connection, ledger_id)},
    }
    # An issuer that was never onboarded is still shown, by its id.
    return lambda party_id: Party(party_id, slugs.get(party_id, str(party_id)))


def _in_the_way(blocked: rating.Blocked | None) -> str:
    if blocked is None:
        return ""
    return f"seq {blocked.seq}, partner {blocked.partner_id}, at {blocked.effective_at}: {blocked.why}"
