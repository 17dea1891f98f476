"""Faults of campaigns and their budgets, planted past all guards, each with the invariants that no longer hold then."""

from __future__ import annotations

from tests.integration.points.faults import one

GRANT = one("seq", "posting", "kind = 'grant'")
GRANT_EARN = f"(SELECT earn_seq FROM campaign_grant WHERE ledger_id = {{l}} AND seq = {GRANT})"
GRANTED_BY = f"(SELECT campaign_id FROM campaign_grant WHERE ledger_id = {{l}} AND seq = {GRANT})"
BUDGET, OTHER_BUDGET = (one("account_no", "account", "kind = 'budget'", order) for order in ("", "DESC"))
LOAD = one("seq", "posting", "kind = 'load'")
GRANT_LOT = f"(SELECT lot_no FROM lot WHERE ledger_id = {{l}} AND opened_seq = {GRANT})"
# An earn that brought two grants.
TWICE = "(SELECT earn_seq FROM campaign_grant WHERE ledger_id = {l} GROUP BY earn_seq HAVING count(*) > 1 ORDER BY earn_seq LIMIT 1)"
# Points that were taken back of a grant.
BACK = "(SELECT p.seq FROM posting p JOIN campaign_grant g ON g.ledger_id = p.ledger_id AND g.seq = p.original_seq WHERE p.ledger_id = {l} AND p.kind = 'clawback' ORDER BY p.seq LIMIT 1)"

CAMPAIGN_FAULTS: dict[str, tuple[str, set[int]]] = {
    "a budget without a floor": (
        f"UPDATE balance SET floor = NULL WHERE ledger_id = {{l}} AND account_no = {BUDGET}",
        {3},
    ),
    "a load of another size than its posting": (
        f"UPDATE budget_load SET points = points + 1 WHERE ledger_id = {{l}} AND seq = {LOAD}",
        {13},
    ),
    "a load that nobody made": (
        f"DELETE FROM budget_load WHERE ledger_id = {{l}} AND seq = {LOAD}",
        {13},
    ),
    "a budget that took points of its own": (
        f"UPDATE balance SET credits = credits + 1 WHERE ledger_id = {{l}} AND account_no = {BUDGET}",
        {1, 2, 13},
    ),
    "a grant that no campaign gave": (
        f"DELETE FROM campaign_grant WHERE ledger_id = {{l}} AND seq = {GRANT}",
        {11, 13},
    ),
    "a grant out of another budget": (
        f"UPDATE posting SET debit_no = {OTHER_BUDGET} WHERE ledger_id = {{l}} AND seq = {GRANT}",
        {1, 2, 3, 13},
    ),
    "a grant on top of another sale": (
        f"UPDATE campaign_grant SET earn_seq = earn_seq - 1 WHERE ledger_id = {{l}} AND seq = {GRANT}",
        {11, 13},
    ),
    "a grant for another till's time": (
        f"""UPDATE posting SET occurred_at = occurred_at + interval '1 second' WHERE ledger_id = {{l}} AND seq = {GRANT};
        UPDATE lot SET earned_at = earned_at + interval '1 second' WHERE ledger_id = {{l}} AND lot_no = {GRANT_LOT}""",
        {13},
    ),
    "a grant that is no bonus": (
        f"UPDATE lot SET point_type = 'base' WHERE ledger_id = {{l}} AND lot_no = {GRANT_LOT}",
        {5},
    ),
    "campaigns out of their order": (
        "ALTER TABLE campaign_version DROP CONSTRAINT campaign_version_no_uq; UPDATE campaign_version SET no = 3 - no WHERE ledger_id = {l}",
        {13},
    ),
    "a campaign that gave twice for a sale": (
        f"""ALTER TABLE campaign_grant DROP CONSTRAINT campaign_grant_once_uq;
        UPDATE campaign_grant SET (campaign_id, version) = ({GRANTED_BY}, 1) WHERE ledger_id = {{l}} AND earn_seq = {TWICE}""",
        {11, 13},
    ),
    "a grant by a version that had ended": (
        f"UPDATE campaign_version SET valid_to = valid_from + interval '1 day' WHERE ledger_id = {{l}} AND campaign_id = {GRANTED_BY} AND version = 1",
        {13},
    ),
    "a grant by a version that nobody knew then": (
        f"UPDATE campaign_version SET known_from_seq = {GRANT} WHERE ledger_id = {{l}} AND campaign_id = {GRANTED_BY} AND version = 1",
        {13},
    ),
    "a grant at a partner that is not of the campaign": (
        f"UPDATE campaign_version SET partners = partners[2:2] WHERE ledger_id = {{l}} AND campaign_id = {GRANTED_BY}",
        {13},
    ),
    "a grant of more than its campaign gives": (
        f"UPDATE campaign_version SET multiplier_percent = multiplier_percent - 1 WHERE ledger_id = {{l}} AND campaign_id = {GRANTED_BY} AND version = 1",
        {11, 13},
    ),
    "funders of less than the whole": (
        f"UPDATE campaign_version SET percents[1] = percents[1] - 1 WHERE ledger_id = {{l}} AND campaign_id = {GRANTED_BY} AND version = 2",
        {13},
    ),
    "what was granted given back to the partner": (
        f"UPDATE posting SET credit_no = partner_no WHERE ledger_id = {{l}} AND seq = {BACK}",
        {1, 2},
    ),
    "what was granted taken back of the sale itself": (
        f"UPDATE posting SET original_seq = (SELECT earn_seq FROM campaign_grant WHERE ledger_id = {{l}} AND campaign_grant.seq = posting.original_seq) WHERE ledger_id = {{l}} AND seq = {BACK}",
        {1, 11, 13},
    ),
}  # fmt: skip
