"""Proves the invariants of clearing on the live database. For staff and services.

Everything is computed again from the rated entries, and compared with what was kept: the running control of
rating, the nets, the matrix, the statements. Reads one snapshot, so it may run beside all other work.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from uuid import UUID

from services.partners.clients.points import Head, PointsLedger
from services.partners.domain.checking import BREACHES_MAX, Breaches, Finding
from services.partners.domain.netting import (
    OPERATOR,
    Fold,
    KindTotal,
    Net,
    NotBalanced,
    net_operator,
    net_partners,
)
from services.partners.domain.programme import Registration
from services.partners.domain.rating import Totals
from services.partners.domain.statement import lines_of
from services.partners.domain.windows import Window, WindowState
from services.partners.queries.check_proofs import check_proofs
from services.partners.queries.programmes import Programmes
from services.partners.queries.proof_keys import ProofKeys
from services.partners.storage import checks, partners, rating, windows
from services.partners.storage.connection import Reads
from services.runtime.database import Database, ReadConnection
from services.runtime.principal import Principal

# Windows that are looked at together: bounds what is in memory at a time.
_WINDOWS_A_TIME: Final = 53
_EVENTS_NAME: Final = "The event log is gapless, and no more was applied than was told"
_WINDOWS_NAME: Final = "Each seq is rated once and in one window; the nets of each sum to zero"
_STATEMENTS_NAME: Final = "Each statement is the fold of its range"


@dataclass(slots=True)
class _Walk:
    """What is noted while going through windows from the first to the last."""

    windows: int = 0
    netted: int = 0
    statements: int = 0
    lines: int = 0
    paid_minor: int = 0
    proofs: int = 0


class CheckClearing:
    """The checker. `subscriber` and `source`: whose inbox cursor is compared with the points service's log."""

    def __init__(
        self,
        database: Database,
        programmes: Programmes,
        points: PointsLedger,
        keys: ProofKeys,
        subscriber: str,
        source: str,
    ) -> None:
        self._database, self._programmes, self._points = database, programmes, points
        self._keys, self._subscriber, self._source = keys, subscriber, source

    async def __call__(self, who: Principal) -> list[Finding]:
        """One finding per invariant, in their order. Raises Unavailable where points cannot be reached."""
        who.require_internal()
        registration = await self._programmes.named(who.in_programme().slug)
        programme = registration.programme
        async with self._database.reader.snapshot() as connection:
            applied = await checks.inbox_pos(connection, self._subscriber, self._source, programme.slug)
            rated_seq = (await rating.head(connection, programme.ledger_id)).rated_seq
        # Asked after the cursor was read: a log only grows.
        told = await self._points.head(programme)
        async with self._database.reader.snapshot() as connection:
            events = await _check_events(connection, programme.ledger_id, applied, rated_seq, told)
            clearing, statements = Breaches(), Breaches()
            figure = await _check_rated(connection, programme.ledger_id, clearing)
            walk = await _check_windows(connection, self._keys, registration, clearing, statements)
        return [
            events,
            Finding(9, _WINDOWS_NAME, f"{figure}, {walk.windows:,} windows, {walk.netted:,} netted to 0",
                    clearing.listed()),
            Finding(10, _STATEMENTS_NAME,
                    f"{walk.statements:,} statements, {walk.lines:,} lines, partners owe "
                    f"{walk.paid_minor:,} minor units, {walk.proofs:,} checkpoints made again", statements.listed()),
        ]  # fmt: skip


async def _check_events(
    connection: Reads, ledger_id: int, applied: int, rated_seq: int, told: Head
) -> Finding:
    ends, breaches = await checks.log_ends(connection, ledger_id), Breaches()
    breaches.expect(
        ends.rows == ends.last_pos == ends.head_pos,
        f"the event log has {ends.rows:,} events, ends at {ends.last_pos:,}, and its head says {ends.head_pos:,}",
    )
    breaches.expect(
        applied <= told.last_pos,
        f"event {applied:,} of points was applied, its log ends at {told.last_pos:,}",
    )
    breaches.expect(
        rated_seq <= told.last_seq, f"seq {rated_seq:,} was rated, the journal ends at {told.last_seq:,}"
    )
    figure = f"{ends.rows:,} events told, {applied:,} of {told.last_pos:,} applied"
    return Finding(8, _EVENTS_NAME, figure, breaches.listed())


async def _check_rated(connection: Reads, ledger_id: int, breaches: Breaches) -> str:
    """Every seq up to the rated one has its entries, and they sum to the control; answers the figure."""
    head, found = await rating.head(connection, ledger_id), await checks.rated(connection, ledger_id)
    for first, last in await checks.holes(connection, ledger_id, BREACHES_MAX):
        missing = f"seq {first:,} is" if first == last else f"seqs {first:,} to {last:,} are"
        breaches.add(f"{missing} not rated")
    breaches.expect(
        found.last_seq == head.rated_seq,
        f"rating is at seq {head.rated_seq:,}, the last rated entry is of seq {found.last_seq:,}",
    )
    for name, kept, folded in zip(Totals._fields, head.totals, found.totals, strict=True):
        what = name.replace("_", " ")
        breaches.expect(kept == folded, f"control of {what}: {kept:,} were rated, entries hold {folded:,}")
    return f"{head.rated_seq:,} postings, {found.totals.entries:,} entries"


