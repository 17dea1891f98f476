"""The operator's two people in the demo: one proposes, the other approves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.operations import people, registry
from services.operations.session import Session
from services.runtime.errors import CoalitionError

#: The roles of whoever proposes credit limits and settlement runs, and of whoever approves them.
PROPOSES: Final = ("pricing", "maker")
APPROVES: Final = ("checker",)


async def token_of(session: Session, name: str, roles: Sequence[str]) -> str:
    """A token of a person, who is taken on with these roles where that was not done before."""
    try:
        return (await registry.add_staff(session, name, roles)).token
    except CoalitionError as error:
        if error.reason != Reason.REASON_ALREADY_EXISTS:
            raise
        # Taken on before, or before the demo was killed; what his token was is not known any more.
        return (await people.issue_token(session, name, "demo", 0)).secret
