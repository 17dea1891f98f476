"""The checker can fail: a fault of every kind is planted past all guards, and the right invariant is named."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.points.storage.proofs import PROOFS, prepare, prove
from services.runtime.database import PgConnection
from tests.integration.points.busy import Busy, make_busy
from tests.support.points_database import as_superuser

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Statements see the ledger as {l}. Accounts: those of members in the order they were made.
FIRST_WALLET = "(SELECT min(account_no) FROM account WHERE ledger_id = {l} AND kind = 'wallet')"
# Two earns of one member at one partner: the points of one more, of the other less, and the accounts stay the same.
TWO_EARNS = """(SELECT array_agg(seq ORDER BY seq) FROM (
    SELECT seq FROM posting WHERE ledger_id = {l} AND kind = 'earn' AND points > 0 AND (wallet_no, partner_no) IN (
        SELECT wallet_no, partner_no FROM posting WHERE ledger_id = {l} AND kind = 'earn' AND points > 0
        GROUP BY 1, 2 HAVING count(*) > 1
    ) ORDER BY wallet_no, seq LIMIT 2) two)"""
ONE_OF = "(SELECT {what} FROM {table} WHERE ledger_id = {{l}} AND {where} ORDER BY {what} {order} LIMIT 1)"


def _one(what: str, table: str, where: str = "true", order: str = "ASC") -> str:
    return ONE_OF.format(what=what, table=table, where=where, order=order)


BURN, LAPSE = _one("seq", "posting", "kind = 'redeem'"), _one("seq", "posting", "kind = 'expire'")
LAST_BURN = _one("seq", "posting", "kind = 'redeem'", "DESC")
LAST_POS = _one("pos", "event_log", order="DESC")
KEY = _one("key", "posting", f"seq = {BURN}")
CAPTURE, VOID = _one("seq", "posting", "kind = 'capture'"), _one("seq", "posting", "kind = 'void'")
HELD = _one("seq", "hold", "open")

# What is done past all guards → the invariants that no longer hold.
FAULTS: dict[str, tuple[str, set[int]]] = {
    "points moved from one posting to another of the same accounts": (
        f"""UPDATE posting SET amount = amount + CASE seq WHEN ({TWO_EARNS})[1] THEN 1 ELSE -1 END
        WHERE ledger_id = {{l}} AND seq = ANY ({TWO_EARNS}::bigint[])""",
        {1},
    ),
    "a leg on another member's wallet": (
        f"""UPDATE posting SET credit_no = (SELECT max(account_no) FROM account WHERE ledger_id = {{l}} AND kind = 'wallet')
        WHERE ledger_id = {{l}} AND seq = 1 AND credit_no = {FIRST_WALLET}""",
        {1, 2, 3},
    ),
    "one leg of two": (
        "ALTER TABLE posting DROP CONSTRAINT posting_legs_ck; UPDATE posting SET debit_no = NULL WHERE ledger_id = {l} AND seq = 1",
        {1, 2},
    ),
    "a posting of an account that is no wallet": (
        f"""UPDATE posting SET wallet_no = {_one("account_no", "account", "kind = 'expiry'")} WHERE ledger_id = {{l}} AND points = 0
        AND kind = 'earn'""",
        {1, 2, 8},
    ),
    "a posting asked for by an account that issues nothing": (
        f"""UPDATE posting SET partner_no = {_one("account_no", "account", "kind = 'redemption'")} WHERE ledger_id = {{l}} AND seq = {BURN}""",
        {1},
    ),
    "a posting's points": (f"UPDATE posting SET points = points - 1 WHERE ledger_id = {{l}} AND seq = {BURN}", {1, 2, 5}),
    "a counter": ("UPDATE balance SET debits = debits + 1 WHERE ledger_id = {l} AND floor IS NULL", {1, 2}),
    "both counters of an account": (
        f"UPDATE balance SET debits = debits + 1, credits = credits + 1 WHERE ledger_id = {{l}} AND account_no = {FIRST_WALLET}",
        {2},
    ),
    "a balance row lost, while another ledger has the same account number": (
        """DELETE FROM balance WHERE ledger_id = {l} AND account_no = (
            SELECT account_no FROM balance WHERE ledger_id = {l} AND floor = 0 AND debits = credits AND debits > 0 LIMIT 1)""",
        {2, 4},
    ),
    "a balance after a posting": (
        f"UPDATE posting SET balance_after = balance_after + 1 WHERE ledger_id = {{l}} AND seq = {BURN}",
        {2},
    ),
    "a floor raised above what was once there": (
        """UPDATE balance b SET floor = 13 FROM account a WHERE b.ledger_id = {l} AND a.ledger_id = b.ledger_id
        AND a.account_no = b.account_no AND a.kind = 'redemption' AND b.credits = 18""",
        {3},
    ),
    "a wallet without a floor": (
        f"UPDATE balance SET floor = NULL WHERE ledger_id = {{l}} AND account_no = {FIRST_WALLET}",
        {3},
    ),
    "a hold resolved twice": (
        f"""ALTER TABLE hold_end DROP CONSTRAINT hold_end_pk; INSERT INTO hold_end
        SELECT ledger_id, hold_seq, {VOID} + 1000, held, captured FROM hold_end WHERE ledger_id = {{l}} AND seq = {VOID}""",
        {4},
    ),
    "a hold that nothing resolved any more": (f"DELETE FROM hold_end WHERE ledger_id = {{l}} AND seq = {VOID}", {4}),
    "an open hold made a resolved one": (f"UPDATE hold SET open = false WHERE ledger_id = {{l}} AND seq = {HELD}", {4}),
    "a resolved hold made an open one": (
        "UPDATE hold SET open = true WHERE ledger_id = {l} AND NOT open",
        {4},
    ),
    "more captured than held": (
        f"""ALTER TABLE hold_end DROP CONSTRAINT hold_end_captured_ck;
        UPDATE hold_end SET captured = held + 1 WHERE ledger_id = {{l}} AND seq = {CAPTURE}""",
        {4},
    ),
    "less captured than was taken": (
        f"UPDATE hold_end SET captured = captured - 1 WHERE ledger_id = {{l}} AND seq = {CAPTURE}",
        {4},
    ),
    "the points of a hold": (f"UPDATE hold SET points = points + 1 WHERE ledger_id = {{l}} AND seq = {HELD}", {4}),
    "the wallet of a hold": (f"UPDATE hold SET wallet_no = wallet_no + 1 WHERE ledger_id = {{l}} AND seq = {HELD}", {3, 4}),
    "a hold without its posting": (
        f"UPDATE posting SET kind = 'void' WHERE ledger_id = {{l}} AND seq = {HELD}",
        {4, 8},
    ),
    "a capture after the hold's time": (
        """UPDATE posting SET expires_at = recorded_at - interval '1 day' WHERE ledger_id = {l} AND kind = 'hold';
        UPDATE hold h SET expires_at = p.recorded_at - interval '1 day' FROM posting p WHERE h.ledger_id = {l} AND p.ledger_id = h.ledger_id AND p.seq = h.seq""",
        {4},
    ),
    "a hold that ran out before its time": (
        """UPDATE posting SET expires_at = expires_at + interval '1000 days' WHERE ledger_id = {l} AND kind = 'hold';
        UPDATE hold SET expires_at = expires_at + interval '1000 days' WHERE ledger_id = {l}""",
        {4},
    ),
    "a reservation lost": (f"DELETE FROM hold_lot WHERE ledger_id = {{l}} AND hold_seq = {HELD}", {4}),
    "points reserved that no hold asked for": (
        "UPDATE lot SET reserved = reserved + 1 WHERE ledger_id = {l} AND remaining > reserved",
        {4},
    ),
    "points reserved that are free": ("UPDATE lot SET reserved = 0 WHERE ledger_id = {l} AND reserved > 0", {4}),
    "a capture from another lot than its hold's": (
        f"UPDATE hold_lot SET lot_no = lot_no + 1000 WHERE ledger_id = {{l}} AND hold_seq <> {HELD}",
        {4},
    ),
    "a counter of what is reserved": (
        f"UPDATE balance SET reserved = reserved + 1 WHERE ledger_id = {{l}} AND account_no = {FIRST_WALLET}",
        {4},
    ),
    "a counter of what is released": (
        "ALTER TABLE balance DROP CONSTRAINT balance_floor_ck; UPDATE balance SET released = released - 1 WHERE ledger_id = {l} AND released > 0",
        {4},
    ),
    "points lost from a lot": (
        "UPDATE lot SET remaining = remaining - 1 WHERE ledger_id = {l} AND remaining > 1",
        {5},
    ),
    "an original": ("UPDATE lot SET original = original + 1 WHERE ledger_id = {l} AND lot_no = 1", {5}),
    "the issuer of a lot": ("UPDATE lot SET issuer_no = issuer_no + 1 WHERE ledger_id = {l} AND lot_no = 1", {5}),
    "the expiry of a lot": (
        "UPDATE lot SET expires_at = expires_at + interval '1 day' WHERE ledger_id = {l} AND lot_no = 1",
        {5},
    ),
    "the time of a lot's earn": (
        "UPDATE lot SET earned_at = earned_at - interval '1 day' WHERE ledger_id = {l} AND lot_no = 1",
        {5},
    ),
    "a use by another posting": (
        f"UPDATE lot_use SET seq = {LAPSE} WHERE ledger_id = {{l}} AND seq = {LAST_BURN}",
        {5},
    ),
    "a use lost": (f"DELETE FROM lot_use WHERE ledger_id = {{l}} AND seq = {BURN}", {5}),
    "a lot lost with its uses": (
        "WITH gone AS (DELETE FROM lot_use WHERE ledger_id = {l} AND lot_no = 1) DELETE FROM lot WHERE ledger_id = {l} AND lot_no = 1",
        {5},
    ),
    "a key lost": (
        f"ALTER TABLE posting DROP CONSTRAINT posting_key_ck; UPDATE posting SET key = NULL WHERE ledger_id = {{l}} AND seq = {BURN}",
        {6},
    ),
    "a key answered in both tables": (
        f"INSERT INTO decision SELECT ledger_id, partner_no, key, 1, 0, content_hash, seq FROM posting WHERE ledger_id = {{l}} AND key = {KEY}",
        {6},
    ),
    "a key that points at another posting": (
        "UPDATE decision SET seq = 1 WHERE ledger_id = {l} AND key = 'b'",
        {6},
    ),
    "a key that points at a lapse": (
        f"UPDATE decision SET seq = {LAPSE} WHERE ledger_id = {{l}} AND key = 'b'",
        {6},
    ),
    "a key that points at nothing": ("UPDATE decision SET seq = 999 WHERE ledger_id = {l} AND key = 'b'", {6}),
    "a key with two answers": (
        "ALTER TABLE decision DROP CONSTRAINT decision_pk; INSERT INTO decision SELECT * FROM decision WHERE ledger_id = {l} AND key = 'b'",
        {6},
    ),
    "a key of a batch that is not there": ("UPDATE decision SET batch_no = 999 WHERE ledger_id = {l} AND key = 'b'", {6}),
    "a reference accepted twice": (
        f"""DROP INDEX posting_reference_uq; UPDATE posting SET reference = 'same' WHERE ledger_id = {{l}}
        AND seq = ANY ({TWO_EARNS}::bigint[])""",
        {6},
    ),
    "two postings at one time": (
        """UPDATE posting SET recorded_at = (SELECT recorded_at FROM posting WHERE ledger_id = {l} AND seq = 1)
        WHERE ledger_id = {l} AND seq = 2""",
        {7},
    ),
    "a batch that starts elsewhere": ("UPDATE batch SET first_seq = first_seq + 1 WHERE ledger_id = {l} AND batch_no = 2", {7}),
    "the length of the last batch": (
        "UPDATE batch SET n = n + 1 WHERE ledger_id = {l} AND batch_no = (SELECT max(batch_no) FROM batch WHERE ledger_id = {l})",
        {7},
    ),
    "a head before its journal": ("UPDATE ledger_head SET last_seq = last_seq + 1 WHERE ledger_id = {l}", {7}),
    "a posting with all that hangs on it": (
        """WITH v AS (DELETE FROM event_log WHERE ledger_id = {l} AND seq = 1)
        DELETE FROM posting WHERE ledger_id = {l} AND seq = 1""",
        {2, 3, 5, 7, 8},
    ),
    "a posting beyond the head": (
        """INSERT INTO posting SELECT 1000, 0, 0, 0, occurred_at, recorded_at, NULL, NULL, NULL, wallet_no, partner_no, ledger_id,
        item_no, gen_random_uuid(), 'earn', 'beyond', 'beyond', content_hash FROM posting WHERE ledger_id = {l} AND seq = 1""",
        {7},
    ),
    "an event lost": (f"DELETE FROM event_log WHERE ledger_id = {{l}} AND pos = {LAST_POS}", {8}),
    "an event of another kind": (
        "UPDATE event_log SET type = 'points.redeemed' WHERE ledger_id = {l} AND seq = 1",
        {8},
    ),
    "an event in another member's partition": (
        """UPDATE event_log SET partition = (partition + 1) % 16 WHERE ledger_id = {l} AND seq = 1""",
        {8},
    ),
    "a wallet that is another member's now": (
        f"""UPDATE account SET owner_id = (left(owner_id::text, 35) || CASE right(owner_id::text, 1) WHEN '0' THEN '1' ELSE '0' END)::uuid
        WHERE ledger_id = {{l}} AND account_no = {FIRST_WALLET}""",
        {8},
    ),
    "an earn that another account than the partner's issued": (
        f"""UPDATE posting SET debit_no = {_one("account_no", "account", "kind = 'redemption'")}
        WHERE ledger_id = {{l}} AND seq = 1""",
        {1, 2},
    ),
    "a burn at another partner": (
        f"""UPDATE posting SET credit_no = {_one("account_no", "account", "kind = 'expiry'")}
        WHERE ledger_id = {{l}} AND seq = {BURN}""",
        {1, 2},
    ),
    "an event of no posting": ("UPDATE event_log SET seq = 999 WHERE ledger_id = {l} AND seq = 1", {8}),
    "a notice that tells of a posting a second time": (
        "UPDATE event_log SET seq = 1, type = 'points.earned' WHERE ledger_id = {l} AND seq IS NULL",
        {8},
    ),
    "a position left out": (
        f"UPDATE event_log SET pos = pos + 1 WHERE ledger_id = {{l}} AND pos = {LAST_POS}",
        {8},
    ),
    "a position before the first": (
        "UPDATE event_log SET pos = 0 WHERE ledger_id = {l} AND pos = (SELECT max(pos) FROM event_log WHERE ledger_id = {l})",
        {8},
    ),
    "a wrong link in a partition": (
        "UPDATE event_log SET partition_prev = partition_prev + 1 WHERE ledger_id = {l} AND pos = 3",
        {8},
    ),
    "a head's link into a partition": (
        "UPDATE event_head SET partition_pos[1] = partition_pos[1] + 1 WHERE ledger_id = {l}",
        {8},
    ),
    "a log's head ahead of its log": ("UPDATE event_head SET pos = pos + 1 WHERE ledger_id = {l}", {8}),
    "a relay ahead of the log": ("INSERT INTO relay_cursor VALUES ({l}, 1000)", {8}),
}  # fmt: skip


async def _broken(connection: PgConnection, ledger_id: int) -> dict[int, list[str]]:
    last_seq = await connection.fetchval("SELECT last_seq FROM ledger_head WHERE ledger_id = $1", ledger_id)
    findings = [await prove(connection, ledger_id, last_seq, proof) for proof in PROOFS]
    return {finding.number: finding.breaches for finding in findings if not finding.holds}


@asynccontextmanager
async def _undone(busy: Busy) -> AsyncGenerator[PgConnection]:
    async with as_superuser(busy.house.database, without_triggers=True) as connection:
        transaction = connection.transaction()
        await transaction.start()
        yield connection
        await transaction.rollback()


async def test_all_invariants_hold_on_a_busy_ledger(busy: Busy) -> None:
    findings = await busy.house.findings()
    assert {number: finding.holds for number, finding in findings.items()} == {
        proof.number: True for proof in PROOFS
    }
    figures = {number: [int(text) for text in re.findall(r"\d+", finding.figure)] for number, finding in findings.items()}  # fmt: skip
    journal = await busy.house.journal()
    legs = sum(len(record.entries) for record in journal)
    moved = sum(abs(record.transaction.points) for record in journal)
    assert figures[1] == [len(journal), legs, moved]
    assert figures[5][0] == sum(len(record.lots_opened) for record in journal)
    assert figures[7][:2] == [1, len(journal)]
    assert figures[8][0] == len(await busy.house.events())


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_found_and_named(busy: Busy, fault: str) -> None:
    statement, invariants = FAULTS[fault]
    async with _undone(busy) as connection:
        for part in statement.format(l=busy.ledger_id).split("; "):
            done = await connection.execute(part)
            assert not done.endswith(" 0"), f"the fault was not planted: {part}"
        broken = await _broken(connection, busy.ledger_id)
        assert set(broken) == invariants, broken
        assert all(breaches and all(breaches) for breaches in broken.values())
        # What is wrong with one ledger is not said of another in the same tables.
        assert await _broken(connection, busy.beside.programme.ledger_id) == {}
    async with as_superuser(busy.house.database) as connection:
        assert await _broken(connection, busy.ledger_id) == {}


# A row for each ledger.
HEADS = {"event_head", "relay_cursor"}


def _walked_again(plan: dict[str, Any]) -> list[str]:
    """What a plan goes through once for each row of something else."""
    below = plan.get("Plans", [])
    again = [each for child in below for each in _walked_again(child)]
    if plan["Node Type"] == "Nested Loop" and not _one_row(below[0]):
        again += _scanned(below[1])
    return again


def _one_row(plan: dict[str, Any]) -> bool:
    scanned = set(_scanned(plan))
    return bool(scanned) and scanned <= HEADS


def _scanned(plan: dict[str, Any]) -> list[str]:
    here = [plan["Relation Name"]] if "Relation Name" in plan else []
    return here + [each for child in plan.get("Plans", []) for each in _scanned(child)]


async def test_no_proof_goes_through_the_journal_once_for_each_row_of_it(busy: Busy) -> None:
    """On tables this small the planner would, unless told not to; on those that have just grown it may as well."""
    async with as_superuser(busy.house.database) as connection, connection.transaction():
        await prepare(connection, 60)
        for proof in PROOFS:
            for query in (proof.figure, proof.breaches):
                plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {query}", busy.ledger_id, 1)
                assert not set(_walked_again(json.loads(plan)[0]["Plan"])) - HEADS, proof.name


async def test_every_proof_has_a_fault_that_breaks_it_alone() -> None:
    alone = {next(iter(invariants)) for _, invariants in FAULTS.values() if len(invariants) == 1}
    assert alone == {proof.number for proof in PROOFS}


async def test_the_checker_names_the_first_breaches_over_grpc(busy: Busy) -> None:
    other = await make_busy(busy.house.running)
    async with as_superuser(busy.house.database, without_triggers=True) as connection:
        await connection.execute(
            "UPDATE event_log SET partition_prev = partition_prev + 1 WHERE ledger_id = $1", other.ledger_id
        )
    findings = await other.house.findings()
    assert {number for number, finding in findings.items() if not finding.holds} == {8}
    assert len(findings[8].breaches) == 5
    assert all("partition" in breach for breach in findings[8].breaches)
