"""What the services answer, as documents: plain values for tables and for JSON.

Ids have their public form; times are RFC 3339 in the programme's zone; money is minor units and micros.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from coalition.partners.v1 import clearing_pb2, legal_entities_pb2, partners_pb2
from coalition.points.v1 import movement_pb2, points_pb2
from coalition.type.v1 import expiry_pb2

from services.operations.amounts import write_time
from services.runtime.ids import to_text
from services.runtime.principal import Programme

Document = dict[str, Any]


def identity(prefix: str, value: bytes) -> str | None:
    """The public form of an id; None for an empty one."""
    return to_text(prefix, UUID(bytes=value)) if value else None


def programme(found: Programme) -> Document:
    """A programme."""
    return {
        "slug": found.slug,
        "ledger_id": found.ledger_id,
        "zone": found.zone,
        "currency": found.currency,
        "mode": "test" if found.is_test else "live",
    }


def partner(message: partners_pb2.Partner) -> Document:
    """A partner."""
    return {
        "id": identity("ptr", message.partner_id),
        "slug": message.slug,
        "name": message.name,
        "status": partners_pb2.PartnerStatus.Name(message.status).removeprefix("PARTNER_STATUS_").lower(),
    }


def store(message: partners_pb2.Store) -> Document:
    """A store."""
    return {"id": identity("sto", message.store_id), "code": message.code, "name": message.name}


def api_key(message: partners_pb2.ApiKey) -> Document:
    """An API key, without its secret."""
    return {
        "id": identity("key", message.key_id),
        "label": message.label,
        "hint": message.hint,
        "scopes": list(message.scopes),
        "issued_at": write_time(message.issued_at_us, "UTC"),
        "revoked_at": write_time(message.revoked_at_us, "UTC") or None,
        "ends_at": write_time(message.ends_at_us, "UTC") or None,
        "next": identity("key", message.next_key_id) if message.next_key_id else None,
        "addresses": list(message.addresses),
    }


def issued_key(message: partners_pb2.IssueApiKeyResponse) -> Document:
    """An API key just made, with its secret."""
    return {**api_key(message.api_key), "secret": message.secret}


def staff(message: partners_pb2.Staff) -> Document:
    """A person of the staff."""
    return {
        "id": identity("stf", message.staff_id),
        "name": message.name,
        "roles": list(message.roles),
    }


def added_staff(message: partners_pb2.AddStaffResponse) -> Document:
    """A person just taken on, with the token."""
    return {**staff(message.staff), "token": message.token}


def earn_rate(message: points_pb2.EarnRate, zone: str) -> Document:
    """What a partner gives from a time on."""
    return {
        "points": message.points,
        "per_minor": message.per_minor,
        "valid_from": write_time(message.valid_from_us, zone),
        "pending_days": message.pending_days,
    }


def refund_rule(message: points_pb2.RefundRule) -> Document:
    """What a partner's refunds do."""
    shortfall = points_pb2.Shortfall.Name(message.shortfall)
    order = points_pb2.TenderOrder.Name(message.tender_order)
    return {
        "shortfall": shortfall.removeprefix("SHORTFALL_").lower(),
        "tender_order": order.removeprefix("TENDER_ORDER_").lower(),
    }


def transaction(result: movement_pb2.Result, zone: str) -> Document:
    """A movement that was posted; `replayed` where it had been before."""
    moved = result.transaction
    return {
        "id": identity("txn", moved.transaction_id),
        "type": movement_pb2.MovementKind.Name(moved.kind).removeprefix("MOVEMENT_KIND_").lower(),
        "member": identity("mem", moved.member_id),
        "points": moved.points,
        "balance": moved.balance_after,
        "seq": moved.seq,
        "recorded_at": write_time(moved.recorded_at_us, zone),
        "replayed": result.replayed,
    }


def proposal(message: points_pb2.Proposal, zone: str) -> Document:
    """An adjustment that was proposed."""
    asked = message.adjustment
    return {
        "id": identity("prp", message.proposal_id),
        "state": points_pb2.ProposalState.Name(message.state).removeprefix("PROPOSAL_STATE_").lower(),
        "member": identity("mem", asked.member_id),
        "points": asked.points,
        "reason": movement_pb2.AdjustmentReason.Name(asked.reason).removeprefix("ADJUSTMENT_REASON_").lower(),
        "note": asked.note,
        "key": message.key,
        "content": message.content_hash.hex(),
        "proposed_by": message.proposed_by,
        "proposed_at": write_time(message.proposed_at_us, zone),
        "decided_by": message.decided_by or None,
        "decided_at": write_time(message.decided_at_us, zone) or None,
    }


