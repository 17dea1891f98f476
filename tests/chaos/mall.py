"""The programme under faults: partners with tills and prices of their own, members who shop at all of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.gateway.directory.aliases import MemberAliases
from services.operations import burn_rules, ledger, registry
from services.operations.session import Session
from services.runtime.clock import from_micros, to_micros
from services.runtime.expiry_policy import DEFAULT_POLICY
from services.runtime.ids import from_text
from services.runtime.principal import Programme
from services.runtime.secrets import read_key
from tests.chaos.history import Heard, History, Operation
from tests.chaos.http_client import HttpClient, NoAnswer
from tests.support.burn_model import TakenFor
from tests.support.offline import burns_offline

STARTS_AT: Final = datetime(2026, 1, 5, 5, tzinfo=UTC)  # Monday, midnight in New York
ZONE: Final = "America/New_York"
CURRENCY: Final = "USD"
BACKDATE_DAYS: Final = 400
#: So short that lots expire within a run.
EXPIRY_MONTHS: Final = 1
MEMBERS: Final = 24
#: These few are in half of all operations.
HOT: Final = 3
REQUEST_SECONDS: Final = 12.0


#: A point is worth a cent; five points or more, some thousands a day.
TAKEN: Final = TakenFor(1, 1, 5, 1, 100, 6_000, barred=False, discount=False)


@dataclass(frozen=True)
class Terms:
    """What a partner gives and pays: points for minor units, micros a point, what its refunds do, how long points are pending.

    takes: what it takes points for; None: any number of them.
    """

    points: int
    per_minor: int
    issue_micros: int
    reimbursement_micros: int
    shortfall: str
    tender_order: str
    pending_days: int = 0
    takes: TakenFor | None = None


PARTNERS: Final[Mapping[str, Terms]] = {
    "grocer": Terms(1, 100, 10_335, 8_251, "allow_negative", "pro_rata", takes=TAKEN),
    "fuel": Terms(3, 200, 9_999, 7_777, "within_balance", "points_first"),
    "cafe": Terms(1, 10, 2_001, 1_503, "allow_negative", "money_first"),
    "shoes": Terms(2, 100, 5_113, 4_001, "pending_only", "pro_rata", 2),
}


@dataclass(frozen=True)
class Member:
    """A member by card, and as the ledger knows it."""

    card: str
    member_id: UUID


@dataclass(frozen=True)
class Sold:
    """Something that can be refunded: an earn, or a burn by itself."""

    operation: Operation
    transaction: str
    kind: str
    reference: str
    whole: int


@dataclass(frozen=True)
class Held:
    """A hold that was heard to be open."""

    hold: str
    member: Member
    points: int


@dataclass
class Partner:
    """A partner's side: its tills' connections to both gateways, and what they remember of what they did."""

    slug: str
    partner_id: UUID
    gateways: Sequence[HttpClient]
    sold: list[Sold] = field(default_factory=list[Sold])
    held: list[Held] = field(default_factory=list[Held])
    done: list[Operation] = field(default_factory=list[Operation])
    silent: list[Operation] = field(default_factory=list[Operation])
    parked: list[Operation] = field(default_factory=list[Operation])

    async def send(self, operation: Operation, gateway: int, seconds: float = REQUEST_SECONDS) -> Heard:
        """Sends a request once and notes what came back."""
        try:
            status, headers, body = await self.gateways[gateway].request(
                "POST", operation.path, seconds, operation.body, operation.key
            )
            heard = Heard(status, body, headers.get("idempotency-replayed") == "true")
        except NoAnswer as error:
            heard = Heard(0, why=str(error))
        operation.heard.append(heard)
        return heard


@dataclass
class Mall:
    """All of it. `now_us`: programme time as far as any till has heard of it. `campaigns`: their names by their ids.

    `enrolment`: what each member is enrolled with.
    """

    programme: Programme
    partners: Mapping[str, Partner]
    aliases: MemberAliases
    history: History
    now_us: int
    members: list[Member] = field(default_factory=list[Member])
    campaigns: dict[UUID, str] = field(default_factory=dict[UUID, str])
    enrolment: Callable[[], dict[str, Any]] = dict

    def learn(self, partner: Partner, answer: Mapping[str, Any]) -> None:
        """Takes programme time from an answer."""
        recorded_at = answer.get("recorded_at")
        if isinstance(recorded_at, str):
            self.now_us = max(self.now_us, to_micros(datetime.fromisoformat(recorded_at)))

    def enrolled(self, partner: Partner, answer: Mapping[str, Any]) -> Member:
        """The member of an enrolment's answer."""
        member_id = self.aliases.member_id(partner.partner_id, answer["id"])
        return Member(answer["cards"][0], member_id)

    async def close(self) -> None:
        """Closes the tills' connections."""
        for partner in self.partners.values():
            for client in partner.gateways:
                await client.close()


