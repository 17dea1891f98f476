"""Members, points and partners as the gateway meets them: real gRPC servers with simple books in memory.

Keys, references, replays and refusals behave as the contract says; what a test needs broken can be broken.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import grpc
from coalition.members.v1 import members_pb2, members_pb2_grpc
from coalition.partners.v1 import clearing_pb2, partners_pb2, partners_pb2_grpc
from coalition.points.v1 import movement_pb2, points_pb2, points_pb2_grpc
from coalition.type.v1.error_pb2 import ItemError
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.clock import wall_now_us
from services.runtime.errors import Conflict, InvalidRequest, NotFound, Unauthenticated
from services.runtime.ids import new_id
from services.runtime.principal import Programme, Verifier, acting, programme_message

EARN_PER_MINOR: Final = 100
EXPIRES_AT_US: Final = 1_838_152_800_000_000  # 2028-04-01 00:00 in Berlin
_R = Reason


@dataclass
class Faults:
    """What goes wrong next."""

    # Each makes one call fail; with `after` it has done its work by then, and only the answer is lost.
    post_fails: list[grpc.StatusCode] = field(default_factory=list[grpc.StatusCode])
    post_answers_lost: int = 0
    items_overloaded: int = 0
    post_delay_seconds: float = 0.0
    partners_down: bool = False
    members_down: bool = False


class MembersBook(members_pb2_grpc.MembersServiceServicer):
    """Who is a member."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.members: dict[bytes, members_pb2.Member] = {}
        self.named: dict[tuple[int, bytes, str], bytes] = {}
        self.enrolments: dict[tuple[bytes, str], tuple[bytes, bytes]] = {}
        self.lookups: list[int] = []
        self._cards = itertools.count(10_000_000)

    def enrolled(self, card: str, partner_id: UUID | None = None) -> bytes:
        """A member with a card, in the books before the test starts."""
        member = members_pb2.Member(
            member_id=new_id().bytes,
            status=members_pb2.MEMBER_STATUS_ACTIVE,
            enrolled_at_us=wall_now_us(),
            enrolled_by=partner_id.bytes if partner_id else b"",
        )
        member.identifiers.add(kind=members_pb2.IDENTIFIER_KIND_CARD, value=card)
        self.members[member.member_id] = member
        self.named[(members_pb2.IDENTIFIER_KIND_CARD, b"", card)] = member.member_id
        return member.member_id

    async def Enrol(self, request: members_pb2.EnrolRequest, context: Any) -> members_pb2.EnrolResponse:
        principal = acting()
        principal.require("members:write")
        partner = principal.as_partner().bytes
        content = request.SerializeToString(deterministic=True)
        before = self.enrolments.get((partner, request.key))
        if before is not None:
            if before[0] != content:
                raise Conflict(_R.REASON_IDEMPOTENCY_KEY_REUSED, "this key was used with another request")
            return members_pb2.EnrolResponse(member=self._seen(before[1], partner), replayed=True)
        names: list[tuple[int, bytes, str]] = []
        for place, identifier in enumerate(request.identifiers):
            name = self._name(identifier, partner, f"identifiers[{place}].value")
            if name in self.named:
                raise Conflict(
                    _R.REASON_IDENTIFIER_TAKEN, "another member has it", field=f"identifiers[{place}]"
                )
            names.append(name)
        if "@" not in (request.personal.email or "@"):
            raise InvalidRequest("this is not an e-mail address", field="personal.email")
        member = members_pb2.Member(
            member_id=new_id().bytes,
            status=members_pb2.MEMBER_STATUS_ACTIVE,
            identifiers=request.identifiers,
            enrolled_by=partner,
            enrolled_at_us=wall_now_us(),
            personal=request.personal,
        )
        if not any(name[0] == members_pb2.IDENTIFIER_KIND_CARD for name in names):
            card = luhn(str(next(self._cards)))
            member.identifiers.add(kind=members_pb2.IDENTIFIER_KIND_CARD, value=card)
            names.append((members_pb2.IDENTIFIER_KIND_CARD, b"", card))
        self.members[member.member_id] = member
        self.named.update(dict.fromkeys(names, member.member_id))
        self.enrolments[(partner, request.key)] = (content, member.member_id)
        return members_pb2.EnrolResponse(member=self._seen(member.member_id, partner))

    async def GetMember(
        self, request: members_pb2.GetMemberRequest, context: Any
    ) -> members_pb2.GetMemberResponse:
        principal = acting()
        principal.require("members:read")
        if request.member_id not in self.members:
            raise NotFound("there is no such member")
        return members_pb2.GetMemberResponse(
            member=self._seen(request.member_id, principal.as_partner().bytes)
        )

    async def LookupMembers(
        self, request: members_pb2.LookupMembersRequest, context: Any
    ) -> members_pb2.LookupMembersResponse:
        if self._faults.members_down:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        principal = acting()
        principal.require("members:read")
        self.lookups.append(len(request.identifiers))
        partner = principal.partner_id.bytes if principal.partner_id else b""
        results: list[members_pb2.LookupResult] = []
        for place, identifier in enumerate(request.identifiers):
            try:
                found = self.named.get(self._name(identifier, partner, f"identifiers[{place}].value"))
                if found is None:
                    raise NotFound("no member has this identifier", _R.REASON_MEMBER_UNKNOWN)
            except (InvalidRequest, NotFound) as error:
                told = ItemError(reason=error.reason, message=error.message, metadata=error.metadata)
                results.append(members_pb2.LookupResult(error=told))
                continue
            standing = members_pb2.Standing(member_id=found, status=self.members[found].status)
            results.append(members_pb2.LookupResult(standing=standing))
        return members_pb2.LookupMembersResponse(results=results)

    async def GetStandings(
        self, request: members_pb2.GetStandingsRequest, context: Any
    ) -> members_pb2.GetStandingsResponse:
        acting().require_internal()
        return members_pb2.GetStandingsResponse(
            standings=[
                members_pb2.Standing(member_id=member_id, status=self._status(member_id))
                for member_id in request.member_ids
            ]
        )

    async def CloseMember(
        self, request: members_pb2.CloseMemberRequest, context: Any
    ) -> members_pb2.CloseMemberResponse:
        principal = acting()
        principal.require("members:write")
        member = self.members.get(request.member_id)
        if member is None:
            raise NotFound("there is no such member")
        member.status = members_pb2.MEMBER_STATUS_CLOSED
        return members_pb2.CloseMemberResponse(
            member=self._seen(request.member_id, principal.as_partner().bytes)
        )

    def _status(self, member_id: bytes) -> members_pb2.MemberStatus.ValueType:
        member = self.members.get(member_id)
        return member.status if member else members_pb2.MEMBER_STATUS_UNSPECIFIED

    def _name(self, identifier: members_pb2.Identifier, partner: bytes, where: str) -> tuple[int, bytes, str]:
        if identifier.kind == members_pb2.IDENTIFIER_KIND_CARD:
            digits = identifier.value.replace(" ", "").replace("-", "")
            if not digits.isdigit() or luhn(digits[:-1]) != digits:
                raise InvalidRequest("the check digit is wrong", _R.REASON_CARD_NUMBER_INVALID, field=where)
            return identifier.kind, b"", digits
        if not partner:
            raise InvalidRequest("only a partner has customer numbers", field=where)
        return identifier.kind, partner, identifier.value

    def _seen(self, member_id: bytes, partner: bytes) -> members_pb2.Member:
        seen = members_pb2.Member()
        seen.CopyFrom(self.members[member_id])
        if seen.enrolled_by != partner:
            seen.ClearField("personal")
            own = [each for each in seen.identifiers if each.kind == members_pb2.IDENTIFIER_KIND_CARD]
            del seen.identifiers[:]
            seen.identifiers.extend(own)
        return seen


