"""What points outstanding come to, out of the books of a real service: cohorts, carriers, revenue, journals, and where they disagree."""

from __future__ import annotations

from uuid import UUID

from coalition.events.v1 import points_pb2 as told
from coalition.partners.v1 import liability_pb2 as pb
from coalition.partners.v1.liability_pb2_grpc import LiabilityServiceStub

from tests.component.partners.test_rebuild import a_busy_month
from tests.support.ledger import Burn, ClawBack, Earn, Expiry, Owe, Repay, Return
from tests.support.liability import (
    JANUARY,
    PARTS,
    carried,
    close,
    figures,
    journals,
    liability,
    liability_stub,
    post,
)
from tests.support.partners import DAY_US, STARTS_AT_US, House
from tests.support.partners_office import Office

OPERATOR = "operator"


stub = liability_stub


async def test_who_carries_points_follows_from_when_they_are_paid_for(
    house: House, stub: LiabilityServiceStub
) -> None:
    """The grocer pays when points are issued, fuel once they are used, the cinema three quarters then."""
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    fuel, cinema = [await house.partner(programme, slug, None) for slug in ("fuel", "cinema")]
    await house.set_rates(programme, fuel, 10_500, 8_000, STARTS_AT_US, issue_share_percent=0)
    await house.set_rates(programme, cinema, 12_000, 7_500, STARTS_AT_US, issue_share_percent=25)
    seqs = {who: await house.ledger.post(programme, Earn(who, 1_000)) for who in (grocer, fuel, cinema)}
    await house.ledger.post(
        programme,
        Burn(grocer, [(grocer, 300, seqs[grocer]), (fuel, 200, seqs[fuel])]),
        Burn(fuel, [(cinema, 100, seqs[cinema])]),
        Expiry(fuel, 50, seqs[fuel]),
        Expiry(cinema, 20, seqs[cinema]),
        ClawBack(grocer, seqs[grocer], 40, [(grocer, 40, seqs[grocer])]),
    )
    await close(house, programme, 1)
    found = await liability(house, stub, programme)
    (cohort,) = found.cohorts
    assert figures(cohort) == (0, 2_960, 600, 70, 2_290)
    assert carried(cohort) == {
        "fuel": 750 * PARTS,
        "cinema": 880 * 3 * PARTS // 4,
        OPERATOR: (660 + 220) * PARTS,
    }
    # Due when issued: 960 x 0.01 and 1,000 x 0.003; used of it: 300 x 0.01 and 100 x 0.003.
    assert (cohort.allocated_minor, cohort.redeemed_minor) == (960 + 300, 300 + 30)
    assert cohort.potential_micros == 750 * 10_500 + 880 * 9_000
    # No month has ended, so nothing is known of breakage: what is recognised is what was used, and 20 that lapsed.
    assert (found.last_month, found.is_mature, cohort.expected) == (0, False, 2_290)
    assert cohort.recognised_minor == round(1_260 * 330 / (330 + 660 + 880 * 0.3))

    made = await journals(house, stub, programme)
    assert made.margin.charged_minor == round(200 * 1.05 + 100 * 0.9)
    assert made.margin.reimbursed_minor == round(500 * 0.8 + 100 * 0.8)
    assert made.margin.at_zero_breakage_minor == 330 + 300 - 480
    assert made.closing_at_zero_breakage_minor == 1_260 - 330
    accounts = {line.account.key: line.debit_minor - line.credit_minor for j in made.journals for line in j.lines
                if line.account.key == "contract_liability" and j.kind == "deferred"}  # fmt: skip
    assert accounts == {"contract_liability": -1_260}


async def test_an_earlier_window_is_answered_as_it_was_then(house: House, stub: LiabilityServiceStub) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    earned = await house.ledger.post(programme, Earn(grocer, 1_000))
    await close(house, programme, 1)
    first = await liability(house, stub, programme)
    burned = await house.ledger.post(programme, Burn(grocer, [(grocer, 400, earned)]))
    await close(house, programme, 2)
    await house.ledger.post(programme, Return(grocer, burned, [(grocer, 150, earned)]), Earn(grocer, 7))
    await close(house, programme, 3)
    assert await liability(house, stub, programme, 1) == first
    used = [
        [(cohort.issued, cohort.used) for cohort in (await liability(house, stub, programme, n)).cohorts]
        for n in (1, 2, 3)
    ]
    assert used == [[(1_000, 0)], [(1_000, 400)], [(1_007, 250)]]
    halves = [await journals(house, stub, programme, 1, 2), await journals(house, stub, programme, 3, 3)]
    whole = await journals(house, stub, programme)
    assert halves[1].total.opening_minor == halves[0].total.closing_minor
    assert sum(half.total.redeemed_minor for half in halves) == whole.total.redeemed_minor == 250
    assert halves[1].margin.reimbursed_minor == -120
    # Points given back: what was recognised of them is taken back, on the other side.
    redeemed = next(each for each in halves[1].journals if each.kind == "redeemed")
    assert next((line.account.key, line.debit_minor) for line in redeemed.lines) == ("revenue_redeemed", 150)


