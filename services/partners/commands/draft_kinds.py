"""What can be drafted. A kind of draft is registered in the wiring, and has an RPC of its own that proposes it.

To add one: a value with a canonical body (see domain/credit_limits.py), a DraftKind of it, a command that calls
`Drafts.propose` with the body, and a line in service.py. Listing, approving, rejecting and withdrawing are there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change
from services.partners.domain.drafts import Draft, Person
from services.runtime.errors import Fault
from services.runtime.principal import Programme

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Approval:
    """Which draft is approved, who made it and who approves it: always two persons."""

    draft_id: UUID
    made_by: Person
    approved_by: Person


@dataclass(frozen=True, slots=True)
class Refusal:
    """A draft that was rejected or withdrawn, by whom, and why where he said so."""

    draft_id: UUID
    by: Person
    why: str


async def _nothing(connection: AsyncConnection, programme: Programme, value: Any) -> None:
    """Looks at nothing."""


@dataclass(frozen=True, slots=True)
class DraftKind(Generic[V]):
    """One kind.

    `makers`, `approvers`: who has one of these roles may make, or decide, such a draft. `parse` reads a body, which is
    a JSON object in its canonical form, and raises InvalidRequest or Fault for one that it has not the form of. `apply`
    does what an approved draft says, in the transaction that decides it, and answers what it changed, for the audit
    log, which it does not write itself; what it raises leaves the draft undecided. It runs with the decision written
    already, so that its rows may refer to that; it locks what it needs in the order of other commands, the event log
    last. `check` looks whether the value can be at all, when it is proposed; `apply` must not rely on it. `proposed`
    writes what goes with a new draft, in its transaction, and answers it for the audit log; `refused` undoes that as the draft is
    rejected or withdrawn, likewise.
    """

    name: str
    makers: frozenset[str]
    approvers: frozenset[str]
    parse: Callable[[bytes], V]
    apply: Callable[[AsyncConnection, Programme, V, Approval], Awaitable[Sequence[Change]]]
    check: Callable[[AsyncConnection, Programme, V], Awaitable[None]] = _nothing
    proposed: Callable[[AsyncConnection, Programme, V, Draft], Awaitable[Sequence[Change]]] | None = None
    refused: Callable[[AsyncConnection, Programme, Refusal], Awaitable[Sequence[Change]]] | None = None


class DraftKinds:
    """The kinds that this service knows, by name."""

    def __init__(self, kinds: Iterable[DraftKind[Any]]) -> None:
        self._kinds: dict[str, DraftKind[Any]] = {}
        for kind in kinds:
            if kind.name in self._kinds:
                raise ValueError(f"the kind of draft {kind.name} is registered twice")
            self._kinds[kind.name] = kind

    def named(self, name: str) -> DraftKind[Any]:
        """A kind. Raises Fault for one that this version does not know."""
        found = self._kinds.get(name)
        if found is None:
            raise Fault(f"this version knows no drafts of the kind {name}")
        return found
