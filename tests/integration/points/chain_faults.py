"""Changes of a journal that was posted, past all guards, each with what the checker says of its chain."""

from __future__ import annotations

from tests.integration.points.faults import BURN, FIRST_WALLET, HELD, RETURN, SALE_REFUND

SALE = "(SELECT min(seq) FROM purchase WHERE ledger_id = {l})"
LAST_BATCH = "(SELECT max(batch_no) FROM batch WHERE ledger_id = {l})"

# What is done → what is said of it, the first thing first.
CHAIN_FAULTS: dict[str, tuple[str, str]] = {
    "an amount, on both its legs": (
        f"UPDATE posting SET amount = amount + 1 WHERE ledger_id = {{l}} AND seq = {BURN}",
        r"posting \d+ is not the one that batch \d+ chained",
    ),
    "a reference": (
        f"UPDATE posting SET reference = 'another' WHERE ledger_id = {{l}} AND seq = {BURN}",
        r"posting \d+ was asked for in other words",
    ),
    "a reference and its hash": (
        f"""UPDATE posting SET reference = 'another', words_hash = sha256(salt || chain_words(key, 'another', NULL, NULL, NULL, NULL, NULL))
        WHERE ledger_id = {{l}} AND seq = {BURN}""",
        r"posting \d+ is not the one that batch \d+ chained",
    ),
    "a line of a purchase": (
        f"""UPDATE purchase SET lines = '[["1", "", "1", 1]]'
        WHERE ledger_id = {{l}} AND seq = {SALE}""",
        r"posting \d+ was asked for in other words",
    ),
    "a space in the lines of a purchase": (
        f"UPDATE purchase SET lines = (lines::text || ' ')::json WHERE ledger_id = {{l}} AND seq = {SALE}",
        r"posting \d+ was asked for in other words",
    ),
    "the receipt of a refund": (
        f"UPDATE refund SET receipt_number = 'another' WHERE ledger_id = {{l}} AND seq = {SALE_REFUND}",
        r"posting \d+ was asked for in other words",
    ),
    "where a text ends and the next begins": (
        f"""UPDATE purchase SET till = till || left(receipt_number, 1), receipt_number = substr(receipt_number, 2)
        WHERE ledger_id = {{l}} AND seq = {SALE} AND receipt_number <> ''""",
        r"posting \d+ was asked for in other words",
    ),
    "words erased, but for the salt": (
        f"UPDATE posting SET reference = NULL WHERE ledger_id = {{l}} AND seq = {BURN}",
        r"posting \d+ was asked for in other words",
    ),
    "a salt lost": (
        f"UPDATE posting SET salt = NULL WHERE ledger_id = {{l}} AND seq = {BURN}",
        r"posting \d+ was asked for in other words",
    ),
    "words of an own act": (
        f"UPDATE posting SET reference = 'invented' WHERE ledger_id = {{l}} AND seq = {RETURN}",
        r"posting \d+ was asked for in other words",
    ),
    "points used of another lot": (
        f"UPDATE lot_use SET lot_no = lot_no + 1000 WHERE ledger_id = {{l}} AND seq = {BURN}",
        r"posting \d+ is not the one that batch \d+ chained",
    ),
    "a return to a lot lost": (
        f"DELETE FROM lot_return WHERE ledger_id = {{l}} AND seq >= {RETURN}",
        r"posting \d+ is not the one that batch \d+ chained",
    ),
    "a reservation moved to another hold": (
        f"UPDATE hold_lot SET hold_seq = {HELD} WHERE ledger_id = {{l}} AND hold_seq = (SELECT min(hold_seq) FROM hold_lot WHERE ledger_id = {{l}})",
        r"posting \d+ is not the one that batch \d+ chained",
    ),
    "a refund's original": (
        f"UPDATE refund SET original_seq = 1 WHERE ledger_id = {{l}} AND seq = {SALE_REFUND}",
        r"posting \d+ is not the one that batch \d+ chained",
    ),
    "a wallet that is another member's now": (
        f"UPDATE account SET owner_id = gen_random_uuid() WHERE ledger_id = {{l}} AND account_no = {FIRST_WALLET}",
        r"batch 1 is not the one that was chained",
    ),
    "points that matured in another posting": (
        "UPDATE lot_matured SET seq = (SELECT max(seq) FROM posting WHERE ledger_id = {l}) WHERE ledger_id = {l}",
        r"posting \d+ is not the one that batch \d+ chained",
    ),
    "who set a credit floor": (
        "UPDATE floor_change SET set_by = 'somebody else' WHERE ledger_id = {l}",
        r"posting \d+ is not the one that batch \d+ chained",
    ),
    "who approved an adjustment": (
        "UPDATE proposal_decision SET decided_by = 'somebody else' WHERE ledger_id = {l} AND approved",
        r"posting \d+ is not the one that batch \d+ chained",
    ),
    "what was noted to an adjustment": (
        "UPDATE adjustment_note SET note = 'another' WHERE ledger_id = {l}",
        r"posting \d+ was asked for in other words",
    ),
    "a note lost, but for the salt": (
        "DELETE FROM adjustment_note WHERE ledger_id = {l}",
        r"posting \d+ was asked for in other words",
    ),
    "what a refund is for that waits": (
        "UPDATE waiting_refund SET amount_minor = amount_minor + 1 WHERE ledger_id = {l} AND open",
        r"batch \d+ is not the one that was chained",
    ),
    "a refund that waited lost": (
        "DELETE FROM waiting_refund WHERE ledger_id = {l} AND NOT open",
        r"batch \d+ is not the one that was chained",
    ),
    "the receipt of a refund that waits": (
        "UPDATE waiting_refund SET receipt_number = 'another' WHERE ledger_id = {l} AND open",
        r"the refund under key .+ waited in other words",
    ),
    "the words of a refund that waits, erased though it does": (
        """UPDATE waiting_refund SET reference = key, original_reference = '', till = '', business_date = '', receipt_number = '', lines = '[]',
        salt = NULL WHERE ledger_id = {l} AND open; UPDATE waiting_refund SET reference = '' WHERE ledger_id = {l} AND open
        AND key = (SELECT min(key) FROM waiting_refund WHERE ledger_id = {l} AND open)""",
        r"the refund under key .+ waited in other words",
    ),
    "what a sale would have earned that is parked": (
        "UPDATE parked_earn SET points = points + 1 WHERE ledger_id = {l} AND open",
        r"posting \d+ is not the one that batch \d+ chained",
    ),
    "a sale that was parked lost": (
        "DELETE FROM parked_earn WHERE ledger_id = {l} AND NOT open",
        r"posting \d+ is not the one that batch \d+ chained",
    ),
    "the receipt of a sale that is parked": (
        "UPDATE parked_earn SET tenders = '[]', receipt_number = 'another' WHERE ledger_id = {l} AND open",
        r"the sale that posting \d+ parked was told in other words",
    ),
    "a floor that parks, as one that refuses": (
        "UPDATE floor_change SET parks = false WHERE ledger_id = {l} AND parks",
        r"posting \d+ is not the one that batch \d+ chained",
    ),
    "a count of references that were erased": (
        "UPDATE ledger_head SET erased = erased + 1 WHERE ledger_id = {l}",
        r"the head counts 1 references that were erased",
    ),
    "what a refusal says": (
        "UPDATE decision SET message = 'no' WHERE ledger_id = {l} AND refusal IS NOT NULL",
        r"batch \d+ is not the one that was chained",
    ),
    "a refusal lost": (
        "DELETE FROM decision WHERE ledger_id = {l} AND refusal IS NOT NULL",
        r"batch \d+ is not the one that was chained",
    ),
    "another currency": (
        "UPDATE ledger SET currency = 'CHF' WHERE ledger_id = {l}",
        r"batch 1 is not the one that was chained",
    ),
    "the hash of a batch": (
        "UPDATE batch SET hash = sha256(hash) WHERE ledger_id = {l} AND batch_no = 2",
        r"batch 2 is not the one that was chained",
    ),
    "the time of a batch": (
        "UPDATE batch SET recorded_at = recorded_at + interval '1 microsecond' WHERE ledger_id = {l} AND batch_no = 2",
        r"batch 2 is not the one that was chained",
    ),
    "a leaf in a batch": (
        "UPDATE batch SET leaves = set_byte(leaves, 0, get_byte(leaves, 0) # 1) WHERE ledger_id = {l} AND batch_no = 2",
        r"batch 2 is not the one that was chained",
    ),
    "the leaves and hashes of two batches in each other's place": (
        """ALTER TABLE batch DROP CONSTRAINT batch_leaves_ck; UPDATE batch a SET leaves = b.leaves, hash = b.hash FROM batch b
        WHERE a.ledger_id = {l} AND b.ledger_id = {l} AND (a.batch_no, b.batch_no) IN ((2, 3), (3, 2))""",
        r"batch 2 is not the one that was chained",
    ),
    "two batches in each other's place": (
        """UPDATE batch SET batch_no = -batch_no WHERE ledger_id = {l} AND batch_no IN (2, 3);
        UPDATE batch SET batch_no = 5 + batch_no WHERE ledger_id = {l} AND batch_no IN (-2, -3)""",
        r"batch \d+ starts at seq",
    ),
    "a batch lost": ("DELETE FROM batch WHERE ledger_id = {l} AND batch_no = 2", r"batch 3 starts at seq"),
    "a batch of refusals alone lost": (
        "DELETE FROM batch WHERE ledger_id = {l} AND n = 0",
        r"batch \d+ comes after batch \d+",
    ),
    "the last batch dropped and the head moved back": (
        f"""DELETE FROM batch WHERE ledger_id = {{l}} AND batch_no = {LAST_BATCH};
        UPDATE ledger_head h SET last_seq = b.first_seq + b.n - 1, last_batch_no = b.batch_no, chain_hash = b.hash, last_lot_no = b.last_lot_no
        FROM batch b WHERE h.ledger_id = {{l}} AND b.ledger_id = {{l}} AND b.batch_no = {LAST_BATCH}""",
        r"posting \d+ lies beyond the head",
    ),
    "a head of another chain": (
        "UPDATE ledger_head SET chain_hash = sha256(chain_hash) WHERE ledger_id = {l}",
        r"the head is at batch \d+ and chain [0-9a-f]{64}, the last batch is \d+ with [0-9a-f]{64}",
    ),
    "a head without a chain": (
        "UPDATE ledger_head SET chain_hash = NULL WHERE ledger_id = {l}",
        r"the head is at batch \d+ and chain none",
    ),
}

