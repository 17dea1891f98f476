"""Wiring: the one place that knows every concrete type of the members service."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import grpc.aio
from coalition.members.v1.authority_pb2 import DESCRIPTOR as AUTHORITY
from coalition.members.v1.authority_pb2_grpc import add_AuthorityServiceServicer_to_server
from coalition.members.v1.contacts_pb2 import DESCRIPTOR as CONTACTS
from coalition.members.v1.contacts_pb2_grpc import add_ContactsServiceServicer_to_server
from coalition.members.v1.members_pb2 import DESCRIPTOR
from coalition.members.v1.members_pb2_grpc import add_MembersServiceServicer_to_server
from coalition.members.v1.office_pb2 import DESCRIPTOR as OFFICE
from coalition.members.v1.office_pb2_grpc import add_MembersOfficeServiceServicer_to_server

from services.members.app import Members
from services.members.commands.authority.check_code import CheckCode
from services.members.commands.authority.check_pin import CheckPin
from services.members.commands.authority.issue_token import IssueAppToken
from services.members.commands.authority.read_code import ReadCode
from services.members.commands.authority.send_code import SendCode
from services.members.commands.authority.set_pin import SetPin
from services.members.commands.authority.use_token import UseAppToken
from services.members.commands.close import Close
from services.members.commands.employment import SetEmployment
from services.members.commands.enrol import Enrol
from services.members.commands.enrol_anonymous import EnrolAnonymous
from services.members.commands.find import FindMember
from services.members.commands.guard import Guard
from services.members.commands.preferences.changing import ChangeOnce
from services.members.commands.preferences.read_contact import ReadContact
from services.members.commands.preferences.set_consent import SetConsent
from services.members.commands.preferences.set_preferences import SetPreferences
from services.members.commands.resolve import Resolve
from services.members.commands.set_card_range import SetCardRange
from services.members.commands.update import UpdateMember
from services.members.domain.access import STAFF_ROLES
from services.members.domain.authority.codes import CodeRule
from services.members.domain.authority.pins import PinRule
from services.members.domain.cards import issue_card
from services.members.domain.guarding import Limits
from services.members.events.publishing import Announcer
from services.members.jobs import jobs
from services.members.queries.lookup import Lookup
from services.members.queries.member import ReadMember
from services.members.queries.office import ReadOffice
from services.members.queries.preferences.preferences import ReadPreferences
from services.members.queries.preferences.readings import ContactReadings
from services.members.queries.standings import ReadStandings
from services.members.queries.token_replays import TokenReplays
from services.members.rpc.authority import AuthorityServicer
from services.members.rpc.contacts import ContactsServicer
from services.members.rpc.office import OfficeServicer
from services.members.rpc.servicer import MembersServicer
from services.members.settings import Settings
from services.members.storage import tables
from services.members.storage.authority.code_words import CodeWords
from services.members.storage.authority.hashing import Hashing
from services.members.storage.authority.key_hash import KeyHash
from services.members.storage.authority.token_seal import TokenSeal
from services.members.storage.claims import Claims
from services.members.storage.lookup_hash import LookupHash
from services.members.storage.member_index import MemberIndex
from services.members.storage.reading import MemberReader
from services.members.storage.sealing import KeyRing, read_wrapping_keys
from services.members.storage.writing import MemberWriter
from services.runtime.bus import MEMBERS, Bus
from services.runtime.database import Database
from services.runtime.event_log import EventLog, ReadEvents
from services.runtime.grpc_server import GrpcServer
from services.runtime.idempotency import Idempotency
from services.runtime.principal import Verifier
from services.runtime.process import Process
from services.runtime.relay import Relay
from services.runtime.scheduler import Scheduler
from services.runtime.secrets import derive, read_key
from services.runtime.settings import PlatformSettings
from services.runtime.subscribing.servicer import SERVICE_NAME, add_subscribers_to
from services.runtime.tls import Tls, tls_of

NAME: Final = "members"
SERVICE_NAMES: Final = (
    DESCRIPTOR.services_by_name["MembersService"].full_name,
    OFFICE.services_by_name["MembersOfficeService"].full_name,
    AUTHORITY.services_by_name["AuthorityService"].full_name,
    CONTACTS.services_by_name["ContactsService"].full_name,
    SERVICE_NAME,
)


def build(settings: Settings, draw_card: Callable[[], str] | None = None) -> Members:
    """The service without its server and relay; `draw_card` replaces the random card numbers in tests."""
    secret = _secret(settings)
    database = Database.of(settings, NAME)
    keys = KeyRing(read_wrapping_keys(secret, settings.wrapping_keys.get_secret_value()))
    lookup = LookupHash(secret)
    index = MemberIndex(database.writer, keys)
    log = EventLog(tables.events)
    announce = Announcer(log)
    seal, hashes, hashing, reader = TokenSeal(secret), KeyHash(secret), Hashing(), MemberReader(keys)
    # (More than one partner alone can have, whatever is set.)
    everywhere_max = max(settings.pin_tries_everywhere_max, settings.pin_tries_max + 1)
    rule = PinRule(settings.pin_tries_max, settings.pin_lock_seconds, everywhere_max)
    writer = MemberWriter(keys, lookup, draw_card or partial(issue_card, settings.card_prefix))
    idempotency, claims = Idempotency(tables.idempotency), Claims(lookup)
    read, known = ReadMember(database.reader, reader), Lookup(index, lookup)
    guard = Guard(database.writer, announce, _limits(settings))
    anonymous = EnrolAnonymous(database.reader, database.writer, writer, claims, announce)
    once = ChangeOnce(database.writer, idempotency)
    words, code_rule = CodeWords(secret), _code_rule(settings)
    return Members(
        enrol=Enrol(database.writer, idempotency, writer, claims, guard, announce),
        update=UpdateMember(database.writer, idempotency, writer, announce),
        employment=SetEmployment(database.writer, announce),
        close=Close(database.writer, announce),
        resolve=Resolve(known, anonymous, guard),
        find=FindMember(database.reader, index, lookup, read, guard),
        set_card_range=SetCardRange(database.writer),
        issue_app_token=IssueAppToken(database.reader, seal, settings.app_token_seconds),
        use_app_token=UseAppToken(database.writer, reader, seal, hashes, announce),
        set_pin=SetPin(database, reader, hashing),
        check_pin=CheckPin(database, reader, hashing, hashes, announce, rule),
        send_code=SendCode(database.writer, idempotency, reader, announce, code_rule),
        check_code=CheckCode(database.writer, reader, words, hashes, code_rule),
        read_code=ReadCode(database.writer, reader, words, code_rule),
        set_preferences=SetPreferences(once, writer, announce),
        set_consent=SetConsent(database.reader, once, announce),
        read_contact=ReadContact(database.writer, reader, settings.programme_languages),
        member=read,
        lookup=known,
        standings=ReadStandings(database.reader),
        office=ReadOffice(database.reader),
        token_replays=TokenReplays(database.reader),
        preferences=ReadPreferences(database.reader, reader),
        contact_readings=ContactReadings(database.reader),
        events=ReadEvents(database.reader, log, *STAFF_ROLES),
        database=database,
        index=index,
    )


def server(members: Members, settings: Settings, verifier: Verifier, tls: Tls | None = None) -> GrpcServer:
    """The gRPC server over a built service; plain without `tls`."""
    fingerprint_key = derive(_secret(settings), "members: request fingerprint")
    servicer, contacts = MembersServicer(members, fingerprint_key), ContactsServicer(members, fingerprint_key)

    def register(to: grpc.aio.Server) -> None:
        add_MembersServiceServicer_to_server(servicer, to)
        add_MembersOfficeServiceServicer_to_server(OfficeServicer(members), to)
        add_AuthorityServiceServicer_to_server(AuthorityServicer(members, fingerprint_key), to)
        add_ContactsServiceServicer_to_server(contacts, to)
        add_subscribers_to(to, members.database, tables.events)

    return GrpcServer(f"{settings.grpc_host}:{settings.grpc_port}", verifier, SERVICE_NAMES, register, tls)


async def serve() -> None:
    """Serves and relays until SIGTERM or SIGINT: `coalition run members`."""
    platform, settings = PlatformSettings(), Settings.model_validate({})
    process = Process(NAME, platform)
    members = build(settings)
    process.at_stop(members.disconnect)
    bus = Bus.of(platform, NAME)
    process.at_stop(bus.close)
    grpc_server = server(members, settings, Verifier(platform.principal_public_keys), tls_of(platform))
    await grpc_server.start()
    process.at_stop(partial(grpc_server.stop, settings.stop_grace_seconds))
    # The bus may come later than this service, and go: neither stops an enrolment.
    process.background(Relay(members.database, bus, MEMBERS).run(), "relay")
    scheduler = Scheduler(members.database, jobs(members.database, settings.authority_retention_days))
    process.background(scheduler.run(), "jobs")
    await process.run()


def _limits(settings: Settings) -> Limits:
    return Limits(
        settings.lookup_window_seconds,
        settings.lookup_till_unknown_max,
        settings.lookup_key_unknown_max,
        settings.lookup_till_enrolled_max,
        settings.lookup_key_enrolled_max,
        settings.lookup_share_percent,
    )


def _code_rule(settings: Settings) -> CodeRule:
    # What holds of all partners is more than one alone can have, whatever is set.
    return CodeRule(
        settings.code_seconds,
        settings.code_tries_max,
        settings.code_partner_hour_max,
        settings.code_partner_day_max,
        max(settings.code_member_hour_max, settings.code_partner_hour_max + 1),
        settings.code_partner_all_hour_max,
        settings.code_wrong_partner_max,
        max(settings.code_wrong_everywhere_max, settings.code_wrong_partner_max + 1),
    )


def _secret(settings: Settings) -> bytes:
    return read_key(settings.secret_key.get_secret_value(), "COALITION_MEMBERS_SECRET_KEY")
