"""From what the registry knows to its protobuf form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from coalition.partners.v1 import partners_pb2 as pb

from services.partners.domain.credentials import ApiKey, Staff
from services.partners.domain.entries import BONUS_POINTS
from services.partners.domain.partner import ACTIVE, Partner, Store
from services.partners.domain.partner_roles import PartnerRole, RoleTerms, RoleVersion, read_partner_roles
from services.partners.domain.quotas import Quotas, QuotaVersion
from services.partners.domain.rates import AT_ISSUANCE, Rates, RateVersion, TypePrices
from services.runtime.errors import InvalidRequest
from services.runtime.fields import read_id

_ROLES: Final = {
    PartnerRole.EARN: pb.PARTNER_ROLE_EARN,
    PartnerRole.BURN: pb.PARTNER_ROLE_BURN,
    PartnerRole.FUND: pb.PARTNER_ROLE_FUND,
}
_STATUSES: Final = {ACTIVE: pb.PARTNER_STATUS_ACTIVE}


def partner_message(partner: Partner) -> pb.Partner:
    """A partner."""
    return pb.Partner(
        partner_id=partner.partner_id.bytes,
        slug=partner.slug,
        name=partner.name,
        status=_STATUSES[partner.status],
    )


def store_message(store: Store) -> pb.Store:
    """A store."""
    return pb.Store(store_id=store.store_id.bytes, code=store.code, name=store.name)


def roles_now(roles: Sequence[PartnerRole]) -> list[pb.PartnerRole.ValueType]:
    """What a partner may do."""
    return [_ROLES[role] for role in roles]


def roles_message(version: RoleVersion) -> pb.PartnerRoles:
    """A version of what a partner may do."""
    terms = version.terms
    return pb.PartnerRoles(
        partner_id=terms.partner_id.bytes,
        version=version.version,
        roles=roles_now(terms.roles),
        valid_from_us=terms.valid_from_us,
        draft_id=version.draft_id.bytes if version.draft_id else b"",
    )


def role_terms_from(message: pb.PartnerRoles) -> RoleTerms:
    """Roles asked for; version and draft are not the caller's to say. Raises InvalidRequest."""
    known = {number: role for role, number in _ROLES.items()}
    if unknown := set(message.roles) - known.keys():
        raise InvalidRequest(f"{min(unknown)} is no role of the contract", field="terms.roles")
    roles = read_partner_roles([known[number] for number in message.roles])
    return RoleTerms(read_id(message.partner_id, "terms.partner_id"), roles, message.valid_from_us)


def key_message(key: ApiKey) -> pb.ApiKey:
    """An API key, without its secret."""
    return pb.ApiKey(
        key_id=key.key_id.bytes,
        partner_id=key.partner_id.bytes,
        label=key.label,
        hint=key.hint,
        scopes=key.scopes,
        issued_at_us=key.issued_at_us,
        revoked_at_us=key.revoked_at_us,
        ends_at_us=key.ends_at_us,
        next_key_id=key.next_key_id.bytes if key.next_key_id else b"",
        addresses=key.addresses,
    )


def staff_message(staff: Staff) -> pb.Staff:
    """A person of the staff."""
    return pb.Staff(staff_id=staff.staff_id.bytes, name=staff.name, roles=staff.roles)


def rates_message(version: RateVersion) -> pb.RateVersion:
    """A version of a rate card."""
    rates = version.rates
    return pb.RateVersion(
        partner_id=rates.partner_id.bytes,
        version=version.version,
        issue_micros=rates.issue_micros,
        reimbursement_micros=rates.reimbursement_micros,
        valid_from_us=rates.valid_from_us,
        valid_to_us=rates.valid_to_us,
        known_from_seq=version.known_from_seq,
        issue_share_percent=rates.issue_share_percent,
        transaction_fee_micros=rates.transaction_fee_micros,
        by_type=[]
        if rates.bonus is None
        else [pb.TypePrices(point_type=BONUS_POINTS, **rates.bonus._asdict())],
        draft_id=version.draft_id.bytes if version.draft_id else b"",
    )


def rates_from(message: pb.RateVersion) -> Rates:
    """Prices asked for; version and known_from_seq are not the caller's to say. Raises InvalidRequest."""
    return Rates(
        read_id(message.partner_id, "rates.partner_id"),
        message.issue_micros,
        message.reimbursement_micros,
        message.valid_from_us,
        message.valid_to_us,
        message.issue_share_percent if message.HasField("issue_share_percent") else AT_ISSUANCE,
        message.transaction_fee_micros,
        _bonus_from(message.by_type),
    )


def _bonus_from(by_type: Sequence[pb.TypePrices]) -> TypePrices | None:
    if not by_type:
        return None
    if len(by_type) > 1 or by_type[0].point_type != BONUS_POINTS:
        raise InvalidRequest(
            f"{BONUS_POINTS!r} is the one type of points that has prices of its own", field="rates.by_type"
        )
    return TypePrices(by_type[0].issue_micros, by_type[0].reimbursement_micros)


def quotas_message(quotas: Quotas) -> pb.Quotas:
    """What keys may ask."""
    return pb.Quotas(
        interactive_per_second=quotas.interactive_per_second, bulk_per_second=quotas.bulk_per_second
    )


def quotas_from(message: pb.Quotas) -> Quotas:
    """What keys may ask, as asked; the command checks it."""
    return Quotas(message.interactive_per_second, message.bulk_per_second)


def quota_version(version: QuotaVersion) -> pb.QuotaVersion:
    """What was set."""
    return pb.QuotaVersion(
        version=version.version,
        quotas=quotas_message(version.quotas),
        set_at_us=version.set_at_us,
        set_by=version.set_by,
    )
