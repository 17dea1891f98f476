"""The filled books are what the door and rating would have left, so both carry on from there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import pytest
from coalition.points.v1 import movement_pb2, points_pb2

from services.runtime import grpc_client
from services.runtime.ids import new_id
from services.runtime.principal import Kind, Programme
from tests.performance.fill import OPEN_LOTS, STRIDE, FillPlan, fill
from tests.performance.plan import FULL, QUICK
from tests.performance.posting_calls import Order, encode, lanes_of, owners
from tests.performance.programme import OCCURRED_AT_US, Bench, BenchMember, BenchPartner
from tests.support.points import Till, points_house
from tests.support.servers import ServiceDatabase, create_database, drop_database

POSTINGS, MEMBERS, PARTNERS = 3_000, 300, 4
BUSY_ENTRIES = 260
LAST = POSTINGS + BUSY_ENTRIES


@dataclass(frozen=True)
class Filled:
    """Both databases, filled with a small bench."""

    bench: Bench
    points: ServiceDatabase
    partners: ServiceDatabase


@pytest.fixture(scope="module")
def bench() -> Bench:
    partners = tuple(
        BenchPartner(new_id(), new_id(), f"S{number}", "", 10_000 + number) for number in range(PARTNERS)
    )
    programme = Programme(1, "bench", "Europe/Berlin", "EUR", is_test=True)
    return Bench(programme, partners, (BenchMember(new_id(), ""),))


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[Any]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def filled(database_for: Callable[[str], ServiceDatabase], bench: Bench) -> Filled:
    found = Filled(bench, database_for("points"), database_for("partners"))
    async with connected(found.partners.admin_url) as connection:
        if await connection.fetchval("SELECT true FROM rating_head"):
            return found
        await connection.execute(
            """INSERT INTO programme (ledger_id, slug, name, zone, currency, is_test, starts_at, expiry_rule, expiry_months,
            expiry_notice_days, registered_by)
            VALUES (1, 'bench', 'Benchmark', 'Europe/Berlin', 'EUR', true, '2026-01-04 23:00Z', 'months_after_earn', 24, 30, 'test')"""
        )
        await connection.execute("INSERT INTO rating_head (ledger_id) VALUES (1)")
    # (With the busy member half of them are filled.)
    scale = replace(QUICK, postings=2 * POSTINGS, members=MEMBERS, busy_entries=BUSY_ENTRIES)
    plan = FillPlan.of(bench, scale, busy=True)
    await fill(found.points.admin_url, found.partners.admin_url, plan)
    return found


async def test_the_filled_ledger_holds_every_invariant_and_posting_carries_on(filled: Filled):
    async with points_house(filled.points, filled.bench.programme) as house:
        house.neighbours.everyone_exists = True
        till = Till(house, filled.bench.partners[0].partner_id)
        owner = filled.bench.wallet_owner(7)
        result = await till.earn(owner, 1_000, currency="EUR", occurred_at_us=OCCURRED_AT_US)
        assert result.outcome == movement_pb2.OUTCOME_ACCEPTED
        assert result.transaction.seq == LAST + 1
        assert result.transaction.balance_after > result.transaction.points
        breaches = {number: list(each.breaches) for number, each in (await house.findings()).items()}
        assert not any(breaches.values()), breaches


async def test_everything_that_the_mixed_row_sends_is_accepted_on_the_filled_ledger(filled: Filled):
    async with points_house(filled.points, filled.bench.programme) as house:
        house.neighbours.everyone_exists = True
        house.neighbours.stores = {
            each.partner_id.bytes: {each.store_id.bytes} for each in filled.bench.partners
        }
        tills = [(Till(house, each.partner_id).principal, each.store_id) for each in filled.bench.partners]
        own = house.signer.sign(Kind.SERVICE, "gateway", house.programme)
        order = Order([], "mixed", encode(own), owners(tills), 1, MEMBERS, 6, 60, 2, mixed=True)
        kinds: set[str] = set()
        for lane in lanes_of(order):
            holds: list[bytes] = []
            for call in lane:
                call.capture(holds)
                request = points_pb2.PostRequest.FromString(bytes(call.request))
                results = (await grpc_client.call(house.stub.Post, request, own)).results
                assert {(each.outcome, each.replayed) for each in results} == {
                    (movement_pb2.OUTCOME_ACCEPTED, False)
                }
                holds = [results[place].transaction.transaction_id for place in call.holds]
                kinds |= {movement_pb2.MovementKind.Name(each.transaction.kind) for each in results}
        assert {kind.removeprefix("MOVEMENT_KIND_") for kind in kinds} == {
            "EARN",
            "HOLD",
            "CAPTURE",
            "REDEEM",
            "REFUND",
        }
        breaches = {number: list(each.breaches) for number, each in (await house.findings()).items()}
        assert not any(breaches.values()), breaches


async def test_the_relay_begins_behind_the_filled_events(filled: Filled):
    async with connected(filled.points.admin_url) as connection:
        assert await connection.fetchval("SELECT pos FROM relay_cursor") == LAST


async def test_rating_begins_behind_the_filled_postings_and_agrees_with_its_control(filled: Filled):
    async with connected(filled.partners.admin_url) as connection:
        head = await connection.fetchrow("SELECT * FROM rating_head")
        rated = {
            row["kind"]: (row["entries"], row["points"], row["micros"])
            for row in await connection.fetch(
                """SELECT kind, count(*) AS entries, sum(points) AS points, sum(abs(amount_micros)) AS micros
                FROM rated_entry GROUP BY kind"""
            )
        }
        assert (head["issued"], head["issued_points"], head["issued_micros"]) == rated["issued"]
        assert (head["burned"], head["burned_points"], head["burned_micros"]) == rated["burned"]
        assert head["issued"] + head["burned"] == head["rated_seq"] == LAST
        assert await connection.fetchval("SELECT pos FROM inbox") == LAST


async def test_ledger_and_rating_know_the_same_points_of_each_partner(filled: Filled):
    async with connected(filled.points.admin_url) as connection:
        posted = await connection.fetch(
            """SELECT i.owner_id, p.kind, sum(abs(p.points)) FROM posting p
            JOIN account i ON i.ledger_id = p.ledger_id AND i.account_no = p.partner_no WHERE p.seq <= $1 GROUP BY 1, 2 ORDER BY 1, 2""",
            LAST,
        )
        taken = await connection.fetch(
            """SELECT i.owner_id, sum(u.points) FROM lot_use u JOIN lot l ON l.ledger_id = u.ledger_id AND l.lot_no = u.lot_no
            JOIN account i ON i.ledger_id = l.ledger_id AND i.account_no = l.issuer_no WHERE u.seq <= $1 GROUP BY 1 ORDER BY 1""",
            LAST,
        )
    async with connected(filled.partners.admin_url) as connection:
        rated = await connection.fetch(
            """SELECT partner_id, CASE kind WHEN 'issued' THEN 'earn' ELSE 'redeem' END, sum(points) FROM rated_entry
            GROUP BY 1, 2 ORDER BY 1, 2"""
        )
        burned = await connection.fetch(
            "SELECT issuer_id, sum(points) FROM rated_entry WHERE kind = 'burned' GROUP BY 1 ORDER BY 1"
        )
    assert [tuple(row) for row in posted] == [tuple(row) for row in rated]
    assert [tuple(row) for row in taken] == [tuple(row) for row in burned]


async def test_the_busy_member_has_as_many_lots_left_as_everybody_else(filled: Filled):
    async with connected(filled.points.admin_url) as connection:
        wallets = await connection.fetch(
            """SELECT a.owner_id, count(*) FILTER (WHERE l.open) AS open, count(*) FILTER (WHERE NOT l.open) AS used_up
            FROM lot l JOIN account a ON a.ledger_id = l.ledger_id AND a.account_no = l.account_no
            WHERE l.opened_seq <= $1 GROUP BY 1""",
            LAST,
        )
        entries = await connection.fetchval(
            """SELECT count(*) FROM posting p JOIN account a ON a.ledger_id = p.ledger_id AND a.account_no = p.wallet_no
            WHERE a.owner_id = $1""",
            filled.bench.wallet_owner(MEMBERS),
        )
    lots = {row["owner_id"]: (row["open"], row["used_up"]) for row in wallets}
    assert entries == BUSY_ENTRIES
    assert lots.pop(filled.bench.wallet_owner(MEMBERS)) == (OPEN_LOTS, (BUSY_ENTRIES - OPEN_LOTS) // 2)
    assert lots[filled.bench.wallet_owner(1)] == (OPEN_LOTS, 0)


async def test_filling_leaves_every_index_as_the_migrations_made_it(filled: Filled, postgres_admin_url: str):
    asked = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    untouched = create_database(postgres_admin_url, "points")
    try:
        async with connected(untouched.admin_url) as connection:
            wanted = dict(await connection.fetch(asked))
    finally:
        drop_database(postgres_admin_url, untouched.name)
    async with connected(filled.points.admin_url) as connection:
        assert dict(await connection.fetch(asked)) == wanted


@pytest.mark.parametrize("members", [FULL.members, QUICK.members, MEMBERS])
def test_every_member_gets_its_turn(members: int):
    assert len({seq * STRIDE % members for seq in range(members)}) == members
