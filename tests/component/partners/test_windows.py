"""Closing windows: ranges, nets and statements, as the contract promises them."""

from __future__ import annotations

from coalition.partners.v1 import clearing_pb2 as pb

from tests.support.ledger import Burn, Earn, Expiry
from tests.support.partners import DAY_US, STARTS_AT_US, House


async def test_a_week_is_closed_netted_and_stated_to_the_cent(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", 10_000, 8_000)
    fuel = await house.partner(programme, "fuel", 11_050, 8_475)
    await house.ledger.post(
        programme,
        Earn(grocer, 12_345),
        Earn(fuel, 333),
        Earn(grocer, 0),
        Burn(fuel, [(grocer, 200), (fuel, 1), (grocer, 50)]),
        Expiry(grocer, 5),
    )
    await house.ledger.move_clock(programme, STARTS_AT_US + 2 * DAY_US)
    await house.rate_now(programme)

    windows = await house.close(programme)

    assert [(each.number, each.first_seq, each.last_seq, each.state) for each in windows] == [
        (1, 1, 5, pb.WINDOW_STATE_STATED)
    ]
    assert (windows[0].starts_at_us, windows[0].ends_at_us) == (STARTS_AT_US, STARTS_AT_US + DAY_US)
    nets = await house.nets(programme)
    # grocer: 12,345 × 10,000; fuel: 333 × 11,050 − 251 × 8,475 = 1,552,425 micros.
    assert (nets["grocer"].net_minor, nets["grocer"].carry_out_micros) == (12_345, 0)
    assert (nets["fuel"].net_minor, nets["fuel"].carry_out_micros) == (155, 2_425)
    assert (nets["operator"].net_minor, nets["operator"].carry_out_micros) == (-12_500, -2_425)
    matrix = await house.ask(house.clearing.GetMatrix, pb.GetMatrixRequest(), programme)
    assert [(c.issuer.slug, c.redeemer.slug, c.points, c.micros) for c in matrix.cells] == [
        ("fuel", "fuel", 1, 8_475),
        ("grocer", "fuel", 250, 2_118_750),
    ]
    assert all(finding.holds for finding in (await house.findings(programme)).values())