# Those that the chain says nothing of: what they change is no part of the journal.
UNCHAINED: frozenset[str] = frozenset({
    "a counter", "both counters of an account", "a balance row lost, while another ledger has the same account number",
    "a floor raised above what was once there", "a wallet without a floor",
    "an open hold made a resolved one", "a resolved hold made an open one",
    "points reserved that no hold asked for", "points reserved that are free",
    "a counter of what is reserved", "a counter of what is released", "points lost from a lot", "a debt forgiven",
    "an event lost", "an event of another kind", "an event in another member's partition", "an event of no posting",
    "a notice that tells of a posting a second time", "a position left out", "a position before the first",
    "a wrong link in a partition", "a head's link into a partition", "a log's head ahead of its log", "a relay ahead of the log",
    "a credit floor that nobody set", "a credit floor lifted", "a refund that waits and has its answer",
    "a refund that waits no more without an answer", "a refund that waits since no batch", "a count of refunds that wait",
    "pending points without a floor", "a lot that matured without a posting", "a debt of a wallet that was given up",
    "what was proposed", "for whom it was proposed", "an approval of something else",
    "a budget without a floor", "a budget that took points of its own", "campaigns out of their order",
    "a grant by a version that had ended", "a grant by a version that nobody knew then",
    "a grant at a partner that is not of the campaign",
    "an earn that was posted and is parked still", "an earn that is parked no more and became nothing",
    "a balance whose earns are refused, not parked", "a count of earns that are parked", "a rule that was known later than its burn",
})  # fmt: skip
