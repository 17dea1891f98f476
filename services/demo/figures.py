"""The figures that the demo ends with, in one form for the platform's own and the recomputed ones."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

# The party that is no partner, in `nets`.
OPERATOR = "operator"

ByWeek = Mapping[int, int]

#: The fields of Figures that are one number each.
COUNTS: Final = (
    "weeks", "purchases", "zero_point_purchases", "burns", "grants", "granted_points", "loaded_points", "statements",
)  # fmt: skip
_BY_WEEK: Final = ("issued", "burned", "nets")
_OPTIONAL: Final = ("carries", "charged", "fees")


class FiguresError(ValueError):
    """A document does not hold the demo's figures."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A partner's statement: its first week, what was due before and is now (cents), and parts of it (micros)."""

    first_week: int
    opening: int
    net: int
    closing: int
    charged: int
    fees: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What weeks 1 to `weeks` came to; what is missing from a table is 0.

    `granted_points`: those of the campaign, in so many `grants`, of `loaded_points` in its budget. `issued` and `burned`:
    points by partner and week; what the campaign gives counts as issued by each partner that funds it. `matrix`: burned
    points by the partner whose lots they were (issuer), then by the partner where they were burned (redeemer). `nets`: cents
    by partner and week, positive when the partner pays, with OPERATOR as one more party, so that a week sums to 0.

    Known to one side only, else None: `carries`, micros that each partner's week leaves to the next; `charged`, micros due for
    points that were used, and `fees`, micros, by partner and week; `stated`, statements by partner and last week.
    """

    weeks: int
    purchases: int
    zero_point_purchases: int
    burns: int
    grants: int
    granted_points: int
    loaded_points: int
    statements: int
    issued: Mapping[str, ByWeek]
    burned: Mapping[str, ByWeek]
    matrix: Mapping[str, Mapping[str, int]]
    nets: Mapping[str, ByWeek]
    carries: Mapping[str, ByWeek] | None = None
    charged: Mapping[str, ByWeek] | None = None
    fees: Mapping[str, ByWeek] | None = None
    stated: Mapping[str, Mapping[int, Stated]] | None = None

    def to_json(self) -> str:
        """The document that `recompute --json` prints too."""
        return json.dumps(asdict(self))


def figures_from_json(text: str) -> Figures:
    """Read a document of to_json() or of `recompute --json`; raises FiguresError."""
    try:
        document = cast("dict[str, Any]", json.loads(text))
        known: dict[str, Any] = {name: int(document[name]) for name in COUNTS}
        known |= {name: _by_week(document[name]) for name in _BY_WEEK}
        known |= {name: _by_week(document[name]) for name in _OPTIONAL if document.get(name) is not None}
        matrix = {issuer: dict(row) for issuer, row in document["matrix"].items()}
        return Figures(**known, matrix=matrix, stated=_stated(document.get("stated")))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FiguresError(f"not the demo's figures: {error!r}") from error


def _stated(table: dict[str, dict[str, dict[str, int]]] | None) -> dict[str, dict[int, Stated]] | None:
    if table is None:
        return None
    return {name: {int(week): Stated(**each) for week, each in row.items()} for name, row in table.items()}


def _by_week(table: dict[str, dict[str, int]]) -> dict[str, dict[int, int]]:
    """JSON has text keys only: weeks become numbers again."""
    return {name: {int(week): value for week, value in row.items()} for name, row in table.items()}
