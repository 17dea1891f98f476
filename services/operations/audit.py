"""The audit log: read, exported as JSON lines, checked on the live database, and on an export without it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Final

from coalition.partners.v1 import audit_pb2 as pb

from services.operations.amounts import write_time
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.audit import NOTHING_BEFORE, AuditHead, AuditRow, ChainWalk, canonical
from services.runtime.principal import Programme

_CHECK_SECONDS: Final = 300.0
_NOTED: Final = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")
_FIELDS: Final = frozenset(
    {
        "ledger_id", "number", "at_us", "by_kind", "by_id", "by_name", "what", "subject", "before", "after", "why",
        "previous_hash", "hash",
    }
)  # fmt: skip
_NUMBERS: Final = ("ledger_id", "number", "at_us")
_DOCUMENTS: Final = ("before", "after")


@dataclass(frozen=True, slots=True)
class AuditProof:
    """What a check found: how many rows there are, where the chain ends, and the first faults, which name the rows."""

    rows: int
    last_number: int
    last_hash: str
    faults: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the chain is whole."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class NotedRow:
    """A row and its hash, as somebody noted them down from an earlier check."""

    number: int
    hash: bytes

    @classmethod
    def read(cls, text: str) -> NotedRow:
        """Reads NUMBER:HASH. Raises ValueError for anything else."""
        found = _NOTED.fullmatch(text)
        if found is None:
            raise ValueError("a number from 1 on, a colon and 64 hexadecimal digits are needed")
        return cls(int(found[1]), bytes.fromhex(found[2]))


async def rows(
    session: Session, programme: Programme | None, from_number: int = 0, limit: int = 0, newest: int = 0
) -> AsyncIterator[AuditRow | AuditHead]:
    """Rows of a programme's chain, or of the host's (None), in order; where the chain ends comes last."""
    request = pb.ReadAuditRequest(from_number=from_number, limit=limit, newest=newest)
    async for block in session.stream(session.audit.ReadAudit, request, programme):
        for message in block.rows:
            yield _row(message)
        if block.HasField("head"):
            yield _head(block.head)


async def check(session: Session, programme: Programme | None, noted: NotedRow | None = None) -> AuditProof:
    """Has the service recompute a chain on its live database; looks for the row that was noted as well."""
    answer = await session.call(session.audit.CheckAudit, pb.CheckAuditRequest(), programme, _CHECK_SECONDS)
    faults = tuple(answer.breaches)
    if noted is not None:
        found = [each async for each in rows(session, programme, noted.number, 1)]
        faults += _noted_faults(noted, next((each for each in found if isinstance(each, AuditRow)), None))
    return AuditProof(answer.rows, answer.head.number, answer.head.hash.hex(), faults)


def check_export(lines: Iterable[str], noted: NotedRow | None = None) -> AuditProof:
    """Recomputes the chain of an export, from nothing but its lines."""
    walk: ChainWalk | None = None
    head: AuditHead | None = None
    kept: AuditRow | None = None
    unreadable: list[str] = []
    for place, line in enumerate(lines, 1):
        try:
            read = read_line(line)
        except (ValueError, TypeError, KeyError) as error:
            unreadable.append(f"line {place} cannot be read: {error}")
            continue
        walk = walk or ChainWalk(read.ledger_id)
        if head is not None:
            what = "another end" if isinstance(read, AuditHead) else f"row {read.number}"
            unreadable.append(f"{what} stands after the end, in line {place}")
        elif isinstance(read, AuditHead):
            head = read
        else:
            walk.add(read)
            kept = read if noted is not None and read.number == noted.number else kept
    walk = walk or ChainWalk(0)
    walk.end(head)
    faults = (*unreadable, *walk.faults())
    if noted is not None:
        faults += _noted_faults(noted, kept)
    last = head or AuditHead(walk.ledger_id, 0, NOTHING_BEFORE)
    return AuditProof(walk.rows, last.number, last.hash.hex(), faults)


def write_line(item: AuditRow | AuditHead) -> str:
    """A row, or where the chain ends, as a line of an export."""
    if isinstance(item, AuditHead):
        said = {"ledger_id": item.ledger_id, "number": item.number, "hash": item.hash.hex()}
        return canonical({"head": said})
    return canonical(
        {
            "ledger_id": item.ledger_id,
            "number": item.number,
            "at_us": item.at_us,
            "by_kind": item.by_kind,
            "by_id": item.by_id,
            "by_name": item.by_name,
            "what": item.what,
            "subject": item.subject,
            "before": json.loads(item.before) if item.before else None,
            "after": json.loads(item.after) if item.after else None,
            "why": item.why,
            "previous_hash": item.previous_hash.hex(),
            "hash": item.hash.hex(),
        }
    )


def read_line(line: str) -> AuditRow | AuditHead:
    """Reads a line of an export. Raises ValueError, TypeError or KeyError for anything else."""
    said: dict[str, Any] = json.loads(line)
    if list(said) == ["head"]:
        head = said["head"]
        return AuditHead(_number(head, "ledger_id"), _number(head, "number"), bytes.fromhex(head["hash"]))
    strange = _FIELDS.symmetric_difference(said)
    if strange:
        raise ValueError(f"it has not the fields of a row: {', '.join(sorted(strange))}")
    fields: dict[str, Any] = {name: _number(said, name) for name in _NUMBERS}
    fields |= {name: canonical(said[name]) for name in _DOCUMENTS}
    fields |= {name: bytes.fromhex(said[name]) for name in ("previous_hash", "hash")}
    texts = _FIELDS.difference(fields)
    if not all(isinstance(said[name], str) for name in texts):
        raise TypeError("what should be text is not")
    return AuditRow(**fields, **{name: said[name] for name in texts})


def row_document(row: AuditRow) -> Document:
    """A row to show: its time in UTC, its documents as they are."""
    return {
        "number": row.number,
        "at": write_time(row.at_us, "UTC"),
        "by": row.by_name or row.by_id,
        "by_kind": row.by_kind,
        "by_id": row.by_id,
        "what": row.what,
        "subject": row.subject,
        "before": json.loads(row.before) if row.before else None,
        "after": json.loads(row.after) if row.after else None,
        "why": row.why,
        "hash": row.hash.hex(),
    }


def _number(said: dict[str, Any], name: str) -> int:
    number = said[name]
    if type(number) is not int:
        raise TypeError(f"{name} is not a whole number")
    return number


def _noted_faults(noted: NotedRow, row: AuditRow | None) -> tuple[str, ...]:
    if row is None or row.number != noted.number:
        return (f"there is no row {noted.number}, which was noted",)
    return () if row.hash == noted.hash else (f"row {noted.number} is not the one that was noted",)


def _head(message: pb.AuditHead) -> AuditHead:
    return AuditHead(message.ledger_id, message.number, message.hash)


def _row(message: pb.AuditRow) -> AuditRow:
    return AuditRow(
        message.ledger_id, message.number, message.at_us, message.by_kind, message.by_id, message.by_name, message.what,
        message.subject, message.before, message.after, message.why, message.previous_hash, message.hash,
    )  # fmt: skip
