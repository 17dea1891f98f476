"""What a process knows of a ledger's accounts: read when its door opens, learned as they turn up, forgotten when undone."""

from __future__ import annotations

import pytest

from services.points.commands import door as doors
from services.points.domain.accounts import AccountKey, AccountKind, AccountNumbers
from services.points.storage import opened_rows
from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from tests.support.points import PointsHouse, RunningPoints, running_points
from tests.support.points_database import as_superuser
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _numbers(house: PointsHouse) -> AccountNumbers:
    return (await house.running.wired.application.doors.to(house.programme)).numbers


async def test_a_replica_reads_all_accounts_when_it_opens_the_ledger(
    house: PointsHouse, running: RunningPoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page, and the last page too."""
    monkeypatch.setattr(doors, "_LEARN_AT_ONCE", 3)
    till = await house.till()
    members = [house.member() for _ in range(7)]
    for member in members:
        await till.earn(member, 500)
    await till.redeem(members[0], 1)
    known = await _numbers(house)
    async with running_points(running.database, beside=running) as other:
        learned = await _numbers(house.at(other))
        # The redemption account is on the last page: waiting for the wallets alone would not wait for it.
        await until(lambda: (learned.wallet, learned.redemption) == (known.wallet, known.redemption))
        assert set(learned.wallet) == set(members)
        assert learned.issuance == known.issuance
        assert (await till.at(house.at(other)).redeem(members[1], 2)).transaction.balance_after == 3
    await house.assert_sound()


async def test_a_wallet_that_another_replica_made_is_found_without_asking_for_the_member(
    house: PointsHouse, running: RunningPoints
) -> None:
    async with running_points(running.database, beside=running) as other:
        elsewhere = house.at(other)
        till = await house.till()
        await till.at(elsewhere).earn(house.member(), 100)
        member = house.member()
        await till.earn(member, 500)
        house.neighbours.members.discard(member.bytes)
        assert (await till.at(elsewhere).earn(member, 500)).transaction.balance_after == 10
        assert member in (await _numbers(elsewhere)).wallet


async def test_numbers_of_accounts_whose_making_was_undone_are_forgotten(house: PointsHouse) -> None:
    """The next account gets the number: whoever kept it would post to somebody else's wallet."""
    till = await house.till()
    await till.earn(house.member(), 100)
    lost, after = house.member(), house.member()
    async with as_superuser(house.database) as connection:
        await connection.execute(
            f"ALTER TABLE posting ADD CONSTRAINT breaks CHECK (ledger_id <> {house.programme.ledger_id}) NOT VALID"
        )
        try:
            with pytest.raises(CoalitionError):
                await till.earn(lost, 100)
        finally:
            await connection.execute("ALTER TABLE posting DROP CONSTRAINT breaks")
    assert lost not in (await _numbers(house)).wallet
    await till.earn(after, 700)
    await till.earn(lost, 300)
    assert (await till.balance(after)).available == 7
    assert (await till.balance(lost)).available == 3
    await house.assert_sound()


async def test_numbers_are_forgotten_too_where_the_reading_breaks_off_after_they_were_learned(
    house: PointsHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = await house.till()
    await till.earn(house.member(), 100)
    lost, after = house.member(), house.member()

    def broken(*_: object) -> object:
        raise ArithmeticError("what was read makes no sense")

    with monkeypatch.context() as patch:
        patch.setattr(opened_rows, "_lots", broken)
        with pytest.raises(CoalitionError):
            await till.earn(lost, 100)
    assert lost not in (await _numbers(house)).wallet
    await till.earn(after, 700)
    await till.earn(lost, 300)
    assert ((await till.balance(after)).available, (await till.balance(lost)).available) == (7, 3)
    await house.assert_sound()


async def test_of_too_many_wallets_those_learned_last_are_kept() -> None:
    numbers = AccountNumbers(3)
    members = [new_id() for _ in range(5)]
    for number, member in enumerate(members):
        numbers.learn(AccountKey(AccountKind.WALLET, member), number)
    assert len(numbers.wallet) == 5, "what a batch needs stays until the batch is done"
    numbers.trim()
    assert list(numbers.wallet) == members[2:]
