"""Whatever is bought and whatever contracts say: points are conserved, nets sum to zero, lots leave in the ledger's order."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.demo.recompute import recompute

SOLD = 3
QUIET = 1
WEEKS = SOLD + QUIET
START = date(2017, 1, 22)  # a Sunday; the third week is the one in which the month ends
MONTH_ENDS = 3
SLUGS = ("a", "b", "c")

prices = st.tuples(st.integers(1, 30_000), st.integers(1, 30_000))


@st.composite
def demos(draw: st.DrawFn) -> dict[str, Any]:
    """A demo.toml of three partners with a change of price in the second week."""
    dates = (START, START + timedelta(days=draw(st.integers(1, 20))))
    first_day = START + timedelta(days=draw(st.integers(0, 20)))
    shares = draw(st.lists(st.integers(1, 50), min_size=1, max_size=3))
    funders = draw(st.permutations((*SLUGS, "operator")))
    return {
        "programme": {"clock_start": START},
        "campaign": {
            "partner": draw(st.sampled_from(SLUGS)),
            "multiplier_percent": draw(st.integers(101, 350)),
            "first_day": first_day,
            "last_day": first_day + timedelta(days=draw(st.integers(0, 10))),
            "budget_points": 10**6,
            "funders": [
                {"funder": funder, "percent": percent}
                for funder, percent in zip(funders, (*shares[1:], 100 - sum(shares[1:])), strict=False)
            ],
        },
        "disputes": {"weeks_min": 99, "accepted": {}, "withheld": {}},
        "leaving": {
            "partner": draw(st.sampled_from(SLUGS)),
            "weeks_min": draw(st.sampled_from([2, 99])),
            "quiet_weeks": QUIET,
            "buy_out_bp": draw(st.sampled_from([0, 8_499, 10_000])),
        },
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
                    {
                        "valid_from": day,
                        "issue_micros": issue,
                        "reimbursement_micros": reimbursement,
                        "issue_share_percent": draw(st.sampled_from([0, 33, 40, 100])),
                        "transaction_fee_micros": draw(st.sampled_from([0, 15_005])),
                    }
                    for day, (issue, reimbursement) in zip(
                        dates, draw(st.tuples(prices, prices)), strict=True
                    )
                ],
                "billing": draw(
                    st.sampled_from(
                        [{}, {"cycle_fee_minor": 7}, {"cycle": "month", "cycle_fee_minor": 2_500}]
                    )
                ),
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
                st.integers(0, 7 * SOLD - 7), st.integers(9, 11), st.integers(0, 2), st.integers(1, 3),
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
def test_burned_points_were_given_and_the_matrix_sums_both_ways(
    demo: dict[str, Any], bought: list[tuple[Any, ...]]
) -> None:
    out = recompute(demo, bought, SOLD)
    given_points = Counter[str]()
    for _, place, _, _, _, _, cents in bought:
        earn = demo["partners"][place]["earn"]
        given_points[SLUGS[place]] += cents * earn["points"] // earn["per_minor"]
    given_points[demo["campaign"]["partner"]] += out["granted_points"]
    for slug in SLUGS:
        redeemed = sum(row[slug] for row in out["matrix"].values())
        assert redeemed == sum(out["burned"][slug].values())
        assert 0 <= sum(out["matrix"][slug].values()) <= given_points[slug]
    assert total(out["matrix"]) == total(out["burned"])
    assert out["purchases"] == len(bought)


@given(demos(), purchases(), st.randoms(use_true_random=False))
def test_figures_are_those_of_a_ledger_to_which_a_day_arrives_partner_by_partner(
    demo: dict[str, Any], bought: list[tuple[Any, ...]], random: Any
) -> None:
    """The ledger's lot order and the rating of its lots, literally, with any order of arrival within one partner's day.

    At the campaign's partner purchases arrive in their order, as a batch keeps it.
    """
    out = recompute(demo, bought, SOLD)
    ledger = Ledger(demo)
    for day in sorted({row[5] for row in bought}):
        for place in range(len(SLUGS)):
            arrived = [row for row in bought if row[5] == day and row[1] == place]
            if SLUGS[place] != demo["campaign"]["partner"]:
                random.shuffle(arrived)
            for row in arrived:
                ledger.earn(row)
        ledger.burn(day, bought)
    ledger.quiet()
    assert {issuer: +row for issuer, row in ledger.matrix.items() if +row} == out["matrix"]
    assert (ledger.burns, ledger.grants) == (out["burns"], out["grants"])
    for name, table in (("charged", ledger.charged), ("fees", ledger.fees)):
        assert {slug: +out[name][slug] for slug in SLUGS} == {slug: +table[slug] for slug in SLUGS}
    for week in range(1, WEEKS + 1):
        assert sum(nets[week] for nets in out["nets"].values()) == 0
    for partner in demo["partners"]:
        assert_nothing_is_lost(partner, ledger.owed[partner["slug"]], out)


def assert_nothing_is_lost(partner: dict[str, Any], owed: Counter[int], out: dict[str, Any]) -> None:
    """What was stated and what is carried make what is owed; without a statement all of it is carried."""
    slug, billing = partner["slug"], partner["billing"]
    fee, so_far = billing.get("cycle_fee_minor", 0) * 10_000, 0
    for week in range(1, WEEKS + 1):
        is_due = billing.get("cycle") != "month" or week == MONTH_ENDS
        so_far += owed[week] + is_due * fee
        stated = sum(out["nets"][slug][each] for each in range(1, week + 1))
        assert stated * 10_000 + out["carries"][slug][week] == so_far
        assert out["nets"][slug][week] == 0 or is_due
        assert not is_due or -5_000 <= out["carries"][slug][week] <= 5_000


class Ledger:
    """Lots in their order, and what each makes partners owe. Cycle fees are in `fees`, not in `owed`."""

    def __init__(self, demo: dict[str, Any]) -> None:
        self.demo = demo
        self.lots: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
        self.matrix: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.charged, self.fees, self.owed = (
            {slug: Counter[int]() for slug in SLUGS} for _ in range(3)
        )  # fmt: skip
        self.burns = self.grants = self.seq = 0
        for partner in demo["partners"]:
            monthly = partner["billing"].get("cycle") == "month"
            for week in (MONTH_ENDS,) if monthly else range(1, WEEKS + 1):
                self.fees[partner["slug"]][week] += partner["billing"].get("cycle_fee_minor", 0) * 10_000

    def earn(self, row: tuple[Any, ...]) -> None:
        _, _, _, _, week, day, amount = row
        place: int = row[1]
        slug = SLUGS[place]
        earn, campaign = self.demo["partners"][place]["earn"], self.demo["campaign"]
        points = amount * earn["points"] // earn["per_minor"]
        self._open(row, points, [(slug, 100)])
        self._fee(slug, day, week, points)
        if slug == campaign["partner"] and campaign["first_day"] <= day <= campaign["last_day"]:
            more = points * campaign["multiplier_percent"] // 100 - points
            self.grants += more > 0
            self._open(row, more, [(each["funder"], each["percent"]) for each in campaign["funders"]])

    def _open(self, row: tuple[Any, ...], points: int, funders: list[tuple[str, int]]) -> None:
        instant, place, _, household, week, day, _ = row
        self.seq += 1
        later = Counter[str]()
        for funder, percent in funders:
            if funder != "operator":
                price = self._price(funder, day)
                whole = nearest(price["issue_micros"] * percent, 100)
                now = nearest(whole * price["issue_share_percent"], 100)
                self.owed[funder][week] += points * now
                later[funder] += whole - now
        months = day.year * 12 + day.month + 24
        self.lots[household].append(
            {"order": (months, instant, self.seq), "issuer": SLUGS[place], "left": points, "later": later}
        )

    def burn(self, day: date, bought: list[tuple[Any, ...]]) -> None:
        cents: Counter[tuple[int, int]] = Counter()
        week = next(row[4] for row in bought if row[5] == day)
        for _, place, _, household, _, when, amount in bought:
            if when == day:
                cents[household, place] += amount
        for household, place in sorted(cents):
            slug, lots = SLUGS[place], sorted(self.lots[household], key=lambda lot: lot["order"])
            balance = sum(lot["left"] for lot in lots)
            points = _burned(self.demo, household, place, day, balance, cents[household, place])
            self.burns += points > 0
            self._fee(slug, day, week, points)
            self.owed[slug][week] -= points * self._price(slug, day)["reimbursement_micros"]
            for lot in lots:
                used = min(points, lot["left"])
                points -= used
                lot["left"] -= used
                self.matrix[lot["issuer"]][slug] += used
                for funder, micros in lot["later"].items():
                    self.charged[funder][week] += used * micros
                    self.owed[funder][week] += used * micros
            assert points == 0

    def quiet(self) -> None:
        """The weeks after the last purchase: who leaves buys out what is left."""
        leaving = self.demo["leaving"]
        slug = leaving["partner"]
        if leaving["weeks_min"] > SOLD:
            return
        unused = sum(lot["left"] * lot["later"][slug] for lots in self.lots.values() for lot in lots)
        self.owed[slug][WEEKS] += nearest(unused * leaving["buy_out_bp"], 10_000)

    def _fee(self, slug: str, day: date, week: int, points: int) -> None:
        if points:
            fee = self._price(slug, day)["transaction_fee_micros"]
            self.fees[slug][week] += fee
            self.owed[slug][week] += fee

    def _price(self, slug: str, day: date) -> dict[str, Any]:
        first, second = self.demo["partners"][SLUGS.index(slug)]["prices"]
        return first if day < second["valid_from"] else second


def nearest(amount: int, parts: int) -> int:
    """A whole number of parts, a tie to the even one."""
    whole, rest = divmod(amount, parts)
    return whole + (2 * rest > parts or (2 * rest == parts and whole % 2 == 1))


def _burned(demo: dict[str, Any], household: int, place: int, day: date, balance: int, cents: int) -> int:
    from services.demo.recompute import _burn_points  # pyright: ignore[reportPrivateUsage]

    visit = f"{household}|{day}|{SLUGS[place]}"
    return _burn_points(demo["burns"], demo["partners"][place], visit, balance, cents)