def parked(message: points_pb2.ParkedEarn, zone: str, slugs: Mapping[bytes, str]) -> Document:
    """An earn that is parked. `slugs`: those of partners, by id."""
    return {
        "id": identity("txn", message.transaction_id),
        "partner": slugs.get(message.partner_id, message.partner_id.hex()),
        "member": identity("mem", message.member_id),
        "reference": message.reference,
        "points": message.points,
        "occurred_at": write_time(message.occurred_at_us, zone),
        "parked_at": write_time(message.parked_at_us, zone),
    }


def limits(message: points_pb2.Limits) -> Document:
    """What one person may adjust alone, and members may give each other."""
    return {
        "adjustment_points": message.adjustment_points,
        "transfer_points": message.transfer_points,
        "transfer_points_a_day": message.transfer_points_a_day,
    }


def campaign(message: points_pb2.StandingCampaign, zone: str, slugs: Mapping[bytes, str]) -> Document:
    """A campaign with its budget. `slugs`: those of partners, by id."""
    terms = message.campaign
    fixed = terms.WhichOneof("effect") == "fixed_points"
    return {
        "id": identity("cmp", terms.campaign_id),
        "name": terms.name,
        "version": message.version,
        "gives": f"{terms.fixed_points:,} points" if fixed else f"{terms.multiplier_percent} % of the points",
        "multiplier_percent": None if fixed else terms.multiplier_percent,
        "fixed_points": terms.fixed_points if fixed else None,
        "min_amount_minor": terms.min_amount_minor,
        "valid_from": write_time(terms.valid_from_us, zone),
        "valid_to": write_time(terms.valid_to_us, zone) or None,
        "partners": [slugs.get(each, each.hex()) for each in terms.partner_ids],
        "funders": [
            {
                "funder": slugs.get(each.partner_id, each.partner_id.hex())
                if each.partner_id
                else "operator",
                "percent": each.percent,
            }
            for each in terms.funders
        ],
        "set_by": message.set_by,
        "loaded": message.loaded,
        "granted": message.granted,
        "taken_back": message.taken_back,
        "left": message.left,
    }


def expiry_policy(message: points_pb2.ExpiryPolicyVersion) -> Document:
    """A version of a programme's expiry policy."""
    policy = message.policy
    return {
        "version": message.version,
        "from_seq": message.from_seq,
        "rule": expiry_pb2.ExpiryRule.Name(policy.rule).removeprefix("EXPIRY_RULE_").lower(),
        "months": policy.months,
        "date": f"{policy.month:02d}-{policy.day:02d}" if policy.month else None,
        "notice_days": policy.notice_days,
    }


def rates(message: partners_pb2.RateVersion, zone: str) -> Document:
    """A version of a rate card."""
    return {
        "version": message.version,
        "issue_micros": message.issue_micros,
        "reimbursement_micros": message.reimbursement_micros,
        "valid_from": write_time(message.valid_from_us, zone),
        "valid_to": write_time(message.valid_to_us, zone) or None,
        "known_from_seq": message.known_from_seq,
        "issue_share_percent": message.issue_share_percent,
        "transaction_fee_micros": message.transaction_fee_micros,
        "by_type": {
            each.point_type: {
                "issue_micros": each.issue_micros,
                "reimbursement_micros": each.reimbursement_micros,
            }
            for each in message.by_type
        },
        "draft": identity("drf", message.draft_id),
    }


def partner_roles(message: partners_pb2.PartnerRoles, zone: str) -> Document:
    """A version of what a partner may do."""
    return {
        "version": message.version,
        "roles": [
            partners_pb2.PartnerRole.Name(role).removeprefix("PARTNER_ROLE_").lower()
            for role in message.roles
        ],
        "valid_from": write_time(message.valid_from_us, zone),
        "draft": identity("drf", message.draft_id) if message.draft_id else None,
    }


def legal_entity(message: legal_entities_pb2.LegalEntity) -> Document:
    """A company of a partner."""
    return {"number": message.number, "name": message.name}


def store_entity(message: legal_entities_pb2.StoreEntity, zone: str) -> Document:
    """Which company a store is of."""
    return {
        "store": message.store_code,
        "legal_entity": message.legal_entity,
        "valid_from": write_time(message.valid_from_us, zone) or None,
        "known_from_seq": message.known_from_seq,
        "version": message.version,
    }