async def test_a_busy_month_ties_with_the_books_at_the_end_of_every_window(
    office: Office, stub: LiabilityServiceStub
) -> None:
    """Re-rates, shares, debts, claw-backs out of other lots, late partners: seven windows, each as it was and as it is asked for."""
    house = office.house
    programme = await house.programme()
    await a_busy_month(office, programme)
    for number in range(1, 8):
        found = await liability(house, stub, programme, number)
        assert {tie.kind for tie in found.ties} == set(pb.LiabilityTieKind.values()) - {0}
        made = await journals(house, stub, programme, 1, number)
        assert made.total.closing_minor == sum(c.allocated_minor - c.recognised_minor for c in found.cohorts)
    request = pb.GetLiabilityRequest()
    last = await house.ask(stub.GetLiability, request, programme)
    # Every point of every posting is in a cohort: what is outstanding is what was issued and is not gone.
    rows = await house.fetch(
        "SELECT sum(CASE kind WHEN 'issued' THEN points WHEN 'reversed' THEN -points WHEN 'burned' THEN -points "
        "WHEN 'returned' THEN points ELSE 0 END) AS left FROM rated_entry WHERE ledger_id = $1",
        programme.ledger_id,
    )
    # Ten points a week expire.
    assert sum(cohort.outstanding for cohort in last.cohorts) == rows[0]["left"] - 70


async def test_points_that_nobody_rated_are_the_operators(house: House, stub: LiabilityServiceStub) -> None:
    """Opening balances of nobody and of a partner, an adjustment either way, a grant that the operator alone pays for."""
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    nobody = UUID(int=0).bytes
    first = await post(house, programme, "points.imported", told.PointsImported(issuer_id=nobody, points=500))
    await post(house, programme, "points.imported", told.PointsImported(issuer_id=grocer.bytes, points=70))
    given = await post(house, programme, "points.adjusted", told.PointsAdjusted(points=30, reason="goodwill"))
    await house.ledger.post(programme, Earn(grocer, 1_000))
    grant = told.PointsGranted(
        partner_id=grocer.bytes, points=90, funders=[told.CampaignFunder(partner_id=nobody, percent=100)],
        occurred_at_us=STARTS_AT_US,
    )  # fmt: skip
    await post(house, programme, "points.granted", grant)
    shared = told.PointsGranted(
        partner_id=grocer.bytes, points=60, occurred_at_us=STARTS_AT_US,
        funders=[
            told.CampaignFunder(partner_id=grocer.bytes, percent=40),
            told.CampaignFunder(partner_id=nobody, percent=60),
        ],
        lot_no=6,
    )  # fmt: skip
    await post(house, programme, "points.granted", shared)
    taken = [told.LotTaken(lot_no=3, issuer_id=nobody, point_type="base", points=10, earned_seq=given)]
    await post(house, programme, "points.adjusted", told.PointsAdjusted(points=-10, lots=taken))
    await house.ledger.post(programme, Burn(grocer, [(UUID(int=0), 200, first)]))
    await close(house, programme, 1)
    opening, own = (await liability(house, stub, programme)).cohorts
    assert opening.is_opening
    assert figures(opening) == (0, 570, 200, 0, 370)
    assert (opening.allocated_minor, opening.expected) == (0, 370)
    assert figures(own) == (0, 1_180, 0, 10, 1_170)
    # 0.4 x 0.01 for each of 60 points, and the earn's own.
    assert own.allocated_minor == 1_000 + 24
    for cohort in (opening, own):
        assert carried(cohort) == {OPERATOR: cohort.outstanding * PARTS}


async def test_an_earn_undone_out_of_other_points_leaves_each_where_the_books_have_it(
    house: House, stub: LiabilityServiceStub
) -> None:
    """Fuel pays once points are used. Its earn's points were used, then it is undone out of the grocer's; and a debt is paid likewise."""
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", None)
    fuel = await house.partner(programme, "fuel", None)
    for who in (grocer, fuel):
        await house.set_rates(programme, who, 10_000, 8_000, STARTS_AT_US, issue_share_percent=30)
    one, two = [await house.ledger.post(programme, Earn(who, 100)) for who in (fuel, grocer)]
    await house.ledger.post(
        programme,
        Burn(grocer, [(fuel, 60, one)]),
        Expiry(fuel, 40, one),
        # Sixty were used and forty lapsed; all hundred are taken out of the grocer's.
        ClawBack(fuel, one, 70, [(grocer, 70, two)]),
        Owe(fuel, one, 30),
        Repay([(6, one, fuel, 30)], [(grocer, 30, two)]),
    )
    await close(house, programme, 1)
    found = await liability(house, stub, programme)
    (cohort,) = found.cohorts
    assert figures(cohort) == (0, 100, 100, 0, 0)
    assert carried(cohort) == {}
    assert cohort.recognised_minor == cohort.allocated_minor == 30


