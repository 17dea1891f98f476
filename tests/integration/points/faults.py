"""Faults that are planted past all guards, each with the invariants that no longer hold then."""

from __future__ import annotations

# Statements see the ledger as {l}. Accounts: those of members in the order they were made.
FIRST_WALLET = "(SELECT min(account_no) FROM account WHERE ledger_id = {l} AND kind = 'wallet')"
# Two earns of one member at one partner: the points of one more, of the other less, and the accounts stay the same.
TWO_EARNS = """(SELECT array_agg(seq ORDER BY seq) FROM (
    SELECT seq FROM posting WHERE ledger_id = {l} AND kind = 'earn' AND points > 0 AND (wallet_no, partner_no) IN (
        SELECT wallet_no, partner_no FROM posting WHERE ledger_id = {l} AND kind = 'earn' AND points > 0
        GROUP BY 1, 2 HAVING count(*) > 1
    ) ORDER BY wallet_no, seq LIMIT 2) two)"""
ONE_OF = "(SELECT {what} FROM {table} WHERE ledger_id = {{l}} AND {where} ORDER BY {what} {order} LIMIT 1)"


def one(what: str, table: str, where: str = "true", order: str = "ASC") -> str:
    return ONE_OF.format(what=what, table=table, where=where, order=order)


BURN, LAPSE = one("seq", "posting", "kind = 'redeem'"), one("seq", "posting", "kind = 'expire'")
LAST_BURN = one("seq", "posting", "kind = 'redeem'", "DESC")
LAST_POS = one("pos", "event_log", order="DESC")
KEY = one("key", "posting", f"seq = {BURN}")
CAPTURE, VOID = one("seq", "posting", "kind = 'capture'"), one("seq", "posting", "kind = 'void'")
HELD = one("seq", "hold", "open")
REFUND, DEBT = one("seq", "refund"), one("seq", "debt")
SALE_REFUND = one("seq", "refund", "clawed_back > 0 AND returned > 0")
OWE, REPAY = one("seq", "posting", "kind = 'owe'"), one("seq", "posting", "kind = 'repay'")
CLAWBACK, RETURN = one("seq", "posting", "kind = 'clawback'"), one("seq", "posting", "kind = 'return'")
CHILD = one("lot_no", "lot", "parent_no IS NOT NULL")
# The floor that an earn has reached, and the account that it bounds.
REACHED = (
    "(SELECT min(basis.seq) FROM floor_change basis WHERE basis.ledger_id = {l} AND basis.basis_seq = 2)"
)
BOUND = "(SELECT b.partner_no FROM floor_change b WHERE b.ledger_id = {l} AND b.basis_seq = 1)"

