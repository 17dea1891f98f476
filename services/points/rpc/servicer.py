"""PointsService over gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final, TypeVar

from coalition.points.v1 import journal_pb2
from coalition.points.v1 import points_pb2 as pb

from services.points.app import Points
from services.points.domain.answers import TurnedAway
from services.points.domain.earning import EarnRate
from services.points.domain.movements import CreditFloor, Movement
from services.points.domain.refunding import RefundRule
from services.points.rpc import mapping
from services.points.rpc.campaigns import CampaignsServicer
from services.points.rpc.deadlines import deadline_us
from services.points.rpc.exchanges import bind_exchanges
from services.points.rpc.movements import MovementReader
from services.points.storage.journal import Filter
from services.runtime.boundary import CallContext
from services.runtime.coalescer import Lane
from services.runtime.errors import InvalidRequest
from services.runtime.expiry_policy import policy_from
from services.runtime.fields import read_id, read_optional_id
from services.runtime.principal import Kind, Principal, Verifier, acting

_ITEMS_MAX: Final = 512
# Reading and answering large calls gives way after so many items: the door, which holds the ledger's lock
# meanwhile, must not wait for them.
_ITEMS_A_TURN: Final = 32
_Item = TypeVar("_Item")


class PointsServicer(CampaignsServicer):
    """Maps each RPC to one command or query."""

    def __init__(self, application: Points, reader: MovementReader, verifier: Verifier) -> None:
        super().__init__(application, reader)
        self._app, self._reader, self._verifier = application, reader, verifier

    async def Post(self, request: pb.PostRequest, context: CallContext) -> pb.PostResponse:
        """Posts up to 512 movements."""
        if not 1 <= len(request.items) <= _ITEMS_MAX:
            raise InvalidRequest(
                f"1 to {_ITEMS_MAX} items are taken", field="items", items=len(request.items)
            )
        principal = acting()
        programme = principal.in_programme()
        principals = [self._verifier.verify(token) for token in request.principals] or [principal]
        for each in principals:
            if each.in_programme() != programme:
                raise InvalidRequest("all principals must be of one programme", field="principals")
        deadline = deadline_us(context)
        asked = await self._read(request, principals, programme.currency, deadline)
        lane = Lane.BULK if request.bulk else Lane.INTERACTIVE
        answers = await self._app.post(programme, asked, lane, deadline)
        response = pb.PostResponse()
        async for turn in _in_turns(answers):
            response.results.extend([mapping.result_message(answer) for answer in turn])
        for item, result in zip(request.items, response.results, strict=True):
            if item.metadata and result.HasField("transaction"):
                # Of a replay too: under a key there is but one content.
                result.transaction.metadata.update(item.metadata)
        return response

    async def _read(
        self, request: pb.PostRequest, principals: Sequence[Principal], currency: str, deadline: int
    ) -> list[Movement | TurnedAway]:
        asked: list[Movement | TurnedAway] = []
        async for turn in _in_turns(request.items):
            for item in turn:
                if item.principal >= len(principals):
                    raise InvalidRequest("an item points at a principal that is not there", field="principal")
                asked.append(self._reader.read(item, principals[item.principal], currency, deadline))
        bind_exchanges(asked)
        return asked

    async def GetBalance(self, request: pb.GetBalanceRequest, context: CallContext) -> pb.GetBalanceResponse:
        """Reads a balance."""
        principal = _reading()
        ledger_id = principal.in_programme().ledger_id
        found = await self._app.reads.balance(ledger_id, read_id(request.member_id, "member_id"))
        return pb.GetBalanceResponse(
            available=found.available,
            as_of_seq=found.as_of_seq,
            next_expiry_points=found.next_expiry_points,
            next_expiry_at_us=found.next_expiry_at_us,
            owed=found.owed,
            pending=found.pending,
            next_maturity_points=found.next_maturity_points,
            next_maturity_at_us=found.next_maturity_at_us,
        )

    async def ListExpirations(
        self, request: pb.ListExpirationsRequest, context: CallContext
    ) -> pb.ListExpirationsResponse:
        """Lists when a member's points expire."""
        ledger_id = _reading().in_programme().ledger_id
        member_id = read_id(request.member_id, "member_id")
        found, has_more = await self._app.reads.expirations(
            ledger_id, member_id, request.after_us, request.before_us, request.limit
        )
        return pb.ListExpirationsResponse(
            expirations=[pb.Expiration(**each._asdict()) for each in found], has_more=has_more
        )

    async def GetTransaction(
        self, request: pb.GetTransactionRequest, context: CallContext
    ) -> pb.GetTransactionResponse:
        """Reads one movement."""
        principal = _reading()
        transaction_id = read_id(request.transaction_id, "transaction_id")
        found = await self._app.reads.transaction(
            principal.in_programme().ledger_id, transaction_id, principal.partner_id
        )
        return pb.GetTransactionResponse(transaction=mapping.transaction_message(found))

    async def ListTransactions(
        self, request: pb.ListTransactionsRequest, context: CallContext
    ) -> pb.ListTransactionsResponse:
        """Lists movements."""
        principal = _reading()
        wanted = Filter(
            read_optional_id(request.member_id, "member_id"),
            principal.partner_id,
            request.reference,
            request.recorded_from_us,
            request.before_seq,
            request.after_seq,
        )
        found, has_more = await self._app.reads.transactions(
            principal.in_programme().ledger_id, wanted, request.limit
        )
        return pb.ListTransactionsResponse(
            transactions=[mapping.transaction_message(each) for each in found], has_more=has_more
        )

    async def SetEarnRate(
        self, request: pb.SetEarnRateRequest, context: CallContext
    ) -> pb.SetEarnRateResponse:
        """Sets an earn rate."""
        principal = acting()
        principal.require_role("pricing")
        partner_id = read_id(request.rate.partner_id, "partner_id")
        asked = request.rate
        rate = EarnRate(asked.valid_from_us, asked.points, asked.per_minor, asked.pending_days)
        await self._app.set_earn_rate(principal.in_programme(), partner_id, rate, principal.actor)
        return pb.SetEarnRateResponse(rate=mapping.rate_message(partner_id, rate))

    async def ListEarnRates(
        self, request: pb.ListEarnRatesRequest, context: CallContext
    ) -> pb.ListEarnRatesResponse:
        """Lists earn rates; a partner gets its own."""
        principal = acting()
        asked = read_optional_id(request.partner_id, "partner_id")
        rates = await self._app.reads.earn_rates(
            principal.in_programme().ledger_id, principal.partner_id or asked
        )
        return pb.ListEarnRatesResponse(rates=[mapping.rate_message(*rate) for rate in rates])

    async def SetRefundRule(
        self, request: pb.SetRefundRuleRequest, context: CallContext
    ) -> pb.SetRefundRuleResponse:
        """Sets a refund rule."""
        principal = acting()
        principal.require_role("pricing")
        partner_id = read_id(request.rule.partner_id, "partner_id")
        shortfall = mapping.SHORTFALLS.get(request.rule.shortfall)
        tender_order = mapping.TENDER_ORDERS.get(request.rule.tender_order)
        if shortfall is None or tender_order is None:
            field = "shortfall" if shortfall is None else "tender_order"
            raise InvalidRequest(f"{field} must be one of the rules that there are", field=field)
        rule = RefundRule(shortfall, tender_order)
        await self._app.set_refund_rule(principal.in_programme(), partner_id, rule, principal.actor)
        return pb.SetRefundRuleResponse(rule=mapping.rule_message(partner_id, rule))

    async def ListRefundRules(
        self, request: pb.ListRefundRulesRequest, context: CallContext
    ) -> pb.ListRefundRulesResponse:
        """Lists refund rules; a partner gets its own."""
        principal = acting()
        asked = read_optional_id(request.partner_id, "partner_id")
        rules = await self._app.reads.refund_rules(
            principal.in_programme().ledger_id, principal.partner_id or asked
        )
        return pb.ListRefundRulesResponse(rules=[mapping.rule_message(*rule) for rule in rules])

    async def SetBurnRule(
        self, request: pb.SetBurnRuleRequest, context: CallContext
    ) -> pb.SetBurnRuleResponse:
        """Sets a burn rule."""
        principal = acting()
        principal.require_role("pricing")
        partner_id = read_id(request.rule.partner_id, "partner_id")
        rule = mapping.burn_rule_of(request.rule)
        found = await self._app.set_burn_rule(principal.in_programme(), partner_id, rule, principal.actor)
        return pb.SetBurnRuleResponse(rule=mapping.burn_rule_message(found))

    async def ListBurnRules(
        self, request: pb.ListBurnRulesRequest, context: CallContext
    ) -> pb.ListBurnRulesResponse:
        """Lists burn rules; a partner gets its own."""
        principal = acting()
        asked = read_optional_id(request.partner_id, "partner_id")
        found = await self._app.reads.burn_rules(
            principal.in_programme().ledger_id, principal.partner_id or asked
        )
        return pb.ListBurnRulesResponse(rules=map(mapping.burn_rule_message, found))

    async def SetExpiryPolicy(
        self, request: pb.SetExpiryPolicyRequest, context: CallContext
    ) -> pb.SetExpiryPolicyResponse:
        """Sets the expiry policy."""
        principal = acting()
        principal.require_role("pricing")
        policy = policy_from(request.policy)
        found = await self._app.set_expiry_policy(principal.in_programme(), policy, principal.actor)
        return pb.SetExpiryPolicyResponse(version=mapping.policy_version_message(found))

    async def ListExpiryPolicies(
        self, request: pb.ListExpiryPoliciesRequest, context: CallContext
    ) -> pb.ListExpiryPoliciesResponse:
        """Lists the versions of the expiry policy; opens the ledger where this is the first that is asked of it."""
        programme = acting().in_programme()
        await self._app.doors.to(programme)
        found = await self._app.reads.expiry_policies(programme.ledger_id)
        return pb.ListExpiryPoliciesResponse(versions=map(mapping.policy_version_message, found))

    async def SetFloor(self, request: pb.SetFloorRequest, context: CallContext) -> pb.SetFloorResponse:
        """Sets a credit floor."""
        principal = acting()
        registered = principal.kind is Kind.SERVICE and principal.issuer == "partners"
        if not registered:
            principal.require_role("admin")
        asked = request.floor
        partner_id = read_id(asked.partner_id, "partner_id")
        floor = CreditFloor(asked.floor if asked.HasField("floor") else None, asked.basis_seq, asked.parks)
        found = await self._app.set_floor(
            principal.in_programme(), partner_id, floor, principal.actor, deadline_us(context), registered=registered
        )  # fmt: skip
        return pb.SetFloorResponse(
            floor=mapping.floor_message(partner_id, found.floor, found.basis_seq, found.parks),
            seq=found.seq,
            applied=found.applied,
        )

    async def ListFloors(self, request: pb.ListFloorsRequest, context: CallContext) -> pb.ListFloorsResponse:
        """Lists credit floors."""
        principal = acting()
        principal.require_internal()
        asked = read_optional_id(request.partner_id, "partner_id")
        named = [read_id(each, "partner_ids") for each in request.partner_ids]
        found, as_of_seq = await self._app.reads.floors(principal.in_programme().ledger_id, asked, named)
        return pb.ListFloorsResponse(
            floors=[mapping.standing_floor_message(each) for each in found], as_of_seq=as_of_seq
        )

    async def ListParkedEarns(
        self, request: pb.ListParkedEarnsRequest, context: CallContext
    ) -> pb.ListParkedEarnsResponse:
        """Lists earns that are parked."""
        principal = acting()
        principal.require_internal()
        partner_id = read_optional_id(request.partner_id, "partner_id")
        found, has_more, partners = await self._app.reads.parked(
            principal.in_programme().ledger_id, partner_id, request.after_seq, request.limit
        )
        return pb.ListParkedEarnsResponse(
            earns=[mapping.parked_message(each) for each in found],
            has_more=has_more,
            partners=[
                pb.ParkedOfPartner(
                    partner_id=of.partner_id.bytes,
                    earns=of.earns,
                    oldest_at_us=of.oldest_us,
                    headroom=of.headroom,
                )
                for of in partners
            ],
        )

    async def MoveClock(self, request: pb.MoveClockRequest, context: CallContext) -> pb.MoveClockResponse:
        """Moves the clock of a test programme."""
        principal = acting()
        principal.require_role("admin")
        head = await self._app.move_clock(principal.in_programme(), request.now_us)
        return pb.MoveClockResponse(offset_us=head.offset_us, now_us=head.now_us)

    async def GetHead(self, request: pb.GetHeadRequest, context: CallContext) -> pb.GetHeadResponse:
        """Reads the head; opens the ledger where this is the first that is asked of it."""
        principal = acting()
        principal.require_internal()
        programme = principal.in_programme()
        await self._app.doors.to(programme)
        head = await self._app.reads.head(programme.ledger_id)
        return pb.GetHeadResponse(
            now_us=head.now_us,
            offset_us=head.offset_us,
            last_seq=head.last_seq,
            last_pos=head.last_pos,
            relayed_pos=head.relayed_pos,
            last_batch_no=head.last_batch_no,
            chain_hash=head.chain_hash or b"",
        )

    async def CutAt(self, request: pb.CutAtRequest, context: CallContext) -> pb.CutAtResponse:
        """Cuts at a boundary."""
        principal = acting()
        if principal.kind is not Kind.SERVICE or principal.issuer != "partners":
            principal.require_role("maker", "admin")
        last_seq = await self._app.cut_at(principal.in_programme(), request.boundary_us)
        return pb.CutAtResponse(last_seq=last_seq)

    async def ReadJournal(
        self, request: pb.ReadJournalRequest, context: CallContext
    ) -> AsyncIterator[pb.ReadJournalResponse]:
        """Streams the journal."""
        principal = acting()
        principal.require_internal()
        ledger_id = principal.in_programme().ledger_id
        async for block in self._app.reads.journal(ledger_id, request.from_seq, request.to_seq):
            yield pb.ReadJournalResponse(records=[mapping.record_message(detail) for detail in block])

    async def ReadPurchases(
        self, request: pb.ReadPurchasesRequest, context: CallContext
    ) -> AsyncIterator[pb.ReadPurchasesResponse]:
        """Streams purchases."""
        principal = acting()
        principal.require_internal()
        programme = principal.in_programme()
        async for block in self._app.reads.purchases(programme.ledger_id, request.from_seq, request.to_seq):
            yield pb.ReadPurchasesResponse(
                purchases=[mapping.purchase_message(*each, programme.currency) for each in block]
            )

    async def ReadBatches(
        self, request: pb.ReadBatchesRequest, context: CallContext
    ) -> AsyncIterator[pb.ReadBatchesResponse]:
        """Streams batches."""
        principal = acting()
        principal.require_internal()
        ledger_id = principal.in_programme().ledger_id
        async for block in self._app.reads.batches(ledger_id, request.from_batch_no, request.limit):
            yield pb.ReadBatchesResponse(batches=[journal_pb2.Batch(**batch._asdict()) for batch in block])

    async def EraseWords(self, request: pb.EraseWordsRequest, context: CallContext) -> pb.EraseWordsResponse:
        """Erases the words of a member's postings."""
        principal = acting()
        principal.require_role("admin")
        member_id = read_id(request.member_id, "member_id")
        return pb.EraseWordsResponse(
            postings=await self._app.erase_words(principal.in_programme(), member_id)
        )

    async def ReadEvents(
        self, request: pb.ReadEventsRequest, context: CallContext
    ) -> AsyncIterator[pb.ReadEventsResponse]:
        """Streams the event log."""
        async for block in self._app.events(acting(), request.from_pos, request.limit):
            yield pb.ReadEventsResponse(events=block)

    async def CheckLedger(
        self, request: pb.CheckLedgerRequest, context: CallContext
    ) -> pb.CheckLedgerResponse:
        """Proves the invariants."""
        principal = acting()
        principal.require_internal()
        as_of_seq, findings = await self._app.check_ledger(principal.in_programme().ledger_id)
        return pb.CheckLedgerResponse(
            as_of_seq=as_of_seq, findings=[mapping.finding_message(finding) for finding in findings]
        )


def _reading() -> Principal:
    principal = acting()
    if principal.kind is Kind.PARTNER:
        principal.require("points:read")
    return principal


async def _in_turns(items: Sequence[_Item]) -> AsyncIterator[Sequence[_Item]]:
    """The items piece by piece, giving way between two of them; a small call is one piece."""
    for start in range(0, len(items), _ITEMS_A_TURN):
        if start:
            await asyncio.sleep(0)
        yield items[start : start + _ITEMS_A_TURN]
