"""Proves that windows, nets, matrix and statements are what their entries make, window by window from the first.

Reads one snapshot; keeps no more in memory than a year of windows, and what each partner's next statement will cover.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final
from uuid import UUID

from services.partners.domain.billing import Billing
from services.partners.domain.checking import BREACHES_MAX, Breaches
from services.partners.domain.netting import (
    OPERATOR,
    Fold,
    KindTotal,
    Net,
    NotBalanced,
    merged,
    net_operator,
    net_partners,
    whole,
)
from services.partners.domain.programme import Registration
from services.partners.domain.statement import Statement, StatementLine, lines_of
from services.partners.domain.windows import Window, WindowState
from services.partners.queries.check_proofs import check_proofs
from services.partners.queries.proof_keys import ProofKeys
from services.partners.storage import billing, checks, partners, windows
from services.partners.storage.connection import Reads
from services.runtime.database import ReadConnection

# Windows that are looked at together: bounds what is in memory at a time.
_WINDOWS_A_TIME: Final = 53


@dataclass(slots=True)
class _Cycle:
    """The windows since a partner's last statement: their nets and folds, and what statements before left due."""

    nets: list[Net] = field(default_factory=list[Net])
    folds: list[Fold] = field(default_factory=list[Fold])
    first_window: int = 0
    opening_minor: int = 0


@dataclass(slots=True)
class Walk:
    """What is noted while going through windows from the first to the last."""

    terms: Billing
    windows: int = 0
    netted: int = 0
    statements: int = 0
    lines: int = 0
    paid_minor: int = 0
    proofs: int = 0
    cycles: dict[UUID, _Cycle] = field(default_factory=dict[UUID, _Cycle])


async def check_windows(
    connection: ReadConnection,
    keys: ProofKeys,
    registration: Registration,
    clearing: Breaches,
    statements: Breaches,
) -> Walk:
    """Notes breaches of invariant 9 in `clearing`, of invariant 10 in `statements`."""
    ledger_id = registration.programme.ledger_id
    walk = Walk(await billing.of_programme(connection, ledger_id, registration.programme.zone))
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
        for number, booked in (await billing.folds_between(connection, ledger_id, first, last)).items():
            folds.setdefault(number, []).extend(booked[0])
            kinds.setdefault(number, []).extend(booked[1])
        nets: dict[int, list[Net]] = {}
        for number, net in await windows.nets_between(connection, ledger_id, first, last):
            nets.setdefault(number, []).append(net)
        again: dict[int, list[Net]] = {}
        for window in block:
            if window.state is WindowState.CLOSED:
                clearing.expect(not nets.get(window.number), f"window {window.number} is closed but has nets")
                continue
            found_nets = nets.get(window.number, [])
            of_window = folds.get(window.number, []), kinds.get(window.number, [])
            again[window.number] = _check_nets(
                walk.terms, window, found_nets, *of_window, carries, order, clearing
            )
            carries = {net.party_id: net.carry_out_micros for net in found_nets}
            walk.netted += 1
        for number, issuer, redeemer in await checks.matrix_differences(
            connection, ledger_id, first, last, BREACHES_MAX
        ):
            clearing.add(
                f"window {number}: the matrix of {order.get(issuer, issuer)} at "
                f"{order.get(redeemer, redeemer)} is not the fold of its entries"
            )
        kept = await _kept(connection, ledger_id, first, last)
        for window in block:
            _check_statements(
                window, again.get(window.number, []), folds.get(window.number, []), kept, walk, statements
            )
        statements.expect(not kept, f"{len(kept)} statements have no net, or none that was due")
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
    terms: Billing,
    window: Window,
    kept: list[Net],
    folds: list[Fold],
    kinds: list[KindTotal],
    carries: dict[UUID, int],
    slugs: dict[UUID, str],
    breaches: Breaches,
) -> list[Net]:
    """The nets of a window are what its entries make, the operator's by kind, and sum to zero; answers what they make."""
    where = f"window {window.number}"
    total = sum(net.net_minor for net in kept)
    breaches.expect(total == 0, f"{where}: the nets sum to {total:,} minor units")
    parties = sorted(
        {net.party_id for net in kept if net.party_id != OPERATOR} | {fold.partner_id for fold in folds}
    )
    again = {net.party_id: net for net in net_partners(parties, folds, carries, terms.due(parties, window))}
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
    return [again[party] for party in parties]


def _minor(net: Net | None) -> str:
    if net is None:
        return "missing"
    return (
        f"{net.net_minor:,} minor units (exact {net.exact_micros:,}, carried {net.carry_out_micros:,} micros)"
    )


_Kept = dict[tuple[int, UUID], tuple[Statement, tuple[StatementLine, ...]]]


async def _kept(connection: Reads, ledger_id: int, first: int, last: int) -> _Kept:
    """The statements of windows first to last with their lines, by number of the window and partner."""
    lines = await checks.lines_between(connection, ledger_id, first, last)
    return {
        (each.window.number, each.net.party_id): (each, lines.get(each.statement_id, ()))
        for each in await checks.statements_between(connection, ledger_id, first, last)
    }


def _check_statements(
    window: Window, nets: list[Net], folds: list[Fold], kept: _Kept, walk: Walk, breaches: Breaches
) -> None:
    """Each net of a stated window is part of a statement, and each that is due is the fold of its windows.

    `nets`: what the entries of the window make, of all partners.
    """
    due = walk.terms.due((net.party_id for net in nets), window)
    for net in nets:
        cycle = walk.cycles.setdefault(net.party_id, _Cycle(first_window=window.number))
        cycle.nets.append(net)
        cycle.folds += [fold for fold in folds if fold.partner_id == net.party_id]
        if net.party_id not in due or window.state is not WindowState.STATED:
            continue
        found = kept.pop((window.number, net.party_id), None)
        if found is None:
            breaches.add(f"window {window.number} has no statement of partner {net.party_id}")
        else:
            _check_statement(*found, cycle, breaches)
            walk.statements += 1
            walk.lines += len(found[1])
            walk.paid_minor += max(0, found[0].net.net_minor)
        closing_minor = cycle.opening_minor + sum(each.net_minor for each in cycle.nets)
        walk.cycles[net.party_id] = _Cycle(first_window=window.number + 1, opening_minor=closing_minor)


def _check_statement(
    statement: Statement, lines: tuple[StatementLine, ...], cycle: _Cycle, breaches: Breaches
) -> None:
    where = f"the statement of {statement.partner_slug} for window {statement.window.number}"
    try:
        expected = lines_of(merged(cycle.folds), statement.net)
    except ValueError:
        first, last = statement.covers.first_seq, statement.window.last_seq
        breaches.add(f"{where} is not the fold of seqs {first:,} to {last:,}")
        return
    figures = statement.covers.first_window, statement.opening_minor, statement.net
    try:
        holds = figures == (cycle.first_window, cycle.opening_minor, whole(cycle.nets))
    except ValueError:
        holds = False
    breaches.expect(holds, f"{where} has other figures than its windows make")
    breaches.expect(lines == expected, f"{where} has other lines than its entries make")
