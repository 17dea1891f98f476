"""What a bank says against what is open: each item ends in exactly one outcome, and nothing is guessed.

An item is matched by the end-to-end id; else by the creditor reference that it names; else by its exact amount from the very
account of a partner, where just one leg is due like that and the item names nothing else of ours. What can't be matched, or not
wholly, is a break: somebody has to look. An item's amount is what is applied to a leg, plus what is in the break, plus what the
bank says that it charged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.partners.domain.payments.bank_entries import (
    NOT_PROVIDED,
    BankItem,
    BankStatement,
    Status,
    StatusItem,
    StatusReport,
)
from services.partners.domain.payments.instructions import Direction
from services.partners.domain.payments.legs import Leg, Legs, LegState, MatchedBy
from services.partners.domain.payments.reference import creditor_references, is_end_to_end_id

# ISO 20022 reasons of a reject: the bank has had this message, part or payment before. What it had before stands.
_DUPLICATES: Final = frozenset({"AM05", "DUPL", "DU01", "DU02", "DU03", "DU04", "DU05"})
#: A charge that a bank tells of is believed up to this much in minor units, or this part of the payment, whichever is more.
CHARGE_MINOR: Final = 5_000
CHARGE_PART: Final = 20


class OutcomeKind(StrEnum):
    """What becomes of what a bank says."""

    SETTLED = "settled"
    """The leg is paid now, wholly."""
    PART = "part"
    """A part of the leg is paid; the rest stays due."""
    RETURNED = "returned"
    """What had been paid came back: it is due again."""
    REJECTED = "rejected"
    """The bank will not do it."""
    NOTED = "noted"
    """It changes nothing: on its way, or said before."""
    BREAK = "break"
    """It could not be matched."""
    CHARGE = "charge"
    """The bank says that it is its own charge, and nothing else."""


class BreakType(StrEnum):
    """Why somebody has to look."""

    UNKNOWN_REFERENCE = "unknown_reference"
    """It names nothing that is known, or several things."""
    WRONG_AMOUNT = "wrong_amount"
    """More or less than was due: only the difference is in the break."""
    PARTIAL = "partial"
    """Less than was due; it counts as part payment."""
    DUPLICATE = "duplicate"
    """It was there before, or what it pays was paid before."""
    WRONG_ACCOUNT = "wrong_account"
    """On an account that is not the operator's."""
    UNEXPECTED_RETURN = "unexpected_return"
    """It comes back, or is rejected, and was never paid, or was paid otherwise."""
    CURRENCY = "currency"
    """In another currency than the leg."""
    STATEMENT_GAP = "statement_gap"
    """The balances of a statement differ by more than its entries."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item, in minor units; `applied_minor` + `break_minor` + `charge_minor` is the item's amount.

    `break_type` says why somebody has to look, also where all of it was applied (a part payment); `break_minor`: what is in
    suspense until then. `on`: the day it was booked, None for a report. `note`: for who looks.
    """

    item: BankItem | StatusItem
    kind: OutcomeKind
    leg_id: UUID | None = None
    matched_by: MatchedBy = MatchedBy.NOTHING
    applied_minor: int = 0
    break_type: BreakType | None = None
    break_minor: int = 0
    on: date | None = None
    note: str = ""
    charge_minor: int = 0


@dataclass(frozen=True, slots=True)
class Matched:
    """All outcomes, and all legs as they stand after them."""

    outcomes: tuple[Outcome, ...]
    legs: tuple[Leg, ...]


def match_statement(
    statement: BankStatement,
    legs: Iterable[Leg],
    own_ibans: Collection[str],
    seen: Callable[[BankItem], bool] = lambda _: False,
    currency: str = "",
) -> Matched:
    """What becomes of the items of a statement; an outcome for each, in their order but returns last.

    `legs`: all that are not finished, and those that were paid as long ago as returns may come; `own_ibans`: the operator's
    accounts; `seen`: whether an item was matched before (see BankItem.key), in this statement or another one. The same
    movement twice in one statement is a duplicate as well. `currency`: the only one that accounts are kept in; empty: the legs say it.
    """
    book, keys, outcomes = Legs(legs), set[str](), list[Outcome]()
    for item in sorted(statement.items, key=_turn):
        key = item.key()
        if statement.account_iban not in own_ibans:
            outcomes.append(_broken(item, BreakType.WRONG_ACCOUNT, "the statement is of another account"))
        elif seen(item) or (key and key in keys):
            outcomes.append(_broken(item, BreakType.DUPLICATE, "the bank has told of this movement before"))
        elif currency and item.currency != currency:
            outcomes.append(
                _broken(item, BreakType.CURRENCY, f"{item.currency}, where accounts are in {currency}")
            )
        else:
            outcome, leg = _of_item(item, book)
            outcomes.append(outcome)
            if leg:
                book.put(leg)
        keys.add(key)
    return Matched(tuple(outcomes), book.all())


