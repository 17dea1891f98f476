"""What reads of the journal cost in a programme that the statistics of its tables do not know."""

from __future__ import annotations

from typing import Any

import pytest

from services.points.domain.operations import OperationKind
from services.points.storage import balances, journal, operations, records, sales
from services.runtime.database import PgConnection
from services.runtime.ids import new_id
from tests.integration.points.busy import Busy
from tests.support.points_database import as_superuser

pytestmark = pytest.mark.asyncio(loop_scope="module")

OLD, YOUNG, ROWS, WALLETS = 31_000, 31_001, 1_500, 300
FILL = (
    "INSERT INTO account SELECT {l}, no, CASE no WHEN 1 THEN 'issuance' ELSE 'wallet' END, gen_random_uuid() FROM generate_series(1, {wallets} + 1) no",
    """INSERT INTO posting SELECT no, 1, 1, 1, now(), now() + no * interval '1 ms', NULL, 1, 2 + no % {wallets}, 2 + no % {wallets}, 1, {l}, 0,
    NULL, gen_random_uuid(), 'earn', 'r' || no, 'k' || no, 'x' FROM generate_series(1, {rows}) no""",
    "INSERT INTO ledger VALUES ({l}, 'plans-{l}', 'UTC', 'EUR', true)",
    "INSERT INTO ledger_head (ledger_id) VALUES ({l})",
    """INSERT INTO balance (ledger_id, account_no, credits) SELECT {l}, no, CASE no WHEN 1 THEN 0 ELSE {rows} / {wallets} END
    FROM generate_series(1, {wallets} + 1) no""",
    "INSERT INTO lot SELECT no, no, 1, 1, 0, now(), now() + interval '1 year', 2 + no % {wallets}, 1, {l}, true, 'base' FROM generate_series(1, {rows}) no",
    "INSERT INTO purchase SELECT no, 100, 0, 1, 100, 0, NULL, {l}, '1', '', '17', 'store', '', '[]', '[]' FROM generate_series(1, {rows}) no",
)

# Everything that may hang on a posting, on each.
HUNG = (
    "INSERT INTO refund SELECT {l}, no, no - 1, 1, 9, 0, 1, 0, 0, 0, 0, 0, 'pro_rata', NULL, '', '', '', '', '[]' FROM generate_series(1, {rows}) no",
    "INSERT INTO lot_use SELECT {l}, no, no, 1 FROM generate_series(1, {rows}) no",
    "INSERT INTO lot_return SELECT {l}, no, no, 1 FROM generate_series(1, {rows}) no",
    "INSERT INTO hold SELECT no, 1, now(), 2, 1, {l}, false FROM generate_series(1, {rows}) no",
    "INSERT INTO hold_lot SELECT {l}, no, no, 1 FROM generate_series(1, {rows}) no",
    "INSERT INTO hold_end SELECT {l}, no, no, 1, 0 FROM generate_series(1, {rows}) no",
    "INSERT INTO debt SELECT no, no - 1, 1, 0, 2, 1, {l}, false FROM generate_series(1, {rows}) no",
    "INSERT INTO debt_use SELECT {l}, no, no, 1 FROM generate_series(1, {rows}) no",
    "INSERT INTO lot_matured SELECT {l}, no, no, 1 FROM generate_series(1, {rows}) no",
    "INSERT INTO floor_change SELECT {l}, no, 1, NULL, false, no - 1, 'cli' FROM generate_series(1, {rows}) no",
    """INSERT INTO parked_earn SELECT no, 1, 1, 0, 1, {l}, no::text, '', no::text, NULL, '', '', '', 'store', '', '[]', '[]', '', no % 10 = 0,
    NULL, sha256('') FROM generate_series(1, {rows}) no""",
    "INSERT INTO adjustment SELECT {l}, no, 1, 1, 'other', 'cli', md5(no::text)::uuid, md5(no::text)::uuid, '' FROM generate_series(1, {rows}) no",
    "INSERT INTO proposal_decision SELECT {l}, md5(no::text)::uuid, '', 'cli', 'stf_1', true, now() FROM generate_series(1, {rows}) no",
    "INSERT INTO merged_wallet SELECT {l}, no, no + 1, no FROM generate_series(1, {rows}) no",
)
DOOR = (
    "enable_seqscan = off",
    "enable_hashjoin = off",
    "enable_mergejoin = off",
    "plan_cache_mode = force_generic_plan",
)


async def _touched(connection: PgConnection) -> int:
    """Rows that this transaction has read so far, by scans and from indexes; what was looked at in vain counts too."""
    row: Any = await connection.fetchrow(
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
    )
    return int(row[0])


