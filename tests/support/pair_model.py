"""Sales and their burns, both or neither; a part of the model of the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.burn_model import against
from tests.support.credit_model import over_credit
from tests.support.due_model import catch_up, owed, repay
from tests.support.ledger_facts import Ask, Verdict, untimely
from tests.support.park_model import park

if TYPE_CHECKING:
    from tests.support.ledger_model import LedgerModel


def post_pair(model: LedgerModel, earn: Ask, burn: Ask, now_us: int) -> list[Verdict]:
    """Either asked before: both were, together. Neither: nothing may speak against the one or the other."""
    found = model.with_member(burn)
    if isinstance(found, Verdict):
        return [Verdict("turned away", "LINKED_ITEM_FAILED"), found]
    burn = found
    sold, burned = model.seen(earn), model.seen(burn)
    if sold is None and burned is None:
        return _new_pair(model, earn, burn, now_us)
    if sold is not None and sold.posted is None:
        if sold.outcome == "refused" and burned is not None and burned.outcome == "refused":
            return [sold, burned]
        return [sold, _failed(model, burn, sold)]
    together = _burn_of(model, sold)
    if together is None or together[0] != burn.content or (burned and burned.posted != together[1].posted):
        why = burned if burned is not None and burned.posted is None else None
        by_key = (burn.partner, burn.key) in model.by_key
        reason = "IDEMPOTENCY_KEY_REUSED" if by_key else "REFERENCE_REUSED"
        why = why or Verdict("turned away", reason)
        return [_failed(model, earn, why), why]
    assert sold is not None
    verdicts = [replace(verdict, replayed=True) for verdict in (sold, together[1])]
    for ask, verdict in zip((earn, burn), verdicts, strict=True):
        model.by_key.setdefault((ask.partner, ask.key), (ask.content, verdict))
    return verdicts


def _burn_of(model: LedgerModel, sold: Verdict | None) -> tuple[tuple[object, ...], Verdict] | None:
    """The burn that was posted with a sale."""
    if sold is None or sold.posted is None:
        return None
    for content, verdict in list(model.by_key.values()):
        burn = verdict.posted
        if content is None or burn is None or burn.kind not in ("redeem", "capture"):
            continue
        if burn.original_seq == (sold.posted.original_seq or sold.posted.seq):
            return content, verdict
    return None


def _new_pair(model: LedgerModel, earn: Ask, burn: Ask, now_us: int) -> list[Verdict]:
    for ask in (earn, burn):
        late = untimely(model.backdate_days, ask, now_us)
        if late is not None:
            other = _failed(model, burn if ask is earn else earn, late)
            return [late, other] if ask is earn else [other, late]
    why, parked = None, False
    gone = model.gone(earn)
    if gone is not None:
        why = gone
    elif model.rate(earn.partner, earn.occurred_us) is None:
        why = Verdict("turned away", "EARN_RATE_MISSING")
    else:
        why = over_credit(model, earn, model.rate(earn.partner, earn.occurred_us))
        parked = why is not None and why.outcome == "parked"
        why = None if parked else why
    if why is not None:
        if why.outcome == "refused":
            model.by_key[earn.partner, earn.key] = (earn.content, why)
        return [why, _failed(model, burn, why)]
    catch_up(model, earn.member, now_us)
    why = _against(model, burn, earn, now_us)
    if why is not None:
        if why.outcome == "refused":
            model.by_key[burn.partner, burn.key] = (burn.content, why)
        return [_failed(model, earn, why), why]
    sold = park(model, earn, now_us) if parked else model.earn(earn, now_us)
    assert sold.posted is not None
    verdicts = [sold, model.decide(burn, now_us, sold.posted.seq)]
    repay(model, earn.member, now_us)
    for ask, verdict in zip((earn, burn), verdicts, strict=True):
        model.by_key[ask.partner, ask.key] = (ask.content, verdict)
        model.by_reference[ask.partner, ask.kind, ask.reference] = (ask.content, verdict)
    return verdicts


def _against(model: LedgerModel, burn: Ask, sale: Ask, now_us: int) -> Verdict | None:
    """What speaks against a burn, before its sale has brought any points."""
    if burn.kind == "redeem":
        why = against(model, burn, burn.amount, sale, now_us)
        if why is not None:
            return why
        available = model.free(burn.member) - owed(model, burn.member)
        return (
            Verdict("refused", "INSUFFICIENT_POINTS", available=available)
            if burn.amount > available
            else None
        )
    hold = model.holds[burn.hold_seq]
    if not hold.open:
        return Verdict("refused", "HOLD_RESOLVED")
    if burn.amount > hold.points:
        return Verdict("refused", "HOLD_TOO_SMALL")
    return against(model, burn, burn.amount or hold.points, sale, now_us)


def _failed(model: LedgerModel, other: Ask, why: Verdict) -> Verdict:
    """The answer to the other one of a pair; remembered where it is a refusal and nothing was before."""
    if why.outcome == "refused" and (other.partner, other.key) not in model.by_key:
        refused = Verdict("refused", "LINKED_ITEM_FAILED")
        model.by_key[other.partner, other.key] = (other.content, refused)
        return refused
    return Verdict("turned away", "LINKED_ITEM_FAILED")
