"""A partner's operations: what the daily file is made of, and what a partner's own file is compared with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from services.points.domain.operations import NAMED, NOTHING, Figures, Fold, Operation, OperationKind
from services.points.storage import operations
from services.points.storage.operations import Found, Sum
from services.runtime.database import ReadDatabase
from services.runtime.errors import InvalidRequest

BLOCK_MAX: Final = 500
NAMES_MAX: Final = 500
_PARTS: Final = frozenset({"return", "clawback", "owe"})
_NAMES: Final = {"redeem": OperationKind.REDEMPTION, "grant": OperationKind.BONUS}


class Total(NamedTuple):
    """Operations of one kind, summed."""

    kind: OperationKind
    number: int
    figures: Figures


class Operations:
    """Reads of one partner's operations."""

    def __init__(self, database: ReadDatabase) -> None:
        self._database = database

    async def read(
        self, ledger_id: int, partner_id: UUID, first_seq: int, last_seq: int
    ) -> AsyncIterator[Sequence[Operation]]:
        """The operations of a stretch of the journal in blocks, in order; each block in a moment of its own."""
        fold, place = Fold(), max(1, first_seq)
        number = None
        while place <= last_seq:
            async with self._database.snapshot() as connection:
                driver = await connection.driver()
                if number is None:
                    number = await operations.partner_no(driver, ledger_id, partner_id)
                if number is None:
                    return
                found, place = await operations.block(driver, ledger_id, number, place, last_seq, BLOCK_MAX)
            block = list(fold.take(found))
            if block:
                yield block
        rest = list(fold.rest())
        if rest:
            yield rest

    async def sums(self, ledger_id: int, partner_id: UUID, first_seq: int, last_seq: int) -> list[Total]:
        """The operations of a stretch of the journal summed by kind, in the order of OperationKind."""
        async with self._database.snapshot() as connection:
            driver = await connection.driver()
            number = await operations.partner_no(driver, ledger_id, partner_id)
            if number is None:
                return []
            found, debts, paid = await operations.sums(driver, ledger_id, number, first_seq, last_seq)
        return totals_of(found, debts, paid)

    async def find(
        self, ledger_id: int, partner_id: UUID, kind: OperationKind, references: Sequence[str]
    ) -> list[Found]:
        """Operations by reference. Raises InvalidRequest for more than 500, or of a kind that has no reference."""
        if kind not in NAMED or not 1 <= len(references) <= NAMES_MAX:
            raise InvalidRequest(f"1 to {NAMES_MAX} names of operations", field="names")
        async with self._database.snapshot() as connection:
            driver = await connection.driver()
            number = await operations.partner_no(driver, ledger_id, partner_id)
            if number is None:
                return []
            return await operations.find(driver, ledger_id, number, kind, references)


def totals_of(sums: Sequence[Sum], debts: int, paid: Figures) -> list[Total]:
    """Totals by kind of what was summed by posting."""
    found: dict[OperationKind, Total] = {}

    def add(kind: OperationKind, number: int, figures: Figures) -> None:
        before = found.get(kind, Total(kind, 0, NOTHING))
        found[kind] = Total(kind, before.number + number, before.figures.plus(figures))

    for each in sums:
        kind = _NAMES.get(each.operation) or OperationKind(each.operation)
        add(kind, 0 if each.kind in _PARTS else each.number, _figures(each))
    part = found.pop(OperationKind.REFUND_PART, None)
    if part and part.figures != NOTHING:
        # (A stretch has one end, so one refund at most is cut by it.)
        found[part.kind] = part._replace(number=1)
    if debts:
        add(OperationKind.DEBT_REPAYMENT, debts, paid)
    return [found[kind] for kind in OperationKind if kind in found]


def _figures(each: Sum) -> Figures:
    if each.kind == "earn":
        return Figures(issued=each.amount, amount_minor=each.amount_minor)
    if each.kind in ("redeem", "capture"):
        return Figures(burned=each.amount, amount_minor=each.amount_minor)
    if each.kind == "refund":
        return Figures(amount_minor=each.amount_minor)
    if each.kind == "return":
        return Figures(returned=each.amount)
    if each.kind == "clawback":
        return Figures(bonus_reversed=each.amount) if each.of_grant else Figures(reversed=each.amount)
    return Figures(bonus_issued=each.amount) if each.kind == "grant" else NOTHING
