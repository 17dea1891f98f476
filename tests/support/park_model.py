"""Earns that are parked, as the rules say it; a part of the model of the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.credit_model import over_credit
from tests.support.due_model import catch_up, repay
from tests.support.ledger_facts import Ask, Posted, Verdict

if TYPE_CHECKING:
    from tests.support.ledger_model import LedgerModel


def park(model: LedgerModel, ask: Ask, now_us: int) -> Verdict:
    """Keeps a sale whose points cannot be issued now."""
    catch_up(model, ask.member, now_us)
    model.decided_before(now_us)
    seq = len(model.journal) + 1
    posted = model.accept(replace(ask, said=ask.content, kind="park"), 0, 0, 0, ())
    model.parked[seq] = ask
    return replace(posted, outcome="parked")


def unpark_all(model: LedgerModel, now_us: int) -> None:
    """Each partner's in their order: posts what fits now, and takes away what is of closed members."""
    for seq, _ in sorted(model.parked.items(), key=lambda each: (each[1].partner, each[0])):
        unpark(model, seq, now_us)


def unpark(model: LedgerModel, seq: int, now_us: int) -> None:
    """Posts what the posting seq has parked, if it fits now; of a closed member it is taken away."""
    ask = model.parked[seq]
    model.decided_before(now_us)
    member = model.now_of(ask.member)
    if member in model.closed:
        take_away(model, seq, "MEMBER_CLOSED", now_us)
    elif fits(model, seq):
        del model.parked[seq]
        verdict = model.earn(replace(ask, member=member, said=ask.content), now_us, seq)
        assert verdict.posted is not None
        burn_seq = burn_of(model, seq)
        if burn_seq:
            model.sales[burn_seq].part_of = verdict.posted.seq
            model.belongs(verdict.posted.seq, burn_seq, model.sales[burn_seq].whole)
        repay(model, member, now_us)
        model.by_key[ask.partner, ask.key] = (ask.content, verdict)
        model.by_reference[ask.partner, "earn", ask.reference] = (ask.content, verdict)


def fits(model: LedgerModel, seq: int) -> bool:
    """Whether there is headroom by now for what a posting has parked."""
    ask = model.parked[seq]
    return over_credit(model, ask, model.rate(ask.partner, ask.occurred_us)) is None


def take_away(model: LedgerModel, seq: int, reason: str, now_us: int) -> None:
    """It never will be posted, and its reference is free; a burn of the same sale stands alone from now on."""
    ask = model.parked.pop(seq)
    model.decided_before(now_us)
    member, own = model.now_of(ask.member), len(model.journal) + 1
    model.journal.append(
        Posted(own, "unpark", member, ask.partner, ask.reference, 0, model.balance(member), original_seq=seq)
    )
    burn_seq = burn_of(model, seq)
    if burn_seq:
        model.sales[burn_seq].part_of = 0
    model.by_key[ask.partner, ask.key] = (ask.content, Verdict("refused", reason))
    del model.by_reference[ask.partner, "earn", ask.reference]


def burn_of(model: LedgerModel, seq: int) -> int:
    """The burn that was posted with a sale that was parked; 0: none."""
    found = [
        each.seq for each in model.journal if each.original_seq == seq and each.kind in ("redeem", "capture")
    ]
    return (found or [0])[0]


def undoing_parked(model: LedgerModel, ask: Ask, seq: int) -> Ask:
    """What reverses an earn that the posting seq parked: of a sale with a burn, a refund of that takes it away."""
    member, burn_seq = model.now_of(model.parked[seq].member), burn_of(model, seq)
    if not burn_seq:
        return replace(ask, member=member, said=ask.content)
    return replace(ask, kind="refund", original_seq=burn_seq, member=member, said=ask.content, unparks=seq)
