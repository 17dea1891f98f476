"""What is bought and how it is paid."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.gateway.schemas.fields import AMOUNT_MAX, Body, Currency, ShortText


class SaleLine(Body):
    """One line of a sale."""

    sku: Annotated[ShortText, Field(min_length=1, description="Your number of the article")]
    category: Annotated[ShortText, Field(description="Your category of it")] = ""
    quantity: Annotated[
        str,
        Field(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,6})?$", description="Decimal text, e.g. `12.345`"),
    ] = "1"
    amount: Annotated[
        int,
        Field(
            ge=-AMOUNT_MAX,
            le=AMOUNT_MAX,
            description="What the line cost after discounts, in minor units; negative for a line taken back",
        ),
    ]
    returned: Annotated[bool, Field(description="True for a line taken back")] = False
    tax_rate: Annotated[
        str,
        Field(
            pattern=r"^([0-9]{1,2}(\.[0-9]{1,4})?)?$",
            description="The tax on it that `amount` contains, in per cent as decimal text, e.g. `19` or `5.5`; empty: not told",
        ),
    ] = ""


class Tender(Body):
    """One way a sale was paid."""

    kind: Literal["cash", "card", "voucher", "coupon", "points", "other"]
    amount: Annotated[int, Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX, description="Minor units")]


class Basket(Body):
    """What is to be paid, before points are taken for it."""

    amount: Annotated[int, Field(ge=0, le=AMOUNT_MAX, description="In all, in minor units")]
    currency: Currency
    lines: Annotated[
        tuple[SaleLine, ...],
        Field(max_length=500, description="What is bought; where given, the amounts sum to `amount`"),
    ] = ()
    tenders: Annotated[
        tuple[Tender, ...], Field(max_length=20, description="How it is paid, as far as that is known")
    ] = ()
