"""Whatever is bought: points are conserved, nets sum to zero, and lots leave in the ledger's order."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.demo.recompute import recompute

WEEKS = 4
START = date(2017, 1, 1)
SLUGS = ("a", "b", "c")

prices = st.tuples(st.integers(1, 30_000), st.integers(1, 30_000))


@st.composite
def demos(draw: st.DrawFn) -> dict[str, Any]:
    """A demo.toml of three partners with a change of price in the second week."""
    dates = (START, START + timedelta(days=draw(st.integers(1, 20))))
    return {
        "burns": {
            "seed": draw(st.text(min_size=1, max_size=8)),
            "balance_min": draw(st.integers(1, 300)),
            "points_step": draw(st.sampled_from([1, 7, 50])),
            "points_max": draw(st.integers(1, 600)),
            "value_points": 1,
            "value_minor": draw(st.sampled_from([1, 3])),
        },
        "partners": [
            {
                "slug": slug,
                "earn": {"points": draw(st.integers(1, 3)), "per_minor": draw(st.sampled_from([100, 200]))},
                "burn_share_permille": draw(st.sampled_from([0, 300, 1000])),
                "prices": [
                    {"valid_from": day, "issue_micros": issue, "reimbursement_micros": reimbursement}
                    for day, (issue, reimbursement) in zip(
                        dates, draw(st.tuples(prices, prices)), strict=True
                    )
                ],
            }
            for slug in SLUGS
        ],
    }


@st.composite
def purchases(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """Purchases in earned order, with many ties of one instant; baskets are unique per partner."""
    bought = draw(
        st.lists(
            st.tuples(
                st.integers(0, 7 * WEEKS - 7), st.integers(9, 11), st.integers(0, 2), st.integers(1, 3),
                st.integers(0, 90_000),
            ),
            max_size=40,
        )
    )  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    for basket, (days, hour, partner, household, cents) in enumerate(bought):
        day = START + timedelta(days=days)
        week = (days + 6) // 7 + 1
        instant = datetime(day.year, day.month, day.day, hour)
        rows.append((instant, partner, basket, household, week, day, cents))
    return sorted(rows)


def total(table: dict[str, Counter[Any]]) -> int:
    return sum(sum(row.values()) for row in table.values())


@given(demos(), purchases())
def test_burned_points_are_issued_points_and_the_matrix_sums_both_ways(
    demo: dict[str, Any], bought: list[tuple[Any, ...]]
) -> None:
    out = recompute(demo, bought, WEEKS)
    for slug in SLUGS:
        redeemed = sum(row[slug] for row in out["matrix"].values())
        assert redeemed == sum(out["burned"][slug].values())
        assert 0 <= sum(out["matrix"][slug].values()) <= sum(out["issued"][slug].values())
    assert total(out["matrix"]) == total(out["burned"]) <= total(out["issued"])
    assert out["purchases"] == len(bought)


@given(demos(), purchases())
def test_nets_sum_to_zero_and_nothing_is_lost_to_rounding(
    demo: dict[str, Any], bought: list[tuple[Any, ...]]
) -> None:
    out = recompute(demo, bought, WEEKS)
    for week in range(1, WEEKS + 1):
        assert sum(nets[week] for nets in out["nets"].values()) == 0
    for partner in demo["partners"]:
        slug = partner["slug"]
        exact = _exact_micros(partner, out, bought)
        if exact is not None:
            billed = sum(out["nets"][slug].values()) * 10_000
            assert billed + out["carries"][slug][WEEKS] == exact
        assert all(-5_000 <= carry <= 5_000 for carry in out["carries"][slug].values())


def _exact_micros(partner: dict[str, Any], out: dict[str, Any], bought: list[tuple[Any, ...]]) -> int | None:
    """What the partner owes over all weeks, where it burned nothing (burns do not tell their date)."""
    if sum(out["burned"][partner["slug"]].values()):
        return None
    place, (first, second) = SLUGS.index(partner["slug"]), partner["prices"]
    exact = 0
    for _, where, _, _, _, day, cents in bought:
        if where == place:
            price = first if day < second["valid_from"] else second
            exact += cents * partner["earn"]["points"] // partner["earn"]["per_minor"] * price["issue_micros"]
    return exact


@given(demos(), purchases(), st.randoms(use_true_random=False))
def test_the_matrix_is_the_ledgers_when_a_day_arrives_partner_by_partner(
    demo: dict[str, Any], bought: list[tuple[Any, ...]], random: Any
) -> None:
    """The ledger's lot order, literally, with any order of arrival within one partner's day."""
    expected = recompute(demo, bought, WEEKS)
    lots: defaultdict[int, list[list[Any]]] = defaultdict(list)
    matrix: defaultdict[str, Counter[str]] = defaultdict(Counter)
    burns = 0
    seq = 0
    for day in sorted({row[5] for row in bought}):
        cents: Counter[tuple[int, int]] = Counter()
        for place in range(len(SLUGS)):
            arrived = [row for row in bought if row[5] == day and row[1] == place]
            random.shuffle(arrived)
            for instant, _, _, household, _, _, amount in arrived:
                seq += 1
                earn = demo["partners"][place]["earn"]
                months = day.year * 12 + day.month + 24
                points = amount * earn["points"] // earn["per_minor"]
                cents[household, place] += amount
                lots[household].append([months, instant, seq, SLUGS[place], points])
        for household, place in sorted(cents):
            points = _burned(demo, household, place, day, lots[household], cents[household, place])
            burns += points > 0
            for lot in sorted(lots[household]):
                used = min(points, lot[4])
                matrix[lot[3]][SLUGS[place]] += used
                lots[household][lots[household].index(lot)][4] -= used
                points -= used
            assert points == 0
    assert {issuer: +row for issuer, row in matrix.items() if +row} == expected["matrix"]
    assert burns == expected["burns"]


def _burned(
    demo: dict[str, Any], household: int, place: int, day: date, lots: list[list[Any]], cents: int
) -> int:
    from services.demo.recompute import _burn_points  # pyright: ignore[reportPrivateUsage]

    visit = f"{household}|{day}|{SLUGS[place]}"
    return _burn_points(demo["burns"], demo["partners"][place], visit, sum(lot[4] for lot in lots), cents)
