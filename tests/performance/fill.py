"""Fills the books of a programme by SQL: a million postings in a fraction of the time that posting them takes.

The outcome is what the door, the relay and rating would have left: heads, balances, lots, batches, events with
the relay behind them, rated entries with rating behind them. The checkers of ledger and clearing prove it
in every `--quick` run. Only payloads of events are stand-ins of the right size: nobody reads them again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
from coalition.events.v1 import points_pb2

from services.partners.events.consume import SOURCE, SUBSCRIBER
from services.points.domain.earning import EarnRate
from services.points.domain.expiry import expires_at_us
from services.points.storage import ledgers
from services.runtime.clock import from_micros, wall_now_us
from services.runtime.database import PgConnection
from services.runtime.expiry_policy import DEFAULT_POLICY
from tests.performance import sale
from tests.performance.plan import ITEMS_A_CALL, Scale
from tests.performance.programme import NOW_US, REIMBURSEMENT_MICROS, STARTS_AT_US, ZONE, Bench

#: Sales that differ; posting `seq` is sale seq mod so many.
SALES: Final = 100
#: Coprime to every number of members used, so that all of them get their turn.
STRIDE: Final = 7_919
#: Lots that are open in the busy wallet: as many as in every other.
OPEN_LOTS: Final = 10
#: The journal ends this long before the measuring begins, in programme time.
_QUIET_US: Final = 3_600_000_000
_FOLDER: Final = Path(__file__).parent
_SESSION: Final = (
    # Triggers would check row by row what `--quick` has the checkers prove of all of it.
    "SET session_replication_role = replica",
    "SET synchronous_commit = off",
    "SET work_mem = '256MB'",
    # What is laid out in order is written in that order, without sorting it again.
    "SET synchronize_seqscans = off",
    "SET maintenance_work_mem = '256MB'",
    "SET statement_timeout = 0",
)


@dataclass(frozen=True, slots=True)
class FillPlan:
    """What decides every row. Times in microseconds of programme time."""

    bench: Bench
    postings: int
    members: int
    busy_entries: int
    clock_offset_us: int

    @classmethod
    def of(cls, bench: Bench, scale: Scale, *, busy: bool) -> FillPlan:
        """The plan of a scale, with the programme's clock set to NOW_US.

        `busy`: with the busy member's entries, and then half as many of all the others, which take as long to fill.
        """
        postings, entries = (scale.postings // 2, scale.busy_entries) if busy else (scale.postings, 0)
        return cls(bench, postings, scale.members, entries, NOW_US - wall_now_us())

    @property
    def step_us(self) -> int:
        """Time from one posting to the next."""
        return (NOW_US - _QUIET_US - STARTS_AT_US) // (self.postings + self.busy_entries)

    @property
    def busy_earns(self) -> int:
        """How many of the busy member's visits earn; the others burn."""
        return self.busy_entries - max(0, self.busy_entries - OPEN_LOTS) // 2


async def fill(points_url: str, partners_url: str, plan: FillPlan) -> None:
    """Fills both databases, given as administrator's URLs. The ledger must not be open yet.

    Clearing goes first: its subscriber must not find events that it has not rated. The ledger's heads come
    last, in one transaction, so that the relay first sees the programme with its cursor at the end.
    """
    sections = _sections("fill_ledger.sql")
    await asyncio.gather(_fill_clearing(partners_url, plan), _fill_first(points_url, plan, sections[""]))
    await asyncio.gather(*(_run(points_url, sections[name]) for name in ("journal", "lots", "events")))
    await _fill_heads(points_url, plan, sections["heads"])
    await asyncio.gather(_settle(points_url), _settle(partners_url))


async def _connect(url: str) -> PgConnection:
    connection = await asyncpg.connect(url, server_settings={"application_name": "bench-fill"})
    for statement in _SESSION:
        await connection.execute(statement)
    return connection


def _sections(name: str) -> dict[str, list[str]]:
    """Statements of a file by section; those before the first `--@ section` are of section ``."""
    sections: dict[str, list[str]] = {"": []}
    section = ""
    for statement in (_FOLDER / name).read_text().split("\n--;;\n"):
        text = statement.strip()
        if text.startswith("--@ "):
            section, _, text = text.removeprefix("--@ ").partition("\n")
            sections[section] = []
        sections[section].append(text)
    return sections


async def _run(url: str, statements: list[str]) -> None:
    connection = await _connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _fill_clearing(url: str, plan: FillPlan) -> None:
    connection = await _connect(url)
    try:
        async with connection.transaction():
            await _load_plan(connection, plan)
            for statement in _sections("fill_clearing.sql")[""]:
                await connection.execute(statement)
    finally:
        await connection.close()


async def _fill_first(url: str, plan: FillPlan, statements: list[str]) -> None:
    connection = await _connect(url)
    try:
        await _load_plan(connection, plan)
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _fill_heads(url: str, plan: FillPlan, statements: list[str]) -> None:
    """Opens the ledger with its heads at the end of the journal, all at once."""
    programme = plan.bench.programme
    connection = await _connect(url)
    try:
        async with connection.transaction():
            await ledgers.open_ledger(connection, programme, DEFAULT_POLICY, plan.clock_offset_us)
            for statement in statements:
                await connection.execute(statement)
            rate = EarnRate(STARTS_AT_US, sale.POINTS_PER_MAJOR, sale.MINOR_PER_MAJOR)
            for partner in (*plan.bench.partners, *plan.bench.small_partners):
                await ledgers.add_rate(connection, programme.ledger_id, partner.partner_id, rate, "bench")
    finally:
        await connection.close()


