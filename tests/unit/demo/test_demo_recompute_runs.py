"""The recomputed settlement runs, by hand on small cases and against the demo's own parts."""

import ast
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.demo import recompute_runs as module
from services.demo.config import DemoConfig
from services.demo.recompute_runs import document_totals, half_away, month_ends, recompute_runs
from services.demo.weeks import ends_a_month, weeks

START = date(2017, 1, 1)  # a Sunday; the sixth week is the one in which January ends


def taxed(points: int, reimbursement: int = 0, fees: int | None = None) -> dict[str, Any]:
    rates = {"points": points, "fees": points if fees is None else fees, "reimbursement": reimbursement}
    return {supply: {"category": "S" if rate else "E", "rate": rate} for supply, rate in rates.items()}


def demo(**payments: dict[str, Any]) -> dict[str, Any]:
    """Partners a, b and c: a is debited, b pays invoices, c is debited and gets no payout below 30.00."""
    terms: dict[str, dict[str, Any]] = {
        "a": {"mandate": "M", "returned_fee_minor": 750},
        "b": {},
        "c": {"mandate": "M", "least_payout_minor": 3_000},
    }
    return {
        "programme": {"clock_start": START},
        "bank": {
            "returned": {"partner": "a"},
            "stray": {"partner": "b", "minor": 4_711},
            "in_parts": {"first_percent": 40},
        },
        "disputes": {"weeks_min": 99, "withheld": {"partner": "c"}},
        "leaving": {"quiet_weeks": 2},
        "partners": [
            {"slug": slug, "payment": {**each, **payments.get(slug, {})}, "tax": {"rules": taxed(20)}}
            for slug, each in terms.items()
        ],
    }


def figures(last: int, lines: dict[str, dict[int, dict[str, int]]]) -> dict[str, Any]:
    """Figures of weeks 1 to `last` with these lines and nets of nothing."""
    nets = {slug: dict.fromkeys(range(1, last + 1), 0) for slug in ("a", "b", "c")}
    return {"weeks": last, "lines": {"a": {}, "b": {}, "c": {}, **lines}, "nets": nets}


@pytest.mark.parametrize(
    ("cents", "of", "rounded"), [(1, 2, 1), (3, 2, 2), (149, 100, 1), (150, 100, 2), (0, 7, 0)]
)
def test_a_tie_goes_up(cents: int, of: int, rounded: int) -> None:
    assert half_away(cents, of) == rounded


def test_lines_are_rounded_one_by_one_and_tax_once_a_rate_and_document() -> None:
    lines = {
        "points issued_base 10250": 1,  # 1.025 cents: 1
        "points issued_bonus 10250": 1,  # 1
        "points charged_base 4999": 1,  # 0.4999 cents: 0
        "fees fee 15000": 1,  # 1.5 cents: 2
        "reimbursement burned_base 8105": 400,  # 324.2: 324
    }
    assert document_totals(lines, taxed(21, 9)) == {
        "sold": 4, "sold_tax": 1, "bought": 324, "bought_tax": 29, "given_back": 0, "given_back_tax": 0,
    }  # fmt: skip
    # Fees at a rate of their own are taxed by themselves: 0.42 and 0.18 cents are nothing each.
    assert document_totals(lines, taxed(21, 9, fees=9))["sold_tax"] == 0


def test_statements_wait_for_the_run_after_which_a_month_ends_and_the_last_week_has_one() -> None:
    sold = {"points issued_base 10000": 10_000}  # 100.00
    out = recompute_runs(demo(), figures(8, {"a": {5: sold, 7: sold}}))
    assert [(run["until"], run["partners"]["a"]["due"]) for run in out[:2]] == [(6, 12_000), (8, 12_000)]


def test_what_is_below_the_least_payout_is_brought_forward_until_it_is_enough() -> None:
    burned = {"reimbursement burned_base 10000": 2_000}  # 20.00
    given = demo()
    given["partners"][2]["tax"]["rules"]["reimbursement"] = {"category": "AE", "rate": 0}
    out = recompute_runs(given, figures(13, {"c": {1: burned, 9: burned}}))
    first, second = (run["partners"]["c"] for run in out[:2])
    assert (first["due"], first["outcome"]) == (-2_000, "below_least")
    assert (second["net"], second["brought_forward"], second["due"], second["outcome"]) == (
        -2_000,
        -2_000,
        -4_000,
        "pay",
    )
    assert (out[2]["partners"]["c"]["due"], out[2]["partners"]["c"]["outcome"]) == (0, "nothing")


