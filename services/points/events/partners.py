"""What the ledger takes from the partners' events: where partners stand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from uuid import UUID

from coalition.events.v1 import partners_pb2 as pb
from coalition.type.v1.event_record_pb2 import EventRecord
from sqlalchemy.ext.asyncio import AsyncConnection

from services.points.clients.partners import GrpcPartners
from services.points.domain.standings import StandingVersion
from services.points.storage import ledgers, standings
from services.runtime.database import driver_of
from services.runtime.partner_standing import PartnerStanding, StandingKind
from services.runtime.principal import Programme

FindProgramme = Callable[[str], Awaitable[Programme]]


class PartnersLog:
    """The partners' event log, for what the bus has lost."""

    def __init__(self, partners: GrpcPartners, find: FindProgramme) -> None:
        self._partners, self._find = partners, find

    async def read_events(
        self, programme: str, from_pos: int, limit: int
    ) -> AsyncIterator[Sequence[EventRecord]]:
        """Blocks of events from a position on."""
        async for block in self._partners.read_events(await self._find(programme), from_pos, limit):
            yield block


class StandingsTold:
    """Keeps the projection of where partners stand. `opened` answers a programme whose ledger is open then."""

    def __init__(self, opened: FindProgramme) -> None:
        self._opened = opened

    async def apply(
        self, connection: AsyncConnection, programme: str, records: Sequence[EventRecord]
    ) -> None:
        """Notes where partners stand from a programme time on."""
        told = [
            _version(pb.PartnerStandingChanged.FromString(record.payload))
            for record in records
            if record.type == "partner.standing_changed"
        ]
        if told:
            ledger_id = (await self._opened(programme)).ledger_id
            driver = await driver_of(connection)
            await ledgers.lock_head(driver, ledger_id)
            await standings.add(driver, ledger_id, told)


def _version(message: pb.PartnerStandingChanged) -> StandingVersion:
    standing = PartnerStanding(
        StandingKind(message.standing),
        message.valid_from_us,
        message.run_off_until_us,
        message.returns_until_us,
    )
    return StandingVersion(UUID(bytes=message.partner_id), message.version, standing)
