"""Three partners and an operator, worked out by hand in docs/settlement.md, through every process of the platform.

30.0, 12.0 and 1.0 million points issued, 14.0, 3.0 and 9.0 million burned, some of either given back.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from services.launcher.platform import Platform
from services.operations import ledger
from services.runtime.clock import to_micros
from tests.support.faults import drop_a_rated_entry
from tests.support.operators_mall import STARTS_AT, WEEK, Mall, body_of, burn_of, operators_mall

pytestmark = pytest.mark.asyncio(loop_scope="module")

MILLION: Final = 1_000_000
# Micros a point: issued, and reimbursed.
PRICES: Final = {"grocer": (10_000, 8_000), "fuel": (10_500, 8_000), "cinema": (11_500, 7_500)}
# Minor units, owed with the statement.
FEES: Final = {"grocer": 250_000, "fuel": 150_000, "cinema": 50_000}
# Points burned in the end, in thousands: whose (row), at whom (column).
BURNED: Final = {
    "grocer": {"grocer": 6_000, "fuel": 2_000, "cinema": 7_000},
    "fuel": {"grocer": 5_000, "fuel": 800, "cinema": 1_500},
    "cinema": {"grocer": 800, "fuel": 100, "cinema": 300},
    "operator": {"grocer": 2_000, "fuel": 100, "cinema": 100},
}
# Points that were burned beside those, and given back.
RETURNED: Final = {("grocer", "grocer"): 200, ("grocer", "cinema"): 100}
# Points issued in the window, in thousands, and those of them that were taken back.
ISSUED: Final = {"grocer": (30_000, 600), "fuel": (12_000, 100), "cinema": (1_000, 0)}


@asynccontextmanager
async def year(platform: Platform, folder: Path, shares: dict[str, int]) -> AsyncGenerator[Mall]:
    """A mall whose second window is the example. What the cinema issued beyond it, it had issued in the first."""
    async with operators_mall(platform, PRICES, 1, shares) as mall:
        cards = {
            (issuer, redeemer): (await mall.posted("grocer", "/v1/members", {}))["cards"][0]
            for issuer, row in BURNED.items()
            for redeemer in row
        }
        await imported(mall, folder, {redeemer: cards["operator", redeemer] for redeemer in PRICES})
        early = sum(BURNED["cinema"].values()) - ISSUED["cinema"][0]
        await earned(mall, "cinema", cards["cinema", "cinema"], early)
        await closed(mall, 1)
        for slug, fee in FEES.items():
            words = ("settle", "billing", "set", slug, "--fee", f"{fee // 100}")
            assert (await mall.told(*words))["cycle_fee_minor"] == fee
        for issuer in PRICES:
            await issue(mall, issuer, cards)
        for (issuer, redeemer), card in cards.items():
            await burn(mall, issuer, redeemer, card)
        await closed(mall, 2)
        yield mall


async def imported(mall: Mall, folder: Path, cards: dict[str, str]) -> None:
    """Opening balances, which are the operator's."""
    rows = [
        f"{card},{BURNED['operator'][redeemer] * 1_000},2023-06-01,old-{redeemer}"
        for redeemer, card in cards.items()
    ]
    file = folder / "balances.csv"
    file.write_text("\n".join(["member,points,earned_at,reference", *rows]))
    report = await mall.told("points", "import", str(file))
    assert (report["posted"], report["problems"]) == (3, [])


async def earned(mall: Mall, issuer: str, card: str, thousands: int) -> dict[str, Any]:
    """A sale that earns so many thousand points: one for each cent."""
    done = await mall.posted(issuer, "/v1/earns", body_of(card, amount=thousands * 1_000, currency="USD"))
    assert done["points"] == thousands * 1_000
    return done


async def issue(mall: Mall, issuer: str, cards: dict[tuple[str, str], str]) -> None:
    """What will be burned, what is taken back again, and the rest, which stays."""
    issued, taken_back = ISSUED[issuer]
    for redeemer, thousands in BURNED[issuer].items():
        more = RETURNED.get((issuer, redeemer), 0)
        if (issuer, redeemer) == ("cinema", "cinema"):
            more -= sum(BURNED["cinema"].values()) - ISSUED["cinema"][0]
        await earned(mall, issuer, cards[issuer, redeemer], thousands + more)
        issued -= thousands + more
    keeper = (await mall.posted(issuer, "/v1/members", {}))["cards"][0]
    if taken_back:
        sale = await earned(mall, issuer, keeper, taken_back)
        refund = body_of(keeper, original={"transaction": sale["id"]})
        del refund["member"]
        done = await mall.posted(issuer, "/v1/refunds", refund)
        assert done["points_clawed_back"] == taken_back * 1_000
        issued -= taken_back
    if issued:
        await earned(mall, issuer, keeper, issued)


