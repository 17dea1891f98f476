from enum import StrEnum
from typing import Self


class StatementLineType(StrEnum):
    ADJUSTMENT_FEES = "adjustment_fees"
    ADJUSTMENT_POINTS = "adjustment_points"
    ADJUSTMENT_REIMBURSEMENT = "adjustment_reimbursement"
    BURNED = "burned"
    BURNED_DIFFERENCE = "burned_difference"
    BUY_OUT = "buy_out"
    CARRY_IN = "carry_in"
    CARRY_OUT = "carry_out"
    CHARGED = "charged"
    CHARGED_DIFFERENCE = "charged_difference"
    CREDITED = "credited"
    CREDITED_DIFFERENCE = "credited_difference"
    CYCLE_FEE = "cycle_fee"
    FEE = "fee"
    FEE_DIFFERENCE = "fee_difference"
    ISSUED = "issued"
    ISSUED_DIFFERENCE = "issued_difference"
    RELEASED = "released"
    RELEASED_DIFFERENCE = "released_difference"
    RETURNED = "returned"
    RETURNED_DIFFERENCE = "returned_difference"
    REVERSED = "reversed"
    REVERSED_DIFFERENCE = "reversed_difference"

    @classmethod
    def _missing_(cls, value: object) -> Self:
        """A value that is newer than this client: it goes by itself, and equals its text."""
        text = str(value)
        unknown = str.__new__(cls, text)
        unknown._name_, unknown._value_ = text, text
        return unknown

    def __str__(self) -> str:
        return str(self.value)
