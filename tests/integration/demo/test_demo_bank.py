"""The bank of the demo goes on where it was left, and does what it is told once."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest

from services.demo.bank import Bank, BankError, running_bank

STARTS = date(2017, 1, 1)
MONDAY = date(2017, 1, 9)
PAYER = "NL60ELSE0000000002"


@asynccontextmanager
async def opened(folder: Path, day: date = STARTS) -> AsyncGenerator[Bank]:
    async with running_bank(folder, "America/New_York", day) as bank:
        await bank.open_account("Journey Points B.V.", "NL30MOCK0000000005", "MOCKNL2A", 10_000_000)
        yield bank


async def test_a_statement_comes_for_each_day_and_a_message_until_it_is_read(tmp_path: Path) -> None:
    async with opened(tmp_path) as bank:
        assert await bank.messages() == []
        await bank.until(MONDAY)
        found = await bank.messages()
        assert [each.kind for each in found] == ["camt.053"] * 5
        assert all(b"NL30MOCK0000000005" in each.body for each in found)
        assert await bank.messages() == found
        await bank.all_read()
        assert await bank.messages() == []


async def test_it_goes_on_where_it_was_left_and_says_nothing_twice(tmp_path: Path) -> None:
    async with opened(tmp_path) as bank:
        await bank.until(MONDAY)
        await bank.pay_in(4_711, "with many thanks", "Corner Drugstore B.V.", PAYER)
        await bank.until(date(2017, 1, 11))
        said = await bank.messages()
    # Killed before it was noted down how far the clock had been moved, and before anything was read.
    async with opened(tmp_path) as again:
        await again.pay_in(4_711, "with many thanks", "Corner Drugstore B.V.", PAYER)
        await again.until(date(2017, 1, 11))
        assert await again.messages() == said
        assert sum(b"with many thanks" in each.body for each in said) == 1


async def test_its_clock_never_goes_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as bank:
        await bank.until(MONDAY)
        await bank.until(MONDAY)
        with pytest.raises(BankError, match="backwards"):
            await bank.until(STARTS)


async def test_it_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    async with opened(tmp_path) as bank:
        with pytest.raises(BankError, match="does not take a file"):
            await bank.hand_in(b"<Document/>")
        assert not await bank.has_file("DEMO-1-1")
        with pytest.raises(BankError, match="no collection"):
            await bank.take_back("R1-X-1", "MD06")