async def _settle(url: str) -> None:
    """Statistics and visibility as autovacuum would leave them, so that it need not run while measuring."""
    await _run(url, ["VACUUM (ANALYZE)"])


async def _load_plan(connection: PgConnection, plan: FillPlan) -> None:
    programme, partners = plan.bench.programme, plan.bench.partners
    await connection.execute("CREATE SCHEMA bench_fill")
    facts: dict[str, tuple[str, Any]] = {
        "ledger_id": ("smallint", programme.ledger_id),
        "programme": ("text", programme.slug),
        "postings": ("bigint", plan.postings),
        "members": ("bigint", plan.members),
        "partners": ("bigint", len(partners)),
        "sales": ("bigint", SALES),
        "stride": ("bigint", STRIDE),
        "batch_items": ("bigint", ITEMS_A_CALL),
        "starts_at": ("timestamptz", from_micros(STARTS_AT_US)),
        "step": ("interval", from_micros(plan.step_us) - from_micros(0)),
        "expires_at": ("timestamptz", from_micros(expires_at_us(STARTS_AT_US, DEFAULT_POLICY, ZONE))),
        "clock_offset_us": ("bigint", plan.clock_offset_us),
        "busy_entries": ("bigint", plan.busy_entries),
        "busy_earns": ("bigint", plan.busy_earns),
        "open_lots": ("bigint", OPEN_LOTS),
        "reimbursement_micros": ("bigint", REIMBURSEMENT_MICROS),
        "burn_payload": ("bytea", _burn_payload(plan.bench)),
        "till": ("text", sale.TILL),
        "business_date": ("text", sale.BUSINESS_DATE),
        "rate_points": ("integer", sale.POINTS_PER_MAJOR),
        "rate_per_minor": ("integer", sale.MINOR_PER_MAJOR),
        "subscriber": ("text", SUBSCRIBER),
        "source": ("text", SOURCE),
    }
    await _load(
        connection,
        "plan",
        {name: kind for name, (kind, _) in facts.items()},
        [[v for _, v in facts.values()]],
    )
    await _load(
        connection,
        "partner",
        {
            "partner_no": "bigint", "partner_id": "uuid", "store_id": "uuid", "issue_micros": "bigint", "account_no": "integer",
            "redemption_no": "integer",
        },
        [
            [no, each.partner_id, each.store_id, each.issue_micros, no + 1, len(partners) + no + 1]
            for no, each in enumerate(partners)
        ],
    )  # fmt: skip
    # The busy member follows the others.
    await _load(
        connection,
        "member",
        {"member_no": "bigint", "member_id": "uuid", "account_no": "integer"},
        [[no, plan.bench.wallet_owner(no), 2 * len(partners) + no + 1] for no in range(plan.members + 1)],
    )
    await _load(
        connection,
        "sale",
        {
            "sale_no": "bigint", "amount_minor": "bigint", "points": "bigint", "lines": "json", "tenders": "json",
            "payload": "bytea",
        },
        [_sale(plan.bench, number) for number in range(SALES)],
    )  # fmt: skip
    for statement in _sections("fill_visits.sql")[""]:
        await connection.execute(statement)


async def _load(connection: PgConnection, table: str, columns: dict[str, str], rows: list[list[Any]]) -> None:
    declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    await connection.execute(f"CREATE UNLOGGED TABLE bench_fill.{table} ({declared})")
    await connection.copy_records_to_table(
        table, schema_name="bench_fill", columns=list(columns), records=rows
    )
    await connection.execute(f"ANALYZE bench_fill.{table}")


def _sale(bench: Bench, number: int) -> list[Any]:
    amount = sale.AMOUNT_MINOR + 37 * number
    points = amount * sale.POINTS_PER_MAJOR // sale.MINOR_PER_MAJOR
    some_id = UUID(int=number).bytes
    payload = points_pb2.PointsEarned(
        transaction_id=some_id,
        seq=500_000,
        member_id=some_id,
        partner_id=bench.partners[0].partner_id.bytes,
        store_id=bench.partners[0].store_id.bytes,
        channel="store",
        purchase_id=some_id,
        gross_minor=amount,
        eligible_minor=amount,
        currency=sale.CURRENCY,
        points=points,
        lot_no=500_000,
        expires_at_us=NOW_US,
        balance_after=points,
        occurred_at_us=NOW_US,
        recorded_at_us=NOW_US,
    )
    return [
        number, amount, points, sale.stored_lines(amount), sale.stored_tenders(amount), payload.SerializeToString(),
    ]  # fmt: skip


def _burn_payload(bench: Bench) -> bytes:
    some_id = UUID(int=0).bytes
    partner = bench.partners[0].partner_id.bytes
    return points_pb2.PointsRedeemed(
        transaction_id=some_id,
        seq=500_000,
        member_id=some_id,
        partner_id=partner,
        store_id=bench.partners[0].store_id.bytes,
        channel="store",
        points=100,
        lots=[points_pb2.LotTaken(lot_no=500_000, issuer_id=partner, point_type="base", points=100)],
        balance_after=100,
        occurred_at_us=NOW_US,
        recorded_at_us=NOW_US,
    ).SerializeToString()
