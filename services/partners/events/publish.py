"""From what happened to what the event log holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from coalition.events.v1 import partners_pb2 as pb
from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain import events
from services.partners.storage.tables import events as event_log_tables
from services.runtime.event_log import EventLog, NewEvent, payload_of
from services.runtime.principal import Programme

LOG: Final = EventLog(event_log_tables)


async def tell(
    connection: AsyncConnection, programme: Programme, now_us: int, told: Sequence[events.Event]
) -> None:
    """Writes events in the transaction of the change; `now_us`: programme time. Last thing before the commit."""
    rows = [_new_event(event, now_us) for event in told]
    await LOG.append(connection, programme.ledger_id, programme.slug, rows)


def _new_event(event: events.Event, now_us: int) -> NewEvent:
    name, message, partner_id = wire_form(event)
    return NewEvent(name, payload_of(message), now_us, partner_id=partner_id)


def wire_form(event: events.Event) -> tuple[str, Message, UUID | None]:
    """An event's type, its message and the partner concerned."""
    match event:
        case events.ProgrammeRegistered():
            return "programme.registered", _registered(event), None
        case events.PartnerOnboarded(partner_id, slug, name):
            onboarded = pb.PartnerOnboarded(partner_id=partner_id.bytes, slug=slug, name=name)
            return "partner.onboarded", onboarded, partner_id
        case events.StoresAdded(partner_id, store_ids):
            added = pb.PartnerStoresAdded(
                partner_id=partner_id.bytes, store_ids=[store_id.bytes for store_id in store_ids]
            )
            return "partner.stores_added", added, partner_id
        case events.ContractChanged(partner_id, version, valid_from_us):
            changed = pb.PartnerContractChanged(
                partner_id=partner_id.bytes, version=version, valid_from_us=valid_from_us
            )
            return "partner.contract_changed", changed, partner_id
        case events.KeyRevoked(partner_id, key_id):
            revoked = pb.PartnerKeyRevoked(partner_id=partner_id.bytes, key_id=key_id.bytes)
            return "partner.key_revoked", revoked, partner_id
        case events.WindowClosed(number, first_seq, last_seq, ends_at_us):
            closed = pb.WindowClosed(
                number=number, first_seq=first_seq, last_seq=last_seq, ends_at_us=ends_at_us
            )
            return "window.closed", closed, None
        case events.StatementIssued(statement_id, partner_id, window, net_minor, currency):
            issued = pb.StatementIssued(
                statement_id=statement_id.bytes,
                partner_id=partner_id.bytes,
                window=window,
                net_minor=net_minor,
                currency=currency,
            )
            return "statement.issued", issued, partner_id
        case events.CreditWarned(partner_id, exposure_minor, limit_minor, warning_percent, as_of_seq):
            warned = pb.PartnerCreditWarned(
                partner_id=partner_id.bytes,
                exposure_minor=exposure_minor,
                limit_minor=limit_minor,
                warning_percent=warning_percent,
                as_of_seq=as_of_seq,
            )
            return "partner.credit_warned", warned, partner_id
        case _:
            return _settlement_form(event)


def _disputed(event: events.DisputeMoved) -> pb.DisputeMoved:
    return pb.DisputeMoved(
        dispute_id=event.dispute_id.bytes,
        partner_id=event.partner_id.bytes,
        statement_id=event.statement_id.bytes,
        number=event.number,
        state=event.state,
        is_overdue=event.is_overdue,
    )


def _settlement_form(
    event: events.RunMoved | events.PaymentReminded | events.StandingChanged | events.DisputeMoved,
) -> tuple[str, Message, UUID | None]:
    match event:
        case events.RunMoved(number, state, until_window):
            moved = pb.SettlementRunMoved(number=number, state=state, until_window=until_window)
            return "settlement.run_moved", moved, None
        case events.PaymentReminded():
            return "payment.reminded", _reminded(event), event.partner_id
        case events.StandingChanged(partner_id, version, standing):
            moved = pb.PartnerStandingChanged(
                partner_id=partner_id.bytes,
                version=version,
                standing=standing.kind.value,
                valid_from_us=standing.valid_from_us,
                run_off_until_us=standing.run_off_until_us,
                returns_until_us=standing.returns_until_us,
            )
            return "partner.standing_changed", moved, partner_id
        case events.DisputeMoved():
            return "dispute.moved", _disputed(event), event.partner_id


def _registered(event: events.ProgrammeRegistered) -> pb.ProgrammeRegistered:
    return pb.ProgrammeRegistered(
        ledger_id=event.ledger_id,
        slug=event.slug,
        zone=event.zone,
        currency=event.currency,
        mode="test" if event.is_test else "live",
        starts_at_us=event.starts_at_us,
    )


def _reminded(event: events.PaymentReminded) -> pb.PaymentReminded:
    return pb.PaymentReminded(
        partner_id=event.partner_id.bytes,
        payment_id=event.payment_id.bytes,
        left_minor=event.left_minor,
        currency=event.currency,
        due_on=event.due_on,
        reminder=event.reminder,
        reminders_max=event.reminders_max,
        reference=event.reference,
    )
