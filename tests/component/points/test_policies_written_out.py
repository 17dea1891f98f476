"""Earned at A, burned at B, given back at A, earned at C: every account and every lot, under each policy."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.points import PointsHouse, Till
from tests.support.points_database import as_superuser

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Accounts by kind and owner, where they are not zero; lots as (issuer, original, remaining); what is owed.
Books = tuple[dict[tuple[str, str], int], list[tuple[str, int, int]], int]
SPENDABLE: dict[str, Books] = {
    # 100 earned at A, 70 of them burned at B, all of it given back at A: 30 are there, 70 owed. 90 from C pay those first.
    "ALLOW_NEGATIVE": (
        {("redemption", "B"): 70, ("issuance", "C"): -90, ("wallet", "member"): 20},
        [("A", 100, 0), ("C", 90, 20)],
        0,
    ),
    # The 70 stay with A, which issued them.
    "WITHIN_BALANCE": (
        {("redemption", "B"): 70, ("issuance", "A"): -70, ("issuance", "C"): -90, ("wallet", "member"): 90},
        [("A", 100, 0), ("C", 90, 90)],
        0,
    ),
    # Nothing is pending, so nothing is taken back.
    "PENDING_ONLY": (
        {("redemption", "B"): 70, ("issuance", "A"): -100, ("issuance", "C"): -90, ("wallet", "member"): 120},
        [("A", 100, 30), ("C", 90, 90)],
        0,
    ),
}
# The same where A's points are pending, and 70 of an earlier earn at C were burned.
PENDING: dict[str, Books] = {
    policy: (
        {("redemption", "B"): 70, ("issuance", "C"): -160, ("wallet", "member"): 90},
        [("A", 100, 0), ("C", 70, 0), ("C", 90, 90)],
        0,
    )
    for policy in SPENDABLE
}


async def _books(house: PointsHouse, names: dict[Any, str]) -> Books:
    async with as_superuser(house.database) as connection:
        accounts = await connection.fetch(
            """SELECT a.kind, a.owner_id, b.credits - b.debits AS points FROM account a JOIN balance b USING (ledger_id, account_no)
            WHERE a.ledger_id = $1 AND b.credits <> b.debits""",
            house.programme.ledger_id,
        )
        lots = await connection.fetch(
            """SELECT a.owner_id, l.original, l.remaining FROM lot l JOIN account a ON a.ledger_id = l.ledger_id AND a.account_no = l.issuer_no
            WHERE l.ledger_id = $1 ORDER BY l.lot_no""",
            house.programme.ledger_id,
        )
        owed = await connection.fetchval(
            "SELECT coalesce(sum(remaining), 0)::bigint FROM debt WHERE ledger_id = $1",
            house.programme.ledger_id,
        )
    return (
        {(row[0], names[row[1]]): row[2] for row in accounts},
        [(names[row[0]], row[1], row[2]) for row in lots],
        owed,
    )


@pytest.mark.parametrize("policy", list(SPENDABLE))
@pytest.mark.parametrize("pending_days", [0, 14])
async def test_each_account_and_lot(house: PointsHouse, policy: str, pending_days: int) -> None:
    a, b, c, member = (
        await house.till(pending_days=pending_days),
        await house.till(),
        await house.till(),
        house.member(),
    )
    names = {a.partner_id: "A", b.partner_id: "B", c.partner_id: "C", member: "member"}
    await house.set_refund_rule(a.partner_id, policy)
    await a.earn(member, 10_000, reference="sale")
    if pending_days:
        await c.earn(member, 7_000)
    assert (await b.redeem(member, 70)).transaction.points == -70
    await a.refund("sale")
    await c.earn(member, 9_000)
    assert await _books(house, names) == (PENDING if pending_days else SPENDABLE)[policy]
    await house.assert_sound()
    assert (await Till(house).balance(member)).owed == 0
