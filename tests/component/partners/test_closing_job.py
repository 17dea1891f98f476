"""The job that closes windows: what is due in every programme, whatever is wrong with another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.netting import Fold
from services.partners.domain.programme import Registration
from services.partners.domain.windows import Window
from services.partners.jobs import CloseDueWindows
from services.partners.storage import rating
from services.runtime.errors import CoalitionError
from services.runtime.leisure import Leisure
from services.runtime.principal import Programme
from tests.support.ledger import Earn
from tests.support.partners import DAY_US, STARTS_AT_US, House


async def to_monday(house: House, programme: Programme) -> None:
    """Moves the clock past the end of the first window and rates what was told until then."""
    await house.ledger.move_clock(programme, STARTS_AT_US + DAY_US)
    await house.rate_now(programme)


async def close_due(house: House) -> None:
    """One round of the job."""
    await CloseDueWindows(house.app.close_windows, house.app.clearing, house.app.programmes)()


async def test_the_job_closes_what_is_due_in_every_programme_that_can(house: House) -> None:
    due, stuck, early = [await house.programme() for _ in range(3)]
    leisure = await house.partner(stuck, "leisure", issue=None)
    await house.ledger.post(stuck, Earn(leisure, 1))
    for programme in (due, stuck):
        await to_monday(house, programme)
    await house.rate_now(early)
    await close_due(house)
    assert [(await house.status(each)).stated for each in (due, stuck, early)] == [1, 0, 0]
    await house.set_rates(stuck, leisure, 1, 1, STARTS_AT_US)
    await house.rate_now(stuck)
    await close_due(house)
    assert [(await house.status(each)).stated for each in (due, stuck, early)] == [1, 1, 0]


async def two_in_turn(house: House) -> tuple[Programme, Programme]:
    """Two programmes, the one that the job takes up first before the other."""
    made = [await house.programme() for _ in range(2)]
    turns = [each.programme.slug for each in await house.app.programmes.everyone()]
    first, second = sorted(made, key=lambda programme: turns.index(programme.slug))
    return first, second


async def test_a_window_too_large_to_state_is_named_and_holds_up_no_other_programme(house: House) -> None:
    """Each entry fits into 63 bits of micros, their sum does not."""
    huge, plain = await two_in_turn(house)
    grocer = await house.partner(huge, "grocer", 1_000, 0)
    await house.ledger.post(huge, Earn(grocer, 9 * 10**15), Earn(grocer, 9 * 10**15))
    for programme in (huge, plain):
        await to_monday(house, programme)
        await house.rate_now(programme)
    with pytest.raises(CoalitionError, match="more than a statement can hold"):
        await house.close(huge)
    await close_due(house)
    assert [(await house.status(each)).stated for each in (huge, plain)] == [0, 1]


async def test_a_fault_in_one_programme_holds_up_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, plain = await two_in_turn(house)
    for programme in (broken, plain):
        await to_monday(house, programme)
    close = house.app.close_windows.close

    async def failing(registration: Registration, until_us: int = 0) -> list[Window]:
        if registration.programme.slug == broken.slug:
            raise OverflowError("a mistake of ours")
        return await close(registration, until_us)

    monkeypatch.setattr(house.app.close_windows, "close", failing)
    await close_due(house)
    assert [(await house.status(each)).stated for each in (broken, plain)] == [0, 1]


async def test_closing_sums_with_one_process_and_hashes_at_leisure(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", 1_000, 0)
    await house.ledger.post(programme, Earn(grocer, 100))
    await to_monday(house, programme)
    processes: list[str] = []
    pieces: list[Callable[[], None]] = []
    folds, do = rating.folds, Leisure.do

    async def seen_folds(connection: AsyncConnection, ledger_id: int, window: Window) -> list[Fold]:
        processes.append(
            (await connection.execute(text("SHOW max_parallel_workers_per_gather"))).scalar_one()
        )
        return list(await folds(connection, ledger_id, window))

    async def seen_do(self: Leisure, piece: Callable[[], None]) -> None:
        pieces.append(piece)
        await do(self, piece)

    monkeypatch.setattr(rating, "folds", seen_folds)
    monkeypatch.setattr(Leisure, "do", seen_do)
    await house.close(programme)
    assert (await house.status(programme)).stated == 1
    assert processes == ["0", "0"], "netted, then stated"
    assert len(pieces) == 1
