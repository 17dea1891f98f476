"""The checker can fail: a fault of every kind is planted past all guards, and the right invariant is named."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from services.points.storage.proofs import PROOFS, prepare, prove
from services.runtime.database import PgConnection
from tests.integration.points import faults
from tests.integration.points.burn_faults import BURN_FAULTS
from tests.integration.points.busy import Busy, make_busy
from tests.integration.points.campaign_faults import CAMPAIGN_FAULTS
from tests.integration.points.expiry_faults import EXPIRY_FAULTS, FAULTS_OF_ACTIVITY
from tests.integration.points.forging import chain_anew
from tests.integration.points.parking_faults import PARKING_FAULTS
from tests.integration.points.pending_faults import PENDING_FAULTS
from tests.integration.points.waiting_faults import WAITING_FAULTS
from tests.integration.points.wallet_faults import WALLET_FAULTS
from tests.support.points_database import as_superuser, undone

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAULTS = (
    faults.FAULTS
    | EXPIRY_FAULTS
    | PENDING_FAULTS
    | WAITING_FAULTS
    | WALLET_FAULTS
    | CAMPAIGN_FAULTS
    | PARKING_FAULTS
    | BURN_FAULTS
)


async def _broken(connection: PgConnection, ledger_id: int) -> dict[int, list[str]]:
    async with connection.transaction():
        await prepare(connection, 60)
        query = "SELECT last_seq FROM ledger_head WHERE ledger_id = $1"
        last_seq = await connection.fetchval(query, ledger_id)
        findings = [await prove(connection, ledger_id, last_seq, proof) for proof in PROOFS]
    return {finding.number: finding.breaches for finding in findings if not finding.holds}


async def test_all_invariants_hold_on_a_busy_ledger(busy: Busy) -> None:
    findings = await busy.house.findings()
    assert {number: finding.holds for number, finding in findings.items()} == {
        proof.number: True for proof in PROOFS
    }
    figures = {number: [int(text) for text in re.findall(r"\d+", finding.figure)] for number, finding in findings.items()}  # fmt: skip
    journal = await busy.house.journal()
    legs = sum(len(record.entries) for record in journal)
    moved = sum(max(entry.amount, 0) for record in journal for entry in record.entries)
    assert figures[1] == [len(journal), legs, moved]
    assert figures[5][0] == sum(len(record.lots_opened) for record in journal)
    assert figures[7][:2] == [1, len(journal)]
    assert figures[8][0] == len(await busy.house.events())


async def _plant(connection: PgConnection, ledger_id: int, statement: str) -> None:
    for part in statement.format(l=ledger_id).split("; "):
        done = await connection.execute(part)
        assert not done.endswith(" 0"), f"the fault was not planted: {part}"


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_found_and_named_even_where_all_was_chained_anew(
    busy: Busy, administrator: PgConnection, fault: str
) -> None:
    await _find(busy, administrator, busy.ledger_id, *FAULTS[fault])


@pytest.mark.parametrize("fault", FAULTS_OF_ACTIVITY)
async def test_a_fault_is_found_where_points_expire_with_inactivity(
    busy: Busy, administrator: PgConnection, fault: str
) -> None:
    await _find(busy, administrator, busy.by_activity.programme.ledger_id, *FAULTS_OF_ACTIVITY[fault])


async def _find(
    busy: Busy, connection: PgConnection, ledger_id: int, statement: str, invariants: set[int]
) -> None:
    async with undone(connection):
        await _plant(connection, ledger_id, statement)
        await chain_anew(connection, ledger_id)
        broken = await _broken(connection, ledger_id)
        assert set(broken) == invariants, broken
        assert all(breaches and all(breaches) for breaches in broken.values())
        # What is wrong with one ledger is not said of another in the same tables.
        assert await _broken(connection, busy.beside.programme.ledger_id) == {}


async def test_what_was_planted_is_undone(busy: Busy, administrator: PgConnection) -> None:
    """Else the next fault would have been found with another one; this is for the last."""
    for house in (busy.house, busy.by_activity, busy.beside):
        assert await _broken(administrator, house.programme.ledger_id) == {}


# A row for each ledger.
HEADS = {"event_head", "relay_cursor", "ledger_head"}


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
            for query in (proof.figure, proof.breaches, proof.paged):
                values = [1] * max(int(number) for number in re.findall(r"\$(\d)", f"$1 {query}"))
                plan = await connection.fetchval(
                    f"EXPLAIN (FORMAT JSON) {query or 'SELECT $1::int'}", *values
                )
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
