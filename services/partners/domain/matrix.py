"""The burn matrix with the operator in it: who owes whom, so that a row less a column is a net.

A cell of two partners is what the points of the one, burned at the other, cost. All that is no reimbursement (prices of
points, fees, and what undoes them) a partner owes the operator: its cell in the operator's column. The operator's row is
what points cost that it issued itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from services.partners.domain.netting import OPERATOR, MatrixCell, Net


@dataclass(frozen=True, slots=True)
class SideSums:
    """A party's row and column in micros; row − column = exact.

    `operator_micros`: its cell in the operator's column, 0 for the operator itself. `exact_micros`: of its nets, the
    operator's by kind of entry: that it fits is a check, not the way it is made.
    """

    row_micros: int
    column_micros: int
    operator_micros: int
    exact_micros: int


def sides_of(cells: Iterable[MatrixCell], nets: Iterable[Net]) -> Mapping[UUID, SideSums]:
    """The row and column of each party that has a net or a cell; of windows whose nets and cells these are.

    Cells are what was burned less what was returned.
    """
    exact: dict[UUID, int] = defaultdict(int)
    for net in nets:
        exact[net.party_id] += net.exact_micros
    rows: dict[UUID, int] = defaultdict(int)
    columns: dict[UUID, int] = defaultdict(int)
    for cell in cells:
        owed = cell.micros - cell.micros_returned
        rows[cell.issuer_id] += owed
        columns[cell.redeemer_id] += owed
    parties = {*exact, *rows, *columns} - {OPERATOR}
    # Its rated entries sum to what it owes less what it is owed for burns; the latter is its column.
    to_operator = {party: exact[party] + columns[party] - rows[party] for party in parties}
    sides = {
        party: SideSums(rows[party] + to_operator[party], columns[party], to_operator[party], exact[party])
        for party in parties
    }
    sides[OPERATOR] = SideSums(rows[OPERATOR], sum(to_operator.values()), 0, exact[OPERATOR])
    return sides
