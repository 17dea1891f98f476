"""The invariants of docs/ledger.md, proved by the services on their live databases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from coalition.partners.v1 import clearing_pb2
from coalition.points.v1 import points_pb2

from services.operations.session import Session
from services.runtime.principal import Programme

# A checker reads the whole book.
_PROOF_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class Proof:
    """An invariant as a checker found it: its number, the figure proved, and the first breaches by name."""

    invariant: int
    name: str
    figure: str
    holds: bool
    breaches: Sequence[str]


async def prove_ledger(session: Session, programme: Programme) -> Sequence[Proof]:
    """The invariants of the points ledger, in their order."""
    request = points_pb2.CheckLedgerRequest()
    answer = await session.call(session.ledger.CheckLedger, request, programme, _PROOF_SECONDS)
    return _proofs(answer.findings)


async def prove_clearing(session: Session, programme: Programme) -> Sequence[Proof]:
    """The invariants of windows, nets and statements, in their order."""
    request = clearing_pb2.CheckClearingRequest()
    answer = await session.call(session.clearing.CheckClearing, request, programme, _PROOF_SECONDS)
    return _proofs(answer.findings)


def _proofs(findings: Iterable[points_pb2.Finding | clearing_pb2.ClearingFinding]) -> list[Proof]:
    return [
        Proof(found.invariant, found.name, found.figure, found.holds, tuple(found.breaches))
        for found in findings
    ]
