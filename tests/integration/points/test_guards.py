"""What the database itself refuses, whoever asks: the service's role, and the owner where a trigger stands."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from services.runtime.database import PgConnection
from services.runtime.ids import new_id
from tests.integration.points.busy import Busy
from tests.support.points_database import as_runtime_role, as_superuser

pytestmark = pytest.mark.asyncio(loop_scope="module")

JOURNAL = (
    "posting", "lot_use", "lot_matured", "lot_return", "refund", "debt_use", "refund_rule", "expiry_notice", "hold_lot", "hold_end", "purchase", "decision", "batch", "erased_reference", "cut", "earn_rate", "account", "event_log",
    "floor_change",
    "transfer_limit", "adjustment_limit", "proposal", "proposal_decision", "adjustment", "merged_wallet", "partner_standing",
    "burn_guard", "flag", "flag_review",
)  # fmt: skip
PROJECTIONS = ("ledger", "closed_member")
COUNTERS = ("ledger_head", "event_head", "balance", "lot", "hold", "relay_cursor", "inbox", "burn_bar")
VERBS = {
    "update": "UPDATE {0} SET ledger_id = ledger_id",
    "delete": "DELETE FROM {0}",
    "truncate": "TRUNCATE {0} CASCADE",
}


def _posting(
    *,
    key: str = "'other'",
    reference: str = "'other'",
    amount: str = "p.amount",
    credit: str = "p.credit_no",
    words: str = "p.salt, p.words_hash",
) -> str:
    """Inserts a posting like the first, but for what is said."""
    return f"""INSERT INTO posting SELECT p.seq + 1000, p.points, p.balance_after, {amount}, p.occurred_at, p.recorded_at,
    p.expires_at, p.debit_no, {credit}, p.wallet_no, p.partner_no, p.ledger_id, p.item_no, p.original_seq, gen_random_uuid(), p.kind,
    {reference}, {key}, p.content_hash, {words}
    FROM posting p WHERE p.ledger_id = $1 AND p.seq = (SELECT min(seq) FROM posting WHERE ledger_id = $1)"""


def _batch(*, hashed: str = "hash", leaves: str = "leaves") -> str:
    """Inserts a batch like one of several postings, but for what is said."""
    return f"""INSERT INTO batch SELECT ledger_id, batch_no + 1000, first_seq, n, recorded_at, last_lot_no, last_account_no, {hashed}, {leaves}
    FROM batch WHERE ledger_id = $1 AND n > 1 LIMIT 1"""


def _refund(
    *, no: str = "r.no + 1000", before: str = "r.given_before + r.given + 1", returned: str = "0"
) -> str:
    """Inserts a refund of what was refunded twice already, but for what is said."""
    return f"""INSERT INTO refund SELECT r.ledger_id, r.seq + 1000, r.original_seq, {no}, r.whole, {before}, 1, {returned}, 0, 0, 0, 0,
    r.tender_order, NULL, '', '', '', 'store', '[]'
    FROM refund r WHERE r.ledger_id = $1 AND r.no = 2 ORDER BY r.seq LIMIT 1"""


@asynccontextmanager
async def _as(role: str, busy: Busy) -> AsyncGenerator[PgConnection]:
    """The service's role, or the owner of the tables (an administrator in its place)."""
    if role == "service":
        async with as_runtime_role(busy.house.database) as connection:
            yield connection
        return
    async with as_superuser(busy.house.database) as connection:
        owner = await connection.fetchval("SELECT tableowner FROM pg_tables WHERE tablename = 'posting'")
        await connection.execute(f'SET ROLE "{owner}"')
        yield connection


