"""A partner leaves and is bought out: one amount in its statement, and nothing for its points from then on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from coalition.partners.v1 import clearing_pb2
from coalition.partners.v1 import standing_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.partners.storage import exposure
from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme
from tests.component.partners.test_standing import EXITED, EXITING, get_standing, set_standing, standing
from tests.support.ledger import Burn, Earn, Expiry, Return
from tests.support.partners import DAY_US, STARTS_AT_US, House
from tests.support.partners_office import Office

MONDAY_US = STARTS_AT_US + DAY_US


async def leaves(office: Office, programme: Programme, partner: UUID, **said: Any) -> pb.PartnerStanding:
    """Lets a partner leave that has neither run-off nor return window left."""
    ends = {"run_off_until_us": STARTS_AT_US, "returns_until_us": STARTS_AT_US}
    await set_standing(office, programme, standing(partner, EXITING, STARTS_AT_US - DAY_US, **ends))
    return await set_standing(office, programme, standing(partner, EXITED, **said))


async def mall(house: House) -> tuple[Programme, UUID, UUID, UUID]:
    """Grocer pays at redemption, cinema at issuance. Of grocer's 6,000 points 1,000 are burned, 2,000 expired."""
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", None)
    await house.set_rates(programme, grocer, 10_000, 8_000, STARTS_AT_US, issue_share_percent=0)
    cinema, fuel = await house.partner(programme, "cinema"), await house.partner(programme, "fuel")
    await house.ledger.post(
        programme,
        Earn(grocer, 6_000),
        Burn(fuel, [(grocer, 1_000, 1)]),
        Expiry(grocer, 2_000, 1),
        Earn(cinema, 100),
    )
    await house.rate_now(programme)
    return programme, grocer, cinema, fuel


def lines(statement: clearing_pb2.Statement) -> list[tuple[str, int, int, int]]:
    return [
        (clearing_pb2.StatementLineKind.Name(each.kind)[20:].lower(), each.points, each.price_micros, each.amount_micros)
        for each in statement.lines
    ]  # fmt: skip


async def test_what_is_left_is_one_amount_and_what_is_burned_later_is_the_operators(office: Office) -> None:
    house = office.house
    programme, grocer, cinema, fuel = await mall(house)
    made = await leaves(office, programme, grocer, buy_out_bp=8_000)
    assert made.buy_out_bp == 8_000
    found = await get_standing(office, programme, grocer)
    # 3,000 points at 0.0100, four fifths of which are expected to be used.
    assert found.bought_out == pb.BuyOut(
        redemption_bp=8_000,
        outstanding_micros=30_000_000,
        amount_micros=24_000_000,
        known_from_seq=5,
        window=1,
    )
    await leaves(office, programme, cinema, buy_out_bp=8_000)
    assert (await get_standing(office, programme, cinema)).bought_out.outstanding_micros == 0
    await house.ledger.post(
        programme, Burn(fuel, [(grocer, 500, 1), (cinema, 50, 4)]), Return(fuel, 2, [(grocer, 1_000, 1)])
    )
    await house.ledger.move_clock(programme, MONDAY_US)
    await house.rate_now(programme)
    await house.close(programme)
    nets = {slug: net.net_minor for slug, net in (await house.nets(programme, 1)).items()}
    assert sum(nets.values()) == 0
    # 10.00 for what was burned before, 24.00 for all that was left; nothing for what is burned, or given back, later.
    assert (nets["grocer"], nets["cinema"], nets["fuel"]) == (3_400, 100, -440)
    statement = await house.statement(programme, grocer, 1)
    assert ("buy_out", 0, 24_000_000, 24_000_000) in lines(statement)
    assert ("charged", 500, 0, 0) in lines(statement)
    assert {number: list(each.breaches) for number, each in (await house.findings(programme)).items()} == {
        8: [], 9: [], 10: [],
    }  # fmt: skip
    async with house.app.database.reader.snapshot() as connection:
        counted = await exposure.since(
            connection, programme.ledger_id, exposure.Standing(grocer), 6, window=1, rerate_number=0
        )
    assert (counted.owed_micros, counted.potential_micros) == (34_000_000, 0)


async def test_a_buy_out_that_was_changed_shows(office: Office) -> None:
    house = office.house
    programme, grocer, *_ = await mall(house)
    await leaves(office, programme, grocer, buy_out_bp=5_000)
    await house.as_superuser(
        "SET session_replication_role = replica",
        f"UPDATE buy_out SET outstanding_micros = 30000002 WHERE ledger_id = {programme.ledger_id}",
    )
    breaches = (await house.findings(programme))[9].breaches
    assert any("30,000,002 micros were outstanding, entries make 30,000,000" in each for each in breaches)


async def test_without_a_buy_out_it_is_charged_as_before(office: Office) -> None:
    house = office.house
    programme, grocer, _, fuel = await mall(house)
    await leaves(office, programme, grocer)
    assert not (await get_standing(office, programme, grocer)).HasField("bought_out")
    await house.ledger.post(programme, Burn(fuel, [(grocer, 500, 1)]))
    await house.ledger.move_clock(programme, MONDAY_US)
    await house.rate_now(programme)
    await house.close(programme)
    assert ("charged", 1_500, 10_000, 15_000_000) in lines(await house.statement(programme, grocer, 1))


async def test_what_cannot_be_bought_out_is_refused_and_nothing_is_rated_again_afterwards(
    office: Office,
) -> None:
    house = office.house
    programme, grocer, *_ = await mall(house)
    for wrong in (
        standing(grocer, EXITING, buy_out_bp=1, run_off_until_us=STARTS_AT_US, returns_until_us=STARTS_AT_US),
        standing(grocer, EXITED, buy_out_bp=10_001),
        standing(grocer, EXITED, buy_out_bp=-1),
    ):
        with pytest.raises(CoalitionError) as caught:
            await set_standing(office, programme, wrong)
        assert caught.value.metadata["field"] == "standing.buy_out_bp"
    with pytest.raises(CoalitionError, match="not ahead of it"):
        await leaves(office, programme, grocer, from_us=MONDAY_US, buy_out_bp=1)
    await leaves(office, programme, grocer, buy_out_bp=10_000)
    with pytest.raises(CoalitionError) as caught:
        await office.preview(programme, grocer, 1)
    assert caught.value.reason == Reason.REASON_INVALID_REQUEST
    assert "bought out" in caught.value.message
