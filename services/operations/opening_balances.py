"""Opening balances: a file of points from the books of an earlier programme, taken over line by line.

Each line is posted under its own reference, so a file that broke off, or was mended, is simply given again: what is in
the ledger already stays as it is.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from coalition.points.v1 import movement_pb2
from coalition.points.v1 import points_pb2 as pb

from services.operations import registry, wallets
from services.operations.amounts import Unreadable, read_time
from services.operations.session import Session
from services.runtime.errors import CoalitionError
from services.runtime.grpc_client import error_of_item
from services.runtime.principal import Programme

LINES_MAX: Final = 1_000_000
_LINES_A_CALL: Final = 512
_POST_SECONDS: Final = 60.0
_NEEDED: Final = ("member", "points", "earned_at", "reference")
_POINTS_MAX: Final = 10**9
Progress = Callable[[int], object]


class Line(NamedTuple):
    """A line of the file. `issuer` is a partner's slug, or empty; expires_at_us 0: by the ledger's rule."""

    number: int
    member: str
    points: int
    earned_at_us: int
    expires_at_us: int
    issuer: str
    reference: str


class Problem(NamedTuple):
    """Why a line was not taken."""

    number: int
    reference: str
    message: str


@dataclass
class Report:
    """What came of a file. Points are those of the lines counted beside them."""

    lines: int = 0
    points: int = 0
    posted: int = 0
    posted_points: int = 0
    there: int = 0
    there_points: int = 0
    problems: list[Problem] = field(default_factory=list)
    points_by_issuer: dict[str, int] = field(default_factory=dict)

    def count(self, line: Line, *, replayed: bool) -> None:
        """Counts a line that is in the ledger now."""
        if replayed:
            self.there += 1
            self.there_points += line.points
        else:
            self.posted += 1
            self.posted_points += line.points
        issuer = line.issuer or "operator"
        self.points_by_issuer[issuer] = self.points_by_issuer.get(issuer, 0) + line.points


def read_file(path: Path, zone: str, report: Report) -> list[Line]:
    """The lines of a file that can be read; the others are problems of the report. Raises Unreadable for no such file."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as text:
            rows = csv.DictReader(text)
            missing = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
            if missing:
                raise Unreadable(f"{path} has no column {', '.join(missing)}")
            return _read(rows, zone, report)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"{path} cannot be read as CSV: {error}") from error


def _read(rows: Iterable[Mapping[str, str | None]], zone: str, report: Report) -> list[Line]:
    lines: list[Line] = []
    seen: dict[str, int] = {}
    # The heading is line 1.
    for number, row in enumerate(rows, start=2):
        if len(lines) >= LINES_MAX:
            raise Unreadable(f"more than {LINES_MAX:,} lines: split the file")
        report.lines += 1
        reference = (row["reference"] or "").strip()
        try:
            line = _line(number, row, reference, zone)
        except Unreadable as error:
            report.problems.append(Problem(number, reference, str(error)))
            continue
        report.points += line.points
        if reference in seen:
            report.problems.append(
                Problem(number, reference, f"line {seen[reference]} has the same reference")
            )
            continue
        seen[reference] = number
        lines.append(line)
    return lines


def _line(number: int, row: Mapping[str, str | None], reference: str, zone: str) -> Line:
    def text(name: str) -> str:
        return (row.get(name) or "").strip()

    if not reference:
        raise Unreadable("a reference is needed")
    if not text("member"):
        raise Unreadable("a member is needed: mem_… or a card number")
    points = text("points")
    readable = points.isascii() and points.isdigit() and len(points) <= len(str(_POINTS_MAX))
    if not readable or not 1 <= int(points) <= _POINTS_MAX:
        raise Unreadable(f"{points!r} is not a number of points from 1 to {_POINTS_MAX:,}")
    expires_at = text("expires_at")
    return Line(
        number,
        text("member"),
        int(points),
        read_time(text("earned_at"), zone),
        read_time(expires_at, zone) if expires_at else 0,
        text("issuer"),
        reference,
    )


async def resolve(
    session: Session, programme: Programme, lines: Sequence[Line], report: Report
) -> list[tuple[Line, movement_pb2.Opening]]:
    """The lines with the members and issuers that they name; those that name nobody are problems of the report."""
    issuers = {each.slug: each.partner_id for each in await registry.list_partners(session, programme)}
    named: list[Line] = []
    for line in lines:
        if line.issuer and line.issuer not in issuers:
            report.problems.append(
                Problem(line.number, line.reference, f"no partner has the slug {line.issuer!r}")
            )
        else:
            named.append(line)
    members: dict[str, bytes | CoalitionError] = {}
    ready: list[tuple[Line, movement_pb2.Opening]] = []
    for start in range(0, len(named), _LINES_A_CALL):
        some = named[start : start + _LINES_A_CALL]
        wanted = {line.member for line in some} - set(members)
        members |= await wallets.find_members(session, programme, sorted(wanted))
        for line in some:
            member = members[line.member]
            if isinstance(member, CoalitionError):
                report.problems.append(Problem(line.number, line.reference, f"member: {member.message}"))
                continue
            opening = movement_pb2.Opening(
                member_id=member,
                reference=line.reference,
                points=line.points,
                earned_at_us=line.earned_at_us,
                expires_at_us=line.expires_at_us,
                issuer_id=issuers[line.issuer] if line.issuer else b"",
            )
            ready.append((line, opening))
    return ready


async def post(
    session: Session,
    programme: Programme,
    ready: Sequence[tuple[Line, movement_pb2.Opening]],
    report: Report,
    progress: Progress,
) -> None:
    """Posts the lines, 512 a call and after what tills ask for; `progress` is told how many are done."""
    for start in range(0, len(ready), _LINES_A_CALL):
        some = ready[start : start + _LINES_A_CALL]
        items = [movement_pb2.Item(key=f"import:{line.reference}", opening=opening) for line, opening in some]
        request = pb.PostRequest(items=items, bulk=True)
        answer = await session.call(session.ledger.Post, request, programme, _POST_SECONDS)
        for (line, _), result in zip(some, answer.results, strict=True):
            if result.outcome == movement_pb2.OUTCOME_ACCEPTED:
                report.count(line, replayed=result.replayed)
            else:
                report.problems.append(Problem(line.number, line.reference, _why(result)))
        progress(len(some))


def _why(result: movement_pb2.Result) -> str:
    error = error_of_item(result.error)
    facts = ", ".join(f"{name}: {value}" for name, value in sorted(error.metadata.items()) if name != "field")
    return f"{error.message}{f' ({facts})' if facts else ''}"
