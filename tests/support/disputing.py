"""Disputes on a Settling: partners that open them, people that decide them, and what all accounts hold meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from coalition.partners.v1 import clearing_pb2
from coalition.partners.v1 import disputes_pb2 as pb
from coalition.partners.v1.disputes_pb2_grpc import DisputeServiceStub

from services.partners.domain.statement import LineKind
from services.runtime import grpc_client
from services.runtime.clock import MICROS_PER_DAY
from services.runtime.errors import CoalitionError
from services.runtime.grpc_client import open_channel
from tests.support.partners_office import Person
from tests.support.settling import Settling

SCOPES = ("statements:read", "statements:accept")


@dataclass
class Disputing:
    """The disputes of a programme that is settled."""

    desk: Settling
    stub: DisputeServiceStub

    def partner(self, slug: str) -> bytes:
        return self.desk.house.as_partner(self.desk.programme, self.desk.partners[slug], *SCOPES)

    async def statements(self, slug: str) -> list[clearing_pb2.Statement]:
        """Of a partner, with their lines, newest first."""
        house, me = self.desk.house, self.partner(slug)
        listed = await grpc_client.call(
            house.clearing.ListStatements, clearing_pb2.ListStatementsRequest(), me, 60
        )
        return [
            (
                await grpc_client.call(
                    house.clearing.GetStatement,
                    clearing_pb2.GetStatementRequest(statement_id=each.statement_id),
                    me,
                    60,
                )
            ).statement
            for each in listed.statements
        ]

    async def line(self, slug: str, kind: LineKind, back: int = 0) -> tuple[bytes, int]:
        """The statement and number of a partner's line of a kind; `back`: how many statements before the newest."""
        found = (await self.statements(slug))[back]
        wanted = clearing_pb2.StatementLineKind.Value(f"STATEMENT_LINE_KIND_{kind.name}")
        return found.statement_id, next(
            place for place, line in enumerate(found.lines, 1) if line.kind == wanted
        )

    async def open(
        self,
        slug: str,
        amount: int,
        mode: pb.DisputeMode.ValueType = pb.DISPUTE_MODE_PAY_FIRST,
        kind: LineKind = LineKind.ISSUED,
        back: int = 0,
        **changes: Any,
    ) -> pb.Dispute:
        """A dispute of a line of the newest statement."""
        statement_id, line = await self.line(slug, kind, back)
        request = claim(statement_id, line, amount, mode)
        for name, value in changes.items():
            setattr(request, name, value)
        return (await grpc_client.call(self.stub.OpenDispute, request, self.partner(slug), 60)).dispute

    async def decide(self, dispute: pb.Dispute, accepted: int, who: Person | None = None) -> pb.Dispute:
        request = pb.DecideDisputeRequest(
            dispute_id=dispute.dispute_id, accepted_minor=accepted, text="looked at"
        )
        person = (who or self.desk.maker).on(self.desk.programme)
        return (await grpc_client.call(self.stub.DecideDispute, request, person, 60)).dispute

    async def escalate(self, slug: str, dispute: pb.Dispute) -> pb.Dispute:
        request = pb.EscalateDisputeRequest(dispute_id=dispute.dispute_id, text="look again")
        return (await grpc_client.call(self.stub.EscalateDispute, request, self.partner(slug), 60)).dispute

    async def ask(self, dispute: pb.Dispute) -> pb.Dispute:
        request = pb.AskForEvidenceRequest(dispute_id=dispute.dispute_id, text="which receipts?")
        return (await self.desk.host(self.stub.AskForEvidence, request)).dispute

    async def evidence(self, slug: str, dispute: pb.Dispute, text: str = "these") -> pb.Dispute:
        request = pb.AddEvidenceRequest(
            dispute_id=dispute.dispute_id, text=text, references=["seq 1", "R-17"]
        )
        return (await grpc_client.call(self.stub.AddEvidence, request, self.partner(slug), 60)).dispute

    async def follow(self) -> list[pb.Dispute]:
        """What the job does."""
        return list((await self.desk.host(self.stub.FollowDisputes, pb.FollowDisputesRequest())).disputes)

    async def one(self, dispute: pb.Dispute) -> pb.Dispute:
        request = pb.GetDisputeRequest(number=dispute.number)
        return (await self.desk.host(self.stub.GetDispute, request)).dispute

    async def passing(self, days: int, at_us: int) -> int:
        """Moves programme time on by days from a time."""
        later = at_us + days * MICROS_PER_DAY
        await self.desk.now(later)
        return later

    async def held(self) -> dict[str, int]:
        """What is withheld of each partner; all accounts are explained, and sum to zero."""
        found = await self.desk.accounts()
        return {slug: amount for (account, slug), amount in found.items() if account == "disputed"}

    async def refused(self, method: Any, request: Any, who: bytes) -> CoalitionError:
        try:
            await grpc_client.call(method, request, who, 60)
        except CoalitionError as error:
            return error
        raise AssertionError("nothing was refused")


def claim(
    statement_id: bytes,
    line: int,
    amount: int,
    mode: pb.DisputeMode.ValueType = pb.DISPUTE_MODE_PAY_FIRST,
) -> pb.OpenDisputeRequest:
    """A dispute as it is asked for."""
    return pb.OpenDisputeRequest(
        statement_id=statement_id,
        line=line,
        claimed_minor=amount,
        ground=pb.DISPUTE_GROUND_COUNT,
        mode=mode,
        text="We count fewer points.\nSee the receipts.",
        references=["R-17"],
    )


def uuid_of(dispute: pb.Dispute) -> UUID:
    return UUID(bytes=dispute.dispute_id)


def disputing_of(desk: Settling) -> Disputing:
    return Disputing(desk, DisputeServiceStub(open_channel(desk.house.target)))