async def _refusal(connection: PgConnection, statement: str, *values: object) -> asyncpg.PostgresError:
    transaction = connection.transaction()
    await transaction.start()
    try:
        with pytest.raises(asyncpg.PostgresError) as caught:
            await connection.execute(statement, *values)
        return caught.value
    finally:
        await transaction.rollback()


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("table", JOURNAL)
async def test_the_journal_is_append_only_for_the_service_and_for_its_owner(
    busy: Busy, table: str, verb: str
) -> None:
    async with _as("service", busy) as connection:
        refusal = await _refusal(connection, VERBS[verb].format(table))
        assert isinstance(refusal, asyncpg.InsufficientPrivilegeError)
    async with _as("owner", busy) as connection:
        refusal = await _refusal(connection, VERBS[verb].format(table))
        assert isinstance(refusal, asyncpg.RestrictViolationError)
        assert table in str(refusal)


@pytest.mark.parametrize("table", PROJECTIONS)
@pytest.mark.parametrize("verb", VERBS)
async def test_the_service_cannot_change_what_a_programme_is_or_reopen_a_member(
    busy: Busy, table: str, verb: str
) -> None:
    async with _as("service", busy) as connection:
        refusal = await _refusal(connection, VERBS[verb].format(table))
        assert isinstance(refusal, asyncpg.InsufficientPrivilegeError)


@pytest.mark.parametrize("table", COUNTERS)
@pytest.mark.parametrize("verb", ["delete", "truncate"])
async def test_the_service_cannot_lose_a_counter(busy: Busy, table: str, verb: str) -> None:
    async with _as("service", busy) as connection:
        refusal = await _refusal(connection, VERBS[verb].format(table))
        assert isinstance(refusal, asyncpg.InsufficientPrivilegeError)


@pytest.mark.parametrize("statement", ["DROP TABLE posting", "CREATE TABLE mine (a int)", "ALTER TABLE posting DISABLE TRIGGER ALL"])  # fmt: skip
async def test_the_service_cannot_change_the_schema(busy: Busy, statement: str) -> None:
    async with _as("service", busy) as connection:
        assert isinstance(await _refusal(connection, statement), asyncpg.InsufficientPrivilegeError)


async def test_the_service_cannot_lower_a_floor(busy: Busy) -> None:
    async with _as("service", busy) as connection:
        refusal = await _refusal(connection, "UPDATE balance SET floor = -1000000 WHERE floor = 0")
        assert isinstance(refusal, asyncpg.InsufficientPrivilegeError)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("ledger_id", "ledger_id + 1"),
        ("lot_no", "lot_no + 1000"),
        ("account_no", "account_no + 1"),
        ("issuer_no", "issuer_no + 1"),
        ("point_type", "'bonus'"),
        ("opened_seq", "opened_seq + 1"),
        ("original", "original + 1"),
        ("earned_at", "earned_at + interval '1 day'"),
        ("expires_at", "expires_at + interval '1 day'"),
        ("parent_no", "1"),
        ("earned_seq", "1"),
    ],
)
async def test_of_a_lot_nothing_changes_but_what_remains(busy: Busy, column: str, value: str) -> None:
    statement = f"UPDATE lot SET {column} = {value} WHERE ledger_id = $1"
    async with _as("service", busy) as connection:
        refusal = await _refusal(connection, statement, busy.ledger_id)
        assert isinstance(refusal, asyncpg.InsufficientPrivilegeError)
    async with _as("owner", busy) as connection:
        refusal = await _refusal(connection, statement, busy.ledger_id)
        assert isinstance(refusal, asyncpg.RestrictViolationError)
        assert refusal.constraint_name == "lot_facts_ck"


@pytest.mark.parametrize("column", ["original_reference", "reference", "key"])
async def test_of_a_refund_that_waits_nothing_changes_but_that_it_is_decided(busy: Busy, column: str) -> None:
    statement = f"UPDATE waiting_refund SET {column} = {column} || '2' WHERE ledger_id = $1"
    async with _as("service", busy) as connection:
        assert isinstance(
            await _refusal(connection, statement, busy.ledger_id), asyncpg.InsufficientPrivilegeError
        )
    async with _as("owner", busy) as connection:
        refusal = await _refusal(connection, statement, busy.ledger_id)
        assert refusal.constraint_name == "waiting_refund_facts_ck"


