"""A month that is settled: a programme of its own with many partners, four weeks of each, and the steps from draft to bank."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from coalition.points.v1 import movement_pb2, points_pb2
from coalition.points.v1.points_pb2_grpc import PointsServiceStub

from services.launcher.platform import Platform
from services.operations import approvals, ledger, payment_terms, registry, runs, settlement, tax
from services.operations.documents import Document
from services.operations.payment_terms import Figures
from services.operations.session import POINTS_TARGET, Session, open_session
from services.runtime.clock import MICROS_PER_SECOND, to_micros
from services.runtime.grpc_client import call, open_channel
from services.runtime.principal import Kind, Programme, Signer
from services.runtime.secrets import read_key
from tests.performance.plan import RowFailed
from tests.performance.programme import BenchMember, enrol
from tests.support.payment_model import OWN_IBAN, iban
from tests.support.settled_mall import CREDITOR_ID, statement_of

WEEKS: Final = 4
#: A Monday's midnight in the zone.
_STARTS_AT: Final = datetime(2023, 12, 31, 23, tzinfo=UTC)
_STARTS_ON: Final = date(2024, 1, 1)
_SLUG: Final = "month"
_ZONE: Final = "Europe/Amsterdam"
_PRICES: Final = registry.Prices(10_000, 8_000, to_micros(_STARTS_AT))
_EARNED, _BURNED = 100_000, 10_000
#: One partner in so many pays by invoice, and at one in so many more is burned than it issues: it is paid.
_INVOICED, _PAID = 5, 3
# What shows that members want it.
_CARD_READ: Final = movement_pb2.BurnAuthority(kind=movement_pb2.AUTHORITY_KIND_CARD)
_GRANTS: Final = ("points:earn", "points:redeem")
_ITEMS_A_CALL: Final = 100
_AT_ONCE: Final = 16
_FIGURES: Final = Figures(
    prenotification_days=5,
    due_days=14,
    least_payout_minor=0,
    reminder_days=7,
    reminders_max=3,
    late_interest_bp=0,
    returned_fee_minor=0,
    suspend_after_days=0,
)
FORMATS: Final = ("json", "pdf", "xml")


@dataclass(slots=True)
class Month:
    """Four weeks that are stated, and how far their settlement is: what its checker saw, and the run as it was instructed."""

    programme: Programme
    maker: Session
    checker: Session
    folder: Path
    seen: Document | None = None
    run: Document | None = None
    approved: bool = False

    async def draft(self) -> Document:
        """Drafts the run; what its checker sees."""
        if self.seen is None:
            found = await runs.draft(self.maker, self.programme, 0, "the month")
            self.seen = await runs.whole(self.maker, self.programme, found.run.number)
        return self.seen

    async def approve(self) -> Document:
        """Another person approves it."""
        seen = await self.draft()
        if not self.approved:
            await approvals.approve(self.checker, self.programme, seen["draft"], seen["hash"], "seen")
            self.approved = True
        return seen

    async def instruct(self) -> Document:
        """Issues its documents, makes its payments, and writes the files for the bank; the run with all of it."""
        if self.run is None:
            number = (await self.approve())["number"]
            await runs.instruct(self.maker, self.programme, number)
            self.run = await runs.whole(self.maker, self.programme, number)
            await runs.write_files(self.maker, self.programme, number, self.folder)
        return self.run

    async def render(self, wanted: str) -> int:
        """Fetches every document of the run as one format; how many bytes they have."""
        run = await self.instruct()
        return sum(
            [
                len((await runs.document_file(self.maker, self.programme, each["number"], wanted)).body)
                for each in run["documents"]
            ]
        )

    async def take(self) -> int:
        """The bank books all payments; how many. Raises RowFailed where one is not settled by that."""
        run = await self.instruct()
        path = self.folder / "statement.xml"
        path.write_bytes(statement_of(run["payments"])[0])
        answer = await runs.receive(self.maker, self.programme, path)
        if wrong := {each.outcome for each in answer.items} - {"settled"}:
            raise RowFailed(f"of what the bank booked some is {wrong}")
        return len(answer.items)

    async def trace(self) -> int:
        """Explains every account, and reads all journals; how many. Raises RowFailed where a cent is unexplained."""
        slugs = await runs.slugs_of(self.maker, self.programme)
        found = await runs.accounts(self.maker, self.programme)
        told = [runs.account_document(each, slugs) for each in found]
        if any(each["difference_minor"] for each in told) or sum(each["balance_minor"] for each in told):
            raise RowFailed("accounts are not explained to the cent")
        return len([each async for each in runs.journals(self.maker, self.programme, "", "")])


@asynccontextmanager
async def stated_month(platform: Platform, partners: int, folder: Path) -> AsyncGenerator[Month]:
    """A programme with so many partners whose four weeks are stated, and two people to settle it."""
    environment = platform.environment
    async with open_session(environment, patience_seconds=60) as host:
        programme = await _stated(platform, host, partners)
        maker = (await registry.add_staff(host, "Maker of the month", ["maker"])).token
        checker = (await registry.add_staff(host, "Checker of the month", ["checker"])).token
        async with open_session(environment, maker) as one, open_session(environment, checker) as other:
            yield Month(programme, one, other, folder)


async def _stated(platform: Platform, session: Session, partners: int) -> Programme:
    programme = await registry.create_programme(
        session, _SLUG, "Month", _ZONE, "EUR", to_micros(_STARTS_AT), is_test=True
    )
    said = {"party": _party("Operator", "NL999999999B01")}
    await tax.set_operator_data(session, programme, tax.operator_data_from(said, to_micros(_STARTS_AT)))
    own = payment_terms.operator_of(_account("Operator", OWN_IBAN), CREDITOR_ID, _STARTS_ON)
    await payment_terms.set_account(session, programme, own)
    slots = asyncio.Semaphore(_AT_ONCE)
    ids = await asyncio.gather(*(_partner(session, slots, programme, number) for number in range(partners)))
    members = await enrol(platform.environment, programme, partners)
    for week in range(WEEKS):
        noon_us = to_micros(_STARTS_AT + timedelta(weeks=week, hours=12))
        await ledger.move_clock(session, programme, noon_us)
        await _post(platform, programme, list(zip(ids, members, strict=True)), noon_us)
        end_us = to_micros(_STARTS_AT + timedelta(weeks=week + 1))
        await ledger.move_clock(session, programme, end_us + MICROS_PER_SECOND)
        await settlement.close(session, programme, end_us)
    return programme


def _slug(number: int) -> str:
    return f"partner-{number:03}"


async def _partner(session: Session, slots: asyncio.Semaphore, programme: Programme, number: int) -> UUID:
    slug, starts_at_us = _slug(number), to_micros(_STARTS_AT)
    async with slots:
        partner = await registry.onboard(session, programme, slug, slug.title())
        await registry.set_rates(session, programme, slug, _PRICES)
        await registry.set_earn_rate(session, programme, slug, registry.EarnRate(1, 1, starts_at_us))
        said = {
            "party": _party(slug.title(), f"NL{number + 1:09}B01"),
            "rules": {each: {"category": "S", "rate": 21} for each in ("points", "fees", "reimbursement")},
            "self_billing": {"reference": f"SB-{number}", "agreed_on": _STARTS_ON, "objection_days": 14},
        }
        data = await tax.tax_data_from(session, programme, slug, 1, said, starts_at_us)
        await tax.set_tax_data(session, programme, data)
        mandate_id = "" if number % _INVOICED == 0 else f"M-{number}"
        mandate = payment_terms.mandate_of(mandate_id, _STARTS_ON, "core")
        account = _account(slug.title(), iban(number + 1, "ELSE"))
        terms = await payment_terms.terms_of(
            session, programme, slug, account, _STARTS_ON, mandate, **_FIGURES
        )
        await payment_terms.set_terms(session, programme, terms)
    return UUID(bytes=partner.partner_id)


def _account(name: str, number: str) -> Any:
    return payment_terms.account_of(f"{name} B.V.", number, "", "Kade 1", "Amsterdam", "1011 AB", "NL")


def _party(name: str, vat_id: str) -> dict[str, str]:
    return {
        "legal_name": f"{name} B.V.",
        "street": "Kade 1",
        "city": "Amsterdam",
        "postcode": "1011 AB",
        "country": "NL",
        "vat_id": vat_id,
    }


async def _post(
    platform: Platform, programme: Programme, who: Sequence[tuple[UUID, BenchMember]], at_us: int
) -> None:
    """A sale and a redemption at each partner in a week; where one in three is, its neighbours' members burn nearly all, too."""
    sale = movement_pb2.Sale(occurred_at_us=at_us, channel="store", amount_minor=_EARNED, currency="EUR")
    items: list[movement_pb2.Item] = []
    for place, (_, member) in enumerate(who):
        key = f"e{at_us}-{place}"
        earn = movement_pb2.Earn(member_id=member.member_id.bytes, reference=key, sale=sale)
        items.append(movement_pb2.Item(key=f"k:{key}", principal=place, earn=earn))
    for place in range(len(who)):
        burned = [(place, _BURNED)]
        if place % _PAID == 0:
            burned += [(of, _EARNED - _BURNED) for of in (place + 1, place + 2) if of < len(who)]
        for of, points in burned:
            key = f"b{at_us}-{place}-{of}"
            redemption = movement_pb2.Redemption(
                member_id=who[of][1].member_id.bytes, reference=key, points=points, occurred_at_us=at_us,
                channel="store", authority=_CARD_READ,
            )  # fmt: skip
            items.append(movement_pb2.Item(key=f"k:{key}", principal=place, redemption=redemption))
    await _posted(platform, programme, [each for each, _ in who], items)


async def _posted(
    platform: Platform, programme: Programme, ids: Sequence[UUID], items: Sequence[movement_pb2.Item]
) -> None:
    keys = platform.state.credentials().principal_private_keys
    signer = Signer("gateway", read_key(keys["gateway"], "the gateway's key"))
    principals = [signer.sign(Kind.PARTNER, "key_bench", programme, each, _GRANTS) for each in ids]
    channel = open_channel(platform.environment[POINTS_TARGET])
    try:
        stub = PointsServiceStub(channel)
        for first in range(0, len(items), _ITEMS_A_CALL):
            some = items[first : first + _ITEMS_A_CALL]
            asking = sorted({each.principal for each in some})
            for each in some:
                each.principal = asking.index(each.principal)
            request = points_pb2.PostRequest(items=some, principals=[principals[each] for each in asking])
            answer = await call(stub.Post, request, signer.own(programme), 60)
            refused = [each for each in answer.results if each.HasField("error")]
            if refused:
                raise RowFailed(f"a posting of the month was refused: {refused[0]}")
    finally:
        await channel.close()