def luhn(payload: str) -> str:
    """The digits with their check digit at the end."""
    total = 0
    for place, digit in enumerate(reversed(payload)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return payload + str(-total % 10)


@dataclass
class _Decided:
    content: bytes
    result: movement_pb2.Result


class PointsBook(points_pb2_grpc.PointsServiceServicer):
    """A ledger in memory: one earn rate for all, one point a whole unit."""

    def __init__(self, faults: Faults, members: MembersBook, verifier: Verifier) -> None:
        self._faults, self._members, self._verifier = faults, members, verifier
        self._keys: dict[tuple[UUID, str], _Decided] = {}
        self._references: dict[tuple[UUID, str, str], _Decided] = {}
        self.wallets: dict[bytes, int] = {}
        self.journal: list[movement_pb2.Transaction] = []
        self.calls: list[points_pb2.PostRequest] = []
        # From this call on, counted from 1, nothing is posted any more; 0: all is well.
        self.broken_from_call = 0

    async def Post(self, request: points_pb2.PostRequest, context: Any) -> points_pb2.PostResponse:
        if not 1 <= len(request.items) <= 512:
            raise InvalidRequest("1 to 512 items are taken", field="items")
        self.calls.append(request)
        await asyncio.sleep(self._faults.post_delay_seconds)
        if 0 < self.broken_from_call <= len(self.calls):
            await context.abort(grpc.StatusCode.UNAVAILABLE, "broken on purpose")
        if self._faults.post_fails:
            await context.abort(self._faults.post_fails.pop(0), "broken on purpose")
        programme = acting().in_programme()
        principals = [self._verifier.verify(token) for token in request.principals] or [acting()]
        assert all(each.in_programme() == programme for each in principals)
        results = [self._decide(item, principals[item.principal].as_partner()) for item in request.items]
        if self._faults.post_answers_lost:
            self._faults.post_answers_lost -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the answer is lost on purpose")
        return points_pb2.PostResponse(results=results)

    def _decide(self, item: movement_pb2.Item, partner: UUID) -> movement_pb2.Result:
        if self._faults.items_overloaded:
            self._faults.items_overloaded -= 1
            return _away(_R.REASON_OVERLOADED, "the queue is full", retry_after_seconds="1")
        kind = str(item.WhichOneof("movement"))
        asked: movement_pb2.Earn | movement_pb2.Redemption = getattr(item, kind)
        content = asked.SerializeToString(deterministic=True)
        by_key = self._keys.get((partner, item.key))
        if by_key is not None:
            if by_key.content != content:
                return _away(_R.REASON_IDEMPOTENCY_KEY_REUSED, "this key was used with another request")
            return _again(by_key.result)
        by_reference = self._references.get((partner, kind, asked.reference))
        if by_reference is not None:
            if by_reference.content != content:
                return _away(_R.REASON_REFERENCE_REUSED, "the reference was used before", fields="amount")
            return _again(by_reference.result)
        result = self._earn(item.earn, partner) if kind == "earn" else self._redeem(item.redemption, partner)
        if result.outcome == movement_pb2.OUTCOME_TURNED_AWAY:
            return result
        decided = _Decided(content, result)
        self._keys[(partner, item.key)] = decided
        if result.outcome == movement_pb2.OUTCOME_ACCEPTED:
            self._references[(partner, kind, asked.reference)] = decided
        return result

    def _earn(self, earn: movement_pb2.Earn, partner: UUID) -> movement_pb2.Result:
        sale = earn.sale
        away = self._member(earn.member_id, sale.occurred_at_us)
        if away is not None:
            return away
        if sale.currency != acting().in_programme().currency:
            return _away(_R.REASON_CURRENCY_UNSUPPORTED, "not here", currency=sale.currency, expected="EUR")
        lines = sum(line.amount_minor for line in sale.lines)
        if sale.lines and lines != sale.amount_minor:
            return _away(
                _R.REASON_AMOUNT_MISMATCH, f"the lines sum to {lines}", field="amount",
                amount_minor=str(sale.amount_minor), lines_minor=str(lines),
            )  # fmt: skip
        points = sale.amount_minor // EARN_PER_MINOR
        return self._posted(
            movement_pb2.MOVEMENT_KIND_EARN,
            earn.member_id,
            earn.reference,
            points,
            sale.occurred_at_us,
            partner,
        )

    def _redeem(self, redemption: movement_pb2.Redemption, partner: UUID) -> movement_pb2.Result:
        away = self._member(redemption.member_id, redemption.occurred_at_us)
        if away is not None:
            return away
        available = self.wallets.get(redemption.member_id, 0)
        if redemption.points > available:
            error = ItemError(
                reason=_R.REASON_INSUFFICIENT_POINTS,
                message=f"the wallet holds {available} points, {redemption.points} were asked for",
                metadata={"available": str(available), "required": str(redemption.points)},
            )
            return movement_pb2.Result(outcome=movement_pb2.OUTCOME_REFUSED, error=error)
        return self._posted(
            movement_pb2.MOVEMENT_KIND_REDEEM, redemption.member_id, redemption.reference, -redemption.points,
            redemption.occurred_at_us, partner,
        )  # fmt: skip

    def _member(self, member_id: bytes, occurred_at_us: int) -> movement_pb2.Result | None:
        member = self._members.members.get(member_id)
        if member is None:
            return _away(_R.REASON_MEMBER_UNKNOWN, "no member has this id")
        if member.status == members_pb2.MEMBER_STATUS_CLOSED:
            return _away(_R.REASON_MEMBER_CLOSED, "the member has left")
        if occurred_at_us > wall_now_us() + 300_000_000:
            return _away(_R.REASON_OCCURRED_IN_FUTURE, "that is in the future", tolerance_seconds="300")
        if occurred_at_us <= 0:
            return _away(_R.REASON_OCCURRED_TOO_LONG_AGO, "that is too long ago", limit_days="365")
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

    async def GetBalance(
        self, request: points_pb2.GetBalanceRequest, context: Any
    ) -> points_pb2.GetBalanceResponse:
        acting().require("points:read")
        held = self.wallets.get(request.member_id, 0)
        return points_pb2.GetBalanceResponse(
            available=held,
            as_of_seq=len(self.journal),
            next_expiry_points=held,
            next_expiry_at_us=EXPIRES_AT_US if held else 0,
        )

    async def GetTransaction(
        self, request: points_pb2.GetTransactionRequest, context: Any
    ) -> points_pb2.GetTransactionResponse:
        acting().require("points:read")
        for transaction in self.journal:
            own = transaction.partner_id == acting().as_partner().bytes
            if own and transaction.transaction_id == request.transaction_id:
                return points_pb2.GetTransactionResponse(transaction=transaction)
        raise NotFound("there is no such transaction")

    async def ListTransactions(
        self, request: points_pb2.ListTransactionsRequest, context: Any
    ) -> points_pb2.ListTransactionsResponse:
        acting().require("points:read")
        found = [
            each
            for each in self.journal
            if each.partner_id == acting().as_partner().bytes
            and request.member_id in (b"", each.member_id)
            and request.reference in ("", each.reference)
            and each.recorded_at_us >= request.recorded_from_us
            and (not request.before_seq or each.seq < request.before_seq)
            and each.seq > request.after_seq
        ]
        limit = request.limit or 20
        newest_first = found[:limit][::-1] if request.after_seq else found[::-1][:limit]
        return points_pb2.ListTransactionsResponse(transactions=newest_first, has_more=len(found) > limit)


def _away(reason: Reason.ValueType, message: str, **metadata: str) -> movement_pb2.Result:
    error = ItemError(reason=reason, message=message, metadata=metadata)
    return movement_pb2.Result(outcome=movement_pb2.OUTCOME_TURNED_AWAY, error=error)


def _again(result: movement_pb2.Result) -> movement_pb2.Result:
    again = movement_pb2.Result()
    again.CopyFrom(result)
    again.replayed = True
    return again


class PartnersBook(partners_pb2_grpc.PartnersServiceServicer, partners_pb2_grpc.ClearingServiceServicer):
    """Keys, stores, prices and statements."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.keys: dict[bytes, partners_pb2.AuthenticateApiKeyResponse] = {}
        self.stores: dict[bytes, list[partners_pb2.Store]] = {}
        self.rates: dict[bytes, list[partners_pb2.RateVersion]] = {}
        self.statements: dict[bytes, list[clearing_pb2.Statement]] = {}
        self.authentications = 0
        self.store_pages = 0

    def issue(
        self, secret: str, programme: Programme, scopes: Sequence[str], partner_id: UUID | None = None
    ) -> UUID:
        """A key of a partner, new unless named."""
        partner = partner_id or new_id()
        slug = f"partner-{partner.hex[-6:]}"
        self.keys[sha256(secret.encode()).digest()] = partners_pb2.AuthenticateApiKeyResponse(
            api_key=partners_pb2.ApiKey(
                key_id=new_id().bytes,
                partner_id=partner.bytes,
                label="tests",
                hint=secret[:12],
                scopes=scopes,
            ),
            partner=partners_pb2.Partner(
                partner_id=partner.bytes,
                slug=slug,
                name="A Partner",
                status=partners_pb2.PARTNER_STATUS_ACTIVE,
            ),
            programme=programme_message(programme),
        )
        return partner

    async def AuthenticateApiKey(
        self, request: partners_pb2.AuthenticateApiKeyRequest, context: Any
    ) -> partners_pb2.AuthenticateApiKeyResponse:
        assert acting().issuer == "gateway"
        if self._faults.partners_down:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        self.authentications += 1
        found = self.keys.get(request.secret_sha256)
        if found is None:
            raise Unauthenticated
        return found

    async def ListStores(
        self, request: partners_pb2.ListStoresRequest, context: Any
    ) -> partners_pb2.ListStoresResponse:
        acting().in_programme()
        self.store_pages += 1
        stores = sorted(self.stores.get(request.partner_id, []), key=lambda store: store.code)
        rest = [store for store in stores if store.code > request.after_code]
        return partners_pb2.ListStoresResponse(
            stores=rest[: request.limit], has_more=len(rest) > request.limit
        )

    async def ListRates(
        self, request: partners_pb2.ListRatesRequest, context: Any
    ) -> partners_pb2.ListRatesResponse:
        return partners_pb2.ListRatesResponse(rates=self.rates.get(acting().as_partner().bytes, []))

    async def ListStatements(
        self, request: clearing_pb2.ListStatementsRequest, context: Any
    ) -> clearing_pb2.ListStatementsResponse:
        acting().require("statements:read")
        found = [
            each
            for each in self.statements.get(acting().as_partner().bytes, [])
            if (not request.before_window or each.window.number < request.before_window)
            and each.window.number > request.after_window
        ]
        found.sort(key=lambda each: each.window.number)
        page = found[: request.limit][::-1] if request.after_window else found[::-1][: request.limit]
        return clearing_pb2.ListStatementsResponse(statements=page, has_more=len(found) > request.limit)

    async def GetStatement(
        self, request: clearing_pb2.GetStatementRequest, context: Any
    ) -> clearing_pb2.GetStatementResponse:
        acting().require("statements:read")
        for statement in self.statements.get(acting().as_partner().bytes, []):
            if statement.statement_id == request.statement_id:
                return clearing_pb2.GetStatementResponse(statement=statement)
        raise NotFound("there is no such statement")


def fresh_ledger_id() -> int:
    """A ledger number that no other test of this process has."""
    return next(_ledger_ids)


_ledger_ids = itertools.count(int(time.time()) % 20_000 + 1)
