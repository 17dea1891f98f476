"""The programme that everything is measured in: partners with prices, stores and keys, and members with cards."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from coalition.members.v1 import members_pb2
from coalition.members.v1.members_pb2_grpc import MembersServiceStub
from coalition.partners.v1 import partners_pb2

from services.operations import quotas, registry
from services.operations.session import PRIVATE_KEY, Session, open_session
from services.runtime import grpc_client
from services.runtime.clock import MICROS_PER_SECOND, to_micros
from services.runtime.principal import HOST, Programme, Signer
from services.runtime.secrets import read_key
from tests.performance import sale
from tests.performance.plan import Scale

SLUG: Final = "bench"
ZONE: Final = "Europe/Berlin"
PER_SECOND_MAX: Final = 1_000_000
#: A Monday's midnight in the zone, so that the first window ends a week later.
STARTS_AT_US: Final = to_micros(datetime(2026, 1, 4, 23, tzinfo=UTC))
#: Programme time when the measuring begins: no window closes while it goes on.
NOW_US: Final = STARTS_AT_US + 12 * 3_600 * MICROS_PER_SECOND
#: When all purchases of a run happened.
OCCURRED_AT_US: Final = NOW_US - 600 * MICROS_PER_SECOND
REIMBURSEMENT_MICROS: Final = 8_000
_AT_ONCE: Final = 24


@dataclass(frozen=True, slots=True)
class BenchPartner:
    """A partner with one store, its API key (empty: it has none), and its price in micros a point."""

    partner_id: UUID
    store_id: UUID
    store_code: str
    secret: str
    issue_micros: int


@dataclass(frozen=True, slots=True)
class BenchMember:
    """A member that is enrolled, by the card that was issued."""

    member_id: UUID
    card: str


@dataclass(frozen=True, slots=True)
class Bench:
    """The programme with everyone in it who is enrolled.

    `small_partners`: those that only rows with many partners post for; the filled books have nothing of theirs.
    """

    programme: Programme
    partners: tuple[BenchPartner, ...]
    members: tuple[BenchMember, ...]
    small_partners: tuple[BenchPartner, ...] = ()

    def wallet_owner(self, number: int) -> UUID:
        """Member `number`, from 0: those with a card first, then members that only the filled ledger knows."""
        if number < len(self.members):
            return self.members[number].member_id
        return unenrolled_member(number)


def unenrolled_member(number: int) -> UUID:
    """The id of a member that was never enrolled: the ledger has its wallet, and asks nobody about it."""
    # Version 7 and in order, as real ids are, so that indexes grow as they would.
    return UUID(int=0x019B_0000_0000_7000_8000_0000_0000_0000 + number)


async def onboard(environment: dict[str, str], scale: Scale, *, many_partners: bool = False) -> Bench:
    """Registers the programme, its partners and their keys, and enrols the members with a card.

    `many_partners`: with the small ones. The ledger is not opened: filling does that.
    """
    async with open_session(environment) as session:
        programme = await registry.create_programme(
            session, SLUG, "Benchmark", ZONE, sale.CURRENCY, STARTS_AT_US, is_test=True
        )
        partners = [await _partner(session, programme, number) for number in range(scale.partners)]
        small = range(scale.partners, scale.partners_many if many_partners else scale.partners)
        slots = asyncio.Semaphore(_AT_ONCE)
        small_partners = await asyncio.gather(
            *(_small_partner(session, slots, programme, number) for number in small)
        )
    members = await enrol(environment, programme, scale.cards)
    return Bench(programme, tuple(partners), members, tuple(small_partners))


async def _partner(session: Session, programme: Programme, number: int) -> BenchPartner:
    slug, store_code, issue_micros = f"partner-{number:02}", f"S{number:03}", 10_000 + 100 * number
    partner = await registry.onboard(session, programme, slug, f"Partner {number}")
    (store,) = await registry.add_stores(session, programme, slug, [(store_code, f"Store {store_code}")])
    await registry.set_rates(
        session, programme, slug, registry.Prices(issue_micros, REIMBURSEMENT_MICROS, STARTS_AT_US)
    )
    # (The quota is counted as everywhere, and never used up.)
    await quotas.set_quotas(session, programme, slug, PER_SECOND_MAX, PER_SECOND_MAX)
    secret = (await registry.issue_key(session, programme, slug, "bench")).secret
    return BenchPartner(
        UUID(bytes=partner.partner_id), UUID(bytes=store.store_id), store_code, secret, issue_micros
    )


async def _small_partner(
    session: Session, slots: asyncio.Semaphore, programme: Programme, number: int
) -> BenchPartner:
    """A partner with a store and a price, and no key: in three calls, since there are many."""
    stub, store_code, issue_micros = session.registry, f"S{number:04}", 10_000
    asked = partners_pb2.OnboardPartnerRequest(slug=f"small-{number:04}", name=f"Small partner {number}")
    async with slots:
        partner = (await session.call(stub.OnboardPartner, asked, programme)).partner
        stores = [partners_pb2.Store(code=store_code, name=f"Store {store_code}")]
        opening = partners_pb2.AddStoresRequest(partner_id=partner.partner_id, stores=stores)
        (store,) = (await session.call(stub.AddStores, opening, programme)).stores
        rates = partners_pb2.RateVersion(
            partner_id=partner.partner_id, issue_micros=issue_micros, reimbursement_micros=REIMBURSEMENT_MICROS,
            valid_from_us=STARTS_AT_US,
        )  # fmt: skip
        await session.call(stub.SetRates, partners_pb2.SetRatesRequest(rates=rates), programme)
    return BenchPartner(
        UUID(bytes=partner.partner_id), UUID(bytes=store.store_id), store_code, "", issue_micros
    )


async def enrol(environment: dict[str, str], programme: Programme, count: int) -> tuple[BenchMember, ...]:
    """Enrols members some at a time; each is issued a card."""
    channel = grpc_client.open_channel(environment["COALITION_MEMBERS_TARGET"])
    stub, slots = MembersServiceStub(channel), asyncio.Semaphore(_AT_ONCE)
    principal = Signer(HOST, read_key(environment[PRIVATE_KEY], PRIVATE_KEY)).own(programme)

    async def one(number: int) -> BenchMember:
        async with slots:
            request = members_pb2.EnrolRequest(key=f"bench-{number}")
            member = (await grpc_client.call(stub.Enrol, request, principal)).member
        return BenchMember(UUID(bytes=member.member_id), _card_of(member))

    try:
        return tuple(await asyncio.gather(*(one(number) for number in range(count))))
    finally:
        await channel.close()


def _card_of(member: Any) -> str:
    return next(
        str(each.value) for each in member.identifiers if each.kind == members_pb2.IDENTIFIER_KIND_CARD
    )
