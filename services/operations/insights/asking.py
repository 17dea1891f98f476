"""Figures of the insights service as rows of whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from coalition.insights.v1 import insights_pb2 as pb

from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.ids import to_text
from services.runtime.principal import Programme

#: A year of a large programme takes a while to count.
_SECONDS: Final = 120.0
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What figures are about: days as 2026-03-31, and the slug of a partner, empty for all."""

    first: str
    last: str
    partner: str = ""


class Figures:
    """The figures of one programme. Each raises what the service refuses, and PARTNER_UNKNOWN."""

    def __init__(self, session: Session, programme: Programme, wanted: Wanted) -> None:
        self._session, self._programme, self._wanted = session, programme, wanted

    async def repeat(self) -> list[Document]:
        """Repeat purchases by partner."""
        answer = await self._ask("GetRepeat")
        return [
            {"partner": _name(each.party), "members": each.members, "repeaters": each.repeaters}
            for each in answer.rows
        ]

    async def basket(self) -> tuple[str, list[Document]]:
        """The currency, and baskets by partner."""
        answer = await self._ask("GetBasket")
        return answer.currency, [
            {
                "partner": _name(each.party),
                "purchases": each.purchases,
                "net_minor": each.net_minor,
                "members": each.members,
            }
            for each in answer.rows
        ]

    async def cohorts(self, *, by_weeks: bool) -> list[Document]:
        """Cohorts; `buyers` by age."""
        unit = pb.COHORT_UNIT_WEEK if by_weeks else pb.COHORT_UNIT_MONTH
        answer = await self._ask("GetCohorts", unit=unit)
        return [{"starts_on": each.starts_on, "buyers": list(each.buyers)} for each in answer.cohorts]

    async def redemption(self) -> list[Document]:
        """Points issued and redeemed by partner."""
        answer = await self._ask("GetRedemption")
        return [
            {
                "partner": _name(each.party),
                "issued": each.issued,
                "redeemed": each.redeemed,
                "redeemers": each.redeemers,
            }
            for each in answer.rows
        ]

    async def breakage(self) -> list[Document]:
        """What became of points by month of issue."""
        answer = await self._ask("GetBreakage")
        return [
            {"month": each.month[:7], "age_months": each.age_months, **_became(each)} for each in answer.rows
        ]

    async def active(self) -> tuple[Document, list[Document]]:
        """Members there are, and active ones by partner."""
        answer = await self._ask("GetActive")
        there: Document = {"members": answer.members, "anonymous": answer.anonymous}
        return there, [
            {
                "partner": _name(each.party),
                "active": each.active,
                "buyers": each.buyers,
                "redeemers": each.redeemers,
            }
            for each in answer.rows
        ]

    async def rfm(self) -> list[Document]:
        """Members by scores."""
        answer = await self._ask("GetRfm")
        return [
            {**_scores(each), "members": each.members, "days": each.days, "net_minor": each.net_minor}
            for each in answer.cells
        ]

    async def rfm_members(self) -> list[Document]:
        """Every member with its scores, by id."""
        found: list[Document] = []
        after, more = b"", True
        while more:
            answer = await self._ask("ListRfmMembers", after_member_id=after, limit=_PAGE)
            found += [
                {
                    "member": to_text("mem", UUID(bytes=each.member_id)),
                    **_scores(each),
                    "last_day": each.last_day,
                    "days": each.days,
                    "net_minor": each.net_minor,
                }
                for each in answer.members
            ]
            more = answer.has_more
            after = answer.members[-1].member_id if answer.members else b""
        return found

    async def flow(self) -> list[Document]:
        """Whose points are redeemed where: the 1,000 largest cells."""
        answer = await self._ask("GetFlow", limit=_PAGE)
        return [
            {"issuer": _name(each.issuer), "redeemer": _name(each.redeemer), "points": each.points}
            for each in answer.cells
        ]

    async def shared(self) -> list[Document]:
        """Members who buy at two partners: the 1,000 largest pairs."""
        answer = await self._ask("GetShared", limit=_PAGE)
        return [
            {"first": _name(each.first), "second": _name(each.second), "members": each.members}
            for each in answer.pairs
        ]

    async def liability(self) -> list[Document]:
        """Points outstanding by issuer, at the end of the last day."""
        request = pb.GetLiabilityRequest(day=self._wanted.last, partner_id=await self._partner())
        answer = await self._session.call(
            self._session.insights.GetLiability, request, self._programme, _SECONDS
        )
        return [{"issuer": _name(each.issuer), **_became(each)} for each in answer.rows]

    async def _ask(self, method: str, **more: Any) -> Any:
        period = pb.Period(first_day=self._wanted.first, last_day=self._wanted.last)
        request: Any = getattr(pb, f"{method}Request")(
            period=period, partner_id=await self._partner(), **more
        )
        stub: Any = self._session.insights
        return await self._session.call(getattr(stub, method), request, self._programme, _SECONDS)

    async def _partner(self) -> bytes:
        slug = self._wanted.partner
        return await self._session.partner_id(self._programme, slug) if slug else b""


def _name(party: pb.Party) -> str:
    """Its slug; its id where nobody has told the slug yet."""
    return party.slug or to_text("ptr", UUID(bytes=party.partner_id))


def _scores(each: pb.RfmCell | pb.RfmMember) -> Document:
    return {"recency": each.recency, "frequency": each.frequency, "money": each.money}


def _became(each: pb.BreakageRow | pb.LiabilityRow) -> Document:
    return {
        "issued": each.issued,
        "reversed": each.reversed,
        "redeemed": each.redeemed,
        "expired": each.expired,
        "taken": each.taken,
        "outstanding": each.outstanding,
    }
