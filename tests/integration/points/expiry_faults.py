"""Faults of when points expire, planted past all guards, each with the invariants that no longer hold then."""

from __future__ import annotations

from tests.integration.points.faults import BURN, FIRST_WALLET, LAPSE, one

LAST_EARNED_LOT = one("lot_no", "lot", "parent_no IS NULL", "DESC")
IDLE = one("account_no", "balance", "expires_at IS NOT NULL")
GIFTED = one("wallet_no", "posting", "kind = 'receive' AND partner_no IS NOT NULL")
GIVEN_UP = one("from_wallet", "merged_wallet")

EXPIRY_FAULTS: dict[str, tuple[str, set[int]]] = {
    "the expiry of a lot and of its earn": (
        """UPDATE lot SET expires_at = expires_at + interval '1 day' WHERE ledger_id = {l} AND lot_no = 1;
        UPDATE posting SET expires_at = expires_at + interval '1 day' WHERE ledger_id = {l} AND seq = (SELECT opened_seq FROM lot WHERE ledger_id = {l} AND lot_no = 1)""",
        {5},
    ),
    "points that never expire": (
        f"""UPDATE lot SET expires_at = 'infinity' WHERE ledger_id = {{l}} AND lot_no = {LAST_EARNED_LOT};
        UPDATE posting SET expires_at = NULL WHERE ledger_id = {{l}} AND seq = (SELECT opened_seq FROM lot WHERE ledger_id = {{l}} AND lot_no = {LAST_EARNED_LOT})""",
        {5},
    ),
    "the months of a policy": ("UPDATE expiry_policy SET months = months + 1 WHERE ledger_id = {l} AND version = 0", {5}),
    "the fixed date of a policy": ("UPDATE expiry_policy SET day = day - 2 WHERE ledger_id = {l} AND rule = 'fixed_date'", {5}),
    "a policy that decided more than it should": ("UPDATE expiry_policy SET from_seq = 1 WHERE ledger_id = {l}", {5}),
    "wallets that are said to expire as a whole": ("UPDATE ledger_head SET by_activity = true WHERE ledger_id = {l}", {5}),
    "a wallet with a date where lots have dates": (
        f"UPDATE balance SET expires_at = now() WHERE ledger_id = {{l}} AND account_no = {FIRST_WALLET}",
        {5},
    ),
    "points that expired before their lot did": (
        f"""UPDATE lot SET expires_at = '2099-01-01' WHERE ledger_id = {{l}} AND lot_no = (SELECT min(lot_no) FROM lot_use WHERE ledger_id = {{l}} AND seq = {LAPSE});
        UPDATE posting SET expires_at = '2099-01-01' WHERE ledger_id = {{l}} AND seq = (SELECT opened_seq FROM lot WHERE ledger_id = {{l}}
        AND lot_no = (SELECT min(lot_no) FROM lot_use WHERE ledger_id = {{l}} AND seq = {LAPSE}))""",
        {5},
    ),
    "a policy lost": ("DELETE FROM expiry_policy WHERE ledger_id = {l} AND rule = 'fixed_date'", {5}),
}  # fmt: skip

# The same for a ledger by activity.
FAULTS_OF_ACTIVITY: dict[str, tuple[str, set[int]]] = {
    "the date of a wallet": (
        f"UPDATE balance SET expires_at = expires_at + interval '1 month' WHERE ledger_id = {{l}} AND account_no = {IDLE}",
        {5},
    ),
    "the date of a wallet in which points arrived": (
        f"UPDATE balance SET expires_at = expires_at + interval '1 month' WHERE ledger_id = {{l}} AND account_no = {GIFTED}",
        {5},
    ),
    "a wallet in which points arrived, without a date": (
        f"UPDATE balance SET expires_at = NULL WHERE ledger_id = {{l}} AND account_no = {GIFTED}",
        {5},
    ),
    "a wallet that is over before the one that was merged into it": (
        f"UPDATE balance SET expires_at = expires_at + interval '1 month' WHERE ledger_id = {{l}} AND account_no = {GIVEN_UP}",
        {5},
    ),
    "a wallet that is over before points mature": (
        """UPDATE lot SET matures_at = matures_at + interval '2 years' WHERE ledger_id = {l} AND pending AND open""",
        {5},
    ),
    "a wallet without a date": (f"UPDATE balance SET expires_at = NULL WHERE ledger_id = {{l}} AND account_no = {IDLE}", {5}),
    "a date of an account that is no wallet": (
        "UPDATE balance SET expires_at = now() WHERE ledger_id = {l} AND floor IS NULL",
        {5},
    ),
    "a head that knows nothing of it": ("UPDATE ledger_head SET by_activity = false WHERE ledger_id = {l}", {5}),
    "a lot with a date of its own": (
        """UPDATE lot SET expires_at = '2100-01-01' WHERE ledger_id = {l} AND lot_no = 1;
        UPDATE posting SET expires_at = '2100-01-01' WHERE ledger_id = {l} AND seq = (SELECT opened_seq FROM lot WHERE ledger_id = {l} AND lot_no = 1)""",
        {5},
    ),
    "another time for points that came back": (
        "UPDATE lot SET expires_at = expires_at + interval '1 month' WHERE ledger_id = {l} AND parent_no IS NOT NULL",
        {5},
    ),
    # The members did something until shortly before; dates of wallets follow from what they did last.
    "points that expired before their time": (
        f"UPDATE posting SET recorded_at = recorded_at - interval '700 days' WHERE ledger_id = {{l}} AND seq = {LAPSE}",
        {5},
    ),
    "a burn of points that were over": (
        f"UPDATE posting SET recorded_at = recorded_at + interval '10 years' WHERE ledger_id = {{l}} AND seq = {BURN}",
        {5, 7},
    ),
}  # fmt: skip
