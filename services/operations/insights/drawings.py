"""Which chart a figure is drawn as."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from services.operations.amounts import write_minor
from services.operations.documents import Document
from services.operations.insights.charts import Bar, Bars, Cell, Grid
from services.operations.insights.rates import average, percent, permille

_BECAME: Final = ("redeemed", "expired", "taken", "reversed", "outstanding")
_SCORES: Final = (5, 4, 3, 2, 1)


def rates(title: str, rows: Sequence[Document], part: str, whole: str) -> Bars:
    """A bar for each partner's rate; those of nothing are left out."""
    return Bars(
        title,
        [
            Bar(row["partner"], (permille(row[part], row[whole]),), percent(row[part], row[whole]))
            for row in rows
            if row[whole]
        ],
    )


def baskets(title: str, currency: str, rows: Sequence[Document]) -> Bars:
    """A bar for each partner's average basket."""
    averages = [(row["partner"], average(row["net_minor"], row["purchases"])) for row in rows]
    return Bars(title, [Bar(name, (each,), f"{write_minor(each)} {currency}") for name, each in averages])


def active(title: str, rows: Sequence[Document]) -> Bars:
    """A bar for each partner's active members."""
    return Bars(title, [Bar(row["partner"], (row["active"],), f"{row['active']:,}") for row in rows])


def became(title: str, rows: Sequence[Document], label: str, text: Callable[[Document], str]) -> Bars:
    """A bar for points of each month or issuer, in the parts of what became of them."""
    bars = [Bar(row[label], tuple(row[name] for name in _BECAME), text(row)) for row in rows]
    return Bars(title, bars, _BECAME)


def cohorts(title: str, rows: Sequence[Document]) -> Grid:
    """A row for each cohort, a column for each age, shaded by how many came back."""
    ages = max((len(row["buyers"]) for row in rows), default=0)
    return Grid(
        title,
        "first purchase",
        [str(age) for age in range(ages)],
        [(f"{row['starts_on']} ({row['buyers'][0]:,})", _ages(row["buyers"], ages)) for row in rows],
    )


def _ages(buyers: Sequence[int], ages: int) -> list[Cell | None]:
    shown: list[Cell | None] = [
        Cell(permille(each, buyers[0]), percent(each, buyers[0]).split(".")[0] + " %") for each in buyers
    ]
    return shown + [None] * (ages - len(buyers))


def scores(title: str, rows: Sequence[Document]) -> Grid:
    """Recency by frequency, shaded by how many members are there."""
    counted: dict[tuple[int, int], int] = {}
    for row in rows:
        place = (row["recency"], row["frequency"])
        counted[place] = counted.get(place, 0) + row["members"]
    most = max(counted.values(), default=0)
    columns = sorted(_SCORES)
    return Grid(
        title,
        "recency ↓ frequency →",
        [str(each) for each in columns],
        [
            (str(recency), [_count(counted.get((recency, each), 0), most) for each in columns])
            for recency in _SCORES
        ],
    )


def flow(title: str, rows: Sequence[Document]) -> Grid:
    """Issuers by redeemers, shaded by points."""
    points = {(row["issuer"], row["redeemer"]): row["points"] for row in rows}
    issuers, redeemers = sorted({each for each, _ in points}), sorted({each for _, each in points})
    most = max(points.values(), default=0)
    return Grid(
        title,
        "issued ↓ redeemed →",
        redeemers,
        [(issuer, [_count(points.get((issuer, each), 0), most) for each in redeemers]) for issuer in issuers],
    )


def shared(title: str, rows: Sequence[Document]) -> Grid:
    """Partners by partners, shaded by the members who buy at both."""
    members = {(row["first"], row["second"]): row["members"] for row in rows}
    names = sorted({name for pair in members for name in pair})
    most = max(members.values(), default=0)
    return Grid(
        title,
        "",
        names,
        [
            (
                one,
                [_count(members.get((one, other), members.get((other, one), 0)), most) for other in names],
            )
            for one in names
        ],
    )


def _count(number: int, most: int) -> Cell:
    return Cell(permille(number, most), f"{number:,}" if number else "·")
