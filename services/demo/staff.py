"""The operator's two people in the demo: what takes two, the one proposes and the other approves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.demo.config import Staff
from services.operations import approvals, people, registry
from services.operations.documents import identity
from services.operations.session import Session, open_session
from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme

# The roles of whoever proposes, and of whoever approves.
_PROPOSES: Final = ("pricing", "maker")
_APPROVES: Final = ("checker",)
_DRAFTS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class People:
    """Sessions of both."""

    maker: Session
    checker: Session

    async def make(
        self,
        programme: Programme,
        kind: str,
        slug: str,
        propose: Callable[[Session], Awaitable[approvals.Draft]],
        why: str,
    ) -> None:
        """Has a draft of a kind about a partner proposed and approved; one that was left open before is taken. Raises CoalitionError."""
        partner = identity("ptr", await self.maker.partner_id(programme, slug))
        opened = await approvals.drafts(self.checker, programme, _DRAFTS_MAX, only_open=True)
        for draft in map(approvals.draft_document, opened):
            if draft["kind"] == kind and draft["body"]["partner_id"] == partner:
                break
        else:
            draft = approvals.draft_document(await propose(self.maker))
        try:
            await approvals.approve(self.checker, programme, draft["id"], draft["hash"], why)
        except CoalitionError as error:
            # Approved already, when the answer was lost.
            if error.reason != Reason.REASON_DRAFT_DECIDED:
                raise


@asynccontextmanager
async def open_people(staff: Staff, host: Session, environment: Mapping[str, str]) -> AsyncGenerator[People]:
    """Sessions of both people, who are taken on where they were not before. `environment`: the launcher's."""
    maker = await _token_of(host, staff.proposes, _PROPOSES)
    checker = await _token_of(host, staff.approves, _APPROVES)
    async with (
        open_session(environment, maker, host.patience_seconds) as making,
        open_session(environment, checker, host.patience_seconds) as checking,
    ):
        yield People(making, checking)


async def _token_of(session: Session, name: str, roles: Sequence[str]) -> str:
    try:
        return (await registry.add_staff(session, name, roles)).token
    except CoalitionError as error:
        if error.reason != Reason.REASON_ALREADY_EXISTS:
            raise
        # Taken on before, or before the demo was killed; what his token was is not known any more.
        return (await people.issue_token(session, name, "demo", 0)).secret
