"""What the operator does with how partners reach the public API: keys that follow others, addresses, versions."""

from __future__ import annotations

from collections.abc import Sequence

from coalition.partners.v1 import api_access_pb2 as pb
from coalition.partners.v1 import partners_pb2

from services.operations import documents
from services.operations.amounts import write_time
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.ids import from_text
from services.runtime.principal import Programme


async def roll_key(
    session: Session, programme: Programme, key: str, label: str, overlap_seconds: int
) -> pb.RollApiKeyResponse:
    """Makes a key that follows another (`key_…`). Raises NOT_FOUND, INVALID_REQUEST, PARTNER_EXITED, MalformedId."""
    request = pb.RollApiKeyRequest(
        key_id=from_text("key", key).bytes, label=label, overlap_seconds=overlap_seconds
    )
    return await session.call(session.api_access.RollApiKey, request, programme)


async def set_addresses(
    session: Session, programme: Programme, key: str, addresses: Sequence[str]
) -> partners_pb2.ApiKey:
    """Says from where a key (`key_…`) is taken; none: from everywhere. Raises NOT_FOUND, INVALID_REQUEST, MalformedId."""
    request = pb.SetApiKeyAddressesRequest(key_id=from_text("key", key).bytes, addresses=addresses)
    answer = await session.call(session.api_access.SetApiKeyAddresses, request, programme)
    return answer.api_key


async def pin_version(session: Session, programme: Programme, partner: str, version: str) -> pb.ApiVersionPin:
    """Pins a partner by slug to a version. Raises PARTNER_UNKNOWN, API_VERSION_UNKNOWN."""
    request = pb.PinApiVersionRequest(
        partner_id=await session.partner_id(programme, partner), api_version=version
    )
    answer = await session.call(session.api_access.PinApiVersion, request, programme)
    return answer.pin


async def version_pins(session: Session, programme: Programme, partner: str) -> Sequence[pb.ApiVersionPin]:
    """What a partner by slug was pinned to, newest first. Raises PARTNER_UNKNOWN."""
    request = pb.ListApiVersionPinsRequest(partner_id=await session.partner_id(programme, partner))
    answer = await session.call(session.api_access.ListApiVersionPins, request, programme)
    return answer.pins


def rolled_document(message: pb.RollApiKeyResponse) -> Document:
    """The new key with its secret, and the old one."""
    return {
        **documents.api_key(message.api_key),
        "secret": message.secret,
        "rolled": documents.api_key(message.rolled),
    }


def pin_document(message: pb.ApiVersionPin) -> Document:
    """A pin."""
    return {
        "number": message.number,
        "version": message.api_version,
        "set_at": write_time(message.set_at_us, "UTC"),
        "set_by": message.set_by,
    }
