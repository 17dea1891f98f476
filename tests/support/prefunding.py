"""Money that partners pay ahead, and what a bank says of it, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Final

from coalition.partners.v1 import prefunding_pb2 as pb
from coalition.partners.v1 import settlement_pb2
from coalition.partners.v1.prefunding_pb2_grpc import PrefundingServiceStub

from services.runtime.grpc_client import open_channel
from tests.support.bank_files import camt, camt_statement, entry, transaction
from tests.support.settling import Settling

ASK: Final = pb.PREFUNDING_TURN_ASKED
BACK: Final = pb.PREFUNDING_TURN_GIVEN_BACK
USE: Final = pb.PREFUNDING_TURN_USED
_RETURN: Final = "<RtrInf><Rsn><Cd>MD06</Cd></Rsn></RtrInf>"
_BANK_REFERENCES: Final = count(1)


@dataclass
class Till:
    """The prefunding of a settling programme."""

    desk: Settling
    stub: PrefundingServiceStub = field(init=False)

    def __post_init__(self) -> None:
        self.stub = PrefundingServiceStub(open_channel(self.desk.house.target))

    def wanted(
        self, slug: str, turn: pb.PrefundingTurn.ValueType, amount_minor: int, company: int = 0
    ) -> pb.PrefundingOrder:
        return pb.PrefundingOrder(
            partner_id=self.desk.partners[slug].bytes,
            legal_entity=company,
            turn=turn,
            amount_minor=amount_minor,
            why="agreed",
        )

    async def order(
        self, slug: str, turn: pb.PrefundingTurn.ValueType, amount_minor: int, company: int = 0
    ) -> pb.PrefundingOrder:
        request = pb.OrderPrefundingRequest(order=self.wanted(slug, turn, amount_minor, company))
        return (await self.desk.host(self.stub.OrderPrefunding, request)).order

    async def listed(self, slug: str) -> pb.ListPrefundingResponse:
        request = pb.ListPrefundingRequest(partner_id=self.desk.partners[slug].bytes)
        return await self.desk.host(self.stub.ListPrefunding, request)

    async def held(self, slug: str) -> int:
        return sum(each.held_minor for each in (await self.listed(slug)).held)

    async def bank(self, payment: settlement_pb2.Payment, amount_minor: int = 0) -> None:
        """The bank books a payment, or a part of one that is paid by transfer."""
        amount = amount_minor or payment.amount_minor
        side = "CRDT" if payment.direction == "collect" else "DBIT"
        inner = transaction(payment.end_to_end_id)
        if payment.method == "invoice":
            inner = f"<TxDtls><RmtInf><Ustrd>{payment.reference}</Ustrd></RmtInf></TxDtls>"
        await self._says(amount, side, inner)

    async def came_back(self, payment: settlement_pb2.Payment) -> None:
        """A debit comes back, or what was paid out."""
        side = "DBIT" if payment.direction == "collect" else "CRDT"
        await self._says(payment.amount_minor, side, transaction(payment.end_to_end_id, _RETURN))

    async def _says(self, amount_minor: int, side: str, inner: str) -> None:
        amount = f"{amount_minor // 100}.{amount_minor % 100:02}"
        said = entry(amount, side, inner, reference=f"P{next(_BANK_REFERENCES)}")
        came = side == "CRDT"
        opening, closing = ("0.00", amount) if came else (amount, "0.00")
        await self.desk.receive(camt(camt_statement(said, opening=opening, closing=closing)))


def payment_of(desk: Settling, run: settlement_pb2.GetRunResponse, slug: str) -> settlement_pb2.Payment:
    """The payment of a partner in a run."""
    return next(each for each in run.payments if desk.slug_of(each.partner_id) == slug)


def position_of(desk: Settling, run: settlement_pb2.GetRunResponse, slug: str) -> settlement_pb2.RunPosition:
    """The position of a partner in a run."""
    return next(each for each in run.positions if desk.slug_of(each.partner_id) == slug)
