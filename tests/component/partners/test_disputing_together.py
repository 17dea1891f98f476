"""Weekly, monthly and disputing partners in one month: nobody waits for another, and sums hold at every step."""

from __future__ import annotations

from coalition.partners.v1 import clearing_pb2
from coalition.partners.v1 import disputes_pb2 as pb

from services.partners.domain.statement import LineKind
from tests.support.disputing import disputing_of
from tests.support.ledger import Burn, Earn
from tests.support.partners_office import Office
from tests.support.settling import Settling, settling_of


async def holds(desk: Settling) -> dict[tuple[str, str], int]:
    """Every account is explained, all sum to zero, and all that clearing can prove holds."""
    for finding in (await desk.house.findings(desk.programme)).values():
        assert not finding.breaches, finding
    return await desk.accounts()


async def test_weekly_monthly_and_disputing_partners_in_one_month_wait_for_nobody(office: Office) -> None:
    desk = await settling_of(office)
    weekly = await desk.partner("weekly")
    monthly = await desk.partner("monthly", method="invoice")
    payer = await desk.partner("payer", method="invoice")
    holder = await desk.partner("holder", method="invoice")
    await desk.fee("monthly", 100, clearing_pb2.BILLING_CYCLE_MONTH)
    disputing = disputing_of(desk)

    async def sold(week: int) -> None:
        earns = [Earn(each, 10_000) for each in (weekly, monthly, payer, holder)]
        await desk.week(week, *earns, Burn(weekly, [(payer, 1_000)]))
        await holds(desk)

    # 100.00 for points each, less 8.00 of the weekly one's reimbursement; with 20 % tax.
    full = {"weekly": 11_040, "payer": 12_000, "holder": 12_000}
    await sold(1)
    first = await disputing.open("payer", 1_000)
    second = await disputing.open("holder", 2_000, pb.DISPUTE_MODE_WITHHELD)
    assert (await holds(desk))["disputed", "holder"] == 2_400
    run = await desk.settled()
    assert desk.dues(run) == {**full, "holder": 9_600, "monthly": 12_120}
    await holds(desk)

    rejected = await disputing.decide(second, 0)
    await disputing.decide(first, 1_000)
    await sold(2)
    run = await desk.settled()
    dues = desk.dues(run)
    assert (dues["weekly"], dues["payer"], dues["holder"]) == (11_040, 12_000 - 1_200, 12_000)
    await holds(desk)

    escalated = await disputing.escalate("holder", rejected)
    await sold(3)
    run = await desk.settled()
    dues = desk.dues(run)
    assert (dues["weekly"], dues["payer"], dues["holder"]) == (11_040, 12_000, 12_000)
    assert (await holds(desk))["disputed", "holder"] == 2_400

    third = await disputing.open("weekly", 300, kind=LineKind.BURNED)
    await disputing.decide(escalated, 500, desk.checker)
    await disputing.decide(third, 300)
    # What was rejected for good is owed again at once; what was accepted once its credit note is there.
    assert (await holds(desk))["disputed", "holder"] == 600
    await sold(4)
    await sold(5)
    run = await desk.settled()
    dues = desk.dues(run)
    assert (dues["weekly"], dues["payer"]) == (2 * 11_040 - 360, 2 * 12_000)
    assert dues["holder"] == 2 * 12_000 + 1_800 + 600 - 600
    held = await holds(desk)
    assert ("disputed", "holder") not in held
    await sold(6)
    statements = await disputing.statements("monthly")
    assert [(each.window.number, each.net.net_minor) for each in statements] == [
        (6, 5 * 10_000 + 100), (1, 10_000 + 100),
    ]  # fmt: skip
    assert desk.dues(await desk.settled())["monthly"] == 60_120
    await holds(desk)