@pytest.mark.parametrize("column", ["reference", "key", "till"])
async def test_of_an_earn_that_is_parked_nothing_changes_but_that_it_ends(busy: Busy, column: str) -> None:
    statement = f"UPDATE parked_earn SET {column} = {column} || '2' WHERE ledger_id = $1"
    async with _as("service", busy) as connection:
        assert isinstance(
            await _refusal(connection, statement, busy.ledger_id), asyncpg.InsufficientPrivilegeError
        )
    async with _as("owner", busy) as connection:
        refusal = await _refusal(connection, statement, busy.ledger_id)
        assert refusal.constraint_name == "parked_earn_facts_ck"


@pytest.mark.parametrize("table", ["lot", "hold", "debt", "waiting_refund", "parked_earn"])
@pytest.mark.parametrize("verb", ["delete", "truncate"])
async def test_a_lot_a_hold_and_a_debt_are_never_lost(busy: Busy, table: str, verb: str) -> None:
    async with _as("owner", busy) as connection:
        assert isinstance(
            await _refusal(connection, VERBS[verb].format(table)), asyncpg.RestrictViolationError
        )


@pytest.mark.parametrize(
    "change",
    ["seq = seq + 1", "points = points + 1", "wallet_no = 1", "original_seq = 1", "remaining = points"],
)
async def test_of_a_debt_nothing_changes_but_that_it_is_paid(busy: Busy, change: str) -> None:
    async with _as("owner", busy) as connection:
        refusal = await _refusal(connection, f"UPDATE debt SET {change} WHERE ledger_id = $1", busy.ledger_id)
        assert isinstance(refusal, asyncpg.RestrictViolationError)
        assert refusal.constraint_name == "debt_facts_ck"


