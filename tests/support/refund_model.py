"""Refunds and debts as their rules say it; a part of the model of the ledger."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from tests.support.due_model import catch_up
from tests.support.ledger_facts import (
    Ask,
    Debt,
    Lot,
    Posted,
    PostedKind,
    Sale,
    SaleGrant,
    Taken,
    Verdict,
    month_end_us,
    take,
)

if TYPE_CHECKING:
    from tests.support.ledger_model import LedgerModel


def due(sale: Sale, order: str, given: int, burned: int) -> tuple[int, int, int]:
    """Points returned, points taken back, and money, once so much of a sale (not a burn alone) has been given back."""
    in_money = sale.whole - sale.in_points
    share = Fraction(given, sale.whole)
    if order == "points_first":
        worth = min(given, sale.in_points)
    elif order == "money_first":
        worth = max(0, given - in_money)
    else:
        worth = floor(sale.in_points * share)
    of_points = Fraction(worth, sale.in_points) if sale.in_points and order != "pro_rata" else share
    money = given - worth
    kept = floor(Fraction((in_money - money) * sale.rate[0], sale.rate[1]))
    return floor(burned * of_points), sale.earned - kept, money


def refund(model: LedgerModel, ask: Ask, now_us: int) -> Verdict:
    """What all refunds of the sale are due together, less what the ones before were."""
    sale, member = model.sales[ask.original_seq], ask.member
    catch_up(model, member, now_us)
    shortfall, order = model.refund_rules.get(ask.partner, ("allow_negative", "pro_rata"))
    left = sale.whole - sale.given
    given = ask.amount or left
    if ask.said is not None and not left:
        return Verdict("refused", "NOTHING_TO_REVERSE")
    if not 0 < given <= left:
        return Verdict("refused", "REFUND_TOO_LARGE")
    sale.order = sale.order or order
    burned = -model.journal[sale.burn_seq - 1].points if sale.burn_seq else 0
    returned, taken, money = sale.given + given, 0, 0
    if sale.burn_seq != ask.original_seq and not sale.of_points:
        returned, taken, money = due(sale, sale.order, sale.given + given, burned)
    back = returned - sale.returned
    if back:
        _give_back(model, ask, sale, back, now_us)
    of_grants = [0 for _ in sale.grants]
    if sale.grants:
        of_grants = _of_grants(sale, money)
    written_off = clawed = debt = 0
    parts, all_due = (sale, *sale.grants), (taken, *of_grants)
    seqs = [part.seq if isinstance(part, SaleGrant) else ask.original_seq for part in parts]
    claims = [due_back - part.taken for part, due_back in zip(parts, all_due, strict=True)]
    pending = [_claw_back_pending(model, ask, seq, claim) for seq, claim in zip(seqs, claims, strict=True)]
    free = 0 if shortfall == "pending_only" else max(0, model.free(ask.member))
    shares = _shares(sale, sale.given + given, burned, claims, pending, free)
    for part, due_back, seq, soon, share in zip(parts, all_due, seqs, pending, shares, strict=True):
        got = soon + _claw_back(model, ask, seq, share)
        owes = due_back - part.taken - got if shortfall == "allow_negative" else 0
        if owes:
            debt_seq = _part(model, ask, "owe", 0, original_seq=seq)
            model.debts.append(Debt(debt_seq, ask.member, owes, seq, ask.partner))
        clawed, debt = clawed + got, debt + owes
        written_off += due_back - part.taken - got - owes
        part.taken += got + owes
        if isinstance(part, SaleGrant):
            model.campaigns[part.campaign].left += got + owes
    figures = (given, back, clawed, debt, written_off, money - sale.money)
    sale.given, sale.returned, sale.money = sale.given + given, returned, money
    return model.accept(ask, 0, 0, 0, (), original_seq=ask.original_seq, figures=figures)


def _of_grants(sale: Sale, money: int) -> list[int]:
    """What is due back of each grant: all of it but what its campaign gives for what is left of the sale."""
    paid = sale.whole - sale.in_points - money
    base = floor(Fraction(paid * sale.rate[0], sale.rate[1]))
    return [grant.points - grant.bonus(base, paid) for grant in sale.grants]


def _shares(
    sale: Sale, given: int, burned: int, claims: list[int], pending: list[int], free: int
) -> list[int]:
    """What the wallet gives for each claim: points in the order in which they fell due, one at a time."""
    wanted = [claim - soon for claim, soon in zip(claims, pending, strict=True)]
    if sum(wanted) <= free:
        return wanted
    turns: list[int] = []
    before = [0 for _ in claims]
    for reached in range(1, given + 1):
        _, taken, money = due(sale, sale.order, reached, burned)
        now = [taken, *_of_grants(sale, money)]
        for place, (was, is_now) in enumerate(zip(before, now, strict=True)):
            turns += [place] * (is_now - was)
        before = now
    had = [part.taken + soon for part, soon in zip((sale, *sale.grants), pending, strict=True)]
    shares = [0 for _ in claims]
    for place in turns:
        if had[place]:
            had[place] -= 1
        elif sum(shares) < free:
            shares[place] += 1
    return shares


def _claw_back_pending(model: LedgerModel, ask: Ask, original_seq: int, points: int) -> int:
    lots = [
        lot for lot in model.lots.get(ask.member, []) if lot.matures_us and lot.opened_seq == original_seq
    ]
    points = min(points, sum(lot.remaining for lot in lots))
    if points:
        taken = take(lots, points)
        _part(model, ask, "clawback", 0, original_seq=original_seq, taken=taken, pending=-points)
    return points


def _claw_back(model: LedgerModel, ask: Ask, original_seq: int, points: int) -> int:
    """The original's own lots first."""
    lots = sorted(model.spendable(ask.member), key=lambda lot: lot.earned_seq != original_seq)
    if points:
        parts = take(lots, points)
        _part(model, ask, "clawback", -points, original_seq=original_seq, taken=parts)
    return points


