"""What falls due in a wallet as the rules say it; a part of the model of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.support.ledger_facts import Posted, PostedKind, Taken, end, take

if TYPE_CHECKING:
    from tests.support.ledger_model import LedgerModel


def owed(model: LedgerModel, member: UUID) -> int:
    """What a member owes."""
    return sum(debt.left for debt in model.debts if debt.member == member)


def catch_up(model: LedgerModel, member: UUID, now_us: int) -> None:
    """One moment after the other at which something matures or a hold runs out; then what has expired by now."""
    model.decided_before(now_us)
    while True:
        holds = [hold for hold in model.holds.values() if hold.open and hold.member == member]
        pending = [lot for lot in model.lots.get(member, []) if lot.matures_us and lot.remaining]
        moments = {hold.expires_us for hold in holds} | {lot.matures_us for lot in pending}
        if not moments or min(moments) > now_us:
            break
        moment_us = min(moments)
        matured = [lot for lot in pending if lot.matures_us == moment_us]
        if matured:
            for lot in matured:
                lot.matures_us = 0
            come = tuple(
                Taken(lot.lot_no, lot.issuer, lot.remaining)
                for lot in sorted(matured, key=lambda lot: lot.order)
            )
            points = sum(part.points for part in come)
            _own_act(model, "mature", member, points, pending=-points, matured=come)
        else:
            over = min((hold for hold in holds if hold.expires_us == moment_us), key=lambda hold: hold.seq)
            end(over, 0)
            _own_act(model, "lapse", member, 0, partner=over.partner, held=-over.points, hold_seq=over.seq)
        pay(model, member, moment_us)
    overdue = [lot for lot in model.spendable(member) if lot.is_over(now_us, model.idle_us[member])]
    points = sum(lot.remaining - lot.reserved for lot in overdue)
    if points:
        taken = take(overdue, points)
        _own_act(model, "expire", member, -points, taken=taken)


def pay(model: LedgerModel, member: UUID, at_us: int) -> None:
    """What is free at a moment, and has not expired by then, pays what is owed, the oldest debt first."""
    alive = [lot for lot in model.spendable(member) if not lot.is_over(at_us, model.idle_us[member])]
    points = min(sum(lot.remaining - lot.reserved for lot in alive), owed(model, member))
    if points <= 0:
        return
    taken = take(alive, points)
    paid: list[tuple[int, int]] = []
    missing = points
    for debt in model.debts:
        part = min(missing, debt.left) if debt.member == member else 0
        if part:
            debt.left -= part
            missing -= part
            paid.append((debt.seq, part))
    _own_act(model, "repay", member, -points, taken=taken, paid=tuple(paid))


def repay(model: LedgerModel, member: UUID, now_us: int) -> None:
    """After every movement: so nobody who owes has points to spend."""
    if owed(model, member):
        catch_up(model, member, now_us)
        pay(model, member, now_us)


def _own_act(
    model: LedgerModel, kind: PostedKind, member: UUID, points: int, partner: UUID | None = None, **more: Any
) -> None:
    seq = len(model.journal) + 1
    model.journal.append(Posted(seq, kind, member, partner, "", points, model.balance(member), **more))
