"""Guards of partners, as staff sets them, and what went beyond them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from coalition.events.v1 import points_pb2 as events
from coalition.points.v1 import guards_pb2 as pb
from coalition.points.v1.guards_pb2_grpc import GuardsServiceStub

from services.runtime import grpc_client
from tests.support.points import PointsHouse, Till
from tests.support.points_database import as_superuser

_ANY: Final = 1_000_000_000


@dataclass
class Guarded:
    """The guards of one ledger."""

    house: PointsHouse

    @property
    def stub(self) -> GuardsServiceStub:
        return GuardsServiceStub(self.house.running.channel)

    async def set(self, till: Till, **changes: Any) -> pb.Guard:
        """Sets a guard: as the default, but for what is said."""
        fields: dict[str, Any] = {"card_points": _ANY, "pin_points": _ANY}
        guard = pb.Guard(partner_id=till.partner_id.bytes, **{**fields, **changes})
        request = pb.SetGuardRequest(guard=guard)
        return (await grpc_client.call(self.stub.SetGuard, request, self.house.staff_with("pricing"))).guard

    async def flags(self, *, open_only: bool = False) -> list[pb.Flag]:
        """What went beyond guards, newest first."""
        request = pb.ListFlagsRequest(open_only=open_only)
        return list((await grpc_client.call(self.stub.ListFlags, request, self.house.staff)).flags)

    async def review(self, flag: pb.Flag, verdict: str, note: str) -> pb.Flag:
        """Ends a flag."""
        request = pb.ReviewFlagRequest(
            flag_id=flag.flag_id, verdict=pb.Verdict.Value(f"VERDICT_{verdict}"), note=note
        )
        token = self.house.staff_with("service_desk")
        return (await grpc_client.call(self.stub.ReviewFlag, request, token)).flag

    async def told(self) -> list[bytes]:
        """The flags that events told of."""
        return [
            events.PointsFlagged.FromString(event.payload).flag_id
            for event in await self.house.events()
            if event.type == "points.flagged"
        ]

    async def days_counted(self) -> int:
        """Days of which something is counted."""
        async with as_superuser(self.house.database) as connection:
            return await connection.fetchval(
                "SELECT count(DISTINCT day) FROM day_count WHERE ledger_id = $1",
                self.house.programme.ledger_id,
            )
