"""Transfers, merges, adjustments and opening balances as their rules say them; a part of the model of the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.support.due_model import catch_up, owed, repay
from tests.support.ledger_facts import OPERATOR, Ask, Debt, Lot, Posted, Taken, Verdict, take

if TYPE_CHECKING:
    from tests.support.ledger_model import LedgerModel


def of_wallets(model: LedgerModel, ask: Ask, now_us: int) -> Verdict:
    """Decides one of the four kinds."""
    decide = {"transfer": _transfer, "adjust": _adjust, "import": _import, "merge": _merge}
    return decide[ask.kind](model, ask, now_us)


def _transfer(model: LedgerModel, ask: Ask, now_us: int) -> Verdict:
    assert ask.other is not None
    catch_up(model, ask.member, now_us)
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now_us)).astimezone(
        ZoneInfo(model.zone)
    )
    day = (ask.member, local.date())
    _, at_once, a_day = model.limits
    if ask.amount > at_once or ask.amount + model.given.get(day, 0) > a_day:
        return Verdict("refused", "TRANSFER_LIMIT")
    short = _short(model, ask.member, ask.amount)
    if short is not None:
        return short
    catch_up(model, ask.other, now_us)
    taken = take(_in_order(model, ask.member), ask.amount)
    verdict = model.accept(ask, -ask.amount, 0, 0, taken)
    model.given[day] = model.given.get(day, 0) + ask.amount
    _receive(model, ask.other, ask.partner, taken, now_us)
    repay(model, ask.other, now_us)
    return verdict


def _receive(model: LedgerModel, member: UUID, partner: UUID, taken: tuple[Taken, ...], now_us: int) -> None:
    """What the last posting took goes on in lots of the other wallet."""
    given, seq = len(model.journal), len(model.journal) + 1
    children: list[tuple[int, int, int]] = []
    for part in taken:
        parent = model.all_lots[part.lot_no - 1]
        child = Lot(
            len(model.all_lots) + 1, part.issuer, seq, part.points, part.points, parent.earned_us, parent.expires_us, 0,
            parent.earned_seq, parent.lot_no,
        )  # fmt: skip
        model.all_lots.append(child)
        model.lots.setdefault(member, []).append(child)
        children.append((child.lot_no, parent.lot_no, part.points))
        if not child.expires_us:
            model.arrive(member, seq, now_us)
    model.journal.append(
        Posted(
            seq, "receive", member, None if partner == OPERATOR else partner, "", sum(part.points for part in taken),
            model.balance(member), original_seq=given, children=tuple(children),
        )
    )  # fmt: skip


def _adjust(model: LedgerModel, ask: Ask, now_us: int) -> Verdict:
    if abs(ask.amount) > model.limits[0]:
        return Verdict("turned away", "APPROVAL_NEEDED")
    catch_up(model, ask.member, now_us)
    if ask.amount > 0:
        expires_us = model.expiry.end_us(now_us, model.zone)
        lot_no = _open(model, ask, OPERATOR, now_us, expires_us)
        model.arrive(ask.member, len(model.journal) + 1, now_us)
        return model.accept(ask, ask.amount, expires_us, lot_no, ())
    short = _short(model, ask.member, -ask.amount)
    if short is not None:
        return short
    taken = take(_in_order(model, ask.member), -ask.amount)
    return model.accept(ask, ask.amount, 0, 0, taken)


def _import(model: LedgerModel, ask: Ask, now_us: int) -> Verdict:
    expires_us = ask.expires_us or model.expiry.end_us(ask.occurred_us, model.zone)
    if 0 < expires_us <= now_us:
        return Verdict("turned away", "INVALID_REQUEST")
    catch_up(model, ask.member, now_us)
    lot_no = _open(model, ask, ask.issuer, ask.occurred_us, expires_us)
    if not expires_us:
        model.arrive(ask.member, len(model.journal) + 1, now_us)
    return model.accept(ask, ask.amount, expires_us, lot_no, ())


def _merge(model: LedgerModel, ask: Ask, now_us: int) -> Verdict:
    assert ask.other is not None
    catch_up(model, ask.member, now_us)
    if any(hold.open and hold.member == ask.member for hold in model.holds.values()):
        return Verdict("refused", "HOLDS_OPEN")
    if any(lot.matures_us and lot.remaining for lot in model.lots.get(ask.member, [])):
        return Verdict("refused", "POINTS_PENDING")
    catch_up(model, ask.other, now_us)
    points = model.balance(ask.member)
    taken = take(_in_order(model, ask.member), points)
    verdict = model.accept(ask, -points, 0, 0, taken)
    model.merged[ask.member] = ask.other
    model.idle_us[ask.other] = max(model.idle_us[ask.member], model.idle_us[ask.other])
    if points:
        _receive(model, ask.other, OPERATOR, taken, now_us)
    for debt in [each for each in model.debts if each.member == ask.member and each.left]:
        seq = len(model.journal) + 1
        model.journal.append(
            Posted(
                seq, "assume", ask.other, debt.partner, "", 0, model.balance(ask.other),
                original_seq=debt.original_seq, paid=((debt.seq, debt.left),),
            )
        )  # fmt: skip
        model.debts.append(Debt(seq, ask.other, debt.left, debt.original_seq, debt.partner))
        debt.left = 0
    repay(model, ask.other, now_us)
    return verdict


def _short(model: LedgerModel, member: UUID, points: int) -> Verdict | None:
    available = model.free(member) - owed(model, member)
    return Verdict("refused", "INSUFFICIENT_POINTS", available=available) if points > available else None


def _in_order(model: LedgerModel, member: UUID) -> list[Lot]:
    return model.spendable(member)


def _open(model: LedgerModel, ask: Ask, issuer: UUID, earned_us: int, expires_us: int) -> int:
    """A lot of the next posting; answers its number."""
    lot_no, seq = len(model.all_lots) + 1, len(model.journal) + 1
    lot = Lot(lot_no, issuer, seq, ask.amount, ask.amount, earned_us, expires_us, 0, seq)
    model.all_lots.append(lot)
    model.lots.setdefault(ask.member, []).append(lot)
    return lot_no