async def _check_windows(
    connection: ReadConnection,
    keys: ProofKeys,
    registration: Registration,
    clearing: Breaches,
    statements: Breaches,
) -> _Walk:
    ledger_id = registration.programme.ledger_id
    walk = _Walk()
    before: Window | None = None
    carries: dict[UUID, int] = {}
    order = {found.partner_id: found.slug for found in await partners.of_programme(connection, ledger_id)}
    newest = await windows.last(connection, ledger_id)
    for first in range(1, (newest.number if newest else 0) + 1, _WINDOWS_A_TIME):
        last = first + _WINDOWS_A_TIME - 1
        found = await windows.closed(connection, ledger_id, _WINDOWS_A_TIME, last + 1)
        block = sorted((each for each in found if each.number >= first), key=lambda each: each.number)
        _check_tiles(registration, before, block, clearing)
        folds, kinds = await checks.folds(connection, ledger_id, first, last)
        nets: dict[int, list[Net]] = {}
        for number, net in await windows.nets_between(connection, ledger_id, first, last):
            nets.setdefault(number, []).append(net)
        for window in block:
            if window.state is WindowState.CLOSED:
                clearing.expect(not nets.get(window.number), f"window {window.number} is closed but has nets")
                continue
            found_nets = nets.get(window.number, [])
            of_window = folds.get(window.number, []), kinds.get(window.number, [])
            _check_nets(window, found_nets, *of_window, carries, order, clearing)
            carries = {net.party_id: net.carry_out_micros for net in found_nets}
            walk.netted += 1
        for number, issuer, redeemer in await checks.matrix_differences(
            connection, ledger_id, first, last, BREACHES_MAX
        ):
            clearing.add(
                f"window {number}: the matrix of {order.get(issuer, issuer)} at "
                f"{order.get(redeemer, redeemer)} is not the fold of its entries"
            )
        await _check_statements(connection, ledger_id, block, nets, folds, walk, statements)
        slug = registration.programme.slug
        walk.proofs += await check_proofs(connection, keys, ledger_id, block, order, slug, statements)
        walk.windows += len(block)
        before = block[-1] if block else before
    return walk


def _check_tiles(
    registration: Registration, before: Window | None, block: list[Window], breaches: Breaches
) -> None:
    """Windows are numbered from 1 and each starts where the one before ends, in seq and in time."""
    if before is None and block:
        first = block[0]
        breaches.expect(
            (first.number, first.first_seq, first.starts_at_us) == (1, 1, registration.starts_at_us),
            f"the first window is {first.number}, starting at seq {first.first_seq:,}",
        )
    chain = [before, *block] if before else block
    for one, next_one in pairwise(chain):
        breaches.expect(
            next_one.number == one.number + 1 and next_one.starts_at_us == one.ends_at_us,
            f"window {next_one.number} does not follow window {one.number}",
        )
        breaches.expect(
            next_one.first_seq == one.last_seq + 1,
            f"window {one.number} ends at seq {one.last_seq:,}, window {next_one.number} starts at "
            f"{next_one.first_seq:,}",
        )


def _check_nets(
    window: Window,
    kept: list[Net],
    folds: list[Fold],
    kinds: list[KindTotal],
    carries: dict[UUID, int],
    slugs: dict[UUID, str],
    breaches: Breaches,
) -> None:
    """The nets of a window are what its entries make, the operator's by kind, and sum to zero."""
    where = f"window {window.number}"
    total = sum(net.net_minor for net in kept)
    breaches.expect(total == 0, f"{where}: the nets sum to {total:,} minor units")
    parties = sorted(
        {net.party_id for net in kept if net.party_id != OPERATOR} | {fold.partner_id for fold in folds}
    )
    again = {net.party_id: net for net in net_partners(parties, folds, carries)}
    try:
        again[OPERATOR] = net_operator(kinds, list(again.values()))
    except NotBalanced as error:
        breaches.add(f"{where}: {error}")
    stored = {net.party_id: net for net in kept}
    for party in (*parties, OPERATOR):
        if party in again and stored.get(party) != again[party]:
            name = slugs.get(party, "operator" if party == OPERATOR else str(party))
            breaches.add(
                f"{where}: the net of {name} is {_minor(stored.get(party))}, its entries make "
                f"{_minor(again[party])}"
            )


def _minor(net: Net | None) -> str:
    if net is None:
        return "missing"
    return (
        f"{net.net_minor:,} minor units (exact {net.exact_micros:,}, carried {net.carry_out_micros:,} micros)"
    )


async def _check_statements(
    connection: Reads,
    ledger_id: int,
    block: list[Window],
    nets: dict[int, list[Net]],
    folds: dict[int, list[Fold]],
    walk: _Walk,
    breaches: Breaches,
) -> None:
    """Each stated window has a statement per net, whose lines are the fold of its range."""
    if not block:
        return
    first, last = block[0].number, block[-1].number
    lines = await checks.lines_between(connection, ledger_id, first, last)
    found = await checks.statements_between(connection, ledger_id, first, last)
    have = {(each.window.number, each.net.party_id): each for each in found}
    for window in block:
        for net in nets.get(window.number, []):
            statement = have.pop((window.number, net.party_id), None)
            if net.party_id == OPERATOR or window.state is not WindowState.STATED:
                breaches.expect(statement is None, f"window {window.number} has a statement too many")
                continue
            if statement is None:
                breaches.add(f"window {window.number} has no statement of partner {net.party_id}")
                continue
            kept = lines.get(statement.statement_id, ())
            where = f"the statement of {statement.partner_slug} for window {window.number}"
            try:
                expected = lines_of(folds.get(window.number, []), net)
            except ValueError:
                breaches.add(f"{where} is not the fold of seqs {window.first_seq:,} to {window.last_seq:,}")
                continue
            breaches.expect(kept == expected, f"{where} has other lines than its entries make")
            walk.statements += 1
            walk.lines += len(kept)
            walk.paid_minor += max(0, net.net_minor)
    breaches.expect(not have, f"{len(have)} statements have no net")