async def test_an_earn_undone_weeks_later_is_unused_as_far_as_it_was_still_used(
    house: House, stub: LiabilityServiceStub
) -> None:
    """60 of 100 were used and 25 given back, then 65 lapsed; all hundred are taken out of the grocer's the week after."""
    programme = await house.programme()
    grocer, fuel = [await house.partner(programme, slug) for slug in ("grocer", "fuel")]
    one, two = [await house.ledger.post(programme, Earn(who, 100)) for who in (fuel, grocer)]
    burned = await house.ledger.post(programme, Burn(grocer, [(fuel, 60, one)]))
    await house.ledger.post(programme, Return(grocer, burned, [(fuel, 25, one)]), Expiry(fuel, 65, one))
    await close(house, programme, 1)
    assert [figures(cohort) for cohort in (await liability(house, stub, programme)).cohorts] == [
        (0, 200, 35, 65, 100)
    ]
    undone = await house.ledger.post(programme, ClawBack(fuel, one, 100, [(grocer, 100, two)]))
    await close(house, programme, 2)
    assert [figures(cohort) for cohort in (await liability(house, stub, programme)).cohorts] == [
        (0, 100, 100, 0, 0)
    ]
    moved = (
        "SELECT kind, earned_seq, points FROM lot_movement WHERE ledger_id = $1 AND seq = $2 ORDER BY line"
    )
    assert [tuple(row) for row in await house.fetch(moved, programme.ledger_id, undone)] == [
        ("reversed", one, 100), ("use_here", two, 100), ("use_away", one, 35), ("lapse_away", one, 65),
    ]  # fmt: skip


async def test_a_programme_without_any_redemption_recognises_nothing(
    house: House, stub: LiabilityServiceStub
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    for week in range(1, 12):
        await house.ledger.post(programme, Earn(grocer, 1_000))
        await close(house, programme, week)
    found = await liability(house, stub, programme, held_out_months=2)
    assert [cohort.month - JANUARY for cohort in found.cohorts] == [0, 1, 2]
    assert [tuple(cohort.used_by_age) for cohort in found.cohorts] == [(0, 0), (0,), ()]
    assert [factor.factor_millionths for factor in found.factors] == [0, 1_000_000]
    assert (found.ultimate_more, found.standard_error, found.is_mature) == (0, 0, False)
    assert sum(cohort.expected for cohort in found.cohorts) == 11_000
    assert all(cohort.recognised_minor == 0 for cohort in found.cohorts)
    # Somebody who states a tail takes the triangle at its word: nobody will use any.
    stated = await liability(house, stub, programme, tail_millionths=1_000_000)
    assert (stated.is_mature, sum(cohort.expected for cohort in stated.cohorts)) == (True, 0)
    assert all(cohort.recognised_minor == 0 for cohort in stated.cohorts)
    made = await journals(house, stub, programme)
    assert [journal.kind for journal in made.journals] == ["deferred"]


async def test_a_triangle_of_months_that_lapse_and_its_back_test(
    house: House, stub: LiabilityServiceStub
) -> None:
    """Of 1,000 points a month, 300 are used in it, 200 in the next; then 500 lapse. Six months of that."""
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    earned: list[int] = []
    for month in range(6):
        # The 40th of a month of 28 days is the 12th of the next, so each step lies within a month of its own.
        await house.ledger.move_clock(programme, STARTS_AT_US + (30 * month + 10) * DAY_US)
        earned.append(await house.ledger.post(programme, Earn(grocer, 1_000)))
        await house.ledger.post(programme, Burn(grocer, [(grocer, 300, earned[-1])]))
        if month >= 1:
            await house.ledger.post(programme, Burn(grocer, [(grocer, 200, earned[-2])]))
        if month >= 2:
            await house.ledger.post(programme, Expiry(grocer, 500, earned[-3]))
    await house.ledger.move_clock(programme, STARTS_AT_US + 30 * 6 * DAY_US + 4 * DAY_US)
    await house.rate_now(programme)
    await house.close(programme)
    found = await liability(house, stub, programme, held_out_months=3, level_percent=90)
    assert [figures(cohort)[0] for cohort in found.cohorts] == list(range(6))
    assert [cohort.ultimate for cohort in found.cohorts] == [500] * 6
    assert (found.is_mature, found.resolved_percent, found.last_month) == (True, 100, JANUARY + 5)
    assert [cohort.expected for cohort in found.cohorts] == [0, 0, 0, 0, 0, 200]
    assert (found.interval.low, found.interval.high, found.level_percent) == (200, 200, 90)
    factors = [factor.factor_millionths for factor in found.factors]
    assert factors == [300_000, 1_666_667, 1_000_000, 1_000_000, 1_000_000, 1_000_000]
    assert [(test.months, test.predicted, test.actual) for test in found.back_tests] == [
        (1, 200, 200), (2, 200, 200), (3, 200, 200),
    ]  # fmt: skip
    # Half of what is issued is used in the end, so twice its price is recognised for each point used.
    last = found.cohorts[-1]
    assert (last.allocated_minor, last.redeemed_minor, last.recognised_minor) == (1_000, 300, 600)
