"""What the database itself refuses, whoever asks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from uuid import UUID

import asyncpg
import pytest

from tests.support.servers import ServiceDatabase

PARTNER = UUID(int=7)
APPEND_ONLY = (
    "programme", "partner", "store", "staff", "staff_role", "rate_version", "legal_entity", "store_entity", "partner_role_version", "rated_entry", "net", "matrix_cell",
    "statement", "statement_line", "event_log", "checkpoint", "partner_tree", "booking", "rerate", "payment_terms_version", "operator_account_version",
    "tax_version", "tax_rule", "operator_version",
    "lot_movement",
    "settlement_run", "run_position", "run_step", "run_statement", "document", "money_journal", "money_entry", "payment",
    "payment_event", "payment_reminder", "bank_file", "bank_message", "bank_statement", "bank_item", "bank_break", "statement_gap",
    "break_event",
    "partner_standing_version", "buy_out",
    "dispute_terms_version", "dispute", "dispute_event",
    "prefunding", "run_prefunding", "prefunding_movement", "quota_version",
    "api_key_roll", "api_key_addresses", "api_version_pin",
)  # fmt: skip
_FILLED = f"""
INSERT INTO programme VALUES (1, 'demo', 'Demo', 'UTC', 'EUR', true, '2017-01-01Z', 'months_after_earn', 24, NULL, NULL, 30, now(), 'test');
INSERT INTO rating_head (ledger_id) VALUES (1);
INSERT INTO window_head (ledger_id) VALUES (1);
INSERT INTO partner VALUES (1, '{PARTNER}', 'grocer', 'Grocer', 'active', now(), 'test', 1);
INSERT INTO clearing_window (ledger_id, number, starts_at, ends_at, first_seq, last_seq, state, closed_at)
VALUES (1, 1, '2017-01-01Z', '2017-01-02Z', 1, 10, 'closed', '2017-01-02Z');
"""
_WINDOW = """
INSERT INTO clearing_window (ledger_id, number, starts_at, ends_at, first_seq, last_seq, state, closed_at)
VALUES (1, $1, $2::text::timestamptz, $3::text::timestamptz, $4, $5, 'closed', $3::text::timestamptz)
"""
_CHECKPOINT = """
INSERT INTO checkpoint (ledger_id, window_number, batch_no, record, leaf_hash, note)
VALUES (1, $1, 0, '{}', sha256('\\x00'::bytea || convert_to('{}', 'UTF8')), E'plaza\\n1\\nroot\\n\\n— plaza signature\\n')
"""
_TREE = """
INSERT INTO partner_tree VALUES (1, $1, $2, $3, $4, sha256(''), 1, 2, 3, 4, $5, sha256(''))
"""
_ENTRY = """
INSERT INTO rated_entry (ledger_id, seq, line, kind, partner_id, issuer_id, lot_no, points, price_micros,
    amount_micros, effective_at, undoes_seq, entity)
VALUES (1, 2, 1, $1, $2, $2, $3, $4, $5, $6, now(), CASE WHEN $1 IN ('reversed', 'returned') THEN 1 END,
    CASE WHEN $2::uuid IS NULL THEN 0 ELSE 1 END)
