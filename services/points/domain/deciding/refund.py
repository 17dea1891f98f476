"""Refunding: points burned go back to their lots, points earned are taken back; then the record of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import Accepted, Decision, Refused
from services.points.domain.books import NO_LEGS, Books, Legs
from services.points.domain.deciding.lapse import catch_up
from services.points.domain.deciding.opening_lots import open_child
from services.points.domain.expiry import month_end_us
from services.points.domain.movements import (
    LotTaken,
    MovementKind,
    Refund,
    RefundFigures,
    Sale,
    Transaction,
)
from services.points.domain.opened import Debts, OpenDebt, Refunded
from services.points.domain.refunding import Due, Shortfall, due, first_due
from services.points.domain.rows import DebtRow, RefundRow
from services.runtime.ids import new_id

# Points that come back after their lot, or the wallet that it is in, has expired live to the end of the month after the refund's.
GRACE_MONTHS: Final = 1


class _Claim(NamedTuple):
    """Points due back of an original, an earn or a grant of it, and the account that gets them."""

    original_seq: int
    account: int
    points: int


class _Asked(NamedTuple):
    """What is refunded of an original: after what was before, so much of what is left."""

    before: Refunded
    left: int
    given: int


def _asked(books: Books, item: Refund, sale: Sale) -> _Asked:
    rule = books.terms.refund_rule(item.partner_id)
    before = books.at.refunded.get(sale.seq) or Refunded(0, 0, 0, 0, 0, rule.tender_order)
    left = sale.whole - before.given
    given = (item.points if sale.of_points else item.amount_minor) or left
    if sale.of_points and item.amount_minor:
        # (One that waited for its sale, which had nothing to pay.)
        return _Asked(before, 0, item.amount_minor)
    return _Asked(before, left, given)


def refuse_refund(books: Books, number: int, item: Refund, sale: Sale) -> Refused | None:
    """What speaks against a refund: that so much is not left of its original."""
    _, left, given = _asked(books, item, sale)
    if item.reference is None and not left:
        return books.refuse(
            number,
            item,
            Reason.REASON_NOTHING_TO_REVERSE,
            "all of it has been refunded or reversed before",
            {},
        )
    if 0 < given <= left:
        return None
    return books.refuse(
        number, item, Reason.REASON_REFUND_TOO_LARGE, f"{left} is left to refund, {given} is required",
        {"left": str(left), "required": str(given)},
    )  # fmt: skip


def freed_by(books: Books, item: Refund, sale: Sale) -> int:
    """Points of the partner that a refund takes back for certain, which it may issue again: none where the rest is written off."""
    if books.terms.refund_rule(item.partner_id).shortfall is not Shortfall.ALLOW_NEGATIVE:
        return 0
    before, _, given = _asked(books, item, sale)
    return _claims(books, item, sale, before, due(sale, before.tender_order, before.given + given))[0].points


def refund(books: Books, number: int, item: Refund, sale: Sale) -> Decision:
    """Refunds what is due by all refunds of the sale together, less what was refunded before."""
    at = books.at
    wallet = at.accounts.wallet[item.member_id]
    catch_up(books, item.member_id, wallet)
    rule = books.terms.refund_rule(item.partner_id)
    refusal = refuse_refund(books, number, item, sale)
    if refusal is not None:
        return refusal
    before, _, given = _asked(books, item, sale)
    reached = due(sale, before.tender_order, before.given + given)
    returned = reached.returned - before.returned
    if returned:
        _give_back(books, item, sale, wallet, before.returned, returned)
    clawed_back, owed, written_off = 0, 0, 0
    claims = _claims(books, item, sale, before, reached)
    pending = [_claw_back_pending(books, item, claim, wallet) for claim in claims]
    free = 0 if rule.shortfall is Shortfall.PENDING_ONLY else max(0, books.free(wallet))
    parts = _parts(books, sale, before, before.given + given, claims, pending, free)
    for claim, soon, part in zip(claims, pending, parts, strict=True):
        taken = soon + _claw_back(books, item, claim, wallet, part)
        left_owed = claim.points - taken if rule.shortfall is Shortfall.ALLOW_NEGATIVE else 0
        if left_owed:
            _owe(books, item, claim, wallet, left_owed)
        clawed_back, owed = clawed_back + taken, owed + left_owed
        written_off += claim.points - taken - left_owed
        if claim.original_seq != sale.seq:
            sofar = at.taken_of_grants.get(claim.original_seq, 0)
            at.taken_of_grants[claim.original_seq] = sofar + taken + left_owed
    figures = RefundFigures(
        given, returned, clawed_back, owed, written_off, reached.money_minor - before.money_minor
    )
    at.refunded[sale.seq] = Refunded(
        before.no + 1, before.given + given, reached.returned, before.taken + clawed_back + owed,
        reached.money_minor, before.tender_order,
    )  # fmt: skip
    return _record(books, number, item, sale, before, figures)


def _claims(books: Books, item: Refund, sale: Sale, before: Refunded, reached: Due) -> Sequence[_Claim]:
    """What is due back of the sale itself, then of its grants in the order of seq: each to the account it came from."""
    accounts = books.at.accounts
    taken = [books.at.taken_of_grants.get(grant.seq, 0) for grant in sale.grants]
    claims = [_Claim(sale.seq, accounts.issuance[item.partner_id], reached.taken - before.taken + sum(taken))]
    for grant, due_back, sofar in zip(sale.grants, reached.of_grants, taken, strict=True):
        claims.append(_Claim(grant.seq, accounts.budget[grant.campaign_id], due_back - sofar))
    return claims


def _parts(
    books: Books,
    sale: Sale,
    before: Refunded,
    given: int,
    claims: Sequence[_Claim],
    pending: Sequence[int],
    free: int,
) -> Sequence[int]:
    """What the wallet gives for each claim beyond what was pending: all of it, or what fell due first if it has not enough."""
    wanted = [claim.points - soon for claim, soon in zip(claims, pending, strict=True)]
    if sum(wanted) <= free:
        return wanted
    of_grants = [books.at.taken_of_grants.get(grant.seq, 0) for grant in sale.grants]
    sofar = [before.taken - sum(of_grants), *of_grants]
    first = first_due(sale, before.tender_order, given, before.taken + sum(pending) + free)
    parts: list[int] = []
    for turn, had, soon, most in zip(first, sofar, pending, wanted, strict=True):
        parts.append(min(max(0, turn - had - soon), most, free))
        free -= parts[-1]
    for place, most in enumerate(wanted):
        # (What was pending need not have been what fell due first: what is left then goes in order.)
        more = min(free, most - parts[place])
        parts[place] += more
        free -= more
    return parts


def _record(
    books: Books, number: int, item: Refund, sale: Sale, before: Refunded, figures: RefundFigures
) -> Decision:
    wallet = books.at.accounts.wallet[item.member_id]
    seq, recorded_us = books.next()
    books.rows.refunds.append(
        RefundRow(
            seq, sale.seq, before.no + 1, sale.whole, before.given, *figures, before.tender_order, item.receipt.store_id,
            item.receipt.till, item.receipt.business_date, item.receipt.number, item.receipt.channel,
            item.receipt.lines_json,
        )
    )  # fmt: skip
    transaction = Transaction(
        new_id(), seq, MovementKind.REFUND, item.member_id, item.partner_id, item.reference, 0,
        books.at.balances[wallet], item.occurred_at_us, recorded_us, 0, 0, None, sale.seq, sale.transaction_id, figures,
    )  # fmt: skip
    event = ("points.refunded", books.tell.refunded(transaction, item))
    books.write(transaction, wallet, NO_LEGS, event, (number, item))
    return Accepted(transaction)


def _part(
    books: Books, kind: MovementKind, item: Refund, original_seq: int, wallet: int, points: int
) -> Transaction:
    """A part of a refund; `points` is its effect on the wallet, moved already."""
    own = books.own_act(kind, item.member_id, wallet, points, item.partner_id)
    return own._replace(occurred_at_us=item.occurred_at_us, original_seq=original_seq)


def _give_back(books: Books, item: Refund, sale: Sale, wallet: int, before: int, points: int) -> None:
    """Undoes the burn from its last lot backwards: what is burned still is what would expire first."""
    accounts = books.at.accounts
    legs = books.move(accounts.redemption[item.partner_id], wallet, points)
    transaction = _part(books, MovementKind.RETURN, item, sale.burn_seq, wallet, points)
    lots = books.lots(item.member_id)
    whole_us = books.at.expires.get(item.member_id, 0)
    back: list[LotTaken] = []
    for lot_no, part in _from_the_last(sale.lots, before, points):
        late = lots.give_back(lot_no, part, books.at.now_us, whole_us)
        if late is None:
            books.rows.returns.append((transaction.seq, lot_no, part))
        else:
            lapses_us = late.expires_at_us
            if late.over(books.at.now_us, whole_us):
                lapses_us = month_end_us(books.at.now_us, GRACE_MONTHS, books.rules.zone)
            open_child(books, item.member_id, late, transaction.seq, part, lapses_us)
        lot = late or lots.touched[lot_no]
        back.append(LotTaken(lot_no, lot.issuer_id, lot.point_type, part, lot.earned_seq))
    event = ("points.returned", books.tell.returned(transaction, back))
    partner_no = accounts.issuance[item.partner_id]
    books.write(transaction, wallet, legs, event, None, partner_no=partner_no)


def _from_the_last(lots: Sequence[tuple[int, int]], skipped: int, points: int) -> Sequence[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for lot_no, part in reversed(lots):
        passed = min(skipped, part)
        skipped -= passed
        taken = min(points, part - passed)
        points -= taken
        if taken:
            found.append((lot_no, taken))
    if points:
        raise ArithmeticError(f"a burn took {points} points fewer from lots than are to go back")
    return found


def _claw_back_pending(books: Books, item: Refund, claim: _Claim, wallet: int) -> int:
    """Takes what cannot be spent yet of the original itself, as far as it is due; answers how many points there were."""
    lots = books.lots(item.member_id)
    pending_no = next((lot.pending_no for lot in lots.pending if lot.earned_seq == claim.original_seq), 0)
    taken = lots.take_pending(claim.points, claim.original_seq)
    if not taken:
        return 0
    points = sum(part.points for part in taken)
    legs = books.move(pending_no, claim.account, points)
    transaction = _part(books, MovementKind.CLAWBACK, item, claim.original_seq, wallet, 0)
    _tell_clawback(books, item, transaction._replace(pending=-points), legs, wallet, taken)
    return points


def _claw_back(books: Books, item: Refund, claim: _Claim, wallet: int, points: int) -> int:
    """Takes from what is left of the original itself, then from other lots in order."""
    if not points:
        return 0
    taken = books.lots(item.member_id).take_back(points, claim.original_seq)
    legs = books.move(wallet, claim.account, points)
    transaction = _part(books, MovementKind.CLAWBACK, item, claim.original_seq, wallet, -points)
    _tell_clawback(books, item, transaction, legs, wallet, taken)
    return points


def _tell_clawback(
    books: Books, item: Refund, transaction: Transaction, legs: Legs, wallet: int, taken: list[LotTaken]
) -> None:
    books.use(transaction.seq, taken)
    event = ("points.clawed_back", books.tell.clawed_back(transaction, taken))
    partner_no = books.at.accounts.issuance[item.partner_id]
    books.write(transaction, wallet, legs, event, None, partner_no=partner_no)


def _owe(books: Books, item: Refund, claim: _Claim, wallet: int, points: int) -> None:
    at, original_seq = books.at, claim.original_seq
    issuance, account = at.accounts.issuance[item.partner_id], at.accounts.debt[item.member_id]
    legs = books.move(account, claim.account, points)
    transaction = _part(books, MovementKind.OWE, item, original_seq, wallet, 0)
    books.rows.debts.append(DebtRow(transaction.seq, original_seq, points, wallet, issuance))
    debts = at.debts.setdefault(item.member_id, Debts(account))
    debts.open.append(OpenDebt(transaction.seq, item.partner_id, original_seq, points, issuance))
    event = ("points.owed", books.tell.owed(transaction, points))
    books.write(transaction, wallet, legs, event, None, partner_no=issuance)
