"""The reads of the points service's double: balances, movements, expirations."""

from __future__ import annotations

from typing import Any, Final

from coalition.points.v1 import movement_pb2, points_pb2, points_pb2_grpc

from services.runtime.errors import NotFound
from services.runtime.principal import acting
from tests.support.gateway_operations import OperationsBook

EXPIRES_AT_US: Final = 1_838_152_800_000_000  # 2028-04-01 00:00 in Berlin


class PointsReads(points_pb2_grpc.PointsServiceServicer):
    """What is in the ledger, and what is told of it. `expirations` are what a test says, by member, soonest first."""

    def __init__(self) -> None:
        self.operations = OperationsBook()
        self.wallets: dict[bytes, int] = {}
        self.journal: list[movement_pb2.Transaction] = []
        self.owed: dict[bytes, int] = {}
        self.expirations: dict[bytes, list[points_pb2.Expiration]] = {}

    async def GetHead(self, request: points_pb2.GetHeadRequest, context: Any) -> points_pb2.GetHeadResponse:
        return self.operations.head()

    async def GetBalance(
        self, request: points_pb2.GetBalanceRequest, context: Any
    ) -> points_pb2.GetBalanceResponse:
        acting().require("points:read")
        held = self.wallets.get(request.member_id, 0)
        return points_pb2.GetBalanceResponse(
            available=held - self.owed.get(request.member_id, 0),
            as_of_seq=len(self.journal),
            next_expiry_points=held,
            next_expiry_at_us=EXPIRES_AT_US if held else 0,
            owed=self.owed.get(request.member_id, 0),
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

    async def ListExpirations(
        self, request: points_pb2.ListExpirationsRequest, context: Any
    ) -> points_pb2.ListExpirationsResponse:
        acting().require("points:read")
        found = [
            each
            for each in self.expirations.get(request.member_id, [])
            if each.expires_at_us > request.after_us
            and (not request.before_us or each.expires_at_us < request.before_us)
        ]
        limit = request.limit or 20
        page = found[-limit:] if request.before_us else found[:limit]
        return points_pb2.ListExpirationsResponse(expirations=page, has_more=len(found) > limit)