async def test_no_read_goes_through_all_accounts_for_each_row(busy: Busy) -> None:
    """The planner takes a programme it has not counted for one of a single row, and would join by the programme alone."""
    async with as_superuser(busy.house.database, without_triggers=True) as connection:
        transaction = connection.transaction()
        await transaction.start()
        for ledger, rows in ((OLD, 20 * ROWS), (YOUNG, ROWS)):
            for statement in FILL:
                await connection.execute(statement.format(l=ledger, rows=rows, wallets=WALLETS))
            if ledger == OLD:
                await connection.execute("ANALYZE account, posting, lot, purchase, hold, hold_end, lot_use")
        issuer = await connection.fetchval(
            "SELECT owner_id FROM account WHERE ledger_id = $1 AND kind = 'issuance'", YOUNG
        )
        some = await connection.fetchval(
            "SELECT array_agg(transaction_id) FROM posting WHERE ledger_id = $1 AND seq <= 500", YOUNG
        )
        reads = {
            "details": records.details(connection, YOUNG, 1, 500),
            "purchases": journal.purchases(connection, YOUNG, 1, 500),
            "by_seq": journal.by_seq(connection, YOUNG, list(range(1, 501))),
            "page": journal.page(connection, YOUNG, journal.Filter(), 500),
            "originals": journal.originals(connection, YOUNG, list(range(1, 501))),
            "by_id": journal.by_id(connection, YOUNG, new_id()),
            "sales": sales.by_ids(connection, YOUNG, some),
            "sales by reference": sales.by_references(
                connection, YOUNG, [(issuer, f"r{no}") for no in range(1, 501)]
            ),
            "operations": operations.block(connection, YOUNG, 1, 1, 500, 500),
            "sums of operations": operations.sums(connection, YOUNG, 1, 1, 500),
            "operations by name": operations.find(
                connection, YOUNG, 1, OperationKind.EARN, [f"r{no}" for no in range(1, 501)]
            ),
            "holds": journal.holds(connection, YOUNG, [new_id() for _ in range(100)]),
        }
        for name, reading in reads.items():
            before = await _touched(connection)
            await reading
            touched = await _touched(connection) - before
            # Each of 500 rows with its purchase or lot, and once all accounts: far from a row times all accounts.
            assert touched < 500 * WALLETS / 50, f"{name} read {touched} rows"
        member = await connection.fetchval(
            "SELECT owner_id FROM account WHERE ledger_id = $1 AND kind = 'wallet' LIMIT 1", YOUNG
        )
        before = await _touched(connection)
        found = await balances.balance(connection, YOUNG, member)
        assert found.available == ROWS // WALLETS
        # Its lots, twice, and a few rows of heads and holds: not all the lots of the programme.
        assert await _touched(connection) - before < ROWS / 10
        await transaction.rollback()


async def test_the_leaves_of_a_batch_are_made_from_its_own_rows_alone(busy: Busy) -> None:
    """Planned when the tables were all but empty, as the door plans it, and kept."""
    async with as_superuser(busy.house.database, without_triggers=True) as connection:
        transaction = connection.transaction()
        await transaction.start()
        for setting in DOOR:
            await connection.execute(f"SET LOCAL {setting}")
        leaves = await connection.prepare("SELECT * FROM ledger_leaves($1, $2, $3, $2, $3)")
        await leaves.fetch(YOUNG, 1, 100)
        for ledger in (OLD, YOUNG):
            for statement in (*FILL, *HUNG):
                await connection.execute(statement.format(l=ledger, rows=ROWS, wallets=WALLETS))
        before = await _touched(connection)
        rows = await leaves.fetch(YOUNG, 1001, 1100)
        touched = await _touched(connection) - before
        assert len({row["leaf"] for row in rows}) == 100
        # The posting, its purchase, its lot and what there is beside, in each of those tables.
        assert touched <= 100 * (3 + len(HUNG)) + 100, f"{touched} rows were read"
        await transaction.rollback()


async def test_no_look_up_by_key_or_reference_can_go_through_all_that_a_partner_ever_asked(
    busy: Busy,
) -> None:
    """Whatever the statistics say. Tried without the index that it shall take, so that any other would be better than none."""
    async with as_superuser(busy.house.database) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SET LOCAL enable_seqscan = off")
        for column, index in (("key", "posting_key_uq"), ("reference", "posting_reference_uq")):
            look_up = f"EXPLAIN SELECT seq FROM posting WHERE ledger_id = 1 AND partner_no = 1 AND kind = 'earn' AND {column} = 'x'"
            await connection.execute(f"DROP INDEX {index}")
            plan = [row[0] for row in await connection.fetch(look_up)]
            assert "posting_partner_ix" not in plan[0]
        listed = await connection.fetch(
            "EXPLAIN SELECT seq FROM posting WHERE ledger_id = 1 AND partner_no = 1 AND amount >= 0 ORDER BY seq DESC LIMIT 9"
        )
        assert any("posting_partner_ix" in row[0] for row in listed)
        await transaction.rollback()
