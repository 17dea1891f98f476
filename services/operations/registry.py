"""What the operator does with programmes, partners, keys, prices and staff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from coalition.partners.v1 import partners_pb2 as pb
from coalition.points.v1 import points_pb2
from coalition.type.v1.principal_pb2 import PROGRAMME_MODE_LIVE, PROGRAMME_MODE_TEST

from services.operations.session import Session
from services.runtime.expiry_policy import DEFAULT_POLICY, ExpiryPolicy, policy_message
from services.runtime.ids import from_text
from services.runtime.principal import Programme, programme_from

_STORES_A_CALL_MAX: Final = 1_000


async def create_programme(
    session: Session,
    slug: str,
    name: str,
    zone: str,
    currency: str,
    starts_at_us: int,
    *,
    is_test: bool,
    expiry: ExpiryPolicy = DEFAULT_POLICY,
) -> Programme:
    """Registers a programme. Raises ALREADY_EXISTS, INVALID_REQUEST, CURRENCY_UNSUPPORTED."""
    request = pb.RegisterProgrammeRequest(
        slug=slug,
        name=name,
        zone=zone,
        currency=currency,
        mode=PROGRAMME_MODE_TEST if is_test else PROGRAMME_MODE_LIVE,
        starts_at_us=starts_at_us,
        expiry=policy_message(expiry),
    )
    answer = await session.call(session.registry.RegisterProgramme, request)
    return programme_from(answer.programme)


async def list_programmes(session: Session) -> Sequence[Programme]:
    """All programmes by slug."""
    answer = await session.call(session.registry.ListProgrammes, pb.ListProgrammesRequest())
    return [programme_from(each) for each in answer.programmes]


async def onboard(session: Session, programme: Programme, slug: str, name: str) -> pb.Partner:
    """Takes a partner in. Raises ALREADY_EXISTS."""
    request = pb.OnboardPartnerRequest(slug=slug, name=name)
    answer = await session.call(session.registry.OnboardPartner, request, programme)
    return answer.partner


async def list_partners(session: Session, programme: Programme) -> Sequence[pb.Partner]:
    """The programme's partners by slug."""
    answer = await session.call(session.registry.ListPartners, pb.ListPartnersRequest(), programme)
    return answer.partners


async def add_stores(
    session: Session, programme: Programme, slug: str, stores: Sequence[tuple[str, str]]
) -> Sequence[pb.Store]:
    """Adds stores by code and name; answers all asked for, those that were there before as they stand."""
    partner_id = await session.partner_id(programme, slug)
    found: list[pb.Store] = []
    for start in range(0, len(stores), _STORES_A_CALL_MAX):
        some = [pb.Store(code=code, name=name) for code, name in stores[start : start + _STORES_A_CALL_MAX]]
        request = pb.AddStoresRequest(partner_id=partner_id, stores=some)
        answer = await session.call(session.registry.AddStores, request, programme)
        found += answer.stores
    return found


async def list_stores(session: Session, programme: Programme, slug: str) -> Sequence[pb.Store]:
    """All stores of a partner by code."""
    request = pb.GetPartnerRequest(slug=slug)
    answer = await session.call(session.registry.GetPartner, request, programme)
    return answer.stores


async def issue_key(
    session: Session, programme: Programme, slug: str, label: str, scopes: Sequence[str] = ()
) -> pb.IssueApiKeyResponse:
    """Makes an API key, without scopes one with all but `members:app`; its secret is in this answer and nowhere else."""
    partner_id = await session.partner_id(programme, slug)
    request = pb.IssueApiKeyRequest(partner_id=partner_id, label=label, scopes=scopes)
    return await session.call(session.registry.IssueApiKey, request, programme)


async def list_keys(session: Session, programme: Programme, slug: str) -> Sequence[pb.ApiKey]:
    """A partner's API keys, newest first."""
    request = pb.ListApiKeysRequest(partner_id=await session.partner_id(programme, slug))
    answer = await session.call(session.registry.ListApiKeys, request, programme)
    return answer.api_keys


async def revoke_key(session: Session, programme: Programme, key: str) -> pb.ApiKey:
    """Revokes a key by its id (`key_…`). Raises NOT_FOUND, MalformedId."""
    key_id: UUID = from_text("key", key)
    request = pb.RevokeApiKeyRequest(key_id=key_id.bytes)
    answer = await session.call(session.registry.RevokeApiKey, request, programme)
    return answer.api_key