async def burn(mall: Mall, issuer: str, redeemer: str, card: str) -> None:
    back = RETURNED.get((issuer, redeemer), 0) * 1_000
    points = BURNED[issuer][redeemer] * 1_000 + back
    burned = await mall.posted(redeemer, "/v1/redemptions", burn_of(card, points=points))
    if back:
        refund = body_of(card, original={"transaction": burned["id"]}, points=back)
        del refund["member"]
        assert (await mall.posted(redeemer, "/v1/refunds", refund))["points_returned"] == back


async def closed(mall: Mall, window: int) -> None:
    end = STARTS_AT + window * WEEK
    await ledger.move_clock(mall.session, mall.programme, to_micros(end + timedelta(minutes=1)))
    await mall.told("settle", "close", "--until", f"{end:%Y-%m-%d}")


async def nets(mall: Mall) -> dict[str, int]:
    found = await mall.told("settle", "nets", "--from", "2", "--to", "2")
    assert sum(net["exact_micros"] for net in found) == 0
    return {net["party"]: net["net_minor"] for net in found}


async def test_the_worked_example_comes_out_to_the_cent_and_a_dropped_entry_breaks_it(
    platform: Platform, tmp_path: Path
) -> None:
    async with year(platform, tmp_path, {}) as mall:
        assert await nets(mall) == {
            "grocer": 18_610_000, "fuel": 10_245_000, "cinema": -5_475_000, "operator": -23_380_000,
        }  # fmt: skip
        matrix = await mall.told("settle", "matrix", "--from", "2", "--to", "2")
        cells = matrix["cells"]
        assert {
            (cell["issuer"], cell["redeemer"]): cell["points"] - cell["points_returned"] for cell in cells
        } == {
            (issuer, at): thousands * 1_000 for issuer, row in BURNED.items() for at, thousands in row.items()
        }
        charged = dict.fromkeys(PRICES, 0)
        for cell in cells:
            charged[cell["redeemer"]] += cell["micros"] - cell["micros_returned"]
        assert charged == {"grocer": 110_400 * MILLION, "fuel": 24_000 * MILLION, "cinema": 66_750 * MILLION}
        # The operator as a row and a column: every row less its column is a net.
        sides = {side["party"]: side for side in matrix["sides"]}
        assert {slug: side["column_micros"] for slug, side in sides.items() if slug in charged} == charged
        assert {slug: side["row_micros"] - side["column_micros"] for slug, side in sides.items()} == {
            slug: net * 10_000 for slug, net in (await nets(mall)).items()
        }
        for slug, net in (await nets(mall)).items():
            if slug == "operator":
                continue
            found = await mall.told("settle", "statement", "--partner", slug, "--window", "2")
            assert sum(line["amount_micros"] for line in found["lines"]) == net * 10_000
            assert found["closing_minor"] == found["opening_minor"] + net
            assert abs(found["net"]["carry_out_micros"]) <= 5_000
        assert all(proof["holds"] for proof in await mall.told("verify", "clearing"))
        await drop_a_rated_entry(platform, mall.programme)
        broken = [proof for proof in await mall.told("verify", "clearing", fails=True) if not proof["holds"]]
        assert {proof["invariant"] for proof in broken} == {9, 10}
        assert any(
            "by kind the operator's side is" in breach or "the net of" in breach
            for breach in broken[0]["breaches"]
        )


async def test_with_fuel_at_redemption_it_pays_for_what_was_used_of_its_points(
    platform: Platform, tmp_path: Path
) -> None:
    async with year(platform, tmp_path, {"fuel": 0}) as mall:
        assert await nets(mall) == {
            "grocer": 18_610_000, "fuel": 5_415_000, "cinema": -5_475_000, "operator": -18_550_000,
        }  # fmt: skip
        found = await mall.told("settle", "statement", "--partner", "fuel", "--window", "2")
        assert {
            line["kind"]: (line["points"], line["amount_micros"])
            for line in found["lines"]
            if line["amount_micros"]
        } == {
            "charged": (7_300_000, 76_650 * MILLION),
            "burned": (3_000_000, -24_000 * MILLION),
            "cycle_fee": (0, 1_500 * MILLION),
        }
        assert all(proof["holds"] for proof in await mall.told("verify", "clearing"))
