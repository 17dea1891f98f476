"""The invariants of docs/ledger.md, proved by the services on their live databases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from coalition.partners.v1 import clearing_pb2
from coalition.points.v1 import points_pb2

from services.operations.session import Session
from services.runtime.principal import Programme

# A checker reads the whole book.
_PROOF_SECONDS: Final = 300.0
_NOTED: Final = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")
# The number of the invariant of sequence and chain.
_CHAIN: Final = 7


@dataclass(frozen=True, slots=True)
class Proof:
    """An invariant as a checker found it: its number, the figure proved, and the first breaches by name."""

    invariant: int
    name: str
    figure: str
    holds: bool
    breaches: Sequence[str]


@dataclass(frozen=True, slots=True)
class Noted:
    """A batch and its hash, as somebody noted them down from an earlier proof."""

    batch_no: int
    chain_hash: bytes

    @classmethod
    def read(cls, text: str) -> Noted:
        """Reads BATCH:HASH. Raises ValueError for anything else."""
        found = _NOTED.fullmatch(text)
        if found is None:
            raise ValueError("a batch from 1 on, a colon and 64 hexadecimal digits are needed")
        return cls(int(found[1]), bytes.fromhex(found[2]))


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


async def prove_noted(session: Session, programme: Programme, noted: Noted) -> Proof:
    """Whether the ledger's chain still has a batch that was noted down elsewhere, with all that was posted before it.

    This is what shows a journal that was rewritten from some point on and chained anew: in itself it is in order.
    """
    request = points_pb2.ReadBatchesRequest(from_batch_no=noted.batch_no, limit=1)
    found = [
        batch.chain_hash
        async for block in session.stream(session.ledger.ReadBatches, request, programme)
        for batch in block.batches
    ]
    breach = ""
    if not found:
        breach = f"there is no batch {noted.batch_no} any more"
    elif found[0] != noted.chain_hash:
        breach = f"batch {noted.batch_no} has {found[0].hex()} now"
    figure = f"batch {noted.batch_no}, chain {noted.chain_hash.hex()}"
    return Proof(
        _CHAIN,
        "the chain still has the batch that was noted",
        figure,
        not breach,
        (breach,) if breach else (),
    )


def _proofs(findings: Iterable[points_pb2.Finding | clearing_pb2.ClearingFinding]) -> list[Proof]:
    return [
        Proof(found.invariant, found.name, found.figure, found.holds, tuple(found.breaches))
        for found in findings
    ]
