"""What the operator does with how much a partner's API keys may ask."""

from __future__ import annotations

from collections.abc import Sequence

from coalition.partners.v1 import partners_pb2 as pb

from services.operations.amounts import write_time
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.principal import Programme


async def set_quotas(
    session: Session, programme: Programme, partner: str, interactive: int, bulk: int
) -> pb.QuotaVersion:
    """Sets the quotas of a partner by slug; 0: what is usual. Raises PARTNER_UNKNOWN, INVALID_REQUEST."""
    request = pb.SetQuotasRequest(
        partner_id=await session.partner_id(programme, partner),
        quotas=pb.Quotas(interactive_per_second=interactive, bulk_per_second=bulk),
    )
    answer = await session.call(session.registry.SetQuotas, request, programme)
    return answer.quotas


async def quotas(session: Session, programme: Programme, partner: str) -> Sequence[pb.QuotaVersion]:
    """What was set for a partner by slug, newest first. Raises PARTNER_UNKNOWN."""
    request = pb.ListQuotasRequest(partner_id=await session.partner_id(programme, partner))
    answer = await session.call(session.registry.ListQuotas, request, programme)
    return answer.versions


def document(message: pb.QuotaVersion, zone: str) -> Document:
    """A version; None where it says what is usual."""
    return {
        "version": message.version,
        "interactive_per_second": message.quotas.interactive_per_second or None,
        "bulk_per_second": message.quotas.bulk_per_second or None,
        "set_at": write_time(message.set_at_us, zone),
        "set_by": message.set_by,
    }
