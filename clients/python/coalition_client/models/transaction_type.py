from enum import StrEnum
from typing import Self


class TransactionType(StrEnum):
    ADJUSTMENT = "adjustment"
    BONUS = "bonus"
    CAPTURE = "capture"
    CLAWBACK = "clawback"
    DEBT = "debt"
    DEBT_ASSUMED = "debt_assumed"
    DEBT_REPAYMENT = "debt_repayment"
    EARN = "earn"
    EXPIRY = "expiry"
    HOLD = "hold"
    HOLD_EXPIRY = "hold_expiry"
    MATURITY = "maturity"
    OPENING_BALANCE = "opening_balance"
    PARKED_EARN = "parked_earn"
    PARKED_EARN_ENDED = "parked_earn_ended"
    POINTS_RETURNED = "points_returned"
    REDEMPTION = "redemption"
    REFUND = "refund"
    TRANSFER = "transfer"
    TRANSFER_RECEIVED = "transfer_received"
    VOID = "void"
    WALLET_MERGED = "wallet_merged"

    @classmethod
    def _missing_(cls, value: object) -> Self:
        """A value that is newer than this client: it goes by itself, and equals its text."""
        text = str(value)
        unknown = str.__new__(cls, text)
        unknown._name_, unknown._value_ = text, text
        return unknown

    def __str__(self) -> str:
        return str(self.value)
