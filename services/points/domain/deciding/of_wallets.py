"""Movements of wallets beside sales, and of budgets: which file decides them."""

from __future__ import annotations

from services.points.domain.answers import Decision
from services.points.domain.books import Books
from services.points.domain.deciding.adjust import adjust
from services.points.domain.deciding.import_opening import import_opening
from services.points.domain.deciding.load import load
from services.points.domain.deciding.merge import merge
from services.points.domain.deciding.transfer import transfer
from services.points.domain.wallet_movements import Adjustment, Load, Opening, Transfer, WalletMovement


def of_wallets(books: Books, number: int, item: WalletMovement) -> Decision:
    """Decides one of them."""
    if isinstance(item, Transfer):
        return transfer(books, number, item)
    if isinstance(item, Adjustment):
        return adjust(books, number, item)
    if isinstance(item, Load):
        return load(books, number, item)
    return import_opening(books, number, item) if isinstance(item, Opening) else merge(books, number, item)
