"""What takes two people: one drafts, another decides.

Everything is looked at in the transaction that decides, under locks that it keeps to its end: that the two are
different persons with live tokens, that both have now the roles that it takes, that what is kept still has the hash
that the checker names, that nobody has decided it and that it is not too old. What the draft says is done in the
same transaction. The database refuses the worst of it once more: constraints of draft_decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change, audited
from services.partners.commands.draft_kinds import Approval, DraftKind, DraftKinds, Refusal
from services.partners.commands.persons import person_now
from services.partners.domain.drafts import (
    Decision,
    Draft,
    DraftState,
    Person,
    read_document,
    read_sha256,
)
from services.partners.domain.text import read_why
from services.partners.storage import drafts, staff
from services.runtime.clock import MICROS_PER_DAY, wall_now_us
from services.runtime.database import Database
from services.runtime.errors import NotFound, PermissionDenied, Refused, error_of
from services.runtime.ids import new_id, to_text
from services.runtime.principal import Principal, Programme

_DONE: Final = {
    DraftState.APPROVED: "draft.approved",
    DraftState.REJECTED: "draft.rejected",
    DraftState.WITHDRAWN: "draft.withdrawn",
}


class Drafts:
    """Staff by the roles of the kind. `life_days`: how long a draft can be approved."""

    def __init__(self, database: Database, kinds: DraftKinds, life_days: int) -> None:
        self._database, self._kinds, self._life_days = database, kinds, life_days

    async def propose(self, who: Principal, kind_name: str, body: bytes, why: str) -> Draft:
        """A new draft of a kind, for another person to decide.

        Raises PermissionDenied (PERSON_NEEDED, or without the role), InvalidRequest, and what the kind's check raises.
        """
        programme, kind, why = who.in_programme(), self._kinds.named(kind_name), read_why(why)
        document = read_document(body)
        value = kind.parse(body)
        async with self._database.writer.transaction() as connection:
            actor, maker = await person_now(connection, who)
            actor.require(*sorted(kind.makers))
            await kind.check(connection, programme, value)
            made = Draft(
                programme.ledger_id, new_id(), kind.name, body, b"", maker, wall_now_us(), why
            ).sealed()
            await drafts.add(connection, made)
            changes = await kind.proposed(connection, programme, value, made) if kind.proposed else ()
            after = {"body": document, "kind": kind.name, "sha256": made.sha256.hex()}
            change = Change("draft.made", to_text("drf", made.draft_id), after=after, why=why)
            for each in (change, *changes):
                await audited(connection, who, programme.ledger_id, each)
        return made

    async def approve(self, who: Principal, draft_id: UUID, sha256: bytes, why: str) -> Draft:
        """Approves a draft of somebody else that still has this hash, and does what it says.

        Raises NotFound, PermissionDenied (PERSON_NEEDED, OWN_DRAFT, or without the role), Refused (DRAFT_DECIDED,
        DRAFT_CHANGED, DRAFT_EXPIRED, MAKER_ROLE_LOST), and what doing it raises; then nothing is decided.
        """
        programme, sha256, why = who.in_programme(), read_sha256(sha256), read_why(why, needed=False)

        async def work(connection: AsyncConnection) -> Draft:
            found = await _named(connection, programme.ledger_id, draft_id)
            kind = self._kinds.named(found.kind)
            checker = await _checker(connection, who, found, kind)
            self._refuse_old(found)
            _refuse_changed(found, sha256)
            await _refuse_without_role(connection, found, kind)
            await _decide(connection, found, DraftState.APPROVED, checker, why)
            approval = Approval(found.draft_id, found.made_by, checker)
            changes = await kind.apply(connection, programme, kind.parse(found.body), approval)
            await _noted(connection, who, found, DraftState.APPROVED, why)
            for change in changes:
                await audited(connection, who, programme.ledger_id, change)
            return await _named(connection, programme.ledger_id, draft_id)

        return await self._database.writer.run(work)

    async def reject(self, who: Principal, draft_id: UUID, why: str) -> Draft:
        """Rejects a draft of somebody else. Raises NotFound, PermissionDenied as `approve`, Refused (DRAFT_DECIDED)."""
        programme, why = who.in_programme(), read_why(why, needed=False)

        async def work(connection: AsyncConnection) -> Draft:
            found = await _named(connection, programme.ledger_id, draft_id)
            checker = await _checker(connection, who, found, self._kinds.named(found.kind))
            await _decide(connection, found, DraftState.REJECTED, checker, why)
            undone = await self._undone(connection, programme, found, checker, why)
            await _noted(connection, who, found, DraftState.REJECTED, why)
            for change in undone:
                await audited(connection, who, programme.ledger_id, change)
            return await _named(connection, programme.ledger_id, draft_id)

        return await self._database.writer.run(work)

    async def withdraw(self, who: Principal, draft_id: UUID, why: str) -> Draft:
        """Takes back a draft of one's own, whatever roles one has. Raises NotFound, PermissionDenied, Refused."""
        programme, why = who.in_programme(), read_why(why, needed=False)

        async def work(connection: AsyncConnection) -> Draft:
            found = await _named(connection, programme.ledger_id, draft_id)
            _, person = await person_now(connection, who)
            if person.staff_id != found.made_by.staff_id:
                raise PermissionDenied("only who made a draft withdraws it")
            await _decide(connection, found, DraftState.WITHDRAWN, person, why)
            undone = await self._undone(connection, programme, found, person, why)
            await _noted(connection, who, found, DraftState.WITHDRAWN, why)
            for change in undone:
                await audited(connection, who, programme.ledger_id, change)
            return await _named(connection, programme.ledger_id, draft_id)

        return await self._database.writer.run(work)

    async def _undone(
        self, connection: AsyncConnection, programme: Programme, found: Draft, by: Person, why: str
    ) -> Sequence[Change]:
        """What was written with a draft goes with it: for the audit log, which is locked after all that this locks."""
        refused = self._kinds.named(found.kind).refused
        return await refused(connection, programme, Refusal(found.draft_id, by, why)) if refused else ()

    def _refuse_old(self, found: Draft) -> None:
        if found.state(wall_now_us(), self._life_days * MICROS_PER_DAY) is DraftState.EXPIRED:
            raise Refused(
                Reason.REASON_DRAFT_EXPIRED,
                "the draft is too old to be approved: make it anew",
                limit_days=self._life_days,
            )


