"""What `ledger_open` answered, as the decisions take it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg

from services.points.domain.accounts import AccountNumbers
from services.points.domain.answers import Refused
from services.points.domain.lots import Lot, OpenLots
from services.points.domain.opened import Debts, Earlier, OpenDebt, Opened, OpenHold, Refunded, StandingFloor
from services.points.domain.refunding import TenderOrder
from services.points.storage.lookups import Lookup
from services.points.storage.parks import parked_of
from services.points.storage.waits import waiting_of
from services.runtime.errors import reason_of
from services.runtime.event_log import LogHead


def opened_of(
    row: asyncpg.Record,
    lookups: Sequence[Lookup],
    members: Sequence[UUID],
    burns: Mapping[UUID, int],
    numbers: AccountNumbers,
) -> Opened:
    """What the decisions start from. `burns`: members with what they may burn, in the order of `members`."""
    accounts: list[int] = row["accounts"]
    opened = Opened(
        last_seq=row["last_seq"],
        now_us=row["now_us"],
        last_lot_no=row["last_lot_no"],
        batch_no=row["last_batch_no"] + 1,
        log=LogHead(row["last_pos"], row["partition_pos"]),
        by_key=_earlier(row, lookups),
        by_reference={
            (lookups[no].partner_id, lookups[no].kind or "", lookups[no].reference or ""): (seq, content_hash)
            for no, seq, content_hash in zip(
                row["ref_no"] or (), row["ref_seq"] or (), row["ref_hash"] or (), strict=True
            )
        },
        accounts=numbers,
        balances=dict(zip(accounts, row["balances"], strict=True)),
        held=dict(zip(accounts, row["held"], strict=True)),
        open_holds=dict(zip(members, row["open_holds"] or (), strict=True)),
        closed=frozenset(row["closed"] or ()),
        barred=frozenset(zip(row["barred_member"] or (), row["barred_at"] or (), strict=True)),
        lots=_lots(row, members, burns),
        holds=_holds(row, members),
        linked={
            seq: (burn_seq, content_hash)
            for seq, burn_seq, content_hash in zip(
                row["linked_to"] or (), row["linked_seq"] or (), row["linked_hash"] or (), strict=True
            )
        },
        refunded=_refunded(row),
        debts=_debts(row, members),
        expires=dict(zip(members, row["wallet_expires_us"] or (), strict=False)),
        credit_floors=dict(zip(row["floored"] or (), row["credit_floors"] or (), strict=True)),
        taken_of_grants=dict(zip(row["grant_seq"] or (), row["grant_taken"] or (), strict=True)),
        waiting=waiting_of(row["waiting"], numbers) if row["waiting"] else (),
        parked=parked_of(row["parked"], numbers) if row["parked"] else (),
        parking={
            account
            for account, parks in zip(row["floored"] or (), row["credit_parks"] or (), strict=True)
            if parks
        },
    )
    for debts in opened.debts.values():
        opened.balances.setdefault(debts.account_no, -debts.points)
    for pending_no in {lot.pending_no for lots in opened.lots.values() for lot in lots.pending}:
        # What else is pending is not read: only by how much it moves counts.
        opened.balances.setdefault(pending_no, 0)
    return opened


def _earlier(row: asyncpg.Record, lookups: Sequence[Lookup]) -> dict[tuple[UUID, str], Earlier]:
    found: dict[tuple[UUID, str], Earlier] = {}
    if not row["key_no"]:
        return found
    columns = ("key_no", "key_hash", "key_seq", "key_refusal", "key_message", "key_metadata")
    for no, content_hash, seq, refusal, message, metadata in zip(
        *(row[name] for name in columns), strict=True
    ):
        refused = Refused(reason_of(refusal), message, json.loads(metadata)) if refusal else None
        found[lookups[no].partner_id, lookups[no].key or ""] = Earlier(content_hash, seq, refused)
    return found


def _lots(row: asyncpg.Record, members: Sequence[UUID], burns: Mapping[UUID, int]) -> dict[UUID, OpenLots]:
    # By number: one that a hold has reserved may come twice.
    found: dict[UUID, dict[int, Lot]] = {member: {} for member, burn in burns.items() if burn}
    if row["lot_nos"]:
        columns = (
            "lot_nos", "lot_issuers", "lot_types", "lot_remaining", "lot_reserved", "lot_earned_us", "lot_expires_us",
            "lot_earned_seq", "lot_matures_us", "lot_pending_no", "lot_elsewhere",
        )  # fmt: skip
        places: list[int] = row["lot_member"]
        for place, facts in zip(places, zip(*(row[name] for name in columns), strict=True), strict=True):
            lot = Lot(*facts)
            found.setdefault(members[place], {})[lot.lot_no] = lot
    return {member: OpenLots(list(lots.values())) for member, lots in found.items()}


def _holds(row: asyncpg.Record, members: Sequence[UUID]) -> dict[int, OpenHold]:
    if not row["hold_seqs"]:
        return {}
    lots: dict[int, list[tuple[int, int]]] = {}
    for seq, lot_no, points in zip(row["part_hold"], row["part_lot"], row["part_points"], strict=True):
        lots.setdefault(seq, []).append((lot_no, points))
    columns = (
        "hold_seqs", "hold_ids", "hold_partners", "hold_partner_nos", "hold_member", "hold_points", "hold_expires_us",
    )  # fmt: skip
    return {
        seq: OpenHold(
            seq, hold_id, partner, partner_no, members[member], points, expires_us, lots.get(seq, ())
        )
        for seq, hold_id, partner, partner_no, member, points, expires_us in zip(
            *(row[name] for name in columns), strict=True
        )
    }


def _refunded(row: asyncpg.Record) -> dict[int, Refunded]:
    if not row["refunded"]:
        return {}
    columns = (
        "refunded", "refund_no", "refund_given", "refund_returned", "refund_taken", "refund_money", "refund_order",
    )  # fmt: skip
    return {
        seq: Refunded(no, given, returned, taken, money, TenderOrder(order))
        for seq, no, given, returned, taken, money, order in zip(
            *(row[name] for name in columns), strict=True
        )
    }


def _debts(row: asyncpg.Record, members: Sequence[UUID]) -> dict[UUID, Debts]:
    found: dict[UUID, Debts] = {}
    if row["debt_seq"]:
        columns = (
            "debt_account", "debt_seq", "debt_partner", "debt_original", "debt_left", "debt_partner_no",
        )  # fmt: skip
        places: list[int] = row["debt_member"]
        for place, (account, *facts) in zip(
            places, zip(*(row[name] for name in columns), strict=True), strict=True
        ):
            debts = found.setdefault(members[place], Debts(account))
            debts.open.append(OpenDebt(*facts))
    return found


def standing_floors(row: asyncpg.Record, partners: Sequence[UUID]) -> dict[UUID, StandingFloor]:
    """The floors in force of the partners whose floor is to be set; those without one are left out."""
    columns = ("floor_set", "floor_basis", "floor_seq", "floor_parks")
    if not partners:
        return {}
    return {
        partner: StandingFloor(floor, basis_seq, seq, parks)
        for partner, floor, basis_seq, seq, parks in zip(
            partners, *(row[name] for name in columns), strict=True
        )
        if seq is not None
    }