async def open_mall(
    session: Session,
    environment: Mapping[str, str],
    gateway_urls: Sequence[str],
    enrolment: Callable[[], dict[str, Any]] = dict,
) -> Mall:
    """Registers programme and partners and enrols the members; nothing breaks yet. `enrolment`: what each is enrolled with."""
    programme = await registry.create_programme(
        session, "mall", "Mall Points", ZONE, CURRENCY, to_micros(STARTS_AT), is_test=True,
        expiry=DEFAULT_POLICY._replace(months=EXPIRY_MONTHS),
    )  # fmt: skip
    since_us = to_micros(STARTS_AT - timedelta(days=2 * BACKDATE_DAYS))
    partners: dict[str, Partner] = {}
    for slug, terms in PARTNERS.items():
        found = await registry.onboard(session, programme, slug, slug.title())
        await registry.set_rates(
            session,
            programme,
            slug,
            registry.Prices(terms.issue_micros, terms.reimbursement_micros, since_us),
        )
        await registry.set_earn_rate(
            session,
            programme,
            slug,
            registry.EarnRate(terms.points, terms.per_minor, since_us, terms.pending_days),
        )
        await registry.set_refund_rule(session, programme, slug, terms.shortfall, terms.tender_order)
        # Its batches burn as well.
        await burns_offline(session, programme, slug)
        if terms.takes:
            await burn_rules.set_rule(session, programme, slug, _rule(terms.takes, since_us), "tender")
        await registry.add_stores(session, programme, slug, [("S1", "High Street"), ("S2", "Station")])
        secret = (await registry.issue_key(session, programme, slug, "chaos")).secret
        clients = [HttpClient(url, secret) for url in gateway_urls]
        partners[slug] = Partner(slug, UUID(bytes=found.partner_id), clients)
    variable = "COALITION_GATEWAY_SECRET_KEY"
    aliases = MemberAliases(read_key(environment[variable], variable))
    head = await ledger.head(session, programme)
    mall = Mall(programme, partners, aliases, History(), head.now_us, enrolment=enrolment)
    enrolling = list(partners.values())
    for number in range(MEMBERS):
        partner = enrolling[number % len(enrolling)]
        _, _, answer = await partner.gateways[0].request(
            "POST", "/v1/members", REQUEST_SECONDS, enrolment(), f"enrol-{number}"
        )
        mall.members.append(mall.enrolled(partner, answer))
    return mall


def _rule(takes: TakenFor, since_us: int) -> burn_rules.BurnRule:
    return burn_rules.BurnRule(
        takes.points, takes.worth, since_us, takes.minimum, takes.step, takes.share, takes.daily, (), ()
    )


def moment(at_us: int) -> str:
    """A time as a till writes it."""
    return from_micros(at_us).isoformat().replace("+00:00", "Z")


def transaction_id(text: str) -> UUID:
    """The ledger's id of a transaction or a hold that an answer names."""
    return from_text(text.partition("_")[0], text)


def new_key() -> str:
    """An idempotency key, or a reference, that nobody has used."""
    return secrets.token_hex(8)