@pytest.mark.parametrize(
    ("points", "forward"),
    # 120.00 with tax, of which 72.00 were open as it came in; 60.00, of which 36.00 were; a payout, and nothing.
    [(10_000, 0), (5_000, -4_711 + 3_600), (-1_000, -4_711), (0, -4_711)],
)
def test_stray_money_pays_what_is_open_and_the_rest_of_it_is_in_the_next_run(
    points: int, forward: int
) -> None:
    kind = "points issued_base" if points > 0 else "reimbursement burned_base"
    first = {f"{kind} 10000": abs(points)} if points else {}
    sold = {"points issued_base 10000": 10_000}
    out = recompute_runs(demo(), figures(13, {"b": {1: first, 10: sold}}))
    second = out[1]["partners"]["b"]
    assert (second["brought_forward"], second["due"], second["outcome"]) == (
        forward,
        12_000 + forward,
        "invoice",
    )


def test_what_is_withheld_is_due_two_weeks_later_less_a_credit_note() -> None:
    sold = {"points issued_base 10000": 10_000}
    back = {"points adjustment_points 20000000": 1}
    given = demo()
    given["disputes"] = {"weeks_min": 6, "withheld": {"partner": "a", "opened_after": 6, "minor": 6_000}}
    out = recompute_runs(given, figures(12, {"a": {6: sold, 8: back, 10: sold}}))
    first, second = (run["partners"]["a"] for run in out[:2])
    assert (first["brought_forward"], first["due"]) == (-7_200, 4_800)
    # The debit of the first run came back meanwhile; 20.00 and their tax are given back.
    assert second["brought_forward"] == 7_200 + 4_800 + 750
    assert second["due"] == second["brought_forward"] + 12_000 - 2_400
    given["disputes"]["weeks_min"] = 11
    assert recompute_runs(given, figures(12, {"a": {6: sold}}))[0]["partners"]["a"]["due"] == 12_000


def test_a_debit_that_came_back_is_in_the_next_run() -> None:
    sold = {"points issued_base 10000": 10_000}
    out = recompute_runs(demo(), figures(13, {"a": {1: sold}, "b": {10: sold}}))
    assert [run["until"] for run in out] == [6, 10, 13]
    second = out[1]["partners"]
    assert (second["a"]["brought_forward"], second["a"]["due"]) == (12_750, 12_750)
    assert out[2]["partners"]["a"]["due"] == 0


def test_after_the_last_week_there_are_runs_for_what_is_still_to_be_settled() -> None:
    sold = {"points issued_base 10000": 10_000}
    out = recompute_runs(demo(), figures(2, {"a": {1: sold}}))
    # Two weeks after it the stray amount is paid back, and a week later the debit is tried again.
    assert [(run["until"], {slug: each["due"] for slug, each in run["partners"].items() if each["due"]}) for run in out] == [
        (2, {"a": 12_000}), (2, {"b": -4_711}), (2, {"a": 12_750})
    ]  # fmt: skip


def test_a_debit_that_was_none_does_not_come_back() -> None:
    burned = {"reimbursement burned_base 10000": 10_000}
    out = recompute_runs(demo(), figures(2, {"a": {1: burned}}))
    assert [run["partners"]["a"]["outcome"] for run in out if "a" in run["partners"]] == ["pay"]


def test_a_month_ends_where_the_replay_says_so(config: DemoConfig) -> None:
    programme = config.programme
    found = [week.number for week in weeks(programme.clock_start, 53, programme.zone) if ends_a_month(week)]
    assert found == [week for week in range(1, 54) if month_ends(programme.clock_start, week)]
    assert found[:3] == [6, 10, 14]
    assert len(found) == 12


def test_it_imports_nothing_but_the_standard_library() -> None:
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported <= set(sys.stdlib_module_names)