"""

Connection = asyncpg.Connection


@pytest.fixture
async def admin(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[Connection]:
    """The owner's own rights, in a transaction that is rolled back, on a few rows."""
    connection = await asyncpg.connect(database_for("partners").admin_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(_FILLED)
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.fixture
async def service(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[Connection]:
    """The run-time role, in a transaction that is rolled back."""
    connection = await asyncpg.connect(database_for("partners").runtime_url)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET {column} = {column}", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
async def test_nobody_changes_what_is_written_once(admin: Connection, table: str, change: str) -> None:
    column = await admin.fetchval(
        "SELECT column_name FROM information_schema.columns WHERE table_name = $1 LIMIT 1", table
    )
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(change.format(table, column=column))


@pytest.mark.parametrize("table", [*APPEND_ONLY, "api_key", "clearing_window", "rating_head", "window_head"])
async def test_the_service_has_no_right_to_delete(service: Connection, table: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(f"DELETE FROM {table}")


@pytest.mark.parametrize(
    ("table", "column"),
    [
        *((table, "ledger_id") for table in ("rated_entry", "net", "statement", "rate_version", "programme")),
        ("clearing_window", "last_seq"),
        ("api_key", "scopes"),
        ("staff_role", "assigned"),
        ("partner_settled", "open_minor"),
    ],
)
async def test_the_service_has_no_right_to_edit(service: Connection, table: str, column: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(f"UPDATE {table} SET {column} = {column}")


async def test_what_was_paid_is_written_by_journals_alone(service: Connection) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(f"INSERT INTO partner_settled VALUES (1, '{PARTNER}', 0, 0)")


@pytest.mark.parametrize(
    ("window", "constraint"),
    [
        ((2, "2017-01-02Z", "2017-01-09Z", 12, 20), "clearing_window_tiles_fk"),
        ((2, "2017-01-02Z", "2017-01-09Z", 10, 20), "clearing_window_tiles_fk"),
        ((2, "2017-01-03Z", "2017-01-09Z", 11, 20), "clearing_window_tiles_fk"),
        ((3, "2017-01-02Z", "2017-01-09Z", 11, 20), "clearing_window_tiles_fk"),
        ((2, "2017-01-02Z", "2017-01-02Z", 11, 20), "clearing_window_time_ck"),
        ((2, "2017-01-02Z", "2017-01-09Z", 11, 9), "clearing_window_range_ck"),
        ((1, "2017-01-02Z", "2017-01-09Z", 1, 9), "clearing_window_pk"),
        ((0, "2017-01-02Z", "2017-01-09Z", 11, 20), "clearing_window_number_ck"),
    ],
)
async def test_windows_tile_the_journal_and_time_without_gap_or_overlap(
    admin: Connection, window: tuple[int, str, str, int, int], constraint: str
) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await admin.execute(_WINDOW, *window)
    assert refused.value.constraint_name in (constraint, "clearing_window_first_ck")


async def test_a_window_that_follows_is_taken_and_an_empty_one_too(admin: Connection) -> None:
    await admin.execute(_WINDOW, 2, "2017-01-02Z", "2017-01-09Z", 11, 10)
    await admin.execute(_WINDOW, 3, "2017-01-09Z", "2017-01-16Z", 11, 12)


@pytest.mark.parametrize(
    "change",
    ["state = 'stated'", "state = 'closed'", "last_seq = 11, state = 'aggregated'", "ends_at = now()"],
)
async def test_a_closed_window_only_moves_on_a_step_at_a_time(admin: Connection, change: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as refused:
        await admin.execute(f"UPDATE clearing_window SET {change} WHERE number = 1")
    assert refused.value.sqlstate in ("23001", "23503")


async def test_a_window_becomes_aggregated_and_then_stated(admin: Connection) -> None:
    await admin.execute("UPDATE clearing_window SET state = 'aggregated' WHERE number = 1")
    with pytest.raises(asyncpg.RestrictViolationError, match="has no checkpoint"):
        async with admin.transaction():
            await admin.execute("UPDATE clearing_window SET state = 'stated' WHERE number = 1")
    await admin.execute(_CHECKPOINT, 1)
    await admin.execute("UPDATE clearing_window SET state = 'stated' WHERE number = 1")
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute("UPDATE clearing_window SET state = 'aggregated' WHERE number = 1")


@pytest.mark.parametrize(
    "entry",
    [
        ("issued", PARTNER, 1, 10, 100, 999),
        ("issued", PARTNER, None, 10, 100, 1_000),
        ("issued", PARTNER, 1, 0, 100, 0),
        ("reversed", PARTNER, None, 10, 100, 1_000),
        ("reversed", PARTNER, None, 10, 100, -999),
        ("reversed", PARTNER, None, 0, 100, 0),
        ("reversed", PARTNER, 1, 10, 100, -1_000),
        ("reversed", None, None, 10, 100, -1_000),
        ("burned", PARTNER, None, 10, 100, 1_000),
        ("returned", PARTNER, None, 10, 100, -1_000),
        ("returned", PARTNER, None, 10, 100, 999),
        ("returned", PARTNER, None, 0, 100, 0),
        ("returned", PARTNER, 1, 10, 100, 1_000),
        ("returned", None, None, 10, 100, 1_000),
        ("nothing", PARTNER, None, 0, 0, 0),
        ("nothing", None, None, 1, 0, 0),
        ("invented", PARTNER, 1, 10, 100, 1_000),
        ("issued", None, 1, 10, 100, 1_000),
    ],
)
async def test_an_entry_whose_amount_is_not_points_times_price_is_refused(
    admin: Connection, entry: tuple[object, ...]
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await admin.execute(_ENTRY, *entry)


@pytest.mark.parametrize(
    ("kind", "lot", "amount"),
    [("issued", 1, 1_000), ("reversed", None, -1_000), ("burned", None, -1_000), ("returned", None, 1_000)],
)
async def test_an_entry_of_each_kind_has_the_sign_of_who_owes(
    admin: Connection, kind: str, lot: int | None, amount: int
) -> None:
    await admin.execute(_ENTRY, kind, PARTNER, lot, 10, 100, amount)


async def test_what_is_reversed_is_the_partners_own(admin: Connection) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await admin.execute(
            _ENTRY.replace("$2, $2", "$2, gen_random_uuid()"), "reversed", PARTNER, None, 1, 1, -1
        )


@pytest.mark.parametrize("cell", [(0, 0, 0, 0), (-1, 0, 2, 0), (2, 0, -1, 0), (1, -1, 0, 0), (0, 0, 1, -1)])
async def test_a_cell_of_the_matrix_has_points_burned_or_returned_and_none_below_zero(
    admin: Connection, cell: tuple[int, ...]
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await admin.execute("INSERT INTO matrix_cell VALUES (1, 1, $1, $1, $2, $3, $4, $5)", PARTNER, *cell)


async def test_a_cell_of_the_matrix_may_have_points_returned_alone(admin: Connection) -> None:
    await admin.execute("INSERT INTO matrix_cell VALUES (1, 1, $1, $1, 0, 0, 3, 30)", PARTNER)


async def test_a_posting_is_rated_once(admin: Connection) -> None:
    await admin.execute(_ENTRY, "issued", PARTNER, 1, 10, 100, 1_000)
    with pytest.raises(asyncpg.UniqueViolationError):
        await admin.execute(_ENTRY, "issued", PARTNER, 1, 10, 100, 1_000)


@pytest.mark.parametrize(
    ("exact", "carry_in", "net_minor", "carry_out"),
    [(10_000, 0, 1, 1), (15_001, 0, 1, 5_001), (0, 0, 1, -10_000)],
)
async def test_a_net_that_does_not_add_up_or_carries_too_much_is_refused(
    admin: Connection, exact: int, carry_in: int, net_minor: int, carry_out: int
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await admin.execute(
            "INSERT INTO net VALUES (1, 1, $1, 0, 0, 0, 0, $2, $3, $4, $5)",
            PARTNER, exact, carry_in, net_minor, carry_out,
        )  # fmt: skip


async def test_a_statement_has_a_net_and_a_partner(admin: Connection) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await admin.execute(
            "INSERT INTO statement VALUES (1, gen_random_uuid(), 1, $1, 1, 'EUR', 0, 0, 0, 0, 0, 0, 0, 0, 0, now(), "
            "now() + interval '1 day')",
            PARTNER,
        )


async def aggregated(admin: Connection) -> None:
    await admin.execute("UPDATE clearing_window SET state = 'aggregated' WHERE number = 1")


async def test_a_window_is_proved_between_its_nets_and_its_statements_and_only_once(
    admin: Connection,
) -> None:
    with pytest.raises(asyncpg.RestrictViolationError) as early:
        async with admin.transaction():
            await admin.execute(_CHECKPOINT, 1)
    assert early.value.constraint_name == "checkpoint_aggregated_ck"
    await aggregated(admin)
    await admin.execute(_CHECKPOINT, 1)
    await admin.execute(_TREE, 1, PARTNER, 0, bytes(32), 5)
    with pytest.raises(asyncpg.UniqueViolationError):
        async with admin.transaction():
            await admin.execute(_CHECKPOINT, 1)
    await admin.execute("UPDATE clearing_window SET state = 'stated' WHERE number = 1")
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(_TREE, 1, UUID(int=8), 1, bytes(32), 5)


async def test_the_log_has_no_record_before_that_of_the_window_before(admin: Connection) -> None:
    await admin.execute(_WINDOW, 2, "2017-01-02Z", "2017-01-09Z", 11, 10)
    await admin.execute("UPDATE clearing_window SET state = 'aggregated' WHERE number = 2")
    with pytest.raises(asyncpg.ForeignKeyViolationError) as refused:
        await admin.execute(_CHECKPOINT, 2)
    assert refused.value.constraint_name == "checkpoint_prior_fk"


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ((-1, bytes(32), 5), "partner_tree_place_ck"),
        ((0, bytes(31), 5), "partner_tree_hashes_ck"),
        ((0, bytes(32), -1), "partner_tree_sums_ck"),
    ],
)
async def test_a_tree_has_whole_hashes_and_no_sum_below_zero(
    admin: Connection, values: tuple[int, bytes, int], constraint: str
) -> None:
    await aggregated(admin)
    await admin.execute(_CHECKPOINT, 1)
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await admin.execute(_TREE, 1, PARTNER, *values)
    assert refused.value.constraint_name == constraint


async def test_the_hash_in_the_log_is_that_of_the_record(admin: Connection) -> None:
    await aggregated(admin)
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await admin.execute(_CHECKPOINT.replace("convert_to('{}'", "convert_to('{ }'"), 1)
    assert refused.value.constraint_name == "checkpoint_leaf_ck"


_RERATE = """
INSERT INTO rerate (ledger_id, number, partner_id, version, valid_from, as_of_seq, entries, points, micros, known_from_seq,
    window_number, draft_id)
VALUES (1, 1, $1, 1, '2017-01-01Z', 9, 1, 1, 1, 10, $2, gen_random_uuid())
"""
_BOOKING = """
INSERT INTO booking (ledger_id, window_number, number, kind, partner_id, amount_micros, point_type, points, price_micros,
    rerate_number, of_seq, of_line)
VALUES (1, $1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


async def test_nothing_is_re_rated_in_a_window_but_the_open_one(admin: Connection) -> None:
    await admin.execute("UPDATE window_head SET last_number = 1")
    for window in (1, 3):
        with pytest.raises(asyncpg.RestrictViolationError):
            async with admin.transaction():
                await admin.execute(_RERATE, PARTNER, window)
    # In the open one it takes an approved draft.
    await admin.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await admin.execute(_RERATE, PARTNER, 2)


async def test_nothing_is_booked_in_a_window_that_has_its_nets(admin: Connection) -> None:
    fee = ("cycle_fee", PARTNER, 5, None, 0, 5, None, None, None)
    await admin.execute(_BOOKING, 1, *fee)
    await aggregated(admin)
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(_BOOKING.replace("$1, 1,", "$1, 2,"), 1, *fee)


@pytest.mark.parametrize(
    "booked",
    [
        ("cycle_fee", PARTNER, 5, None, 0, 4, None, None, None),
        ("cycle_fee", PARTNER, 5, None, 0, 5, 1, 1, 1),
        ("adjustment_fees", PARTNER, -5, None, 0, -5, None, None, None),
        ("issued_difference", PARTNER, 11, "base", 2, 5, 1, 1, 1),
        ("issued_difference", PARTNER, 10, "base", 2, 5, 1, 1, None),
        ("issued_difference", PARTNER, 10, None, 2, 5, 1, 1, 1),
        ("burned_difference", PARTNER, 10, "base", 2, 5, 1, 1, 1),
        ("released_difference", PARTNER, 10, "base", 2, 5, 1, 1, 1),
        ("fee_difference", PARTNER, 10, None, 0, 5, 1, 1, 1),
        ("issued", PARTNER, 10, "base", 2, 5, 1, 1, 1),
    ],
)
async def test_a_booking_is_points_times_what_their_price_differs_by(
    admin: Connection, booked: tuple[object, ...]
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await admin.execute(_BOOKING, 2, *booked)