def match_report(report: StatusReport, legs: Iterable[Leg]) -> Matched:
    """What becomes of a report on a file. What is said of the file as such, or of its parts, holds for the legs that it names nothing of."""
    book, outcomes = Legs(legs), list[Outcome]()
    items = list(report.items)
    of_all = next(
        (each for each in (report.whole, *report.batches) if each and each.status is Status.REJECTED), None
    )
    told = {each.end_to_end_id.upper() for each in items}
    if of_all is not None and of_all.reason in _DUPLICATES:
        outcomes.append(
            _broken_status(of_all, BreakType.DUPLICATE, "the bank has had the file before: that one stands")
        )
    elif of_all is not None:
        # Files have one part each, so what is rejected of a part is of all its legs.
        rest = (
            each
            for each in book.of_message(report.original_message_id)
            if each.end_to_end_id.upper() not in told
        )
        items.extend(replace(of_all, end_to_end_id=each.end_to_end_id) for each in rest)
        if not items:
            outcomes.append(
                _broken_status(
                    of_all, BreakType.UNKNOWN_REFERENCE, "the bank rejects a file that nobody here knows"
                )
            )
    for item in items:
        outcome, leg = _of_status(item, book)
        outcomes.append(outcome)
        if leg:
            book.put(leg)
    return Matched(tuple(outcomes), book.all())


def _of_status(item: StatusItem, book: Legs) -> tuple[Outcome, Leg | None]:
    leg = book.by_end_to_end_id(item.end_to_end_id)
    if leg is None:
        return _broken_status(item, BreakType.UNKNOWN_REFERENCE, "no payment has this end-to-end id"), None
    found = Outcome(item, OutcomeKind.NOTED, leg.leg_id, MatchedBy.END_TO_END_ID, note=item.detail)
    if item.status is not Status.REJECTED or leg.state is LegState.REJECTED:
        return found, None
    if item.reason in _DUPLICATES:
        why = "the bank has had the payment before: that one stands"
        return replace(found, kind=OutcomeKind.BREAK, break_type=BreakType.DUPLICATE, note=why), None
    if leg.booked_minor or leg.state is not LegState.INSTRUCTED:
        why = f"the bank rejects a payment that is {leg.state.value}"
        return replace(found, kind=OutcomeKind.BREAK, break_type=BreakType.UNEXPECTED_RETURN, note=why), None
    return replace(found, kind=OutcomeKind.REJECTED), replace(leg, state=LegState.REJECTED)


def _turn(item: BankItem) -> tuple[bool, int]:
    """A debit and its return may stand in one statement, in whatever order; and a fee for the return beside it, which is less."""
    return item.is_return, -abs(item.amount_minor) if item.is_return else 0


def _of_item(item: BankItem, book: Legs) -> tuple[Outcome, Leg | None]:
    if item.amount_minor and item.charge_minor == item.amount_minor:
        about = book.by_end_to_end_id(item.end_to_end_id)
        charge = Outcome(item, OutcomeKind.CHARGE, about and about.leg_id, on=item.booked_on)
        return replace(charge, charge_minor=item.charge_minor), None
    leg, by, why = _leg_of(item, book)
    if leg is None:
        return _broken(item, BreakType.UNKNOWN_REFERENCE, why), None
    found = Outcome(item, OutcomeKind.BREAK, leg.leg_id, by, break_minor=item.amount_minor, on=item.booked_on)
    if item.currency != leg.currency:
        why = f"{item.currency}, where {leg.currency} is due"
        return replace(found, break_type=BreakType.CURRENCY, note=why), None
    if item.is_return or item.before_charge_minor * leg.sign <= 0:
        return _of_return(item, leg, found)
    return _of_payment(item, leg, found)


