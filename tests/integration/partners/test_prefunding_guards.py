"""What the database itself refuses of money that is paid ahead, whoever asks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from uuid import UUID

import asyncpg
import pytest

from tests.support.servers import ServiceDatabase

PARTNER = UUID(int=7)
_FILLED = f"""
INSERT INTO programme VALUES (1, 'demo', 'Demo', 'UTC', 'EUR', true, '2017-01-01Z', 'months_after_earn', 24, NULL, NULL, 30, now(), 'test');
INSERT INTO partner VALUES (1, '{PARTNER}', 'grocer', 'Grocer', 'active', now(), 'test', 1);
INSERT INTO legal_entity (ledger_id, partner_id, number, name, added_by) VALUES (1, '{PARTNER}', 1, 'Grocer', 'test');
"""
_ORDER = """
INSERT INTO prefunding (ledger_id, partner_id, number, entity, turn, amount_minor, why, at, set_by)
VALUES (1, $1, $2, $3, $4, $5, 'why', now(), 'me')
"""
_RUNS = """
ALTER TABLE settlement_run DROP CONSTRAINT settlement_run_draft_fk, DROP CONSTRAINT settlement_run_window_fk;
INSERT INTO settlement_run (ledger_id, number, until_window, draft_id, sha256, drafted_at, drafted_by)
VALUES (1, 1, 1, gen_random_uuid(), sha256(''), now(), 'me'), (1, 2, 1, gen_random_uuid(), sha256(''), now(), 'me');
"""
_POSITION = """
INSERT INTO run_position (ledger_id, run_number, partner_id, statements_minor, documents_minor, tax_minor,
    brought_forward_minor, prefunding_minor, set_off_minor, outcome, why)
VALUES (1, $2, $1, 0, 0, 0, 0, $3, $4, $5, '')
"""
_MOVEMENT = "INSERT INTO prefunding_movement VALUES (1, $2, $1, 1, $3, $4)"

Connection = asyncpg.Connection


@pytest.fixture
async def admin(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[Connection]:
    """The owner's own rights, in a transaction that is rolled back, with a partner and two runs."""
    connection = await asyncpg.connect(database_for("partners").admin_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(_FILLED)
    await connection.execute(_RUNS)
    yield connection
    await transaction.rollback()
    await connection.close()


async def test_orders_that_are_whole_are_taken_one_after_the_other(admin: Connection) -> None:
    for number, turn, amount in ((1, "asked", 500), (2, "given_back", -100), (3, "used", -400)):
        await admin.execute(_ORDER, PARTNER, number, 1, turn, amount)


@pytest.mark.parametrize(
    ("number", "entity", "turn", "amount", "constraint"),
    [
        (2, 1, "asked", 5, "prefunding_prior_fk"),
        (0, 1, "asked", 5, "prefunding_number_ck"),
        (1, 2, "asked", 5, "prefunding_entity_fk"),
        (1, 1, "asked", -5, "prefunding_amount_ck"),
        (1, 1, "asked", 0, "prefunding_amount_ck"),
        (1, 1, "given_back", 5, "prefunding_amount_ck"),
        (1, 1, "used", 5, "prefunding_amount_ck"),
        (1, 1, "asked", 10**11, "prefunding_amount_ck"),
        (1, 1, "lost", 5, "prefunding_amount_ck"),
    ],
)
async def test_an_order_that_is_not_whole_is_refused(
    admin: Connection, number: int, entity: int, turn: str, amount: int, constraint: str
) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await admin.execute(_ORDER, PARTNER, number, entity, turn, amount)
    assert refused.value.constraint_name == constraint


async def test_in_a_live_programme_an_order_takes_a_draft_that_was_approved(admin: Connection) -> None:
    await admin.execute("ALTER TABLE programme DISABLE TRIGGER ALL; UPDATE programme SET is_test = false")
    with pytest.raises(asyncpg.RestrictViolationError) as refused:
        await admin.execute(_ORDER, PARTNER, 1, 1, "asked", 5)
    assert refused.value.constraint_name == "prefunding_two_people_ck"


async def test_an_order_is_taken_by_one_run(admin: Connection) -> None:
    await admin.execute(_ORDER, PARTNER, 1, 1, "asked", 5)
    await admin.execute("INSERT INTO run_prefunding VALUES (1, $1, 1, 1)", PARTNER)
    with pytest.raises(asyncpg.UniqueViolationError) as refused:
        await admin.execute("INSERT INTO run_prefunding VALUES (1, $1, 1, 2)", PARTNER)
    assert refused.value.constraint_name == "run_prefunding_pk"


@pytest.mark.parametrize(("turn", "amount"), [("used", -501), ("given_back", -501)])
async def test_less_than_nothing_is_never_held(admin: Connection, turn: str, amount: int) -> None:
    await admin.execute("SET CONSTRAINTS prefunding_movement_held IMMEDIATE")
    await admin.execute(_POSITION, PARTNER, 1, 500, 0, "invoice")
    await admin.execute(_MOVEMENT, PARTNER, 1, "asked", 500)
    await admin.execute(_POSITION, PARTNER, 2, -501, 0, "pay")
    with pytest.raises(asyncpg.RestrictViolationError) as refused:
        await admin.execute(_MOVEMENT, PARTNER, 2, turn, amount)
    assert refused.value.constraint_name == "prefunding_movement_held_ck"


async def test_a_position_is_due_with_what_is_asked_for_less_what_is_set_off(admin: Connection) -> None:
    await admin.execute(_POSITION, PARTNER, 1, 500, 100, "invoice")
    assert await admin.fetchval("SELECT due_minor FROM run_position WHERE ledger_id = 1") == 400
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await admin.execute(_POSITION, PARTNER, 2, 500, -1, "invoice")
    assert refused.value.constraint_name == "run_position_set_off_ck"
