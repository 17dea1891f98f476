"""The figures that the demo ends with, in one form for the platform's own and the recomputed ones."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

# The party that is no partner, in `nets`.
OPERATOR = "operator"

ByWeek = Mapping[int, int]


class FiguresError(ValueError):
    """A document does not hold the demo's figures."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What weeks 1 to `weeks` came to; what is missing from a table is 0.

    `issued` and `burned`: points by partner and week. `matrix`: burned points by the partner whose lots they
    were (issuer), then by the partner where they were burned (redeemer). `nets`: cents by partner and week,
    positive when the partner pays, with OPERATOR as one more party, so that a week sums to 0. `carries`:
    micros that each partner's week leaves to the next, None where they are not known.
    """

    weeks: int
    purchases: int
    zero_point_purchases: int
    burns: int
    issued: Mapping[str, ByWeek]
    burned: Mapping[str, ByWeek]
    matrix: Mapping[str, Mapping[str, int]]
    nets: Mapping[str, ByWeek]
    carries: Mapping[str, ByWeek] | None = None

    def to_json(self) -> str:
        """The document that `recompute --json` prints too."""
        return json.dumps(asdict(self))


def figures_from_json(text: str) -> Figures:
    """Read a document of to_json() or of `recompute --json`; raises FiguresError."""
    try:
        document = cast("dict[str, Any]", json.loads(text))
        carries = document.get("carries")
        return Figures(
            weeks=int(document["weeks"]),
            purchases=int(document["purchases"]),
            zero_point_purchases=int(document["zero_point_purchases"]),
            burns=int(document["burns"]),
            issued=_by_week(document["issued"]),
            burned=_by_week(document["burned"]),
            matrix={issuer: dict(row) for issuer, row in document["matrix"].items()},
            nets=_by_week(document["nets"]),
            carries=None if carries is None else _by_week(carries),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FiguresError(f"not the demo's figures: {error!r}") from error


def _by_week(table: dict[str, dict[str, int]]) -> dict[str, dict[int, int]]:
    """JSON has text keys only: weeks become numbers again."""
    return {name: {int(week): value for week, value in row.items()} for name, row in table.items()}
