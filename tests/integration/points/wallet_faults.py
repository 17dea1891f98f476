"""Faults in what passes between wallets and in what staff did, each with the invariants that no longer hold then."""

from __future__ import annotations

# Statements see the ledger as {l}.
ACCOUNT = (
    "(SELECT account_no FROM account WHERE ledger_id = {{l}} AND kind = '{kind}' ORDER BY account_no LIMIT 1)"
)
EXPIRY, TRANSIT, OTHER_ISSUER = (
    ACCOUNT.format(kind="expiry"),
    ACCOUNT.format(kind="transit"),
    "(SELECT max(account_no) FROM account WHERE ledger_id = {l} AND kind = 'issuance')",
)
LAST = "(SELECT max({what}) FROM {table} WHERE ledger_id = {{l}} AND {where})"


def _last(what: str, table: str, where: str) -> str:
    return LAST.format(what=what, table=table, where=where)


TRANSFER, RECEIVE = _last("seq", "posting", "kind = 'transfer'"), _last("seq", "posting", "kind = 'receive'")
ASSUME = _last("seq", "posting", "kind = 'assume'")
# Of a partner's points.
IMPORT = "(SELECT min(seq) FROM posting WHERE ledger_id = {l} AND kind = 'import')"
GIVEN = "(SELECT max(r.seq) FROM posting r JOIN posting t ON t.ledger_id = r.ledger_id AND t.seq = r.original_seq WHERE r.ledger_id = {l} AND r.kind = 'receive' AND t.kind = 'transfer')"
GIVEN_LOT = f"(SELECT max(lot_no) FROM lot WHERE ledger_id = {{l}} AND opened_seq = {GIVEN})"
# The merge that nothing was refunded after and nothing owed before.
PLAIN_MERGE = _last("seq", "merged_wallet", "true")

WALLET_FAULTS: dict[str, tuple[str, set[int]]] = {
    "points given that come from somewhere else": (
        f"UPDATE posting SET debit_no = {EXPIRY} WHERE ledger_id = {{l}} AND seq = {RECEIVE}",
        {1, 2},
    ),
    "points given that go somewhere else": (
        f"UPDATE posting SET credit_no = {EXPIRY} WHERE ledger_id = {{l}} AND seq = {TRANSFER}",
        {1, 2},
    ),
    "points taken over that nobody had": (
        f"UPDATE posting SET debit_no = {EXPIRY} WHERE ledger_id = {{l}} AND seq = {IMPORT}",
        {1, 2, 5},
    ),
    "an adjustment that is none": (
        f"UPDATE posting SET debit_no = {TRANSIT} WHERE ledger_id = {{l}} AND kind = 'adjust' AND points > 0",
        {1, 2},
    ),
    "points received in another member's transfer": (
        f"""UPDATE posting SET partner_no = {OTHER_ISSUER} WHERE ledger_id = {{l}} AND seq = {TRANSFER}""",
        {1},
    ),
    "a debt assumed from an account of another kind": (
        f"UPDATE posting SET credit_no = {EXPIRY} WHERE ledger_id = {{l}} AND seq = {ASSUME}",
        {1, 2, 11},
    ),
    "the issuer of points taken over": (
        f"UPDATE lot SET issuer_no = {OTHER_ISSUER} WHERE ledger_id = {{l}} AND opened_seq = {IMPORT}",
        {5},
    ),
    "the expiry of points received": (
        f"UPDATE lot SET expires_at = expires_at + interval '1 day' WHERE ledger_id = {{l}} AND lot_no = {GIVEN_LOT}",
        {5},
    ),
    "when points received were earned": (
        f"UPDATE lot SET earned_at = earned_at - interval '1 day' WHERE ledger_id = {{l}} AND lot_no = {GIVEN_LOT}",
        {5},
    ),
    "points received from a lot that was not the giver's": (
        f"UPDATE lot SET parent_no = 1 WHERE ledger_id = {{l}} AND lot_no = {GIVEN_LOT}",
        {5},
    ),
    "the earn of a debt that was assumed": (
        f"UPDATE debt SET original_seq = 1 WHERE ledger_id = {{l}} AND seq = {ASSUME}",
        {11},
    ),
    "a debt assumed of a member who was not merged": (
        f"DELETE FROM merged_wallet WHERE ledger_id = {{l}} AND from_wallet = (SELECT d.wallet_no FROM debt d JOIN debt_use u ON u.ledger_id = d.ledger_id AND u.debt_seq = d.seq WHERE u.ledger_id = {{l}} AND u.seq = {ASSUME})",
        {11, 12},
    ),
    "a wallet given up that nobody knows of": (
        f"DELETE FROM merged_wallet WHERE ledger_id = {{l}} AND seq = {PLAIN_MERGE}",
        {12},
    ),
    "a wallet given up for another than the one that got its points": (
        f"UPDATE merged_wallet SET into_wallet = (SELECT min(account_no) FROM account WHERE ledger_id = {{l}} AND kind = 'wallet') WHERE ledger_id = {{l}} AND seq = {PLAIN_MERGE}",
        {12},
    ),
    "a wallet that was not given up": (
        "INSERT INTO merged_wallet SELECT {l}, min(account_no), max(account_no), 1 FROM account WHERE ledger_id = {l} AND kind = 'wallet'",
        {12},
    ),
    "wallets given up for each other": (
        f"INSERT INTO merged_wallet SELECT {{l}}, into_wallet, from_wallet, 1000000 FROM merged_wallet WHERE ledger_id = {{l}} AND seq = {PLAIN_MERGE}",
        {7, 12},
    ),
    "a debt of a wallet that was given up": (
        f"UPDATE debt d SET remaining = d.points, open = true FROM debt_use u WHERE d.ledger_id = {{l}} AND u.ledger_id = {{l}} AND u.debt_seq = d.seq AND u.seq = {ASSUME}",
        {11, 12},
    ),
    "why points were put right": ("DELETE FROM adjustment WHERE ledger_id = {l} AND proposal_id IS NULL", {12}),
    "how many points were put right": (
        "UPDATE adjustment SET points = points - 1 WHERE ledger_id = {l} AND points > 1 AND proposal_id IS NULL",
        {12},
    ),
    "an approval lost": ("DELETE FROM proposal_decision WHERE ledger_id = {l}", {12}),
    "an approval by who proposed it": (
        "ALTER TABLE proposal_decision DROP CONSTRAINT proposal_decision_other_ck; UPDATE proposal_decision SET decided_by = proposed_by WHERE ledger_id = {l}",
        {12},
    ),
    "an approval of something else": (
        "UPDATE proposal_decision SET content_hash = 'another' WHERE ledger_id = {l}",
        {12},
    ),
    "what was proposed": ("UPDATE proposal SET points = points + 1 WHERE ledger_id = {l}", {12}),
    "for whom it was proposed": ("UPDATE proposal SET member_id = gen_random_uuid() WHERE ledger_id = {l}", {12}),
    "more put right by one person than one might": (
        "ALTER TABLE adjustment DROP CONSTRAINT adjustment_limit_ck; UPDATE adjustment SET limit_points = 1 WHERE ledger_id = {l} AND proposal_id IS NULL",
        {12},
    ),
}  # fmt: skip
