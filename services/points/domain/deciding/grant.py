"""Granting: what campaigns give on top of a sale, out of their budgets, in postings of their own right after it."""

from __future__ import annotations

from services.points.domain.books import Books
from services.points.domain.campaigns import Bonus, CampaignVersion, Granted
from services.points.domain.deciding.opening_lots import open_earned
from services.points.domain.deciding.standing import gives
from services.points.domain.expiry import expires_at_us
from services.points.domain.movements import Earn, MovementKind, Transaction
from services.points.domain.rows import GrantRow


def grant_all(books: Books, item: Earn, earned: Transaction, matures_us: int) -> Transaction:
    """Grants what each campaign gives for a sale that was posted just now; answers its posting with what they gave.

    In the order in which the campaigns were created, each from the sale's base points, and whole or not at all: where the
    budget has less left, or a funder is suspended or leaves, the sale stands without it. The points can be spent from matures_us on (0: at once), as those
    of the sale, and lapse as they do.
    """
    at, purchase = books.at, item.purchase
    bonuses: list[Bonus] = []
    for version in books.terms.campaigns.at(item.partner_id, item.occurred_at_us):
        terms = version.terms
        points = terms.effect.points_for(earned.brought, purchase.amount_minor - purchase.points_minor)
        if 0 < points <= at.balances[at.accounts.budget[terms.campaign_id]] and gives(books, version):
            bonuses.append(_grant(books, item, earned, version, points, matures_us))
    if bonuses:
        earned = earned._replace(bonuses=tuple(bonuses))
        books.posted[earned.seq] = earned
    return earned


def _grant(
    books: Books, item: Earn, earned: Transaction, version: CampaignVersion, points: int, matures_us: int
) -> Bonus:
    at, campaign_id = books.at, version.terms.campaign_id
    wallet = at.accounts.wallet[item.member_id]
    to_account = at.accounts.pending[item.member_id] if matures_us else wallet
    legs = books.move(at.accounts.budget[campaign_id], to_account, points)
    own = books.own_act(
        MovementKind.GRANT, item.member_id, wallet, 0 if matures_us else points, item.partner_id
    )
    bonus = Bonus(campaign_id, version.version, points, own.balance_after)
    lapses_us = expires_at_us(item.occurred_at_us, books.terms.expiry, books.rules.zone)
    transaction = own._replace(
        occurred_at_us=item.occurred_at_us, expires_at_us=lapses_us, original_seq=earned.seq,
        original_id=earned.transaction_id, pending=points if matures_us else 0, matures_at_us=matures_us, campaign=bonus,
    )  # fmt: skip
    lot_no = open_earned(books, item, points, lapses_us, matures_us, "bonus")
    books.granted.setdefault(earned.seq, []).append(
        Granted(own.seq, campaign_id, points, version.terms.effect)
    )
    books.rows.grants.append(GrantRow(own.seq, earned.seq, campaign_id, version.version))
    event = ("points.granted", books.tell.granted(transaction, version, lot_no))
    books.write(
        transaction, wallet, legs, event, None, lot_no=lot_no, matures_us=matures_us or None,
        partner_no=at.accounts.issuance[item.partner_id],
    )  # fmt: skip
    return bonus
