"""From the events of the members and partners services to facts."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from coalition.events.v1 import members_pb2, partners_pb2
from coalition.type.v1.event_record_pb2 import EventRecord

from services.insights.domain.facts import (
    ClosedWindow,
    Enrolment,
    MemberFacts,
    Partner,
    PartnerFacts,
    Programme,
)
from services.runtime.clock import from_micros, in_zone


def read_members(records: Sequence[EventRecord], zone: str) -> MemberFacts:
    """What a run of the members' events says; types that figures need nothing of are passed over."""
    facts = MemberFacts()
    for record in records:
        match record.type:
            case "member.enrolled":
                enrolled = members_pb2.MemberEnrolled.FromString(record.payload)
                facts.enrolments.append(
                    Enrolment(
                        UUID(bytes=enrolled.member_id),
                        UUID(bytes=enrolled.partner_id) if enrolled.partner_id else None,
                        enrolled.anonymous,
                        in_zone(enrolled.enrolled_at_us, zone).date(),
                    )
                )
            case "member.claimed":
                claimed = members_pb2.MemberClaimed.FromString(record.payload)
                facts.claimed[UUID(bytes=claimed.member_id)] = in_zone(claimed.claimed_at_us, zone).date()
            case "member.closed":
                closed = members_pb2.MemberClosed.FromString(record.payload)
                facts.closed[UUID(bytes=closed.member_id)] = in_zone(closed.closed_at_us, zone).date()
            case _:
                pass
    return facts


def read_partners(records: Sequence[EventRecord]) -> PartnerFacts:
    """What a run of the partners' events says; types that figures need nothing of are passed over."""
    facts = PartnerFacts()
    for record in records:
        match record.type:
            case "programme.registered":
                told = partners_pb2.ProgrammeRegistered.FromString(record.payload)
                facts.programme = Programme(told.ledger_id, told.slug, told.zone, told.currency)
            case "partner.onboarded":
                onboarded = partners_pb2.PartnerOnboarded.FromString(record.payload)
                facts.partners.append(
                    Partner(UUID(bytes=onboarded.partner_id), onboarded.slug, onboarded.name)
                )
            case "window.closed":
                closed = partners_pb2.WindowClosed.FromString(record.payload)
                facts.windows.append(
                    ClosedWindow(closed.number, closed.last_seq, from_micros(closed.ends_at_us))
                )
            case _:
                pass
    return facts
