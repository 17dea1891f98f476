"""Companies of a partner: the store says which one owes and is owed, and the statement says it line by line."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from coalition.partners.v1 import clearing_pb2, legal_entities_pb2, partners_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from services.verifier import statement as verifier
from tests.support.ledger import Burn, ClawBack, Earn, Return
from tests.support.partners import DAY_US, STARTS_AT_US, House

MONDAY_US = STARTS_AT_US + DAY_US
WEEK_US = 7 * DAY_US


async def entity(house: House, programme: Programme, partner: UUID, name: str) -> int:
    request = legal_entities_pb2.AddLegalEntityRequest(partner_id=partner.bytes, name=name)
    answer = await house.ask(house.legal_entities.AddLegalEntity, request, programme)
    assert answer.legal_entity.name == name
    return int(answer.legal_entity.number)


async def stores(house: House, programme: Programme, partner: UUID, *codes: str) -> list[UUID]:
    request = partners_pb2.AddStoresRequest(
        partner_id=partner.bytes, stores=[partners_pb2.Store(code=code) for code in codes]
    )
    answer = await house.ask(house.registry.AddStores, request, programme)
    return [UUID(bytes=store.store_id) for store in answer.stores]


async def assign(
    house: House, programme: Programme, partner: UUID, number: int, *codes: str, from_us: int = 0
) -> list[legal_entities_pb2.StoreEntity]:
    request = legal_entities_pb2.AssignStoresRequest(
        partner_id=partner.bytes, legal_entity=number, store_codes=codes, valid_from_us=from_us
    )
    return list((await house.ask(house.legal_entities.AssignStores, request, programme)).stores)


async def close_week(house: House, programme: Programme, number: int) -> None:
    await house.ledger.move_clock(programme, MONDAY_US + (number - 1) * WEEK_US)
    await house.rate_now(programme)
    await house.close(programme)
    assert all(found.holds for found in (await house.findings(programme)).values())


def lines(statement: clearing_pb2.Statement) -> list[tuple[str, int, int, int]]:
    """Kind, company, points, amount of each line but the carries, which are nobody's."""
    assert all(
        (line.legal_entity == 0) == (line.kind in (clearing_pb2.STATEMENT_LINE_KIND_CARRY_IN, clearing_pb2.STATEMENT_LINE_KIND_CARRY_OUT))
        for line in statement.lines
    )  # fmt: skip
    return [
        (
            clearing_pb2.StatementLineKind.Name(line.kind).removeprefix("STATEMENT_LINE_KIND_").lower(),
            line.legal_entity,
            line.points,
            line.amount_micros,
        )
        for line in statement.lines
        if line.legal_entity
    ]


async def file_of(house: House, programme: Programme, statement: clearing_pb2.Statement) -> bytes:
    request = clearing_pb2.GetStatementFileRequest(statement_id=statement.statement_id)
    stream = grpc_client.stream(house.clearing.GetStatementFile, request, house.as_host(programme))
    return b"".join([piece.content async for piece in stream])