async def give_up(connection: AsyncConnection, who: Principal, draft_id: UUID, why: str) -> Sequence[Change]:
    """Ends a draft of which nobody wants any more what it is for: who made it withdraws it, anybody else rejects it.

    The caller has looked whether he may, and notes what is answered in the audit log, as the last thing that he does. One that is
    decided stays as it is. Raises PermissionDenied with PERSON_NEEDED.
    """
    found = await _named(connection, who.in_programme().ledger_id, draft_id)
    _, person = await person_now(connection, who, found.made_by.staff_id)
    state = DraftState.WITHDRAWN if person.staff_id == found.made_by.staff_id else DraftState.REJECTED
    decision = Decision(state, person, wall_now_us(), why, found.sha256)
    return (_decided_change(found, state, why),) if await drafts.decide(connection, found, decision) else ()


async def _named(connection: AsyncConnection, ledger_id: int, draft_id: UUID) -> Draft:
    found = await drafts.by_id(connection, ledger_id, draft_id)
    if found is None:
        raise NotFound("there is no such draft")
    return found


async def _checker(
    connection: AsyncConnection, who: Principal, found: Draft, kind: DraftKind[object]
) -> Person:
    """Who decides, if he may: a person other than the maker, with a role that it takes; and nobody has before."""
    actor, person = await person_now(connection, who, found.made_by.staff_id)
    if person.staff_id == found.made_by.staff_id:
        raise error_of(Reason.REASON_OWN_DRAFT, "nobody decides a draft of his own", {})
    actor.require(*sorted(kind.approvers))
    if found.decision is not None:
        raise _decided(found.decision.state)
    return person


def _refuse_changed(found: Draft, sha256: bytes) -> None:
    """Refuses unless what is kept has the hash that the checker names: the one that is kept beside it proves nothing."""
    if sha256 != found.sha256 or found.due_sha256() != sha256:
        raise Refused(Reason.REASON_DRAFT_CHANGED, "the draft is not what was looked at: its hash is another")


async def _refuse_without_role(connection: AsyncConnection, found: Draft, kind: DraftKind[object]) -> None:
    maker = await staff.by_id(connection, found.made_by.staff_id)
    if maker is None or not kind.makers.intersection(maker.roles):
        raise Refused(
            Reason.REASON_MAKER_ROLE_LOST,
            "whoever made the draft has no more the role that it takes",
            needed=" or ".join(sorted(kind.makers)),
        )


async def _decide(connection: AsyncConnection, found: Draft, state: DraftState, by: Person, why: str) -> None:
    """Writes the decision; where somebody else is at it, waits for what becomes of that."""
    decision = Decision(state, by, wall_now_us(), why, found.sha256)
    if not await drafts.decide(connection, found, decision):
        first = (await _named(connection, found.ledger_id, found.draft_id)).decision
        raise _decided(first.state if first else DraftState.OPEN)


def _decided(state: DraftState) -> Refused:
    return Refused(Reason.REASON_DRAFT_DECIDED, f"the draft was {state.value} before", state=state.value)


async def _noted(
    connection: AsyncConnection, who: Principal, found: Draft, state: DraftState, why: str
) -> None:
    await audited(connection, who, found.ledger_id, _decided_change(found, state, why))


def _decided_change(found: Draft, state: DraftState, why: str) -> Change:
    after = {
        "kind": found.kind,
        "made_by": to_text("stf", found.made_by.staff_id),
        "sha256": found.sha256.hex(),
    }
    return Change(_DONE[state], to_text("drf", found.draft_id), after=after, why=why)