@pytest.mark.parametrize("column", ["seq", "points", "wallet_no", "partner_no"])
async def test_of_a_hold_nothing_changes_but_that_it_is_resolved(busy: Busy, column: str) -> None:
    statement = f"UPDATE hold SET {column} = {column} + 1 WHERE ledger_id = $1"
    async with _as("service", busy) as connection:
        assert isinstance(
            await _refusal(connection, statement, busy.ledger_id), asyncpg.InsufficientPrivilegeError
        )
    async with _as("owner", busy) as connection:
        refusal = await _refusal(connection, statement, busy.ledger_id)
        # (Its key is also what resolves it points at.)
        assert refusal.constraint_name in ("hold_facts_ck", "hold_end_hold_fk")


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE lot SET remaining = -1, open = false WHERE ledger_id = $1", "lot_remaining_ck"),
        (
            "UPDATE lot SET remaining = original + 1, open = true WHERE ledger_id = $1 AND open",
            "lot_remaining_ck",
        ),
        ("UPDATE lot SET open = NOT open WHERE ledger_id = $1", "lot_open_ck"),
        ("UPDATE lot SET reserved = remaining + 1 WHERE ledger_id = $1", "lot_reserved_ck"),
        ("UPDATE lot SET reserved = -1 WHERE ledger_id = $1", "lot_reserved_ck"),
        (
            "UPDATE balance SET reserved = released + credits - debits + 1 WHERE floor = 0 AND ledger_id = $1",
            "balance_floor_ck",
        ),
        ("UPDATE balance SET released = reserved + 1 WHERE ledger_id = $1", "balance_counters_ck"),
        ("UPDATE hold SET open = true WHERE NOT open AND ledger_id = $1", "hold_facts_ck"),
        (
            "INSERT INTO hold_end SELECT ledger_id, hold_seq, seq + 1000, held, captured FROM hold_end WHERE ledger_id = $1",
            "hold_end_pk",
        ),
        (
            "INSERT INTO hold_end SELECT ledger_id, seq, 1000, points, points + 1 FROM hold WHERE open AND ledger_id = $1",
            "hold_end_captured_ck",
        ),
        (
            "INSERT INTO hold_end SELECT ledger_id, seq, 1000, points + 1, 0 FROM hold WHERE open AND ledger_id = $1",
            "hold_end_hold_fk",
        ),
        (
            "INSERT INTO hold_end SELECT h.ledger_id, h.seq, e.seq, h.points, 0 FROM hold h JOIN hold_end e USING (ledger_id) WHERE h.open AND ledger_id = $1 LIMIT 1",
            "hold_end_seq_uq",
        ),
        ("UPDATE balance SET debits = credits + 1 WHERE floor = 0 AND ledger_id = $1", "balance_floor_ck"),
        (
            "UPDATE balance SET debits = debits + 1 WHERE credit_floor IS NOT NULL AND ledger_id = $1",
            "balance_credit_floor_ck",
        ),
        (_posting().replace("p.wallet_no", "NULL"), "posting_wallet_ck"),
        (
            "INSERT INTO floor_change SELECT ledger_id, 2000, partner_no, floor, parks, 2000, set_by FROM floor_change WHERE ledger_id = $1",
            "floor_change_basis_ck",
        ),
        (
            "UPDATE ledger_head SET waiting_refunds = -1 WHERE ledger_id = $1",
            "ledger_head_waiting_refunds_ck",
        ),
        (
            "UPDATE waiting_refund SET open = true WHERE NOT open AND ledger_id = $1",
            "waiting_refund_facts_ck",
        ),
        ("INSERT INTO waiting_refund SELECT * FROM waiting_refund WHERE ledger_id = $1", "waiting_refund_pk"),
        ("INSERT INTO floor_change SELECT * FROM floor_change WHERE ledger_id = $1", "floor_change_pk"),
        (
            "INSERT INTO floor_change SELECT ledger_id, 2000, partner_no, NULL, true, 0, set_by FROM floor_change WHERE ledger_id = $1",
            "floor_change_parks_ck",
        ),
        ("UPDATE ledger_head SET parked_earns = -1 WHERE ledger_id = $1", "ledger_head_parked_earns_ck"),
        (
            "UPDATE parked_earn SET open = true WHERE NOT open AND ledger_id = $1",
            "parked_earn_facts_ck",
        ),
        ("INSERT INTO parked_earn SELECT * FROM parked_earn WHERE ledger_id = $1", "parked_earn_pk"),
        # What was parked once ends once.
        (
            """INSERT INTO posting SELECT seq + 100000, points, balance_after, amount, occurred_at, recorded_at, expires_at, debit_no,
            credit_no, wallet_no, partner_no, ledger_id, NULL, original_seq, gen_random_uuid(), 'unpark', NULL, NULL, NULL, NULL, NULL
            FROM posting WHERE ledger_id = $1 AND kind = 'earn' AND original_seq IS NOT NULL""",
            "posting_parked_uq",
        ),
        ("UPDATE balance SET credits = -1 WHERE floor IS NULL AND ledger_id = $1", "balance_counters_ck"),
        ("INSERT INTO posting SELECT * FROM posting WHERE ledger_id = $1", "posting_pk"),
        ("INSERT INTO decision SELECT * FROM decision WHERE ledger_id = $1", "decision_pk"),
        ("INSERT INTO event_log SELECT * FROM event_log WHERE ledger_id = $1", "event_log_pk"),
        ("INSERT INTO cut SELECT ledger_id, boundary, last_seq + 1 FROM cut WHERE ledger_id = $1", "cut_pk"),
        (_posting(key="p.key"), "posting_key_uq"),
        (_posting(reference="p.reference"), "posting_reference_uq"),
        (_posting(key="NULL"), "posting_key_ck"),
        (_refund(before="r.given_before"), "refund_before_uq"),
        (_refund(no="r.no"), "refund_no_uq"),
        (_refund(before="r.whole"), "refund_given_ck"),
        (_refund(returned="-1"), "refund_parts_ck"),
        (_posting(amount="-1"), "posting_amount_ck"),
        (_posting(amount="0"), "posting_legs_ck"),
        (_posting(credit="NULL"), "posting_legs_ck"),
        (_posting(words="p.salt, NULL"), "posting_words_ck"),
        (_posting(words="p.salt, p.salt"), "posting_words_ck"),
        (_posting(words="p.words_hash, p.words_hash"), "posting_words_ck"),
        (_batch(hashed="leaves", leaves="leaves"), "batch_hash_ck"),
        (_batch(leaves="substr(leaves, 2)"), "batch_leaves_ck"),
        ("INSERT INTO batch SELECT * FROM batch WHERE ledger_id = $1", "batch_pk"),
        (_posting(credit="p.debit_no"), "posting_legs_ck"),
        (
            """INSERT INTO decision SELECT ledger_id, partner_no, key || '2', batch_no, item_no, content_hash, NULL
            FROM decision WHERE ledger_id = $1""",
            "decision_outcome_ck",
        ),
        # What is answered in one of the two tables is not answered in the other as well.
        (
            """INSERT INTO decision SELECT ledger_id, partner_no, key, 1, 0, content_hash, seq
            FROM posting WHERE ledger_id = $1 AND key IS NOT NULL""",
            "key_answered_once_ck",
        ),
        (
            _posting(
                key="(SELECT key FROM decision WHERE ledger_id = $1 AND partner_no = p.partner_no LIMIT 1)"
            ),
            "key_answered_once_ck",
        ),
    ],
)
async def test_a_row_that_cannot_be_is_refused_by_name(busy: Busy, statement: str, constraint: str) -> None:
    for role in ("service", "owner"):
        async with _as(role, busy) as connection:
            refusal = await _refusal(connection, statement, busy.ledger_id)
            assert refusal.constraint_name == constraint