def _part(model: LedgerModel, ask: Ask, kind: PostedKind, points: int, **more: object) -> int:
    seq = len(model.journal) + 1
    posted = Posted(seq, kind, ask.member, ask.partner, "", points, model.balance(ask.member), **more)  # type: ignore[arg-type]
    model.journal.append(posted)
    return seq


def _give_back(model: LedgerModel, ask: Ask, sale: Sale, points: int, now_us: int) -> None:
    """The points that were taken last come back first, one at a time."""
    took = [
        (part.lot_no, part.issuer)
        for part in model.journal[sale.burn_seq - 1].taken
        for _ in range(part.points)
    ]
    coming = took[::-1][sale.returned : sale.returned + points]
    back: list[Taken] = []
    children: list[tuple[int, int, int]] = []
    for lot_no, issuer in dict.fromkeys(coming):
        part, lot = coming.count((lot_no, issuer)), model.all_lots[lot_no - 1]
        late = lot.is_over(now_us, model.idle_us[ask.member])
        if late or not any(own is lot for own in model.lots.get(ask.member, [])):
            child = Lot(
                len(model.all_lots) + 1, issuer, len(model.journal) + 1, part, part, lot.earned_us,
                month_end_us(now_us, 1, model.zone) if late else lot.expires_us, 0, lot.earned_seq, lot_no,
            )  # fmt: skip
            model.all_lots.append(child)
            model.lots.setdefault(ask.member, []).append(child)
            children.append((child.lot_no, lot_no, part))
        else:
            lot.remaining += part
            back.append(Taken(lot_no, issuer, part))
    _part(
        model, ask, "return", points, original_seq=sale.burn_seq, back=tuple(sorted(back, key=lambda part: part.lot_no)),
        children=tuple(children),
    )  # fmt: skip
