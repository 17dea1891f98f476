"""Refunds in clearing: what is undone costs what it cost then, in the window of the refund."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from coalition.partners.v1 import clearing_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.partners.commands.close_windows import CloseWindows
from services.partners.events.publish import tell
from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme
from tests.support.ledger import Burn, ClawBack, Earn, Movement, Owe, Refund, Repay, Return
from tests.support.partners import DAY_US, STARTS_AT_US, House, prove_window

MONDAY_US = STARTS_AT_US + DAY_US
WEEK_US = 7 * DAY_US


async def close_week(house: House, programme: Programme, week: int) -> None:
    """Moves the clock to the end of a week (0: the first window), rates and closes."""
    await house.ledger.move_clock(programme, MONDAY_US + week * WEEK_US)
    await house.rate_now(programme)
    await house.close(programme)


async def entries(house: House, programme: Programme, from_seq: int = 1) -> list[tuple[Any, ...]]:
    found = await house.fetch(
        "SELECT seq, line, kind, partner_id, issuer_id, point_type, lot_no, version, points, price_micros, "
        "amount_micros FROM rated_entry WHERE ledger_id = $1 AND seq >= $2 ORDER BY seq, line",
        programme.ledger_id,
        from_seq,
    )
    return [tuple(row) for row in found]


async def lines(
    house: House, programme: Programme, partner: UUID, window: int
) -> list[tuple[str, int, int, int, int]]:
    statement = await house.statement(programme, partner, window)
    assert sum(line.amount_micros for line in statement.lines) == statement.net.net_minor * 10_000
    return [
        (
            pb.StatementLineKind.Name(line.kind).removeprefix("STATEMENT_LINE_KIND_").lower(),
            line.count,
            line.points,
            line.price_micros,
            line.amount_micros,
        )
        for line in statement.lines
    ]


async def test_a_refund_in_a_later_window_nets_to_zero_over_both_whatever_prices_did(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", 10_333, 8_000)
    fuel = await house.partner(programme, "fuel", 11_050, 8_475)
    await house.ledger.post(
        programme, Earn(grocer, 101), Earn(fuel, 33), Burn(fuel, [(grocer, 20), (fuel, 3), (grocer, 4)])
    )
    await close_week(house, programme, 0)
    for partner in (grocer, fuel):
        # Backdated over the sales themselves: what was rated stays as it was, and so does what undoes it.
        await house.set_rates(programme, partner, 20_001, 3, STARTS_AT_US)
    await house.ledger.post(
        programme,
        Return(fuel, 3, [(grocer, 24), (fuel, 3)]),
        ClawBack(grocer, 1, 101),
        Refund(grocer),
        ClawBack(fuel, 2, 33),
        Refund(fuel),
    )
    await close_week(house, programme, 1)

    assert await entries(house, programme, 4) == [
        (4, 1, "returned", fuel, grocer, "base", None, 1, 24, 8_475, 203_400),
        (4, 2, "returned", fuel, fuel, "base", None, 1, 3, 8_475, 25_425),
        (5, 1, "reversed", grocer, grocer, "base", None, 1, 101, 10_333, -1_043_633),
        (6, 1, "nothing", None, None, None, None, None, 0, 0, 0),
        (7, 1, "reversed", fuel, fuel, "base", None, 1, 33, 11_050, -364_650),
        (8, 1, "nothing", None, None, None, None, None, 0, 0, 0),
    ]
    first, second = [await house.nets(programme, window) for window in (1, 2)]
    assert first["grocer"].net_minor == 104
    for party in ("grocer", "fuel", "operator"):
        assert first[party].net_minor + second[party].net_minor == 0
        assert first[party].exact_micros + second[party].exact_micros == 0
        assert second[party].carry_out_micros == 0
    assert (second["fuel"].points_issued, second["fuel"].points_reversed) == (0, 33)
    assert (second["fuel"].points_burned, second["fuel"].points_returned) == (0, 27)
    assert (first["fuel"].points_reversed, first["fuel"].points_returned) == (0, 0)
    assert await lines(house, programme, fuel, 2) == [
        ("reversed", 1, 33, 11_050, -364_650),
        ("returned", 2, 27, 8_475, 228_825),
        ("carry_in", 0, 0, 0, -4_175),
        ("carry_out", 0, 0, 0, 0),
    ]
    matrix = await house.ask(house.clearing.GetMatrix, pb.GetMatrixRequest(), programme)
    assert [
        (c.issuer.slug, c.redeemer.slug, c.points, c.micros, c.points_returned, c.micros_returned)
        for c in matrix.cells
    ] == [("fuel", "fuel", 3, 25_425, 3, 25_425), ("grocer", "fuel", 24, 203_400, 24, 203_400)]
    assert all(finding.holds for finding in (await house.findings(programme)).values())


async def test_within_a_window_what_was_done_and_what_undid_it_stand_on_lines_of_their_own(
    house: House,
) -> None:
    programme = await house.programme()
    fuel = await house.partner(programme, "fuel", 11_050, 8_475)
    noon_us = STARTS_AT_US + DAY_US // 2
    await house.set_rates(programme, fuel, 11_575, 8_035, noon_us)
    await house.ledger.post(
        programme,
        Earn(fuel, 100, at_us=noon_us - 1),
        Earn(fuel, 200, at_us=noon_us),
        Burn(fuel, [(fuel, 50)], at_us=noon_us),
        # At noon and after, yet at the prices of then.
        ClawBack(fuel, 1, 30, at_us=noon_us),
        ClawBack(fuel, 1, 20, at_us=noon_us),
        ClawBack(fuel, 2, 5, at_us=noon_us),
        Return(fuel, 3, [(fuel, 8)], at_us=noon_us),
    )
    await close_week(house, programme, 0)
    assert (await lines(house, programme, fuel, 1))[:6] == [
        ("issued", 1, 100, 11_050, 1_105_000),
        ("issued", 1, 200, 11_575, 2_315_000),
        ("reversed", 2, 50, 11_050, -552_500),
        ("reversed", 1, 5, 11_575, -57_875),
        ("burned", 1, 50, 8_035, -401_750),
        ("returned", 1, 8, 8_035, 64_280),
    ]
    net = (await house.nets(programme))["fuel"]
    assert (net.points_issued, net.points_reversed) == (300, 55)
    assert (net.points_burned, net.points_returned) == (50, 8)
    assert all(finding.holds for finding in (await house.findings(programme)).values())


async def test_what_is_clawed_back_is_its_issuers_whichever_lots_the_wallet_gave_for_it(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    fuel = await house.partner(programme, "fuel", 11_050, 8_475)
    await house.ledger.post(
        programme, Earn(grocer, 100), Earn(fuel, 50), ClawBack(grocer, 1, 70, [(grocer, 40), (fuel, 30)])
    )
    await house.rate_now(programme)
    assert await entries(house, programme, 3) == [
        (3, 1, "reversed", grocer, grocer, "base", None, 1, 70, 10_000, -700_000)
    ]


async def test_a_debt_is_reversed_for_each_partner_when_it_is_paid_and_not_before(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    fuel = await house.partner(programme, "fuel", 11_050, 8_475)
    await house.ledger.post(
        programme, Earn(grocer, 100), Earn(fuel, 50), Owe(grocer, 1, 60), Refund(grocer), Owe(fuel, 2, 50)
    )
    await close_week(house, programme, 0)
    assert (await house.nets(programme, 1))["grocer"].net_minor == 100
    await house.set_rates(programme, grocer, 99_000, 99_000, MONDAY_US)
    await house.ledger.post(programme, Owe(grocer, 1, 10), Earn(fuel, 90))
    await house.ledger.post(
        programme, Repay([(3, 1, grocer, 60), (5, 2, fuel, 25), (6, 1, grocer, 5), (5, 2, fuel, 1)])
    )
    await close_week(house, programme, 1)
    assert await entries(house, programme, 8) == [
        (8, 1, "reversed", grocer, grocer, "base", None, 1, 65, 10_000, -650_000),
        (8, 2, "reversed", fuel, fuel, "base", None, 1, 26, 11_050, -287_300),
    ]
    assert (await lines(house, programme, grocer, 2))[0] == ("reversed", 1, 65, 10_000, -650_000)
    effective = await house.fetch(
        "SELECT DISTINCT (extract(epoch FROM effective_at) * 1000000)::bigint AS at FROM rated_entry "
        "WHERE ledger_id = $1 AND seq = 8",
        programme.ledger_id,
    )
    assert [row["at"] for row in effective] == [house.ledger.book(programme).recorded_us[7]]
    assert all(finding.holds for finding in (await house.findings(programme)).values())


async def test_an_original_is_found_whether_it_was_rated_before_or_in_the_same_block(house: House) -> None:
    movements: list[list[tuple[Any, ...]]] = []
    for apart in (False, True):
        programme = await house.programme()
        grocer = await house.partner(programme, "grocer", 10_333, 8_000)
        posted: list[Movement] = [
            Earn(grocer, 100),
            Burn(grocer, [(grocer, 30)]),
            Return(grocer, 2, [(grocer, 10)]),
            ClawBack(grocer, 1, 60),
            Return(grocer, 2, [(grocer, 20)]),
            Repay([(9, 1, grocer, 40)]),
        ]
        for movement in posted:
            await house.ledger.post(programme, movement)
            if apart:
                await house.rate_now(programme)
        await house.rate_now(programme)
        found = await entries(house, programme)
        assert sum(entry[-1] for entry in found) == 0
        # The two programmes' partners have ids of their own.
        movements.append([(*entry[:3], *entry[5:]) for entry in found])
    assert movements[0] == movements[1]


@pytest.mark.parametrize("original", [2, 9])
async def test_what_undoes_a_posting_that_has_no_price_of_its_own_is_named_and_holds_its_window(
    house: House, original: int
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await house.ledger.post(
        programme, Earn(grocer, 7), Earn(grocer, 0), ClawBack(grocer, original, 7), Earn(grocer, 1)
    )
    await house.ledger.move_clock(programme, MONDAY_US)
    await house.rate_now(programme)
    status = await house.status(programme)
    assert status.rated_seq == 2
    assert status.blocked.startswith(f"seq 3, partner {grocer}, at ")
    assert f"seq {original}, " in status.blocked
    impatient = CloseWindows(
        house.app.database,
        tell,
        house.points,
        house.app.programmes,
        prove_window(house),
        rating_seconds_max=0.1,
    )
    registration = await house.app.programmes.named(programme.slug)
    with pytest.raises(CoalitionError) as refused:
        await impatient.close(registration)
    assert refused.value.reason == Reason.REASON_RATING_BEHIND


async def test_refunds_that_the_bus_brings_are_rated_once_in_order(house_on_bus: House) -> None:
    house = house_on_bus
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    house.start_rating()
    house.start_relay()
    for round_ in range(5):
        before = 6 * round_
        await house.ledger.post(programme, Earn(grocer, 50), Burn(grocer, [(grocer, 20)]))
        if round_ % 2:
            # The originals of this round were rated in a block before.
            await house.rated(programme, before + 2)
        await house.ledger.post(
            programme,
            Return(grocer, before + 2, [(grocer, 20)]),
            ClawBack(grocer, before + 1, 30),
            Owe(grocer, before + 1, 20),
            Repay([(before + 5, before + 1, grocer, 20)]),
        )
    await house.rated(programme, 30)
    found = await entries(house, programme)
    assert [entry[0] for entry in found] == list(range(1, 31))
    assert sum(entry[-1] for entry in found) == 0
    assert all(finding.holds for finding in (await house.findings(programme)).values())