async def test_a_statement_tells_apart_what_each_company_owes_and_is_owed_and_its_file_proves_it(
    house: House,
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", None)
    await house.set_rates(programme, grocer, 10_000, 8_000, STARTS_AT_US, transaction_fee_micros=50_000)
    high_street, web = await stores(house, programme, grocer, "high-street", "web")
    online = await entity(house, programme, grocer, "Grocer Online Ltd")
    assert online == 2
    await assign(house, programme, grocer, online, "web")
    earned = await house.ledger.post(programme, Earn(grocer, 500, store=web))
    await house.ledger.post(
        programme,
        Earn(grocer, 300, store=high_street),
        Earn(grocer, 70),
        Burn(grocer, [(grocer, 200)], store=high_street),
    )
    burned = await house.ledger.post(programme, Burn(grocer, [(grocer, 90)], store=web))
    await close_week(house, programme, 1)
    first = await house.statement(programme, grocer, 1)
    assert lines(first) == [
        ("issued", 1, 370, 3_700_000),
        ("issued", 2, 500, 5_000_000),
        ("burned", 1, 200, -1_600_000),
        ("burned", 2, 90, -720_000),
        ("fee", 1, 0, 150_000),
        ("fee", 2, 0, 100_000),
    ]
    assert [(each.number, each.name) for each in first.legal_entities] == [
        (1, "Grocer"),
        (2, "Grocer Online Ltd"),
    ]
    # The web shop changes hands: what was rated stays, and so does whatever undoes it.
    await assign(house, programme, grocer, 1, "web")
    await house.ledger.post(
        programme,
        ClawBack(grocer, earned, 100),
        Return(grocer, burned, [(grocer, 40)]),
        Earn(grocer, 10, store=web),
    )
    await close_week(house, programme, 2)
    second = await house.statement(programme, grocer, 2)
    assert lines(second) == [
        ("issued", 1, 10, 100_000),
        ("reversed", 2, 100, -1_000_000),
        ("returned", 2, 40, 320_000),
        ("fee", 1, 0, 50_000),
    ]
    for statement in (first, second):
        assert verifier.verify(await file_of(house, programme, statement))
    assert first.net.net_minor == sum(amount for *_, amount in lines(first)) // 10_000


async def test_a_store_is_anothers_from_a_tills_time_on_and_an_assignment_may_be_repeated(
    house: House,
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    (web,) = await stores(house, programme, grocer, "web")
    online = await entity(house, programme, grocer, "Grocer Online Ltd")
    noon_us = STARTS_AT_US + DAY_US // 2
    made = await assign(house, programme, grocer, online, "web", from_us=noon_us)
    assert await assign(house, programme, grocer, online, "web", from_us=noon_us) == made
    assert [(each.version, each.known_from_seq) for each in made] == [(1, 1)]
    await house.ledger.post(
        programme,
        Earn(grocer, 1, at_us=noon_us - 1, store=web),
        Earn(grocer, 2, at_us=noon_us, store=web),
    )
    await close_week(house, programme, 1)
    assert lines(await house.statement(programme, grocer, 1)) == [
        ("issued", 1, 1, 10_000),
        ("issued", 2, 2, 20_000),
    ]
    request = legal_entities_pb2.ListLegalEntitiesRequest(partner_id=grocer.bytes)
    found = await house.ask(house.legal_entities.ListLegalEntities, request, programme)
    assert [each.name for each in found.legal_entities] == ["Grocer", "Grocer Online Ltd"]
    assert list(found.stores) == made


async def test_companies_that_are_added_at_once_get_numbers_one_after_the_other(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    names = [f"Company {number}" for number in range(6)]
    numbers = await asyncio.gather(*(entity(house, programme, grocer, name) for name in (*names, *names)))
    assert sorted(numbers[:6]) == [2, 3, 4, 5, 6, 7]
    assert numbers[6:] == numbers[:6]


async def test_what_is_not_there_is_named(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await stores(house, programme, grocer, "web")
    fuel = await house.partner(programme, "fuel")
    await stores(house, programme, fuel, "pump")
    for partner, number, codes, field in (
        (grocer, 2, ["web"], "legal_entity"),
        (grocer, 0, ["web"], "legal_entity"),
        (grocer, 1, ["pump"], "store_codes"),
        (grocer, 1, ["web", "nowhere"], "store_codes"),
        (grocer, 1, [], "store_codes"),
    ):
        with pytest.raises(CoalitionError) as refused:
            await assign(house, programme, partner, number, *codes)
        assert (refused.value.reason, refused.value.metadata["field"]) == (
            Reason.REASON_INVALID_REQUEST,
            field,
        )
    for call in (entity(house, programme, new_id(), "X"), assign(house, programme, new_id(), 1, "web")):
        with pytest.raises(CoalitionError) as unknown:
            await call
        assert unknown.value.reason == Reason.REASON_PARTNER_UNKNOWN
    request = legal_entities_pb2.ListLegalEntitiesRequest(partner_id=grocer.bytes)
    assert not (await house.ask(house.legal_entities.ListLegalEntities, request, programme)).stores
