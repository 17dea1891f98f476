"""`coalition settle liability`, as the operator types it, on the partners service of a test."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

from services.runtime.principal import Programme
from tests.component.partners.test_commands import answer, command
from tests.support.ledger import Burn, Earn
from tests.support.liability import close
from tests.support.partners import STARTS_AT_US, House


async def a_window(house: House) -> tuple[Programme, tuple[str, ...]]:
    """1,000 points of the grocer, half of whose price is due once they are used; 250 are."""
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", None)
    await house.set_rates(programme, grocer, 10_000, 8_000, STARTS_AT_US, issue_share_percent=50)
    earned = await house.ledger.post(programme, Earn(grocer, 1_000))
    await house.ledger.post(programme, Burn(grocer, [(grocer, 250, earned)]))
    await close(house, programme, 1)
    return programme, ("-p", programme.slug)


async def test_the_liability_is_shown_as_tables_and_as_json(house: House) -> None:
    _, of = await a_window(house)
    shown = await command(house, "settle", "liability", "show", *of)
    for words in (
        "2017-01", "operator", "outstanding: 750 points; expected to be used: 750",
        "contract liability: 3.75 USD, at zero breakage 3.75",
        "partners will owe once all is used: 3.75 USD",
        "not taken into the books: of the oldest points only 25 % are used or lapsed, and no tail is stated",
        "agrees with the books of clearing in 5 figures",
    ):  # fmt: skip
        assert words in shown
    found = await answer(house, "settle", "liability", "show", *of, "--level", "90", "--tail", "1.5")
    assert found["window"]["number"] == 1
    assert found["chain_ladder"]["level_percent"] == 90
    assert found["chain_ladder"]["tail_millionths"] == 1_500_000
    assert found["carriers"] == [
        {"carrier": "grocer", "points": 375, "expected": 375},
        {"carrier": "operator", "points": 375, "expected": 375},
    ]
    (cohort,) = found["cohorts"]
    assert (cohort["month"], cohort["outstanding"], cohort["liability_minor"]) == ("2017-01", 750, 375)
    assert all(tie["holds"] for tie in found["ties"])


async def test_journals_are_shown_and_written_to_a_file_once(house: House, tmp_path: Path) -> None:
    _, of = await a_window(house)
    shown = await command(house, "settle", "liability", "journals", *of)
    for words in ("3250", "margin: 0.50 USD as booked, 0.50 at zero breakage"):
        assert words in shown
    found = await answer(house, "settle", "liability", "journals", *of)
    assert found["total"]["closing_minor"] == 375
    assert [journal["kind"] for journal in found["journals"]] == [
        "deferred",
        "redeemed",
        "charged",
        "reimbursed",
    ]
    file = tmp_path / "january.csv"
    words = ("settle", "liability", "csv", str(file), *of, "--account", "partners=1410:Dues of partners")
    assert "4 journals of windows 1 to 1" in await command(house, *words)
    before = file.read_bytes()
    rows = list(csv.DictReader(StringIO(before.decode(), newline="")))
    assert [(row["account"], row["debit"], row["credit"]) for row in rows][:2] == [
        ("1410", "5.00", ""), ("3250", "", "5.00"),
    ]  # fmt: skip
    assert "File exists" in await command(house, *words, fails=True)
    assert file.read_bytes() == before
    wrong = ("settle", "liability", "csv", str(tmp_path / "other.csv"), *of, "--account", "partners")
    assert "is not like" in await command(house, *wrong, fails=True)


async def test_nothing_is_written_for_the_accounting_system_where_cohorts_and_books_disagree(
    house: House, tmp_path: Path
) -> None:
    programme, of = await a_window(house)
    await command(house, "settle", "liability", "show", *of)
    await house.as_superuser(
        f"UPDATE lot_movement SET points = 249 WHERE ledger_id = {programme.ledger_id} AND kind = 'burned'"
    )
    file = tmp_path / "january.csv"
    told = await command(house, "settle", "liability", "csv", str(file), *of, fails=True)
    assert "does NOT agree with the books of clearing: burned of grocer: 249, not 250" in told
    assert not file.exists()
    assert "does NOT agree" in await command(house, "settle", "liability", "show", *of)
