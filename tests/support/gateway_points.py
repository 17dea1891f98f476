"""The points service as the gateway meets it: real gRPC, a ledger in memory, answers as the contract says."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import grpc
from coalition.members.v1 import members_pb2
from coalition.points.v1 import movement_pb2, points_pb2
from coalition.type.v1.error_pb2 import ItemError
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.clock import wall_now_us
from services.runtime.errors import InvalidRequest
from services.runtime.ids import new_id, to_text
from services.runtime.principal import Verifier, acting
from tests.support.gateway_faults import Faults
from tests.support.gateway_members import MembersBook
from tests.support.gateway_points_reads import EXPIRES_AT_US, PointsReads
from tests.support.gateway_refunds import EARN_PER_MINOR, Sale, sale_of
from tests.support.gateway_results import again, away, content_of, groups_of, refusal

_R: Final = Reason
# What is decided under a key before anything was asked under it.
_ANY_CONTENT: Final = b"*"
_UNDONE: Final = (
    movement_pb2.MOVEMENT_KIND_EARN,
    movement_pb2.MOVEMENT_KIND_REDEEM,
    movement_pb2.MOVEMENT_KIND_CAPTURE,
)


@dataclass
class _Decided:
    content: bytes
    result: movement_pb2.Result


_TAKEN = (movement_pb2.OUTCOME_ACCEPTED, movement_pb2.OUTCOME_PARKED)


class PointsBook(PointsReads):
    """A ledger in memory: one earn rate for all, one point a whole unit."""

    def __init__(self, faults: Faults, members: MembersBook, verifier: Verifier) -> None:
        super().__init__()
        self._faults, self._members, self._verifier = faults, members, verifier
        self._keys: dict[tuple[UUID, str], _Decided] = {}
        self._references: dict[tuple[UUID, str, str], _Decided] = {}
        self.holds: dict[bytes, movement_pb2.Transaction] = {}
        self.resolved: set[bytes] = set()
        self.sales: dict[bytes, Sale] = {}
        self.parts: dict[bytes, bytes] = {}
        self.calls: list[points_pb2.PostRequest] = []
        # From this call on, counted from 1, nothing is posted any more; 0: all is well.
        self.broken_from_call = 0
        # What an earn may issue at most; None: without limit.
        self.headroom: int | None = None
        # Whether what it may not issue is parked.
        self.parks = False

    async def Post(self, request: points_pb2.PostRequest, context: Any) -> points_pb2.PostResponse:
        if not 1 <= len(request.items) <= 512:
            raise InvalidRequest("1 to 512 items are taken", field="items")
        self.calls.append(request)
        await asyncio.sleep(self._faults.post_delay_seconds)
        if 0 < self.broken_from_call <= len(self.calls):
            await context.abort(grpc.StatusCode.UNAVAILABLE, "broken on purpose")
        if self._faults.post_fails:
            await context.abort(self._faults.post_fails.pop(0), "broken on purpose")
        if any(item.earn.reference in self._faults.poisoned for item in request.items):
            self._faults.poisoned_calls.append(len(request.items))
            await context.abort(grpc.StatusCode.INTERNAL, "broken on purpose")
        programme = acting().in_programme()
        principals = [self._verifier.verify(token) for token in request.principals] or [acting()]
        assert all(each.in_programme() == programme for each in principals)
        results: list[movement_pb2.Result] = []
        for group in groups_of(request.items):
            results += self._decide_together(group, principals[group[0].principal].as_partner())
        if self._faults.post_answers_lost:
            self._faults.post_answers_lost -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the answer is lost on purpose")
        return points_pb2.PostResponse(results=results)

    def _decide_together(
        self, items: Sequence[movement_pb2.Item], partner: UUID
    ) -> list[movement_pb2.Result]:
        books = (
            "wallets", "journal", "resolved", "sales", "parts", "owed", "_keys", "_references",
        )  # fmt: skip
        before = {name: copy.copy(getattr(self, name)) for name in books} if len(items) > 1 else {}
        results = [self._decide(item, partner) for item in items]
        failed = [each for each in results if each.outcome not in _TAKEN]
        if not before or all(each.replayed for each in results):
            return results
        if not failed:
            if all(each.outcome == movement_pb2.OUTCOME_ACCEPTED for each in results):
                self._link(*(each.transaction for each in results))
            return results
        for name, value in before.items():
            setattr(self, name, value)
        # What failed for another is remembered where that other is.
        outcome = min(each.outcome for each in failed)
        error = ItemError(reason=_R.REASON_LINKED_ITEM_FAILED, message="another item was not accepted")
        because = movement_pb2.Result(outcome=outcome, error=error)
        results = [each if each in failed else because for each in results]
        if outcome == movement_pb2.OUTCOME_REFUSED:
            for item, result in zip(items, results, strict=True):
                self._keys[(partner, item.key)] = _Decided(content_of(item), result)
        return results

    def _link(self, earn: movement_pb2.Transaction, burn: movement_pb2.Transaction) -> None:
        sale, part = self.sales[earn.transaction_id], self.sales.pop(burn.transaction_id)
        sale.burned, sale.burn_id = part.burned, part.burn_id
        self.parts[burn.transaction_id] = earn.transaction_id
        burn.original_id, burn.original_seq = earn.transaction_id, earn.seq
        self.journal[burn.seq - 1].CopyFrom(burn)

    def _decide(self, item: movement_pb2.Item, partner: UUID) -> movement_pb2.Result:
        if self._faults.items_overloaded:
            self._faults.items_overloaded -= 1
            return away(_R.REASON_OVERLOADED, "the queue is full", retry_after_seconds="1")
        kind = str(item.WhichOneof("movement"))
        asked: Any = getattr(item, kind)
        reference: str = getattr(asked, "reference", "")
        content = content_of(item)
        by_key = self._keys.get((partner, item.key))
        if by_key is not None:
            if by_key.content not in (content, _ANY_CONTENT):
                return away(_R.REASON_IDEMPOTENCY_KEY_REUSED, "this key was used with another request")
            return again(by_key.result)
        by_reference = self._references.get((partner, kind, reference)) if reference else None
        if by_reference is not None:
            if by_reference.content != content:
                return away(_R.REASON_REFERENCE_REUSED, "the reference was used before", fields="amount")
            return again(by_reference.result)
        decide = {
            "earn": self._earn, "redemption": self._redeem, "hold": self._hold, "capture": self._resolve,
            "void": self._resolve, "refund": self._refund, "reversal": self._reverse,
        }  # fmt: skip
        result = decide[kind](asked, partner)
        if result.outcome in (movement_pb2.OUTCOME_TURNED_AWAY, movement_pb2.OUTCOME_WAITING):
            return result
        decided = _Decided(content, result)
        self._keys[(partner, item.key)] = decided
        if result.outcome == movement_pb2.OUTCOME_ACCEPTED:
            self._references[(partner, kind, reference)] = decided
        return result

    def _earn(self, earn: movement_pb2.Earn, partner: UUID) -> movement_pb2.Result:
        sale = earn.sale
        missing = self._member(earn.member_id, sale.occurred_at_us)
        if missing is not None:
            return missing
        if sale.currency != acting().in_programme().currency:
            return away(_R.REASON_CURRENCY_UNSUPPORTED, "not here", currency=sale.currency, expected="EUR")
        lines = sum(line.amount_minor for line in sale.lines)
        if sale.lines and lines != sale.amount_minor:
            return away(
                _R.REASON_AMOUNT_MISMATCH, f"the lines sum to {lines}", field="amount",
                amount_minor=str(sale.amount_minor), lines_minor=str(lines),
            )  # fmt: skip
        in_points = sum(tender.amount_minor for tender in sale.tenders if tender.kind == "points")
        points = (sale.amount_minor - in_points) // EARN_PER_MINOR
        if self.headroom is not None and points > self.headroom:
            if self.parks:
                return self._park(earn, points, partner)
            return refusal(
                _R.REASON_CREDIT_LIMIT,
                "the limit is reached",
                headroom=str(self.headroom),
                required=str(points),
            )
        result = self._posted(
            movement_pb2.MOVEMENT_KIND_EARN,
            earn.member_id,
            earn.reference,
            points,
            sale.occurred_at_us,
            partner,
        )
        made = result.transaction.transaction_id
        self.sales[made] = Sale(
            made, partner.bytes, earn.member_id, earn.reference, sale.amount_minor, in_points
        )
        return result

    def _park(self, earn: movement_pb2.Earn, points: int, partner: UUID) -> movement_pb2.Result:
        result = self._posted(
            movement_pb2.MOVEMENT_KIND_PARK,
            earn.member_id,
            earn.reference,
            0,
            earn.sale.occurred_at_us,
            partner,
        )
        result.outcome = movement_pb2.OUTCOME_PARKED
        result.transaction.parked.CopyFrom(movement_pb2.ParkedPoints(points=points, open=True))
        self.journal[-1].CopyFrom(result.transaction)
        return result

    def unpark(self, partner: UUID) -> None:
        """Posts what a partner has parked."""
        for place, decided in list(self._keys.items()):
            parked = decided.result.transaction
            if place[0] == partner and decided.result.outcome == movement_pb2.OUTCOME_PARKED:
                earned = self._posted(
                    movement_pb2.MOVEMENT_KIND_EARN, parked.member_id, parked.reference, parked.parked.points,
                    parked.occurred_at_us, partner,
                )  # fmt: skip
                earned.transaction.original_id = parked.transaction_id
                self.journal[-1].CopyFrom(earned.transaction)
                self.journal[parked.seq - 1].parked.open = False
                self._keys[place] = _Decided(decided.content, earned)

    def _redeem(self, redemption: movement_pb2.Redemption, partner: UUID) -> movement_pb2.Result:
        missing = self._member(redemption.member_id, redemption.occurred_at_us)
        if missing is not None:
            return missing
        if redemption.authority.kind == movement_pb2.AUTHORITY_KIND_UNSPECIFIED:
            return refusal(
                _R.REASON_AUTHORISATION_REQUIRED, "more must be shown",
                shown="none", limit="0", required=str(redemption.points), enough="card, pin, code, app_token",
            )  # fmt: skip
        available = self.wallets.get(redemption.member_id, 0)
        if redemption.points > available:
            return refusal(
                _R.REASON_INSUFFICIENT_POINTS,
                f"the wallet holds {available} points, {redemption.points} were asked for",
                available=str(available), required=str(redemption.points),
            )  # fmt: skip
        result = self._posted(
            movement_pb2.MOVEMENT_KIND_REDEEM, redemption.member_id, redemption.reference, -redemption.points,
            redemption.occurred_at_us, partner,
        )  # fmt: skip
        self._burnt(result.transaction)
        return result

    def _burnt(self, burn: movement_pb2.Transaction) -> None:
        made = burn.transaction_id
        self.sales[made] = Sale(
            made, burn.partner_id, burn.member_id, "", -burn.points, burned=-burn.points, burn_id=made
        )

    def _refund(self, refund: movement_pb2.Refund, partner: UUID) -> movement_pb2.Result:
        if refund.original_id in self.parts:
            return refusal(
                _R.REASON_PART_OF_SALE, "it belongs to a sale",
                original=to_text("txn", UUID(bytes=self.parts[refund.original_id])),
            )  # fmt: skip
        sale = sale_of(self.sales.values(), partner.bytes, refund)
        if sale is None and refund.original_reference:
            return movement_pb2.Result(outcome=movement_pb2.OUTCOME_WAITING)
        if sale is None:
            return away(_R.REASON_ORIGINAL_UNKNOWN, "you have no such movement")
        asked = refund.amount_minor or refund.points or sale.left
        if not 1 <= asked <= sale.left:
            return refusal(
                _R.REASON_REFUND_TOO_LARGE, "so much is not left", left=str(sale.left), required=str(asked)
            )
        sale = self.sales[sale.transaction_id] = copy.copy(sale)
        due = sale.refund(asked)
        member = sale.member_id
        clawed_back = min(due.taken, self.wallets.get(member, 0) + due.returned)
        owed = due.taken - clawed_back
        self.owed[member] = self.owed.get(member, 0) + owed
        for kind, moved, points in (
            (movement_pb2.MOVEMENT_KIND_RETURN, due.returned, due.returned),
            (movement_pb2.MOVEMENT_KIND_CLAWBACK, clawed_back, -clawed_back),
            (movement_pb2.MOVEMENT_KIND_OWE, owed, 0),
        ):
            if moved:
                self._part(self._posted(kind, member, "", points, refund.occurred_at_us, partner), sale)
        result = self._posted(
            movement_pb2.MOVEMENT_KIND_REFUND, member, refund.reference, 0, refund.occurred_at_us, partner
        )
        figures = movement_pb2.RefundFigures(
            amount=asked,
            returned=due.returned,
            clawed_back=clawed_back,
            owed=owed,
            money_minor=due.money_minor,
        )
        result.transaction.refund.CopyFrom(figures)
        self._part(result, sale)
        return result

    def _reverse(self, reversal: movement_pb2.Reversal, partner: UUID) -> movement_pb2.Result:
        nothing = refusal(_R.REASON_NOTHING_TO_REVERSE, "nothing was posted under it", key=reversal.key)
        target = self._keys.get((partner, reversal.key))
        if target is None:
            late = refusal(_R.REASON_REVERSED_BEFORE_ARRIVAL, "it was reversed before", key=reversal.key)
            self._keys[(partner, reversal.key)] = _Decided(_ANY_CONTENT, late)
            return nothing
        posted, now_us = target.result.transaction, reversal.occurred_at_us
        if target.result.outcome != movement_pb2.OUTCOME_ACCEPTED:
            return nothing
        if posted.kind == movement_pb2.MOVEMENT_KIND_HOLD:
            void = movement_pb2.Void(hold_id=posted.transaction_id, occurred_at_us=now_us)
            return self._resolve(void, partner)
        if posted.kind not in _UNDONE:
            return away(_R.REASON_INVALID_REQUEST, "key: it cannot be reversed", field="key")
        original = self.parts.get(posted.transaction_id, posted.transaction_id)
        if not self.sales[original].left:
            return nothing
        return self._refund(movement_pb2.Refund(original_id=original, occurred_at_us=now_us), partner)

    def _part(self, result: movement_pb2.Result, sale: Sale) -> None:
        returned = result.transaction.kind == movement_pb2.MOVEMENT_KIND_RETURN
        result.transaction.original_id = sale.burn_id if returned else sale.transaction_id
        self.journal[-1].CopyFrom(result.transaction)

    def _hold(self, hold: movement_pb2.Hold, partner: UUID) -> movement_pb2.Result:
        refusal = self._redeem(
            movement_pb2.Redemption(
                member_id=hold.member_id,
                points=hold.points,
                occurred_at_us=hold.occurred_at_us,
                authority=hold.authority,
            ),
            partner,
        )
        if refusal.outcome != movement_pb2.OUTCOME_ACCEPTED:
            return refusal
        self.sales.pop(refusal.transaction.transaction_id)
        # Set aside, not spent: what is posted is a hold, and the wallet's balance is what it was.
        moved = refusal.transaction
        moved.kind, moved.reference, moved.held, moved.points = (
            movement_pb2.MOVEMENT_KIND_HOLD, hold.reference, hold.points, 0,
        )  # fmt: skip
        moved.balance_after += hold.points
        moved.expires_at_us = moved.recorded_at_us + hold.seconds * 1_000_000
        self.journal[-1].CopyFrom(moved)
        self.holds[moved.transaction_id] = moved
        return refusal

    def _resolve(self, asked: movement_pb2.Capture | movement_pb2.Void, partner: UUID) -> movement_pb2.Result:
        hold = self.holds.get(asked.hold_id)
        if hold is None or hold.partner_id != partner.bytes:
            return away(_R.REASON_HOLD_UNKNOWN, "no such hold")
        if asked.hold_id in self.resolved:
            return refusal(_R.REASON_HOLD_RESOLVED, "the hold was resolved before")
        points = (asked.points or hold.held) if isinstance(asked, movement_pb2.Capture) else 0
        if points > hold.held:
            return refusal(_R.REASON_HOLD_TOO_SMALL, "not so many", held=str(hold.held), required=str(points))
        self.resolved.add(asked.hold_id)
        kind = movement_pb2.MOVEMENT_KIND_CAPTURE if points else movement_pb2.MOVEMENT_KIND_VOID
        result = self._posted(kind, hold.member_id, "", hold.held - points, asked.occurred_at_us, partner)
        result.transaction.points, result.transaction.held = -points, -hold.held
        result.transaction.hold_id = asked.hold_id
        self.journal[-1].CopyFrom(result.transaction)
        if points:
            self._burnt(result.transaction)
        return result

    def _member(self, member_id: bytes, occurred_at_us: int) -> movement_pb2.Result | None:
        member = self._members.members.get(member_id)
        if member is None:
            return away(_R.REASON_MEMBER_UNKNOWN, "no member has this id")
        if member.status == members_pb2.MEMBER_STATUS_CLOSED:
            return away(_R.REASON_MEMBER_CLOSED, "the member has left")
        if occurred_at_us > wall_now_us() + 300_000_000:
            return away(_R.REASON_OCCURRED_IN_FUTURE, "that is in the future", tolerance_seconds="300")
        if occurred_at_us <= 0:
            return away(_R.REASON_OCCURRED_TOO_LONG_AGO, "that is too long ago", limit_days="365")
        return None

    def _posted(
        self, kind: Any, member_id: bytes, reference: str, points: int, occurred_at_us: int, partner: UUID
    ) -> movement_pb2.Result:
        self.wallets[member_id] = self.wallets.get(member_id, 0) + points
        earned = kind == movement_pb2.MOVEMENT_KIND_EARN
        transaction = movement_pb2.Transaction(
            transaction_id=new_id().bytes,
            seq=len(self.journal) + 1,
            kind=kind,
            member_id=member_id,
            partner_id=partner.bytes,
            reference=reference,
            purchase_id=new_id().bytes if earned else b"",
            points=points,
            balance_after=self.wallets[member_id],
            occurred_at_us=occurred_at_us,
            recorded_at_us=wall_now_us(),
            expires_at_us=EXPIRES_AT_US if earned and points else 0,
        )
        self.journal.append(transaction)
        return movement_pb2.Result(outcome=movement_pb2.OUTCOME_ACCEPTED, transaction=transaction)
