"""Resolve: from what a till has read to a member, with whoever tries cards out stopped."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.members.commands.enrol_anonymous import EnrolAnonymous
from services.members.commands.guard import Guard
from services.members.domain.guarding import Asking, Tally
from services.members.domain.identifiers import GivenIdentifier, Identifier, IdentifierKind, read_identifier
from services.members.domain.member import MemberStatus, Standing
from services.members.queries.lookup import Lookup
from services.runtime.errors import CoalitionError, InvalidRequest
from services.runtime.principal import Principal

Answer = Standing | CoalitionError


class Resolve:
    """Looks identifiers up for tills: counts what is unknown, and enrols cards of a range that earn."""

    def __init__(self, lookup: Lookup, enrol: EnrolAnonymous, guard: Guard) -> None:
        self._lookup, self._enrol, self._guard = lookup, enrol, guard

    async def __call__(
        self, principal: Principal, identifiers: Sequence[GivenIdentifier], askings: Sequence[Asking]
    ) -> list[Answer]:
        """A standing or an error for each, in the order asked, as Lookup answers; LOOKUP_LIMITED besides.

        `askings`: for whom, one for each identifier, or none at all. Raises as Lookup does.
        """
        if not askings:
            return await self._lookup(principal, identifiers)
        if len(askings) != len(identifiers):
            raise InvalidRequest("there is one asking for each identifier, or none", field="askings")
        ledger_id = principal.in_programme().ledger_id
        refusals = {asking: self._guard.refusal(ledger_id, asking) for asking in set(askings)}
        if all(refusals.values()):
            return [refusals[asking] or _unknown() for asking in askings]
        answers = await self._lookup(principal, identifiers)
        enrolled = await self._enrolled(principal, identifiers, askings, refusals, answers)
        await self._count(principal, askings, refusals, answers, enrolled)
        for place, member in enrolled.items():
            answers[place] = member
        # What was counted just now may have been too much: then known and unknown ones look alike.
        refusals = {asking: self._guard.refusal(ledger_id, asking) for asking in refusals}
        return [refusals[asking] or answer for asking, answer in zip(askings, answers, strict=True)]

    async def _enrolled(
        self,
        principal: Principal,
        identifiers: Sequence[GivenIdentifier],
        askings: Sequence[Asking],
        refusals: dict[Asking, CoalitionError | None],
        answers: Sequence[Answer],
    ) -> dict[int, Standing]:
        """By place, those that were enrolled without a name since they earn."""
        wanted: dict[int, Identifier] = {}
        for place, (given, asking, answer) in enumerate(zip(identifiers, askings, answers, strict=True)):
            may = asking.earns and refusals[asking] is None
            if may and given.kind is IdentifierKind.CARD and _is_unknown(answer):
                wanted[place] = read_identifier(given, None)
        if not wanted:
            return {}
        members = await self._enrol(principal.in_programme(), list(dict.fromkeys(wanted.values())))
        return {
            place: Standing(members[card], MemberStatus.ACTIVE)
            for place, card in wanted.items()
            if card in members
        }

    async def _count(
        self,
        principal: Principal,
        askings: Sequence[Asking],
        refusals: dict[Asking, CoalitionError | None],
        answers: Sequence[Answer],
        enrolled: dict[int, Standing],
    ) -> None:
        sums: dict[Asking, Tally] = {}
        met: dict[Asking, set[UUID]] = {}
        for place, (asking, answer) in enumerate(zip(askings, answers, strict=True)):
            if refusals[asking] is not None:
                continue
            if isinstance(answer, Standing):
                met.setdefault(asking, set()).add(answer.member_id)
            elif _is_unknown(answer):
                one = Tally(enrolled=1) if place in enrolled else Tally(unknown=1)
                sums[asking] = sums.get(asking, Tally()) + one
            # (A number that fails its check digit tells nothing of anybody.)
        if sums or met:
            await self._guard.count(principal.in_programme(), list(sums.items()), met)


def _is_unknown(answer: Answer) -> bool:
    return isinstance(answer, CoalitionError) and answer.reason == Reason.REASON_MEMBER_UNKNOWN


def _unknown() -> CoalitionError:
    return CoalitionError(Reason.REASON_MEMBER_UNKNOWN, "no member has this identifier")
