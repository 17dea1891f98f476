"""Which member a card, a customer number or an alias names.

Only who a member is gets remembered. Whether it may earn or spend is for the points service to decide, so
an old answer here decides nothing.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.clients.members import LOOKUPS_MAX, Members
from services.gateway.directory.aliases import MemberAliases
from services.gateway.directory.languages import Languages
from services.gateway.directory.remembered import Remembered
from services.gateway.domain.caller import Caller
from services.gateway.domain.errors import is_passing
from services.gateway.domain.members import NOWHERE, Asking, Identifier, IdentifierKind, Named, Place
from services.gateway.schemas.naming import MemberReference
from services.runtime.coalescer import Coalescer
from services.runtime.errors import CoalitionError, NotFound
from services.runtime.principal import Signer

_QUEUE_MAX: Final = 4_000
_FLIGHTS: Final = 4
_STOPPED_MAX: Final = 10_000
_RETRY_AFTER: Final = "retry_after_seconds"
_SEPARATORS: Final = str.maketrans("", "", " -")


class _Lookup(NamedTuple):
    """An identifier that is not known here. A customer number means something to one partner only."""

    ledger_id: int
    partner_id: UUID | None
    kind: IdentifierKind
    value: str


class _Asked(NamedTuple):
    lookup: _Lookup
    token: bytes
    asking: Asking


#: What is asked for, and who asks, whether or not it is to earn.
_Question = tuple[_Lookup, Asking]


class MemberDirectory:
    """Resolves the ways in which partners name members."""

    def __init__(
        self,
        members: Members,
        signer: Signer,
        aliases: MemberAliases,
        languages: Languages,
        *,
        entries_max: int,
        seconds: float,
    ) -> None:
        self._members, self._signer, self._aliases = members, signer, aliases
        self._languages = languages
        self._known: Remembered[_Lookup, UUID] = Remembered(entries_max, seconds)
        self._existing: Remembered[tuple[int, UUID], bool] = Remembered(entries_max, seconds)
        # Who tried cards out, until when on the monotonic clock; nearly always nobody.
        self._stopped: OrderedDict[tuple[int, Asking], float] = OrderedDict()
        self._lookups: Coalescer[_Asked, UUID] = Coalescer(
            self._flush, batch_max=LOOKUPS_MAX, queue_max=_QUEUE_MAX, flights=_FLIGHTS
        )

    async def resolve(
        self, caller: Caller, reference: MemberReference, until_us: int, place: Place = NOWHERE
    ) -> UUID:
        """The member that a partner names, at a place.

        An alias is not looked up: whether it stands for a member shows later. Raises NotFound
        (MEMBER_UNKNOWN), InvalidRequest (CARD_NUMBER_INVALID), CoalitionError (LOOKUP_LIMITED) and Unavailable.
        """
        member_id = await self._resolved(caller, reference, until_us, place)
        self.speak_of(caller, member_id)
        return member_id

    def note_language(self, caller: Caller, member_id: UUID, language: str) -> None:
        """What something else than a look-up has told of a member."""
        self._languages.note(caller.programme.ledger_id, member_id, language)

    def speak_of(self, caller: Caller, member_id: UUID) -> None:
        """Has the till of this request told everything in the language of a member from now on."""
        self._languages.speak_of(caller.programme, member_id)

    async def _resolved(
        self, caller: Caller, reference: MemberReference, until_us: int, place: Place
    ) -> UUID:
        if reference.id:
            return self.by_alias(caller, reference.id)
        asked = self._asked(caller, reference, place)
        if self._stopped and (refusal := self._refusal(asked)) is not None:
            raise refusal
        known = self._known.get(asked.lookup)
        return known or await self._lookups.submit(asked, deadline_us=until_us)

    async def resolve_all(
        self, caller: Caller, references: Sequence[tuple[MemberReference, Place]]
    ) -> list[UUID | CoalitionError]:
        """As resolve, for the lines of a batch: each name is asked for once for each till, to earn where one of its lines does.

        A till that is stopped stops no other, and learns nothing from one that is not. Why a name names nobody stands in its
        place. Raises Unavailable where the members service cannot be reached.
        """
        asked = [
            None if reference.id else self._asked(caller, reference, place) for reference, place in references
        ]
        # Read once: what is remembered may be forgotten while the others are looked up.
        found: dict[_Question, UUID | CoalitionError] = {}
        unknown: list[_Asked] = []
        for each in _once(filter(None, asked)):
            refusal = self._refusal(each) if self._stopped else None
            known = refusal or self._known.get(each.lookup)
            if known is None:
                unknown.append(each)
            else:
                found[_question(each)] = known
        for start in range(0, len(unknown), LOOKUPS_MAX):
            block = unknown[start : start + LOOKUPS_MAX]
            for each, answer in zip(block, await self._flush(block), strict=True):
                if isinstance(answer, CoalitionError) and is_passing(answer):
                    raise answer
                found[_question(each)] = answer
        # A card that one till earned with is somebody's now, also for the others that asked.
        named = {lookup: answer for (lookup, _), answer in found.items() if isinstance(answer, UUID)}
        for question, answer in found.items():
            unknown_here = (
                isinstance(answer, CoalitionError) and answer.reason == Reason.REASON_MEMBER_UNKNOWN
            )
            if unknown_here and question[0] in named:
                found[question] = named[question[0]]
        return [
            self._found(caller, reference, each, found)
            for (reference, _), each in zip(references, asked, strict=True)
        ]

    def _found(
        self,
        caller: Caller,
        reference: MemberReference,
        asked: _Asked | None,
        found: dict[_Question, UUID | CoalitionError],
    ) -> UUID | CoalitionError:
        if asked is None:
            try:
                return self.by_alias(caller, reference.id)
            except CoalitionError as error:
                return error
        return found[_question(asked)]

    def by_alias(self, caller: Caller, alias: str) -> UUID:
        """The member that an alias stands for, if it stands for one. Raises NotFound (MEMBER_UNKNOWN)."""
        try:
            return self._aliases.member_id(caller.partner.partner_id, alias)
        except NotFound:
            raise _unknown() from None

    async def existing(self, caller: Caller, alias: str) -> UUID:
        """The member that an alias stands for. Raises NotFound (MEMBER_UNKNOWN) where there is none."""
        member_id = self.by_alias(caller, alias)
        slot = (caller.programme.ledger_id, member_id)
        if not self._existing.get(slot):
            if not await self._members.exists(caller.programme, member_id):
                raise _unknown()
            self._existing.put(slot, True)
        return member_id

    def _refusal(self, asked: _Asked) -> CoalitionError | None:
        """Why a till or a key that tried cards out is not answered, whether or not the card is known here."""
        until = self._stopped.get((asked.lookup.ledger_id, _whoever(asked.asking)))
        left = 0.0 if until is None else until - time.monotonic()
        return _limited(math.ceil(left)) if left > 0 else None

    def _note_stopped(self, asked: _Asked, error: CoalitionError) -> None:
        seconds = int(error.metadata.get(_RETRY_AFTER, "1"))
        self._stopped[asked.lookup.ledger_id, _whoever(asked.asking)] = time.monotonic() + seconds
        if len(self._stopped) > _STOPPED_MAX:
            self._stopped.popitem(last=False)

    def _asked(self, caller: Caller, reference: MemberReference, place: Place) -> _Asked:
        """The look-up of a reference, and as whom it is asked.

        Cards are the programme's, so the gateway asks for itself, and a key that may only earn can do so by
        card. Customer numbers are the partner's, so it asks as the partner.
        """
        ledger_id = caller.programme.ledger_id
        asking = Asking(caller.partner.partner_id, caller.actor, place)
        if reference.card:
            value = reference.card.translate(_SEPARATORS)
            lookup = _Lookup(ledger_id, None, IdentifierKind.CARD, value)
            return _Asked(lookup, self._signer.own(caller.programme), asking)
        lookup = _Lookup(
            ledger_id, caller.partner.partner_id, IdentifierKind.CUSTOMER_ID, reference.customer_id
        )
        return _Asked(lookup, caller.token, asking)

    async def _flush(self, asked: Sequence[_Asked]) -> list[UUID | CoalitionError]:
        """One call for each principal among those who ask."""
        groups: dict[bytes, list[int]] = {}
        for place, each in enumerate(asked):
            groups.setdefault(each.token, []).append(place)
        answers: list[UUID | CoalitionError] = [_unknown()] * len(asked)

        async def look_up(token: bytes, places: list[int]) -> None:
            identifiers = [
                Identifier(asked[place].lookup.kind, asked[place].lookup.value) for place in places
            ]
            found: Sequence[Named | CoalitionError]
            try:
                askings = [asked[place].asking for place in places]
                found = await self._members.look_up(token, identifiers, askings)
            except CoalitionError as error:
                found = [error] * len(places)
            for place, answer in zip(places, found, strict=True):
                lookup = asked[place].lookup
                if isinstance(answer, Named):
                    answers[place] = answer.member_id
                    self._known.put(lookup, answer.member_id)
                    self._languages.note(lookup.ledger_id, answer.member_id, answer.language)
                    continue
                answers[place] = answer
                if answer.reason == Reason.REASON_LOOKUP_LIMITED:
                    self._note_stopped(asked[place], answer)
                else:
                    # The service names the field by its place among the identifiers of all who asked.
                    answer.metadata["field"] = f"member.{lookup.kind}"

        await asyncio.gather(*(look_up(token, places) for token, places in groups.items()))
        return answers


def _once(asked: Iterable[_Asked]) -> list[_Asked]:
    """Each look-up once for each till; the one that earns where there is one."""
    first: dict[_Question, _Asked] = {}
    for each in asked:
        question = _question(each)
        if question not in first or (each.asking.place.earns and not first[question].asking.place.earns):
            first[question] = each
    return list(first.values())


def _question(asked: _Asked) -> _Question:
    return asked.lookup, _whoever(asked.asking)


def _whoever(asking: Asking) -> Asking:
    """Who asks, whatever it is asked for."""
    return asking._replace(place=asking.place._replace(earns=False))


def _limited(seconds: int) -> CoalitionError:
    return CoalitionError(
        Reason.REASON_LOOKUP_LIMITED,
        "too many of the cards asked for are nobody's",
        retry_after_seconds=seconds,
    )


def _unknown() -> NotFound:
    return NotFound("no member has this identifier", Reason.REASON_MEMBER_UNKNOWN)
