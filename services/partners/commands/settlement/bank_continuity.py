"""Whether statements follow each other: a break where one is missing, which ends as soon as it comes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change
from services.partners.commands.settlement.bank_outcomes import Told
from services.partners.domain.payments.bank_entries import BankItem, BankStatement
from services.partners.domain.payments.continuity import Joint, ToldStatement, joints
from services.partners.domain.payments.matching import BreakType, Outcome, OutcomeKind
from services.partners.storage.settlement import bank_messages, bank_statements
from services.runtime.principal import Principal

_ENDED = "explained"


@dataclass(frozen=True, slots=True)
class Continuity:
    """How the statements of a message follow those of before: what to tell of them, and which breaks end, by number, and why."""

    statements: tuple[ToldStatement, ...] = ()
    told: tuple[Told, ...] = ()
    ended: tuple[tuple[int, str], ...] = ()


async def continuity_of(
    connection: AsyncConnection,
    ledger_id: int,
    message_number: int,
    said: Sequence[BankStatement],
    today: date,
) -> Continuity:
    """Compares the statements of a new message with those that are kept; the caller holds the lock of settlement."""
    by_account: dict[str, list[ToldStatement]] = defaultdict(list)
    for place, each in enumerate(said, start=1):
        by_account[each.account_iban].append(ToldStatement.of(each, message_number, place, today))
    statements: list[ToldStatement] = []
    found: list[Joint] = []
    for some in by_account.values():
        ordered = sorted(some, key=lambda each: each.order)
        known = await bank_statements.around(connection, ledger_id, ordered[0], ordered[-1])
        new: list[ToldStatement] = []
        for each in ordered:
            again = any(each.says_the_same(other) for other in (*known, *new))
            statements.append(replace(each, repeated=again))
            new += [] if again else [each]
        found += joints(new, known)
    currencies = {place: each.currency for place, each in enumerate(said, start=1)}
    repeated = [_repeated(each, currencies[each.place]) for each in statements if each.repeated]
    gaps = await bank_statements.gaps(connection, ledger_id, [each.after.where for each in found])
    missing = [
        _missing(each, message_number, currencies)
        for each in found
        if each.gap_minor and ((gap := gaps.get(each.after.where)) is None or gap.ended)
    ]
    ended = [
        (gap.break_number, f"statement {each.before.statement_id} came")
        for each in found
        if not each.gap_minor and (gap := gaps.get(each.after.where)) and not gap.ended
    ]
    return Continuity(tuple(statements), (*repeated, *missing), tuple(ended))


async def end_gaps(
    connection: AsyncConnection, who: Principal, ledger_id: int, now_us: int, found: Continuity
) -> list[Change]:
    """Ends the breaks of statements that were missing and have come; answers it for the audit log, which is locked last."""
    for number, why in found.ended:
        await bank_messages.tell_break(connection, ledger_id, number, _ENDED, now_us, who.actor, why=why)
    after = {"amount_minor": 0, "how": _ENDED, "type": BreakType.STATEMENT_GAP.value}
    return [Change("break.ended", str(number), None, after, why) for number, why in found.ended]


def _repeated(statement: ToldStatement, currency: str) -> Told:
    note = "the bank has told of this statement before"
    return _told(statement, currency, BreakType.DUPLICATE, note, statement.place, None)


def _missing(joint: Joint, message_number: int, currencies: dict[int, str]) -> Told:
    before, after = joint.before, joint.after
    note = (
        f"it opens with {after.opening_minor} minor units, and statement {before.statement_id} before it closed with "
        f"{before.closing_minor}: one between them is missing"
    )
    # It may be an older one that the new one does not lead to.
    place = after.place if after.message_number == message_number else before.place
    return _told(after, currencies[place], BreakType.STATEMENT_GAP, note, place, after.where)


def _told(
    statement: ToldStatement,
    currency: str,
    kind: BreakType,
    note: str,
    place: int,
    gap_of: tuple[int, int] | None,
) -> Told:
    on = statement.closed_on
    item = BankItem(0, 0, "", on, on, 0, currency, remittance=f"statement {statement.statement_id}")
    broken = Outcome(item, OutcomeKind.BREAK, break_type=kind, on=on, note=note)
    key = f"{statement.account}/{statement.statement_id}/{kind}/{statement.message_number}/{statement.place}"
    return Told(broken, key, place, gap_of)
