"""Entries of a statement, as movements: one for each transaction that an entry tells of, and what is left over of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.partners.bank.charges import charged_minor, is_charge
from services.partners.bank.values import SIGNS, Node
from services.partners.domain.payments.bank_entries import BankItem
from services.runtime.errors import InvalidRequest

_REMITTANCE_CHARACTERS_MAX: Final = 2_000
_REFERENCE_CHARACTERS_MAX: Final = 70
_BOOKED: Final = "BOOK"
# What banks write where they have no reference.
_NO_REFERENCE: Final = ("NONREF", "NOTPROVIDED")
# Sub-families of bank transaction codes that say that something comes back: a transfer, an unpaid debit, a reversal.
_RETURNS: Final = ("RRTN", "UPDD", "PRDD", "RPCR")


def entry_items(node: Node, number: int) -> list[BankItem] | None:
    """The movements of an entry; None: it is not booked yet. Their amounts sum to the entry's. Raises InvalidRequest."""
    status = node.first_text(("Sts", "Cd"), ("Sts",))
    if not status:
        raise InvalidRequest("this is missing", field=f"{node.path}/Sts")
    if status != _BOOKED:
        return None
    amount, currency = _signed(node, node.amount("Amt"))
    whole = BankItem(
        entry=number,
        detail=0,
        bank_reference=_bank_reference(node, "AcctSvcrRef"),
        booked_on=node.day("BookgDt") if node.at("BookgDt") else node.day("ValDt"),
        value_on=node.day("ValDt") if node.at("ValDt") else node.day("BookgDt"),
        amount_minor=amount,
        currency=currency,
        remittance=node.text("AddtlNtryInf"),
        is_return=_is_return(node),
        charge_minor=amount if is_charge(node, amount) else charged_minor(node, currency),
    )
    details = [detail for group in node.all("NtryDtls") for detail in group.all("TxDtls")]
    amounts = [_detail_amount(each, whole, len(details) == 1) for each in details]
    if not details or None in amounts:
        # Nothing says which transaction is of how much: somebody has to look at the entry as a whole.
        return [whole]
    items = [
        _of_detail(each, place, whole, of_it, len(details) == 1)
        for place, (each, of_it) in enumerate(zip(details, amounts, strict=True), start=1)
        if of_it is not None
    ]
    return _with_rest(items, whole)


def _with_rest(items: list[BankItem], whole: BankItem) -> list[BankItem]:
    """The transactions of an entry, so that they sum to it.

    Banks tell a transaction as it was booked, or as it was before their charge. What is over once charges are taken off is one
    movement more.
    """
    rest = whole.amount_minor - sum(each.amount_minor for each in items)
    if not rest:
        return items
    if rest == sum(each.charge_minor for each in items):
        return [replace(each, amount_minor=each.amount_minor + each.charge_minor) for each in items]
    told = rest == whole.charge_minor
    said = "what the bank charges" if told else "what the transactions of the entry leave over"
    return [
        *items,
        replace(whole, amount_minor=rest, charge_minor=rest if told else 0, remittance=said),
    ]


def _of_detail(node: Node, place: int, entry: BankItem, amount_minor: int, alone: bool) -> BankItem:
    returned = entry.is_return or _is_return(node) or node.at("RtrInf") is not None
    # The payer of what came in; of what came back, the one that it was taken from.
    party = "Dbtr" if (amount_minor > 0) != returned else "Cdtr"
    structured = [
        each.text("CdtrRefInf", "Ref", at_most=_REFERENCE_CHARACTERS_MAX) for each in _under(node, "Strd")
    ]
    charge = charged_minor(node, entry.currency)
    if is_charge(node, amount_minor) or entry.charge_minor == entry.amount_minor:
        charge = amount_minor
    elif alone:
        charge = charge or entry.charge_minor
    return BankItem(
        entry=entry.entry,
        detail=place,
        bank_reference=_bank_reference(node, "Refs", "AcctSvcrRef") or entry.bank_reference,
        booked_on=entry.booked_on,
        value_on=entry.value_on,
        amount_minor=amount_minor,
        currency=entry.currency,
        end_to_end_id=node.text("Refs", "EndToEndId", at_most=_REFERENCE_CHARACTERS_MAX),
        creditor_reference=" ".join(each for each in structured if each),
        remittance=_remittance(node) or entry.remittance,
        is_return=returned,
        reason=node.first_text(("RtrInf", "Rsn", "Cd"), ("RtrInf", "Rsn", "Prtry")),
        counterparty=node.first_text(("RltdPties", party, "Nm"), ("RltdPties", party, "Pty", "Nm")),
        counterparty_iban=node.text("RltdPties", f"{party}Acct", "Id", "IBAN").replace(" ", "").upper(),
        charge_minor=charge,
    )


def _remittance(node: Node) -> str:
    lines = " ".join(each.element.text.strip() for each in _under(node, "Ustrd") if each.element.text)
    return (lines or node.text("AddtlTxInf"))[:_REMITTANCE_CHARACTERS_MAX]


def _under(node: Node, name: str) -> list[Node]:
    information = node.at("RmtInf")
    return information.all(name) if information else []


def _signed(node: Node, amount: tuple[int, str]) -> tuple[int, str]:
    said = node.needed("CdtDbtInd")
    if said not in SIGNS:
        raise InvalidRequest("that is neither CRDT nor DBIT", field=f"{node.path}/CdtDbtInd")
    return SIGNS[said] * amount[0], amount[1]


def _detail_amount(node: Node, entry: BankItem, alone: bool) -> int | None:
    """What a transaction is of, with its sign; None: it does not say so in the currency of the account, and is not alone."""
    sign = SIGNS.get(node.text("CdtDbtInd"), 1 if entry.amount_minor >= 0 else -1)
    for way in (("Amt",), ("AmtDtls", "TxAmt", "Amt")):
        found = node.at(*way)
        if found is not None and found.element.get("Ccy") == entry.currency:
            return sign * node.amount(*way)[0]
    return entry.amount_minor if alone else None


def _is_return(node: Node) -> bool:
    return (
        node.text("RvslInd") in ("true", "1") or node.text("BkTxCd", "Domn", "Fmly", "SubFmlyCd") in _RETURNS
    )


def _bank_reference(node: Node, *way: str) -> str:
    said = node.text(*way, at_most=_REFERENCE_CHARACTERS_MAX)
    return "" if said.upper() in _NO_REFERENCE else said
