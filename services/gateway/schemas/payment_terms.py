"""Payment terms."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.gateway.schemas.fields import Answer, CalendarDate


class PaymentAccount(Answer):
    """Your bank account, as the operator knows it."""

    holder: str
    iban: Annotated[str, Field(description="All but its last four characters are `*`")]
    bic: Annotated[str, Field(description="Empty where it is not known")]


class PaymentMandate(Answer):
    """The mandate that you are debited under."""

    id: str
    signed_on: CalendarDate
    scheme: Annotated[
        Literal["core", "b2b"],
        Field(description="`core`: you may have a debit returned for eight weeks; `b2b`: you may not"),
    ]


class PaymentTerms(Answer):
    """A version of what is agreed on your payments. On a day the highest version counts that is valid by then."""

    object: Literal["payment_terms"]
    version: Annotated[int, Field(description="From 1")]
    valid_from: CalendarDate
    method: Annotated[
        Literal["direct_debit", "invoice"], Field(description="How you pay: you are debited, or you transfer")
    ]
    account: Annotated[PaymentAccount, Field(description="Where you are debited, and paid")]
    mandate: Annotated[PaymentMandate | None, Field(description="null: you pay by invoice")]
    prenotification_days: Annotated[int, Field(description="How long before a debit you are told of it")]
    due_days: Annotated[int, Field(description="How long you have to pay an invoice")]
    least_payout_minor: Annotated[
        int, Field(description="Less than this is carried forward instead of paid out, in minor units")
    ]
    reminder_days: Annotated[int, Field(description="After how many days you are reminded, and again")]
    reminders_max: Annotated[int, Field(description="How often at most")]
    late_interest_basis_points: Annotated[
        int, Field(description="What you owe a year on what is late: 912 is 9.12 %")
    ]
    returned_fee_minor: Annotated[int, Field(description="What you owe for a debit that came back")]
    suspend_after_days: Annotated[
        int, Field(description="How long after its due date what is not paid suspends you; 0: never")
    ]
