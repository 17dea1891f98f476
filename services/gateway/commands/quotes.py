"""What a sale, a refund or an exchange would come to, in the words of a till."""

from __future__ import annotations

from services.gateway.clients.quoted_orders import quoted_refund, quoted_sale
from services.gateway.clients.quotes import Quotes
from services.gateway.commands.refunds import original_id_of
from services.gateway.directory.members import MemberDirectory
from services.gateway.directory.stores import StoreDirectory
from services.gateway.domain.caller import Caller
from services.gateway.domain.quotes import Quote
from services.gateway.schemas.quotes import QuoteBody


class AskQuotes:
    """Asks for quotes. Nothing is posted."""

    def __init__(self, members: MemberDirectory, stores: StoreDirectory, quotes: Quotes) -> None:
        self._members, self._stores, self._quotes = members, stores, quotes

    async def quote(self, caller: Caller, body: QuoteBody, until_us: int) -> Quote:
        """The quote that a body asks for.

        Raises NotFound (MEMBER_UNKNOWN, STORE_UNKNOWN, ORIGINAL_UNKNOWN), InvalidRequest (CARD_NUMBER_INVALID), CoalitionError
        (LOOKUP_LIMITED), what a refund would be refused with, and Unavailable.
        """
        member_id = None
        if body.member is not None:
            member_id = await self._members.resolve(caller, body.member, until_us)
        store_id = await self._stores.store_id(caller, body.store)
        sale, refund = None, None
        if body.sale is not None:
            sale = quoted_sale(body, body.sale, member_id, store_id)
        if body.refund is not None:
            currency = body.refund.currency or caller.programme.currency
            refund = quoted_refund(body, body.refund, original_id_of(body.refund), currency, store_id)
        return await self._quotes.quote(caller.token, sale, refund)