def billing(message: clearing_pb2.BillingTerms) -> Document:
    """A version of a partner's billing."""
    return {
        "version": message.version,
        "cycle": clearing_pb2.BillingCycle.Name(message.cycle).removeprefix("BILLING_CYCLE_").lower(),
        "cycle_fee_minor": message.cycle_fee_minor,
        "objection_days": message.objection_days,
        "from_window": message.from_window,
        "draft": identity("drf", message.draft_id),
    }


def window(message: clearing_pb2.Window, zone: str) -> Document:
    """A window; without a last seq while it is open."""
    state = clearing_pb2.WindowState.Name(message.state).removeprefix("WINDOW_STATE_").lower()
    return {
        "number": message.number,
        "state": state,
        "starts_at": write_time(message.starts_at_us, zone),
        "ends_at": write_time(message.ends_at_us, zone),
        "first_seq": message.first_seq,
        "last_seq": None if state == "open" else message.last_seq,
    }


def status(message: clearing_pb2.GetClearingStatusResponse, zone: str) -> Document:
    """How clearing stands."""
    return {
        "now": write_time(message.now_us, zone),
        "rated_seq": message.rated_seq,
        "stated_windows": message.stated,
        "open_window": window(message.open, zone),
        "blocked": message.blocked or None,
    }


def net(message: clearing_pb2.Net) -> Document:
    """What a party owes (positive) or is owed in a window."""
    return {
        "window": message.window,
        "party": message.party.slug,
        "partner_id": identity("ptr", message.party.partner_id),
        "points_issued": message.points_issued,
        "points_reversed": message.points_reversed,
        "points_burned": message.points_burned,
        "points_returned": message.points_returned,
        "exact_micros": message.exact_micros,
        "carry_in_micros": message.carry_in_micros,
        "net_minor": message.net_minor,
        "carry_out_micros": message.carry_out_micros,
    }


def cell(message: clearing_pb2.MatrixCell) -> Document:
    """A cell of the burn matrix: what was burned, and what refunds gave back of such points."""
    return {
        "issuer": message.issuer.slug,
        "redeemer": message.redeemer.slug,
        "points": message.points,
        "micros": message.micros,
        "points_returned": message.points_returned,
        "micros_returned": message.micros_returned,
    }


def matrix_side(message: clearing_pb2.MatrixSide) -> Document:
    """A party's row and column of the matrix, in micros: row less column is what it owes."""
    return {
        "party": message.party.slug,
        "row_micros": message.row_micros,
        "column_micros": message.column_micros,
        "operator_micros": message.operator_micros,
        "exact_micros": message.exact_micros,
    }


def position(message: clearing_pb2.Position) -> Document:
    """What a partner would owe (positive) were everything stated now."""
    return {
        "partner": message.party.slug,
        "opening_minor": message.opening_minor,
        "carried_micros": message.carried_micros,
        "points_issued": message.points_issued,
        "points_burned": message.points_burned,
        "since_micros": message.since_micros,
        "position_minor": message.position_minor,
    }


def statement(message: clearing_pb2.Statement, zone: str) -> Document:
    """A statement, with the lines it has at hand."""
    return {
        "id": identity("stm", message.statement_id),
        "partner": message.party.slug,
        "currency": message.currency,
        "issued_at": write_time(message.issued_at_us, zone),
        "window": window(message.window, zone),
        "covers": {
            "first_window": message.first_window,
            "last_window": message.window.number,
            "starts_at": write_time(message.starts_at_us, zone),
            "ends_at": write_time(message.window.ends_at_us, zone),
            "first_seq": message.first_seq,
            "last_seq": message.window.last_seq,
        },
        "opening_minor": message.opening_minor,
        "lines": [_line(line) for line in message.lines],
        "legal_entities": [legal_entity(each) for each in message.legal_entities],
        "net": net(message.net),
        "closing_minor": message.closing_minor,
        "standing": clearing_pb2.StatementStanding.Name(message.standing)
        .removeprefix("STATEMENT_STANDING_")
        .lower(),
        "objection_until": write_time(message.objection_until_us, zone),
        "accepted_at": write_time(message.accepted_at_us, zone) or None,
    }


def _line(message: clearing_pb2.StatementLine) -> Document:
    kind = clearing_pb2.StatementLineKind.Name(message.kind).removeprefix("STATEMENT_LINE_KIND_").lower()
    return {
        "kind": kind,
        "point_type": message.point_type or None,
        "legal_entity": message.legal_entity or None,
        "count": message.count,
        "points": message.points,
        "price_micros": message.price_micros,
        "amount_micros": message.amount_micros,
    }
