"""What a bank says that it took for itself: charges within an amount, or an entry that is nothing else."""

from __future__ import annotations

from typing import Final

from services.partners.bank.values import AMOUNT_MINOR_MAX, SIGNS, Node
from services.runtime.errors import InvalidRequest

# Sub-families of bank transaction codes: charges, commissions with and without tax, fees (ISO 20022 external code set).
_CHARGES: Final = ("CHRG", "COMM", "COME", "COMI", "COMT", "FEES")
_TAKEN: Final = -1


def charged_minor(node: Node, currency: str) -> int:
    """The charges within an entry or a transaction, in minor units: below zero the bank took them. 0: it tells of none.

    Not those that are told in advance (`ChrgInclInd` false), or in another currency than the account's. Raises InvalidRequest.
    """
    total = 0
    for told in node.all("Chrgs"):
        # A record each since version 03; before that the charge itself.
        records = told.all("Rcrd") or [told]
        total += sum(_of_record(each, currency) for each in records)
    if abs(total) > AMOUNT_MINOR_MAX:
        raise InvalidRequest("charges are not that large", field=f"{node.path}/Chrgs")
    return total


def is_charge(node: Node, amount_minor: int) -> bool:
    """Whether the bank says that an entry or a transaction is a charge of its own and nothing else."""
    return amount_minor < 0 and node.text("BkTxCd", "Domn", "Fmly", "SubFmlyCd") in _CHARGES


def _of_record(node: Node, currency: str) -> int:
    if node.text("ChrgInclInd") in ("false", "0"):
        return 0
    name = "Amt" if node.at("Amt") else "TtlChrgsAndTaxAmt"
    if node.at(name) is None:
        return 0
    amount, of = node.amount(name)
    return SIGNS.get(node.text("CdtDbtInd"), _TAKEN) * amount if of == currency else 0
