"""Which column of a sum tree an entry adds to, and the numbers that stand for kinds and types of points in a leaf."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# The one table of kinds, in the order of a statement's lines. A number is never used again; money goes by the sign of an
# amount alone.
KIND_CODES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "issued": 1, "reversed": 2, "charged": 3, "credited": 4, "released": 5, "burned": 6, "returned": 7, "fee": 8,
        "cycle_fee": 9, "issued_difference": 10, "reversed_difference": 11, "charged_difference": 12,
        "credited_difference": 13, "released_difference": 14, "burned_difference": 15, "returned_difference": 16,
        "fee_difference": 17, "adjustment_points": 18, "adjustment_fees": 19, "adjustment_reimbursement": 20, "buy_out": 24,
    }
)  # fmt: skip
# Points of these kinds are summed; of what was undone the count and the money are.
ISSUED_CODE: Final = KIND_CODES["issued"]
BURNED_CODE: Final = KIND_CODES["burned"]
# 0: an entry without points has no type of them.
TYPE_CODES: Final[Mapping[str, int]] = MappingProxyType({"": 0, "base": 1, "bonus": 2})
# What stands for anything else: refused, never hashed.
NO_CODE: Final = 99