# What is done past all guards → the invariants that no longer hold.
FAULTS: dict[str, tuple[str, set[int]]] = {
    "points moved from one posting to another of the same accounts": (
        f"""UPDATE posting SET amount = amount + CASE seq WHEN ({TWO_EARNS})[1] THEN 1 ELSE -1 END
        WHERE ledger_id = {{l}} AND seq = ANY ({TWO_EARNS}::bigint[])""",
        {1, 5},
    ),
    "a leg on another member's wallet": (
        f"""UPDATE posting SET credit_no = (SELECT max(account_no) FROM account WHERE ledger_id = {{l}} AND kind = 'wallet')
        WHERE ledger_id = {{l}} AND seq = 1 AND credit_no = {FIRST_WALLET}""",
        {1, 2, 3, 5},
    ),
    "one leg of two": (
        "ALTER TABLE posting DROP CONSTRAINT posting_legs_ck; UPDATE posting SET debit_no = NULL WHERE ledger_id = {l} AND seq = 1",
        {1, 2},
    ),
    "a posting of an account that is no wallet": (
        f"""UPDATE posting SET wallet_no = {one("account_no", "account", "kind = 'expiry'")} WHERE ledger_id = {{l}} AND amount = 0
        AND kind = 'earn'""",
        {1, 2, 8},
    ),
    "a posting asked for by an account that issues nothing": (
        f"""UPDATE posting SET partner_no = {one("account_no", "account", "kind = 'redemption'")} WHERE ledger_id = {{l}} AND seq = {BURN}""",
        {1},
    ),
    "a posting's points": (f"UPDATE posting SET points = points - 1 WHERE ledger_id = {{l}} AND seq = {BURN}", {1, 2, 5}),
    "a counter": ("UPDATE balance SET debits = debits + 1 WHERE ledger_id = {l} AND floor IS NULL", {1, 2}),
    "both counters of an account": (
        f"UPDATE balance SET debits = debits + 1, credits = credits + 1 WHERE ledger_id = {{l}} AND account_no = {FIRST_WALLET}",
        {2},
    ),
    "a balance row lost, while another ledger has the same account number": (
        """DELETE FROM balance WHERE ledger_id = {l} AND account_no = (
            SELECT account_no FROM balance JOIN account USING (ledger_id, account_no)
            WHERE ledger_id = {l} AND kind = 'wallet' AND debits = credits AND debits > 0 AND reserved > 0 ORDER BY account_no LIMIT 1)""",
        {2, 4},
    ),
    "a balance after a posting": (
        f"UPDATE posting SET balance_after = balance_after + 1 WHERE ledger_id = {{l}} AND seq = {BURN}",
        {2},
    ),
    "a floor raised above what was once there": (
        """UPDATE balance b SET floor = 13 FROM account a WHERE b.ledger_id = {l} AND a.ledger_id = b.ledger_id
        AND a.account_no = b.account_no AND a.kind = 'redemption' AND b.credits > 50""",
        {3},
    ),
    "a wallet without a floor": (
        f"UPDATE balance SET floor = NULL WHERE ledger_id = {{l}} AND account_no = {FIRST_WALLET}",
        {3},
    ),
    "an earn below the floor that was in force": (
        f"UPDATE floor_change SET floor = floor + 1 WHERE ledger_id = {{l}} AND seq = {REACHED}; UPDATE balance SET credit_floor = credit_floor + 1 WHERE ledger_id = {{l}} AND account_no = {BOUND}",
        {3},
    ),
    "a floor set before the earns that it would have refused": (
        f"UPDATE floor_change SET floor = 0 WHERE ledger_id = {{l}} AND partner_no = {BOUND} AND seq < {REACHED}; UPDATE floor_change SET seq = 5, basis_seq = 0 WHERE ledger_id = {{l}} AND partner_no = {BOUND} AND seq < {REACHED}",
        {3},
    ),
    "a credit floor that nobody set": ("UPDATE balance SET credit_floor = -1000000 WHERE ledger_id = {l} AND floor = 0", {3}),
    "a credit floor lifted": ("UPDATE balance SET credit_floor = NULL WHERE ledger_id = {l} AND credit_floor IS NOT NULL", {3}),
    "a floor lost": (f"DELETE FROM floor_change WHERE ledger_id = {{l}} AND seq = {REACHED}", {3}),
    "a floor of another partner": (
        f"UPDATE floor_change SET partner_no = {one('partner_no', 'floor_change', f'partner_no <> {BOUND}')} WHERE ledger_id = {{l}} AND seq = {REACHED}",
        {3},
    ),
    "a floor based on less than the one before it": (f"UPDATE floor_change SET basis_seq = 0 WHERE ledger_id = {{l}} AND seq = {REACHED}", {3}),
    "a floor of a member": (
        f"ALTER TABLE posting DROP CONSTRAINT posting_wallet_ck; UPDATE posting SET wallet_no = {FIRST_WALLET} WHERE ledger_id = {{l}} AND seq = {REACHED}; UPDATE event_log SET partition = (partition + 1) % 16 WHERE ledger_id = {{l}} AND seq = {REACHED}",
        {1, 2, 8},
    ),
    "a posting of no member": (
        f"ALTER TABLE posting DROP CONSTRAINT posting_wallet_ck; UPDATE posting SET wallet_no = NULL WHERE ledger_id = {{l}} AND seq = {VOID}; UPDATE event_log SET partition = (partition + 1) % 16 WHERE ledger_id = {{l}} AND seq = {VOID}",
        {1, 2, 4, 8},
    ),
    "a floor that moves points": (
        f"""ALTER TABLE posting DROP CONSTRAINT posting_legs_ck; UPDATE posting SET amount = 1, debit_no = {BOUND}, credit_no = {FIRST_WALLET}
        WHERE ledger_id = {{l}} AND seq = {REACHED}""",
        {1, 2, 3},
    ),
    "a hold resolved twice": (
        f"""ALTER TABLE hold_end DROP CONSTRAINT hold_end_pk; INSERT INTO hold_end
        SELECT ledger_id, hold_seq, {VOID} + 1000, held, captured FROM hold_end WHERE ledger_id = {{l}} AND seq = {VOID}""",
        {4, 7},
    ),
    "a hold that nothing resolved any more": (f"DELETE FROM hold_end WHERE ledger_id = {{l}} AND seq = {VOID}", {4}),
    "an open hold made a resolved one": (f"UPDATE hold SET open = false WHERE ledger_id = {{l}} AND seq = {HELD}", {4}),
    "a resolved hold made an open one": (
        "UPDATE hold SET open = true WHERE ledger_id = {l} AND NOT open",
        {4},
    ),
    "more captured than held": (
        f"""ALTER TABLE hold_end DROP CONSTRAINT hold_end_captured_ck;
        UPDATE hold_end SET captured = held + 1 WHERE ledger_id = {{l}} AND seq = {CAPTURE}""",
        {4},
    ),
    "less captured than was taken": (
        f"UPDATE hold_end SET captured = captured - 1 WHERE ledger_id = {{l}} AND seq = {CAPTURE}",
        {4},
    ),
    "the points of a hold": (f"UPDATE hold SET points = points + 1 WHERE ledger_id = {{l}} AND seq = {HELD}", {4}),
    "the wallet of a hold": (f"UPDATE hold SET wallet_no = wallet_no + 1 WHERE ledger_id = {{l}} AND seq = {HELD}", {3, 4}),
    "a hold without its posting": (
        f"UPDATE posting SET kind = 'void' WHERE ledger_id = {{l}} AND seq = {HELD}",
        {4, 8},
    ),
    "a capture after the hold's time": (
        """UPDATE posting SET expires_at = recorded_at - interval '1 day' WHERE ledger_id = {l} AND kind = 'hold';
        UPDATE hold h SET expires_at = p.recorded_at - interval '1 day' FROM posting p WHERE h.ledger_id = {l} AND p.ledger_id = h.ledger_id AND p.seq = h.seq""",
        {4},
    ),
    "a hold that ran out before its time": (
        """UPDATE posting SET expires_at = expires_at + interval '1000 days' WHERE ledger_id = {l} AND kind = 'hold';
        UPDATE hold SET expires_at = expires_at + interval '1000 days' WHERE ledger_id = {l}""",
        {4},
    ),
    "a reservation lost": (f"DELETE FROM hold_lot WHERE ledger_id = {{l}} AND hold_seq = {HELD}", {4}),
    "points reserved that no hold asked for": (
        "UPDATE lot SET reserved = reserved + 1 WHERE ledger_id = {l} AND remaining > reserved",
        {4},
    ),
    "points reserved that are free": ("UPDATE lot SET reserved = 0 WHERE ledger_id = {l} AND reserved > 0", {4}),
    "a capture from another lot than its hold's": (
        f"UPDATE hold_lot SET lot_no = lot_no + 1000 WHERE ledger_id = {{l}} AND hold_seq <> {HELD}",
        {4},
    ),
    "a counter of what is reserved": (
        f"UPDATE balance SET reserved = reserved + 1 WHERE ledger_id = {{l}} AND account_no = {FIRST_WALLET}",
        {4},
    ),
    "a counter of what is released": (
        "ALTER TABLE balance DROP CONSTRAINT balance_floor_ck; UPDATE balance SET released = released - 1 WHERE ledger_id = {l} AND released > 0",
        {4},
    ),
    "points lost from a lot": (
        "UPDATE lot SET remaining = remaining - 1 WHERE ledger_id = {l} AND remaining > 1",
        {5},
    ),
    "an original": ("UPDATE lot SET original = original + 1 WHERE ledger_id = {l} AND lot_no = 1", {5}),
    "the issuer of a lot": ("UPDATE lot SET issuer_no = issuer_no + 1 WHERE ledger_id = {l} AND lot_no = 1", {5}),
    "the expiry of a lot": (
        "UPDATE lot SET expires_at = expires_at + interval '1 day' WHERE ledger_id = {l} AND lot_no = 1",
        {5},
    ),
    "the time of a lot's earn": (
        "UPDATE lot SET earned_at = earned_at - interval '1 day' WHERE ledger_id = {l} AND lot_no = 1",
        {5},
    ),
    "a use by another posting": (
        f"UPDATE lot_use SET seq = {LAPSE} WHERE ledger_id = {{l}} AND seq = {LAST_BURN}",
        {5},
    ),
    "a use lost": (f"DELETE FROM lot_use WHERE ledger_id = {{l}} AND seq = {BURN}", {5}),
    "a lot lost with its uses": (
        "WITH gone AS (DELETE FROM lot_use WHERE ledger_id = {l} AND lot_no = 1) DELETE FROM lot WHERE ledger_id = {l} AND lot_no = 1",
        {5},
    ),
    "a return to a lot lost": ("DELETE FROM lot_return WHERE ledger_id = {l}", {5}),
    "a return to a lot that nothing was taken from": (
        f"UPDATE lot_return SET lot_no = lot_no + 1000 WHERE ledger_id = {{l}} AND seq > {RETURN}",
        {5},
    ),
    "the parent of a lot": (f"UPDATE lot SET parent_no = 1 WHERE ledger_id = {{l}} AND lot_no = {CHILD}", {5}),
    "a lot that came back without its parent": (
        f"UPDATE lot SET parent_no = NULL, earned_seq = NULL WHERE ledger_id = {{l}} AND lot_no = {CHILD}",
        {5},
    ),
    "the earn that points which came back stem from": (
        f"UPDATE lot SET earned_seq = 1 WHERE ledger_id = {{l}} AND lot_no = {CHILD}",
        {5},
    ),
    "points returned from another partner's burns": (
        f"""UPDATE posting SET debit_no = {one("account_no", "account", "kind = 'redemption'", "DESC")}
        WHERE ledger_id = {{l}} AND seq = {RETURN}""",
        {1, 2},
    ),
    "points taken back for another partner": (
        f"""UPDATE posting SET credit_no = {one("account_no", "account", "kind = 'expiry'")} WHERE ledger_id = {{l}} AND seq = {CLAWBACK}""",
        {1, 2},
    ),
    "points owed on another account": (
        f"""UPDATE posting SET debit_no = {one("account_no", "account", "kind = 'expiry'")} WHERE ledger_id = {{l}} AND seq = {OWE}""",
        {1, 2},
    ),
    "a debt paid to another account": (
        f"""UPDATE posting SET credit_no = {one("account_no", "account", "kind = 'expiry'")} WHERE ledger_id = {{l}} AND seq = {REPAY}""",
        {1, 2},
    ),
    "a refund lost": (f"DELETE FROM refund WHERE ledger_id = {{l}} AND seq = {REFUND}", {11}),
    "a refund of another original": (
        f"UPDATE refund SET original_seq = 1 WHERE ledger_id = {{l}} AND seq = {REFUND}",
        {11},
    ),
    "a refund out of its chain": (
        "UPDATE refund SET no = no + 7 WHERE ledger_id = {l} AND no = 2",
        {11},
    ),
    "a refund that comes after less than was refunded": (
        "ALTER TABLE refund DROP CONSTRAINT refund_no_ck; UPDATE refund SET given_before = given_before - 1 WHERE ledger_id = {l} AND no = 2",
        {11},
    ),
    "more refunded than there was": (
        f"ALTER TABLE refund DROP CONSTRAINT refund_given_ck; UPDATE refund SET given = whole + 1 WHERE ledger_id = {{l}} AND seq = {REFUND}",
        {11},
    ),
    "another whole": (f"UPDATE refund SET whole = whole + 1 WHERE ledger_id = {{l}} AND seq = {REFUND}", {11}),
    "more money to pay out": (
        f"UPDATE refund SET money_minor = money_minor + 1 WHERE ledger_id = {{l}} AND seq = {SALE_REFUND}",
        {11},
    ),
    "another order of tenders": (
        f"UPDATE refund SET tender_order = 'money_first' WHERE ledger_id = {{l}} AND original_seq = (SELECT original_seq FROM refund WHERE ledger_id = {{l}} AND seq = {SALE_REFUND})",
        {11},
    ),
    "points taken back that are told as written off": (
        f"UPDATE refund SET clawed_back = clawed_back - 1, written_off = written_off + 1 WHERE ledger_id = {{l}} AND seq = {SALE_REFUND}",
        {11},
    ),
    "the rate that a refunded sale was decided at": (
        "UPDATE purchase SET rate_points = rate_points + 1 WHERE ledger_id = {l} AND points_minor > 0",
        {11},
    ),
    "the part of a refunded sale that was paid in points": (
        "UPDATE purchase SET points_minor = points_minor - 100 WHERE ledger_id = {l} AND points_minor >= 100",
        {11},
    ),
    "a burn of another member's sale": (
        "UPDATE posting SET original_seq = 1 WHERE ledger_id = {l} AND kind = 'redeem' AND original_seq IS NOT NULL AND seq NOT IN (SELECT seq FROM burn_worth WHERE ledger_id = {l})",
        {11},
    ),
    "a second burn of a sale": (
        """UPDATE posting p SET original_seq = b.original_seq FROM posting b WHERE p.ledger_id = {l} AND b.ledger_id = {l} AND b.kind = 'redeem'
        AND b.original_seq IS NOT NULL AND p.kind = 'redeem' AND p.original_seq IS NULL AND p.wallet_no = b.wallet_no AND p.seq > b.seq""",
        {11},
    ),
    "points that are free beside a debt": (
        """UPDATE debt SET wallet_no = (SELECT account_no FROM lot WHERE ledger_id = {l} AND open AND reserved = 0
            GROUP BY account_no ORDER BY sum(remaining) DESC LIMIT 1) WHERE ledger_id = {l} AND open""",
        {11},
    ),
    "a debt forgiven": (f"UPDATE debt SET remaining = 0, open = false WHERE ledger_id = {{l}} AND seq = {DEBT}", {11}),
    "a debt of another size": (f"UPDATE debt SET points = points + 1 WHERE ledger_id = {{l}} AND seq = {DEBT}", {11}),
    "another member's debt": (f"UPDATE debt SET wallet_no = wallet_no + 1 WHERE ledger_id = {{l}} AND seq = {DEBT}", {11}),
    "a debt that nothing made": (f"UPDATE debt SET seq = seq - 1 WHERE ledger_id = {{l}} AND seq = {DEBT}", {11}),
    "a payment of a debt lost": ("DELETE FROM debt_use WHERE ledger_id = {l}", {11}),
    "a key lost": (
        f"ALTER TABLE posting DROP CONSTRAINT posting_key_ck; UPDATE posting SET key = NULL WHERE ledger_id = {{l}} AND seq = {BURN}",
        {6, 7},
    ),
    "a key answered in both tables": (
        f"INSERT INTO decision SELECT ledger_id, partner_no, key, 1, 0, content_hash, seq FROM posting WHERE ledger_id = {{l}} AND key = {KEY}",
        {6},
    ),
    "a key that points at another posting": (
        "UPDATE decision SET seq = 1 WHERE ledger_id = {l} AND key = 'b'",
        {6},
    ),
    "a key that points at a lapse": (
        f"UPDATE decision SET seq = {LAPSE} WHERE ledger_id = {{l}} AND key = 'b'",
        {6},
    ),
    "a key that points at nothing": ("UPDATE decision SET seq = 999 WHERE ledger_id = {l} AND key = 'b'", {6}),
    "a key with two answers": (
        "ALTER TABLE decision DROP CONSTRAINT decision_pk; INSERT INTO decision SELECT * FROM decision WHERE ledger_id = {l} AND key = 'b'",
        {6},
    ),
    "a key of a batch that is not there": ("UPDATE decision SET batch_no = 999 WHERE ledger_id = {l} AND key = 'b'", {6}),
    "a reference accepted twice": (
        f"""DROP INDEX posting_reference_uq; UPDATE posting SET reference = 'same' WHERE ledger_id = {{l}}
        AND seq = ANY ({TWO_EARNS}::bigint[])""",
        {6},
    ),
    "two postings at one time": (
        """UPDATE posting SET recorded_at = (SELECT recorded_at FROM posting WHERE ledger_id = {l} AND seq = 1)
        WHERE ledger_id = {l} AND seq = 2""",
        {7},
    ),
    "a batch that starts elsewhere": ("UPDATE batch SET first_seq = first_seq + 1 WHERE ledger_id = {l} AND batch_no = 2", {7}),
    "the length of the last batch": (
        "ALTER TABLE batch DROP CONSTRAINT batch_leaves_ck; UPDATE batch SET n = n + 1 WHERE ledger_id = {l} AND batch_no = (SELECT max(batch_no) FROM batch WHERE ledger_id = {l})",
        {7},
    ),
    "a head before its journal": ("UPDATE ledger_head SET last_seq = last_seq + 1 WHERE ledger_id = {l}", {7}),
    "a posting with all that hangs on it": (
        """WITH v AS (DELETE FROM event_log WHERE ledger_id = {l} AND seq = 1)
        DELETE FROM posting WHERE ledger_id = {l} AND seq = 1""",
        {2, 3, 5, 7, 8},
    ),
    "a posting beyond the head": (
        """INSERT INTO posting SELECT 1000, 0, 0, 0, occurred_at, recorded_at, NULL, NULL, NULL, wallet_no, partner_no, ledger_id,
        item_no, NULL, gen_random_uuid(), 'earn', 'beyond', 'beyond', content_hash FROM posting WHERE ledger_id = {l} AND seq = 1""",
        {7},
    ),
    "an event lost": (f"DELETE FROM event_log WHERE ledger_id = {{l}} AND pos = {LAST_POS}", {8}),
    "an event of another kind": (
        "UPDATE event_log SET type = 'points.redeemed' WHERE ledger_id = {l} AND seq = 1",
        {8},
    ),
    "an event in another member's partition": (
        """UPDATE event_log SET partition = (partition + 1) % 16 WHERE ledger_id = {l} AND seq = 1""",
        {8},
    ),
    "a wallet that is another member's now": (
        f"""UPDATE account SET owner_id = (left(owner_id::text, 35) || CASE right(owner_id::text, 1) WHEN '0' THEN '1' ELSE '0' END)::uuid
        WHERE ledger_id = {{l}} AND account_no = {FIRST_WALLET}""",
        {8},
    ),
    "an earn that another account than the partner's issued": (
        f"""UPDATE posting SET debit_no = {one("account_no", "account", "kind = 'redemption'")}
        WHERE ledger_id = {{l}} AND seq = 1""",
        {1, 2},
    ),
    "a burn at another partner": (
        f"""UPDATE posting SET credit_no = {one("account_no", "account", "kind = 'expiry'")}
        WHERE ledger_id = {{l}} AND seq = {BURN}""",
        {1, 2},
    ),
    "an event of no posting": ("UPDATE event_log SET seq = 999 WHERE ledger_id = {l} AND seq = 1", {8}),
    "a notice that tells of a posting a second time": (
        "UPDATE event_log SET seq = 1, type = 'points.earned' WHERE ledger_id = {l} AND seq IS NULL",
        {8},
    ),
    "a position left out": (
        f"UPDATE event_log SET pos = pos + 1 WHERE ledger_id = {{l}} AND pos = {LAST_POS}",
        {8},
    ),
    "a position before the first": (
        "UPDATE event_log SET pos = 0 WHERE ledger_id = {l} AND pos = (SELECT max(pos) FROM event_log WHERE ledger_id = {l})",
        {8},
    ),
    "a wrong link in a partition": (
        "UPDATE event_log SET partition_prev = partition_prev + 1 WHERE ledger_id = {l} AND pos = 3",
        {8},
    ),
    "a head's link into a partition": (
        "UPDATE event_head SET partition_pos[1] = partition_pos[1] + 1 WHERE ledger_id = {l}",
        {8},
    ),
    "a log's head ahead of its log": ("UPDATE event_head SET pos = pos + 1 WHERE ledger_id = {l}", {8}),
    "a relay ahead of the log": ("INSERT INTO relay_cursor VALUES ({l}, 1000)", {8}),
}  # fmt: skip
