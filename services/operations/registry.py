"""What the operator does with programmes, partners, keys, prices and staff. Each answers documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from coalition.partners.v1 import partners_pb2 as pb
from coalition.points.v1 import points_pb2
from coalition.type.v1.principal_pb2 import PROGRAMME_MODE_LIVE, PROGRAMME_MODE_TEST

from services.operations import documents
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.ids import from_text
from services.runtime.principal import Programme

_STORES_A_CALL_MAX: Final = 1_000


async def create_programme(
    session: Session, slug: str, name: str, zone: str, currency: str, starts_at_us: int, *, is_test: bool
) -> Document:
    """Registers a programme. Raises ALREADY_EXISTS, INVALID_REQUEST, CURRENCY_UNSUPPORTED."""
    request = pb.RegisterProgrammeRequest(
        slug=slug,
        name=name,
        zone=zone,
        currency=currency,
        mode=PROGRAMME_MODE_TEST if is_test else PROGRAMME_MODE_LIVE,
        starts_at_us=starts_at_us,
    )
    answer = await session.call(session.registry.RegisterProgramme, request)
    return documents.programme(answer.programme)


async def list_programmes(session: Session) -> list[Document]:
    """All programmes by slug."""
    answer = await session.call(session.registry.ListProgrammes, pb.ListProgrammesRequest())
    return [documents.programme(each) for each in answer.programmes]


async def onboard(session: Session, programme: Programme, slug: str, name: str) -> Document:
    """Takes a partner in. Raises ALREADY_EXISTS."""
    request = pb.OnboardPartnerRequest(slug=slug, name=name)
    answer = await session.call(session.registry.OnboardPartner, request, programme)
    return documents.partner(answer.partner)


async def list_partners(session: Session, programme: Programme) -> list[Document]:
    """The programme's partners by slug."""
    answer = await session.call(session.registry.ListPartners, pb.ListPartnersRequest(), programme)
    return [documents.partner(each) for each in answer.partners]


async def add_stores(
    session: Session, programme: Programme, slug: str, stores: Sequence[tuple[str, str]]
) -> list[Document]:
    """Adds stores by code and name; answers all asked for, those that were there before as they stand."""
    partner_id = await session.partner_id(programme, slug)
    found: list[Document] = []
    for start in range(0, len(stores), _STORES_A_CALL_MAX):
        some = [pb.Store(code=code, name=name) for code, name in stores[start : start + _STORES_A_CALL_MAX]]
        request = pb.AddStoresRequest(partner_id=partner_id, stores=some)
        answer = await session.call(session.registry.AddStores, request, programme)
        found += [documents.store(each) for each in answer.stores]
    return found


async def list_stores(session: Session, programme: Programme, slug: str) -> list[Document]:
    """All stores of a partner by code."""
    request = pb.GetPartnerRequest(slug=slug)
    answer = await session.call(session.registry.GetPartner, request, programme)
    return [documents.store(each) for each in answer.stores]


async def issue_key(
    session: Session, programme: Programme, slug: str, label: str, scopes: Sequence[str]
) -> Document:
    """Makes an API key; its secret is in this answer and nowhere else."""
    partner_id = await session.partner_id(programme, slug)
    request = pb.IssueApiKeyRequest(partner_id=partner_id, label=label, scopes=scopes)
    answer = await session.call(session.registry.IssueApiKey, request, programme)
    return {**documents.api_key(answer.api_key), "secret": answer.secret}


async def list_keys(session: Session, programme: Programme, slug: str) -> list[Document]:
    """A partner's API keys, newest first."""
    request = pb.ListApiKeysRequest(partner_id=await session.partner_id(programme, slug))
    answer = await session.call(session.registry.ListApiKeys, request, programme)
    return [documents.api_key(each) for each in answer.api_keys]


async def revoke_key(session: Session, programme: Programme, key: str) -> Document:
    """Revokes a key by its id (`key_…`). Raises NOT_FOUND, MalformedId."""
    key_id: UUID = from_text("key", key)
    request = pb.RevokeApiKeyRequest(key_id=key_id.bytes)
    answer = await session.call(session.registry.RevokeApiKey, request, programme)
    return documents.api_key(answer.api_key)


async def set_rates(
    session: Session,
    programme: Programme,
    slug: str,
    issue_micros: int,
    reimbursement_micros: int,
    valid_from_us: int,
    valid_to_us: int,
) -> Document:
    """Sets a partner's prices from a time on; `valid_to_us` 0: open. Raises INVALID_REQUEST."""
    wanted = pb.RateVersion(
        partner_id=await session.partner_id(programme, slug),
        issue_micros=issue_micros,
        reimbursement_micros=reimbursement_micros,
        valid_from_us=valid_from_us,
        valid_to_us=valid_to_us,
    )
    answer = await session.call(session.registry.SetRates, pb.SetRatesRequest(rates=wanted), programme)
    return documents.rates(answer.rates, programme.zone)


async def list_rates(session: Session, programme: Programme, slug: str) -> list[Document]:
    """All versions of a partner's prices, oldest first."""
    request = pb.ListRatesRequest(partner_id=await session.partner_id(programme, slug))
    answer = await session.call(session.registry.ListRates, request, programme)
    return [documents.rates(each, programme.zone) for each in answer.rates]


async def set_earn_rate(
    session: Session, programme: Programme, slug: str, points: int, per_minor: int, valid_from_us: int
) -> Document:
    """Sets what a partner gives from a time on: points for so many minor units. Raises INVALID_REQUEST."""
    rate = points_pb2.EarnRate(
        partner_id=await session.partner_id(programme, slug),
        points=points,
        per_minor=per_minor,
        valid_from_us=valid_from_us,
    )
    request = points_pb2.SetEarnRateRequest(rate=rate)
    answer = await session.call(session.ledger.SetEarnRate, request, programme)
    return documents.earn_rate(answer.rate, programme.zone)


async def list_earn_rates(session: Session, programme: Programme, slug: str) -> list[Document]:
    """What a partner gives, by the time from which it holds."""
    request = points_pb2.ListEarnRatesRequest(partner_id=await session.partner_id(programme, slug))
    answer = await session.call(session.ledger.ListEarnRates, request, programme)
    return [documents.earn_rate(each, programme.zone) for each in answer.rates]


async def add_staff(session: Session, name: str, roles: Sequence[str]) -> Document:
    """Takes on a person; the token is in this answer and nowhere else. Raises ALREADY_EXISTS."""
    request = pb.AddStaffRequest(name=name, roles=roles)
    answer = await session.call(session.registry.AddStaff, request)
    return {**documents.staff(answer.staff), "token": answer.token}


async def list_staff(session: Session) -> list[Document]:
    """All staff by name."""
    answer = await session.call(session.registry.ListStaff, pb.ListStaffRequest())
    return [documents.staff(each) for each in answer.staff]
