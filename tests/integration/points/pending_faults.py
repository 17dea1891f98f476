"""Faults of points that are pending, planted past all guards, each with the invariants that no longer hold then."""

from __future__ import annotations

from tests.integration.points.faults import LAST_BURN, one

LAST_EARN = one("seq", "posting", "kind = 'earn' AND points > 0", "DESC")
MATURE, PENDING = one("seq", "posting", "kind = 'mature'"), one("lot_no", "lot", "pending AND open")
PENDING_EARN = f"(SELECT opened_seq FROM lot WHERE ledger_id = {{l}} AND lot_no = {PENDING})"

PENDING_FAULTS: dict[str, tuple[str, set[int]]] = {
    "pending points without a floor": (
        "UPDATE balance SET floor = NULL WHERE ledger_id = {l} AND account_no = (SELECT pending_no FROM lot WHERE ledger_id = {l} AND pending ORDER BY lot_no LIMIT 1)",
        {3},
    ),
    "a lot that matured without a posting": (
        f"UPDATE lot SET pending = false WHERE ledger_id = {{l}} AND lot_no = {PENDING}",
        {5},
    ),
    "a lot that a posting did not mature": (
        f"DELETE FROM lot_matured WHERE ledger_id = {{l}} AND seq = {MATURE}",
        {5},
    ),
    "more matured than there was": (
        f"UPDATE lot_matured SET points = points + 1 WHERE ledger_id = {{l}} AND seq = {MATURE}",
        {5},
    ),
    "points that matured before their time": (
        "UPDATE lot SET matures_at = matures_at + interval '2 years' WHERE ledger_id = {l} AND pending_no IS NOT NULL AND NOT pending",
        {5},
    ),
    "points that should be pending, spendable at once": (
        f"UPDATE purchase SET rate_pending_days = 14 WHERE ledger_id = {{l}} AND seq = {LAST_EARN}",
        {5},
    ),
    "points that are pending for no reason": (
        f"UPDATE purchase SET rate_pending_days = 0 WHERE ledger_id = {{l}} AND seq = {PENDING_EARN}",
        {5},
    ),
    "what was pending taken for another sale": (
        f"UPDATE lot_use SET lot_no = {PENDING} WHERE ledger_id = {{l}} AND seq = {LAST_BURN}",
        {5},
    ),
    "matured points from another member's pending ones": (
        f"""UPDATE posting SET debit_no = {one("account_no", "account", "kind = 'issuance'")} WHERE ledger_id = {{l}} AND seq = {MATURE}""",
        {1, 2, 3, 5},
    ),
}  # fmt: skip