class Prices(NamedTuple):
    """Prices in micros a point, from a time on; `valid_to_us` 0: open.

    `issue_share_percent`: how much of the issue price is due when a point is issued, the rest once it is used.
    `transaction_fee_micros`: by sale and redemption. `bonus`: issue price and reimbursement of bonus points, where they differ.
    """

    issue_micros: int
    reimbursement_micros: int
    valid_from_us: int
    valid_to_us: int = 0
    issue_share_percent: int = 100
    transaction_fee_micros: int = 0
    bonus: tuple[int, int] | None = None


async def rates_of(session: Session, programme: Programme, slug: str, prices: Prices) -> pb.RateVersion:
    """Prices as they are asked for. Raises PARTNER_UNKNOWN."""
    wanted = pb.RateVersion(
        partner_id=await session.partner_id(programme, slug),
        issue_micros=prices.issue_micros,
        reimbursement_micros=prices.reimbursement_micros,
        valid_from_us=prices.valid_from_us,
        valid_to_us=prices.valid_to_us,
        issue_share_percent=prices.issue_share_percent,
        transaction_fee_micros=prices.transaction_fee_micros,
    )
    if prices.bonus is not None:
        issue, reimbursement = prices.bonus
        wanted.by_type.add(point_type="bonus", issue_micros=issue, reimbursement_micros=reimbursement)
    return wanted


async def set_rates(session: Session, programme: Programme, slug: str, prices: Prices) -> pb.RateVersion:
    """Sets a partner's prices in a test programme. Raises INVALID_REQUEST, DRAFT_NEEDED."""
    wanted = await rates_of(session, programme, slug, prices)
    answer = await session.call(session.registry.SetRates, pb.SetRatesRequest(rates=wanted), programme)
    return answer.rates


async def list_rates(session: Session, programme: Programme, slug: str) -> Sequence[pb.RateVersion]:
    """All versions of a partner's prices, oldest first."""
    request = pb.ListRatesRequest(partner_id=await session.partner_id(programme, slug))
    answer = await session.call(session.registry.ListRates, request, programme)
    return answer.rates


class EarnRate(NamedTuple):
    """Points for so many minor units from a time on, to be spent once so many days have passed since the sale."""

    points: int
    per_minor: int
    valid_from_us: int
    pending_days: int = 0


async def set_earn_rate(
    session: Session, programme: Programme, slug: str, given: EarnRate
) -> points_pb2.EarnRate:
    """Sets what a partner gives. Raises INVALID_REQUEST."""
    rate = points_pb2.EarnRate(partner_id=await session.partner_id(programme, slug), **given._asdict())
    request = points_pb2.SetEarnRateRequest(rate=rate)
    answer = await session.call(session.ledger.SetEarnRate, request, programme)
    return answer.rate


async def list_earn_rates(session: Session, programme: Programme, slug: str) -> Sequence[points_pb2.EarnRate]:
    """What a partner gives, by the time from which it holds."""
    request = points_pb2.ListEarnRatesRequest(partner_id=await session.partner_id(programme, slug))
    answer = await session.call(session.ledger.ListEarnRates, request, programme)
    return answer.rates


async def set_refund_rule(
    session: Session, programme: Programme, slug: str, shortfall: str, tender_order: str
) -> points_pb2.RefundRule:
    """Sets what a partner's refunds do from now on, in the words of documents.refund_rule."""
    rule = points_pb2.RefundRule(
        partner_id=await session.partner_id(programme, slug),
        shortfall=points_pb2.Shortfall.Value(f"SHORTFALL_{shortfall.upper()}"),
        tender_order=points_pb2.TenderOrder.Value(f"TENDER_ORDER_{tender_order.upper()}"),
    )
    request = points_pb2.SetRefundRuleRequest(rule=rule)
    answer = await session.call(session.ledger.SetRefundRule, request, programme)
    return answer.rule


async def list_refund_rules(
    session: Session, programme: Programme, slug: str
) -> Sequence[points_pb2.RefundRule]:
    """The refund rule of a partner; nothing where it has none of its own."""
    request = points_pb2.ListRefundRulesRequest(partner_id=await session.partner_id(programme, slug))
    answer = await session.call(session.ledger.ListRefundRules, request, programme)
    return answer.rules


async def add_staff(session: Session, name: str, roles: Sequence[str]) -> pb.AddStaffResponse:
    """Takes on a person; the token is in this answer and nowhere else. Raises ALREADY_EXISTS."""
    request = pb.AddStaffRequest(name=name, roles=roles)
    return await session.call(session.registry.AddStaff, request)


async def list_staff(session: Session) -> Sequence[pb.Staff]:
    """All staff by name."""
    answer = await session.call(session.registry.ListStaff, pb.ListStaffRequest())
    return answer.staff
