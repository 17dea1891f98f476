"""What is asked of a ledger on paper, and what it answers, in the words of the model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args
from uuid import UUID

from services.points.domain.accounts import AccountKey, AccountKind
from services.points.domain.answers import Accepted, ParkedAnswer, Refused, Replay, TurnedAway
from services.points.domain.burning import Basket
from services.points.domain.guarding import Authority, Shown
from services.points.domain.movements import (
    Capture,
    Earn,
    Hold,
    Movement,
    ParkedEarn,
    Purchase,
    Receipt,
    Redemption,
    Refund,
    Reversal,
    Sale,
    Transaction,
    Void,
)
from services.points.domain.opened import LedgerRules
from services.points.domain.wallet_movements import (
    Adjustment,
    AdjustmentReason,
    Merge,
    Opening,
    Transfer,
)
from services.runtime.errors import code_of
from services.runtime.expiry_policy import ExpiryPolicy, ExpiryRule
from tests.support.ledger_facts import OPERATOR, Ask, Expiry, Posted, PostedKind, Taken, Verdict, figure_of
from tests.support.ledger_model import LedgerModel
from tests.support.paper_campaigns import campaign_of, check_bonuses
from tests.support.paper_ledger import PaperLedger


def movement_of(
    ask: Ask, *, deadline_us: int = 0, store_id: UUID | None = None, sale: Sale | None = None
) -> Movement:
    """The movement that the reader would make of it; `sale` is what a refund refunds."""
    return _movement(ask, deadline_us, store_id, sale)._replace(linked=ask.linked)


def reversal_of(ask: Ask, ledger: PaperLedger) -> Movement | None:
    """What a reversal comes to the door as, by what was posted before; None where it does not come to it."""
    content = repr(ask.content).encode()
    earlier = ledger.decisions.get((ask.partner, ask.target))
    parked = ledger.parks.under(ask.partner, ask.target)
    if parked is not None:
        return _taking_away(ask, ledger, content, parked)
    if earlier is None or earlier.seq is None:
        return Reversal(ask.key, ask.partner, content, ask.occurred_us, ask.target, "", 0)
    row = ledger.postings[earlier.seq]
    member = next(told.transaction.member_id for told in ledger.told if told.transaction.seq == earlier.seq)
    common = (ask.key, ask.partner, member)
    if row.kind == "hold":
        return Void(*common, row.transaction_id, earlier.seq, content, ask.occurred_us, "", 0)
    if row.original_seq in ledger.parks.open:
        return _taking_away(ask, ledger, content, ledger.parks.open[row.original_seq])
    of = ledger.parks.sale_of(ledger, row.original_seq) if row.original_seq else earlier.seq
    undone = row.kind in ("earn", "redeem", "capture")
    sale = (
        ledger.sale(
            earlier.seq
            if of == row.original_seq and row.kind != "earn" and ledger.parks.is_ended(ledger, of)
            else of
        )
        if undone
        else None
    )
    if sale is None:
        return None
    receipt = Receipt(None, "", "", "", "", "[]")
    common = (ask.key, ask.partner, ledger.now_of(member))
    return Refund(
        *common, None, content, ask.occurred_us, sale.transaction_id, "", 0, 0, receipt, "", 0, sale
    )


def _taking_away(ask: Ask, ledger: PaperLedger, content: bytes, parked: ParkedEarn) -> Movement:
    """What reverses an earn that is parked: with a burn, its refund."""
    member = ledger.now_of(parked.item.member_id)
    burn_seq = ledger.parks.burn_of(ledger, parked.seq)
    if not burn_seq:
        return Reversal(ask.key, ask.partner, content, ask.occurred_us, ask.target, "", 0, member)
    row = ledger.postings[burn_seq]
    used = [(lot_no, points) for seq, lot_no, points in ledger.uses if seq == burn_seq]
    sale = Sale(burn_seq, row.transaction_id, 0, 0, 0, 0, 1, burn_seq, row.amount, used)
    receipt = Receipt(None, "", "", "", "", "[]")
    return Refund(
        ask.key, ask.partner, member, None, content, ask.occurred_us, sale.transaction_id, "", 0, 0, receipt, "", 0, sale,
        unparks=parked.seq,
    )  # fmt: skip


def _movement(ask: Ask, deadline_us: int, store_id: UUID | None, sale: Sale | None) -> Movement:
    content = repr(ask.content).encode()
    common = (ask.key, ask.partner, ask.member)
    if ask.kind in ("transfer", "adjust", "import", "merge"):
        return _of_wallets(ask, content, deadline_us)
    if ask.kind == "refund":
        assert sale is not None
        of_burn = sale.of_points
        receipt = Receipt(store_id, "1", "", "17", "store", "[]")
        return Refund(
            *common, ask.reference, content, ask.occurred_us, sale.transaction_id, "", 0 if of_burn else ask.amount,
            ask.amount if of_burn else 0, receipt, "", deadline_us, sale,
        )  # fmt: skip
    if ask.kind == "hold":
        return Hold(
            *common, ask.reference, content, ask.occurred_us, ask.amount, ask.seconds, "", deadline_us,
            basket=_basket(ask), authority=_CARD,
        )  # fmt: skip
    if ask.kind == "capture":
        return Capture(
            *common, UUID(int=ask.hold_seq), ask.hold_seq, content, ask.occurred_us, ask.amount, store_id, "store",
            "", deadline_us,
        )  # fmt: skip
    if ask.kind == "void":
        hold_id = UUID(int=ask.hold_seq)
        return Void(*common, hold_id, ask.hold_seq, content, ask.occurred_us, "", deadline_us)
    if ask.kind == "earn":
        purchase = Purchase(store_id, "1", "", "17", "store", "", ask.amount, "[]", "[]", ask.in_points)
        return Earn(
            ask.key, ask.partner, ask.member, ask.reference, content, ask.occurred_us, purchase, "", deadline_us
        )  # fmt: skip
    return Redemption(
        ask.key, ask.partner, ask.member, ask.reference, content, ask.occurred_us, ask.amount, store_id, "store",
        "", deadline_us, basket=_basket(ask), authority=_CARD,
    )  # fmt: skip


def _basket(ask: Ask) -> Basket | None:
    if ask.basket is None:
        return None
    amount, barred = ask.basket
    lines = [["1", "food", "1", amount - barred], ["2", "tobacco", "1", barred]]
    return Basket(amount, json.dumps(lines), "[]")


def _of_wallets(ask: Ask, content: bytes, deadline_us: int) -> Movement:
    other = ask.other or UUID(int=0)
    if ask.kind == "transfer":
        return Transfer(
            ask.key, ask.partner, ask.member, other, ask.reference, content, ask.occurred_us, ask.amount, "", deadline_us
        )  # fmt: skip
    if ask.kind == "adjust":
        reason = AdjustmentReason.CORRECTION
        return Adjustment(ask.key, ask.member, content, ask.amount, reason, "why", "stf_1", "", deadline_us)
    if ask.kind == "merge":
        return Merge(ask.key, ask.member, other, content, "", deadline_us)
    return Opening(
        ask.key, ask.member, ask.reference, content, ask.occurred_us, ask.expires_us, ask.amount, ask.issuer, "", deadline_us
    )  # fmt: skip


_CARD = Authority(Shown.CARD)
_KINDS: Mapping[str, PostedKind] = {kind: kind for kind in get_args(PostedKind)}


def verdict_of(decision: Any, ledger: PaperLedger) -> Verdict:
    """A decision in the words of the model."""
    if isinstance(decision, Replay):
        outcome = "parked" if decision.parked else "accepted"
        return Verdict(outcome, posted=posted_of(ledger, decision.seq), replayed=True)
    if isinstance(decision, ParkedAnswer):
        posted = posted_of(ledger, decision.transaction.seq)
        assert decision.transaction.reference == posted.reference
        return Verdict("parked", posted=posted, replayed=decision.replayed)
    if isinstance(decision, Accepted):
        posted = posted_of(ledger, decision.transaction.seq)
        check_bonuses(ledger, decision.transaction)
        return Verdict("accepted", posted=posted, replayed=decision.replayed)
    if isinstance(decision, TurnedAway):
        return Verdict("turned away", code_of(decision.reason))
    assert isinstance(decision, Refused)
    headroom = decision.metadata.get("headroom")
    code = code_of(decision.reason)
    return Verdict(
        "refused", code, available=figure_of(code, decision.metadata),
        headroom=int(headroom) if headroom is not None else None,
        replayed=decision.replayed,
    )  # fmt: skip


def posted_of(ledger: PaperLedger, seq: int) -> Posted:
    """A posting of the journal in the words of the model."""
    row = ledger.postings[seq]
    kind, moved = row.kind, _moved(ledger, seq)
    taken = tuple(
        Taken(lot_no, ledger.lots[lot_no].lot.issuer_id, points)
        for used_seq, lot_no, points in ledger.uses
        if used_seq == seq
    )
    return Posted(
        seq, _KINDS[kind], moved.member_id, moved.partner_id, row.reference or ledger.parks.reference_of(ledger, seq), row.points, row.balance_after,
        row.expires_at_us or 0, row.lot_no or 0, taken, moved.held, _hold_seq(ledger, moved), row.original_seq or 0,
        *_refunded_by(ledger, seq), moved.refund or (), moved.pending, _matured(ledger, seq), moved.credit_floor, campaign_of(ledger, seq),
        moved.worth.amount_minor if moved.worth else None,
    )  # fmt: skip


def _refunded_by(
    ledger: PaperLedger, seq: int
) -> tuple[tuple[Taken, ...], tuple[tuple[int, int, int], ...], tuple[tuple[int, int], ...]]:
    """What a posting gave back to lots, the lots that it opened for expired ones, and the debts that it paid."""
    back = sorted((lot_no, points) for returned, lot_no, points in ledger.returns if returned == seq)
    children = [row for row in ledger.children.values() if row.seq == seq]
    told = next(told for told in ledger.told if told.transaction.seq == seq)
    return (
        tuple(Taken(lot_no, ledger.lots[lot_no].lot.issuer_id, points) for lot_no, points in back),
        tuple((row.lot_no, row.parent_no, row.points) for row in children),
        tuple((part.debt_seq, part.points) for part in told.paid),
    )


def _matured(ledger: PaperLedger, seq: int) -> tuple[Taken, ...]:
    lots = [(ledger.lots[lot_no].lot, points) for matured, lot_no, points in ledger.matured if matured == seq]
    return tuple(
        Taken(lot.lot_no, lot.issuer_id, points)
        for lot, points in sorted(lots, key=lambda pair: pair[0].order)
    )


def _hold_seq(ledger: PaperLedger, moved: Transaction) -> int:
    if moved.hold_id is None:
        return 0
    return next(
        told.transaction.seq for told in ledger.told if told.transaction.transaction_id == moved.hold_id
    )


def _moved(ledger: PaperLedger, seq: int) -> Transaction:
    """What was told of a posting; checks that its row says the same."""
    moved = next(told.transaction for told in ledger.told if told.transaction.seq == seq)
    row = ledger.postings[seq]
    wallet = ledger.accounts.get(AccountKey(AccountKind.WALLET, moved.member_id))
    assert wallet == row.wallet_no
    assert (wallet is None) == (row.kind in ("floor", "load"))
    partner = moved.partner_id
    asked_by = partner if partner or row.kind in ("expire", "repay", "mature") else OPERATOR
    assert row.partner_no == (
        ledger.accounts[AccountKey(AccountKind.ISSUANCE, asked_by)] if asked_by is not None else None
    )
    assert row.event_partner_id == partner
    assert ledger.recorded_us[seq] == moved.recorded_at_us
    assert (row.transaction_id, row.kind, row.reference, row.points) == (
        moved.transaction_id, moved.kind, None if row.kind == "park" else moved.reference, moved.points,
    )  # fmt: skip
    return moved


def pair(zone: str, expiry: Expiry, backdate_days: int) -> tuple[PaperLedger, LedgerModel]:
    """An empty ledger on paper, and its model."""
    policy = ExpiryPolicy(ExpiryRule(expiry.rule), expiry.months, expiry.month, expiry.day, 0)
    ledger = PaperLedger(LedgerRules(zone, backdate_days), expiry=policy)
    return ledger, LedgerModel(zone, expiry, backdate_days)
