"""What a contract says of a partner, as dated versions: in a live programme two people make one, in a test programme one may.

A term (prices, billing, roles) is a value with a document, and how its next version is added. From that come the command
that sets it, the one that drafts it, and the kind of its drafts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, Self, TypeVar
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change, audited
from services.partners.commands.draft_kinds import Approval, DraftKind
from services.partners.commands.drafts import Drafts
from services.partners.domain.drafts import Draft, body_of
from services.partners.domain.permissions import require_role
from services.partners.domain.staff import staff_text
from services.partners.storage import partners, programmes
from services.partners.storage.errors import partner_unknown
from services.runtime.database import Database
from services.runtime.errors import Refused
from services.runtime.principal import Principal, Programme

_MAKERS, _APPROVERS = "pricing", "checker"


class OfPartner(Protocol):
    """What is wanted of a partner."""

    @property
    def partner_id(self) -> UUID:
        """Whose it is."""
        ...

    def checked(self) -> Self:
        """The same. Raises InvalidRequest for what is out of its range."""
        ...


async def check_partner(connection: AsyncConnection, programme: Programme, wanted: OfPartner) -> None:
    """Raises NotFound with PARTNER_UNKNOWN where there is no such partner."""
    if await partners.by_id(connection, programme.ledger_id, wanted.partner_id) is None:
        raise partner_unknown()


V = TypeVar("V", bound=OfPartner)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Term(Generic[V, R]):
    """One term. `kind`: of its drafts; `command`: the one that drafts it, as it is told to who tries alone.

    `add` writes the next version in the caller's transaction, by whom and by which draft, and answers it with what there is to
    note of it; it takes the locks that it needs, and writes nothing where the newest version says the same. `check` looks
    whether the value can be at all, when it is proposed.
    """

    kind: str
    command: str
    document: Callable[[V], dict[str, Any]]
    parse: Callable[[bytes], V]
    add: Callable[[AsyncConnection, Programme, V, str, UUID | None], Awaitable[tuple[R, Sequence[Change]]]]
    check: Callable[[AsyncConnection, Programme, V], Awaitable[None]] = check_partner

    def draft_kind(self) -> DraftKind[V]:
        """Its drafts: made with role `pricing`, approved with role `checker`."""

        async def apply(
            connection: AsyncConnection, programme: Programme, wanted: V, approval: Approval
        ) -> Sequence[Change]:
            by = staff_text(approval.made_by.staff_id)
            _, changes = await self.add(connection, programme, wanted, by, approval.draft_id)
            return changes

        return DraftKind(
            self.kind,
            makers=frozenset({_MAKERS}),
            approvers=frozenset({_APPROVERS}),
            parse=self.parse,
            apply=apply,
            check=self.check,
        )


class SetTerm(Generic[V, R]):
    """Staff with role `pricing`, in a test programme."""

    def __init__(self, database: Database, term: Term[V, R]) -> None:
        self._database: Final = database
        self._term: Final = term

    async def __call__(self, who: Principal, wanted: V) -> R:
        """The version in the books; the newest one again where it says the same, so that a call may be repeated.

        Raises NotFound with PARTNER_UNKNOWN, InvalidRequest, PermissionDenied, Refused with DRAFT_NEEDED in a live programme.
        """
        require_role(who, _MAKERS)
        wanted.checked()
        programme = who.in_programme()
        async with self._database.writer.transaction() as connection:
            await _refuse_alone(connection, programme.ledger_id, self._term.command)
            made, changes = await self._term.add(connection, programme, wanted, who.actor, None)
            for change in changes:
                await audited(connection, who, programme.ledger_id, change)
        return made


class ProposeTerm(Generic[V, R]):
    """Staff with role `pricing`."""

    def __init__(self, drafts: Drafts, term: Term[V, R]) -> None:
        self._drafts: Final = drafts
        self._term: Final = term

    async def __call__(self, who: Principal, wanted: V, why: str) -> Draft:
        """The draft. Raises NotFound with PARTNER_UNKNOWN, and what Drafts.propose raises."""
        body = body_of(self._term.document(wanted.checked()))
        return await self._drafts.propose(who, self._term.kind, body, why)


async def _refuse_alone(connection: AsyncConnection, ledger_id: int, command: str) -> None:
    """Raises Refused with DRAFT_NEEDED in a live programme, by the database's word: not by that of the caller's principal."""
    found = await programmes.by_ledger_id(connection, ledger_id)
    if found is not None and not found.programme.is_test:
        raise Refused(
            Reason.REASON_DRAFT_NEEDED,
            f"in a live programme this takes two people: propose it with `{command}`",
            command=command,
        )