async def test_a_batch_decided_on_a_head_that_has_moved_is_not_written(busy: Busy) -> None:
    """The second half of the door checks the lock's promise, should anybody ever write without it."""
    async with _as("service", busy) as connection:
        types = [
            str(row[0])
            for row in await connection.fetch(
                """SELECT format_type(t, NULL) FROM pg_proc, unnest(proargtypes) WITH ORDINALITY a (t, no)
                WHERE proname = 'ledger_write' ORDER BY no"""
            )
        ]
        # Nothing to write, from seq 0 and batch 0 on.
        values = [
            "ARRAY[]::" + name if name.endswith("[]") else ("1" if place == 4 else "0") + f"::{name}"
            for place, name in enumerate(types)
        ]
        values[0] = f"{busy.ledger_id}::smallint"
        refusal = await _refusal(connection, f"SELECT ledger_write({', '.join(values)})")
        assert isinstance(refusal, asyncpg.SerializationError)


async def test_a_ledger_that_is_not_open_has_no_door(busy: Busy) -> None:
    async with _as("service", busy) as connection:
        types = [
            str(row[0])
            for row in await connection.fetch(
                """SELECT format_type(t, NULL) FROM pg_proc, unnest(proargtypes) WITH ORDINALITY a (t, no)
                WHERE proname = 'ledger_open' ORDER BY no"""
            )
        ]
        values = ["32000::smallint", *(f"NULL::{name}" for name in types[1:])]
        refusal = await _refusal(connection, f"SELECT * FROM ledger_open({', '.join(values)})")
        assert isinstance(refusal, asyncpg.NoDataFoundError)


async def test_a_member_has_one_wallet_and_a_partner_one_account_of_each_kind(busy: Busy) -> None:
    async with _as("service", busy) as connection:
        refusal = await _refusal(
            connection,
            "INSERT INTO account SELECT ledger_id, account_no + 1000, kind, owner_id FROM account WHERE ledger_id = $1",
            busy.ledger_id,
        )
        assert refusal.constraint_name == "account_owner_uq"
        refusal = await _refusal(
            connection, "INSERT INTO account VALUES ($1, 1000, 'cash box', $2)", busy.ledger_id, new_id()
        )
        assert refusal.constraint_name == "account_kind_ck"