def _leg_of(item: BankItem, book: Legs) -> tuple[Leg | None, MatchedBy, str]:
    leg = book.by_end_to_end_id(item.end_to_end_id)
    if leg is not None:
        return leg, MatchedBy.END_TO_END_ID, ""
    if item.end_to_end_id != NOT_PROVIDED and is_end_to_end_id(item.end_to_end_id):
        return None, MatchedBy.NOTHING, "its end-to-end id looks like one of ours, and is none"
    named = book.named_by(item)
    if len(named) == 1:
        return named[0], MatchedBy.REFERENCE, ""
    if named:
        return None, MatchedBy.NOTHING, f"it names {len(named)} references: it has to be split by hand"
    if creditor_references(f"{item.creditor_reference} | {item.remittance}"):
        return None, MatchedBy.NOTHING, "the reference that it names is not of an open payment"
    alike = [] if item.is_return else book.due_from(item)
    if len(alike) == 1:
        return alike[0], MatchedBy.AMOUNT_AND_ACCOUNT, ""
    several = (
        f"{len(alike)} payments of this amount are due from its account"
        if alike
        else "it names nothing known"
    )
    return None, MatchedBy.NOTHING, several


def _of_payment(item: BankItem, leg: Leg, found: Outcome) -> tuple[Outcome, Leg | None]:
    due = leg.due_minor
    charge = _charge(item, leg.sign * due)
    amount = leg.sign * (item.amount_minor - charge)
    if due == 0:
        return replace(found, break_type=BreakType.DUPLICATE, note="what it pays was paid before"), None
    applied = due if _is_whole(leg, found.matched_by) else min(amount, due)
    kind = OutcomeKind.SETTLED if applied == due else OutcomeKind.PART
    rest = amount - applied
    of_break, why = None, ""
    if rest:
        more = "more" if rest > 0 else "less"
        of_break, why = BreakType.WRONG_AMOUNT, f"{abs(rest)} minor units {more} than were due"
    elif kind is OutcomeKind.PART:
        of_break, why = BreakType.PARTIAL, f"{due - applied} minor units are still due"
    outcome = replace(
        found,
        kind=kind,
        applied_minor=leg.sign * applied,
        break_type=of_break,
        break_minor=leg.sign * rest,
        note=why,
        charge_minor=charge,
    )
    return outcome, leg.paid(applied, found.matched_by is MatchedBy.END_TO_END_ID)


def _is_whole(leg: Leg, by: MatchedBy) -> bool:
    """Whether what is booked is all of a leg whatever its amount: a bank collects a debit in one piece, so what lacks is the bank's.

    Whoever pays by transfer may pay in parts; and of what the operator pays out less than it owed, it owes the rest.
    """
    return by is MatchedBy.END_TO_END_ID and leg.direction is Direction.COLLECT and bool(leg.message_id)


def _of_return(item: BankItem, leg: Leg, found: Outcome) -> tuple[Outcome, Leg | None]:
    """What comes back is what had gone, all of it. Where the amount is another, the bank took a charge of which it says nothing: a break."""
    wanted = -leg.sign * leg.booked_minor
    charge = _charge(item, wanted)
    amount = -leg.sign * (item.amount_minor - charge)
    # Who gives back a part names the reference, perhaps: what the bank sends back names the payment, or says so.
    surely = item.is_return or found.matched_by is MatchedBy.END_TO_END_ID
    if amount <= 0 or not leg.booked_minor or (amount < leg.booked_minor and not surely):
        why = f"{leg.booked_minor} minor units had been paid by its instruction; it is {leg.state.value}"
        return replace(found, break_type=BreakType.UNEXPECTED_RETURN, note=why), None
    rest = amount - leg.booked_minor
    said = f"{abs(rest)} minor units {'more' if rest > 0 else 'less'} than had been paid: a charge?"
    outcome = replace(
        found,
        kind=OutcomeKind.RETURNED,
        applied_minor=wanted,
        break_type=BreakType.WRONG_AMOUNT if rest else None,
        break_minor=-leg.sign * rest,
        note=said if rest else item.reason,
        charge_minor=charge,
    )
    return outcome, leg.returned()


def _charge(item: BankItem, wanted_minor: int) -> int:
    """What of an item is the bank's charge. Nothing where it is right without: then the charge is told in advance, or besides.

    Nor where it is more than a bank takes: then the difference is a break, which a person looks at.
    """
    same_way = item.before_charge_minor * wanted_minor > 0
    believed = max(CHARGE_MINOR, abs(wanted_minor) // CHARGE_PART)
    if item.amount_minor == wanted_minor or not same_way or abs(item.charge_minor) > believed:
        return 0
    return item.charge_minor


def _broken(item: BankItem, kind: BreakType, note: str) -> Outcome:
    return Outcome(
        item, OutcomeKind.BREAK, break_type=kind, break_minor=item.amount_minor, on=item.booked_on, note=note
    )


def _broken_status(item: StatusItem, kind: BreakType, note: str) -> Outcome:
    return Outcome(item, OutcomeKind.BREAK, break_type=kind, note=note)
