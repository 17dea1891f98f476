"""Faults of burns that a rule decides: a statement each, and the invariants that it breaks."""

from __future__ import annotations

_OF = "WHERE ledger_id = {l} AND seq = "
_BURN = "(SELECT max(w.seq) FROM burn_worth w JOIN posting p USING (ledger_id, seq) WHERE w.ledger_id = {l} AND p.kind = 'redeem' AND p.original_seq IS NULL)"
_HOLD = "(SELECT min(w.seq) FROM burn_worth w WHERE w.ledger_id = {l} AND NOT w.burned)"
_CAPTURE = "(SELECT max(w.seq) FROM burn_worth w JOIN posting p USING (ledger_id, seq) WHERE w.ledger_id = {l} AND p.kind = 'capture' AND p.original_seq IS NULL)"
_SALE = "(SELECT max(p.original_seq) FROM burn_worth w JOIN posting p USING (ledger_id, seq) WHERE w.ledger_id = {l} AND p.kind = 'capture')"
_OTHER = "(SELECT min(version) FROM burn_rule WHERE ledger_id = {l} AND treatment = 'discount')"

BURN_FAULTS: dict[str, tuple[str, set[int]]] = {
    "what a burn is worth": (f"UPDATE burn_worth SET worth_minor = worth_minor + 1 {_OF}{_BURN}", {15}),
    "points that have a worth, more than were burned": (
        f"UPDATE burn_worth SET points = points + 100, worth_minor = worth_minor + 90 {_OF}{_BURN}",
        {15},
    ),
    "a burn without a worth at a partner with a rule": (f"DELETE FROM burn_worth {_OF}{_BURN}", {15}),
    "a hold decided by another partner's rule": (
        f"UPDATE burn_worth SET rule_version = {_OTHER} {_OF}{_HOLD}",
        {15},
    ),
    "a capture by the rule of its own time": (
        f"UPDATE burn_worth SET rule_version = (SELECT max(version) FROM burn_rule WHERE ledger_id = {{l}} AND treatment = 'tender') {_OF}{_CAPTURE}",
        {15},
    ),
    "a rule that was known later than its burn": (
        "UPDATE burn_rule SET known_from_seq = known_from_seq + 1000 WHERE ledger_id = {l} AND treatment = 'discount'",
        {15},
    ),
    "a burn of fewer points than are taken": (
        "UPDATE burn_rule SET minimum_points = 65, step_points = 65, daily_points = 130 WHERE ledger_id = {l} AND treatment = 'tender'",
        {15},
    ),
    "a share of the basket that is too large": (
        f"UPDATE burn_worth SET basket_minor = 10 {_OF}{_BURN}",
        {15},
    ),
    "a share of more than the sale is": (
        "UPDATE burn_worth SET basket_minor = basket_minor + 1 WHERE ledger_id = {l} AND seq = (SELECT max(w.seq) FROM burn_worth w JOIN posting p USING (ledger_id, seq) WHERE w.ledger_id = {l} AND p.original_seq IS NOT NULL)",
        {15},
    ),
    "a hold without the basket that its rule needs": (
        "UPDATE burn_worth SET basket_minor = NULL WHERE ledger_id = {l} AND NOT burned AND basket_minor IS NOT NULL",
        {15},
    ),
    "an exclusion that the sale does not know": (
        "UPDATE burn_rule SET excluded_categories = '{{food}}' WHERE ledger_id = {l} AND treatment = 'discount'",
        {15},
    ),
    "a day on which nothing was recorded": (f"UPDATE burn_worth SET day = day + 1 {_OF}{_HOLD}", {15}),
    "more burned in a day than the rule allows": (
        "UPDATE burn_rule SET daily_points = 100 WHERE ledger_id = {l} AND treatment = 'tender' AND daily_points > 0",
        {15},
    ),
    "a sale whose tender is not what its points are worth": (
        f"UPDATE purchase SET points_minor = points_minor - 1 {_OF}{_SALE}",
        {15},
    ),
    "a sale whose points lowered its price and pay for it": (
        "UPDATE burn_rule SET treatment = 'tender' WHERE ledger_id = {l} AND treatment = 'discount'",
        {15},
    ),
    "a worth in another member's wallet": (
        f"UPDATE burn_worth SET wallet_no = (SELECT max(wallet_no) FROM posting WHERE ledger_id = {{l}} AND wallet_no < burn_worth.wallet_no) {_OF}{_BURN}",
        {15},
    ),
}
