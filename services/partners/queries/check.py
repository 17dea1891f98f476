"""Proves the invariants of clearing on the live database. For staff and services.

Everything is computed again from the rated entries, and compared with what was kept: the running control of
rating, the nets, the matrix, the statements. Reads one snapshot, so it may run beside all other work.
"""

from __future__ import annotations

from typing import Final

from services.partners.clients.points import Head, PointsLedger
from services.partners.domain.checking import BREACHES_MAX, Breaches, Finding
from services.partners.domain.entries import Totals
from services.partners.queries.check_buy_outs import check_buy_outs
from services.partners.queries.check_rerates import check_rerates
from services.partners.queries.check_windows import check_windows
from services.partners.queries.disputes.check_disputes import check_disputes
from services.partners.queries.programmes import Programmes
from services.partners.queries.proof_keys import ProofKeys
from services.partners.storage import checks, rating
from services.partners.storage.connection import Reads
from services.runtime.database import Database
from services.runtime.principal import Principal

_EVENTS_NAME: Final = "The event log is gapless, and no more was applied than was told"
_WINDOWS_NAME: Final = "Each seq is rated once and in one window; the nets of each sum to zero"
_STATEMENTS_NAME: Final = "Each statement is the fold of its range"


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
            rerates = await check_rerates(connection, programme.ledger_id, clearing)
            bought = await check_buy_outs(connection, programme.ledger_id, clearing)
            await check_disputes(connection, programme.ledger_id, clearing)
            walk = await check_windows(connection, self._keys, registration, clearing, statements)
        return [
            events,
            Finding(9, _WINDOWS_NAME, f"{figure}, {walk.windows:,} windows, {walk.netted:,} netted to 0"
                    f"{f', {rerates:,} re-rates' if rerates else ''}{f', {bought:,} buy-outs' if bought else ''}",
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
