from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.payment_terms_method import PaymentTermsMethod

if TYPE_CHECKING:
    from ..models.payment_account import PaymentAccount
    from ..models.payment_mandate import PaymentMandate


T = TypeVar("T", bound="PaymentTerms")


@_attrs_define
class PaymentTerms:
    """A version of what is agreed on your payments. On a day the highest version counts that is valid by then.

    Attributes:
        object_ (Literal['payment_terms']):
        version (int): From 1
        valid_from (datetime.date):
        method (PaymentTermsMethod): How you pay: you are debited, or you transfer
        account (PaymentAccount): Your bank account, as the operator knows it.
        mandate (None | PaymentMandate): null: you pay by invoice
        prenotification_days (int): How long before a debit you are told of it
        due_days (int): How long you have to pay an invoice
        least_payout_minor (int): Less than this is carried forward instead of paid out, in minor units
        reminder_days (int): After how many days you are reminded, and again
        reminders_max (int): How often at most
        late_interest_basis_points (int): What you owe a year on what is late: 912 is 9.12 %
        returned_fee_minor (int): What you owe for a debit that came back
        suspend_after_days (int): How long after its due date what is not paid suspends you; 0: never
    """

    object_: Literal["payment_terms"]
    version: int
    valid_from: datetime.date
    method: PaymentTermsMethod
    account: PaymentAccount
    mandate: None | PaymentMandate
    prenotification_days: int
    due_days: int
    least_payout_minor: int
    reminder_days: int
    reminders_max: int
    late_interest_basis_points: int
    returned_fee_minor: int
    suspend_after_days: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.payment_mandate import PaymentMandate  # noqa: PLC0415

        object_ = self.object_

        version = self.version

        valid_from = self.valid_from.isoformat()

        method = self.method.value

        account = self.account.to_dict()

        mandate: dict[str, Any] | None
        if isinstance(self.mandate, PaymentMandate):
            mandate = self.mandate.to_dict()
        else:
            mandate = self.mandate

        prenotification_days = self.prenotification_days

        due_days = self.due_days

        least_payout_minor = self.least_payout_minor

        reminder_days = self.reminder_days

        reminders_max = self.reminders_max

        late_interest_basis_points = self.late_interest_basis_points

        returned_fee_minor = self.returned_fee_minor

        suspend_after_days = self.suspend_after_days

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "version": version,
                "valid_from": valid_from,
                "method": method,
                "account": account,
                "mandate": mandate,
                "prenotification_days": prenotification_days,
                "due_days": due_days,
                "least_payout_minor": least_payout_minor,
                "reminder_days": reminder_days,
                "reminders_max": reminders_max,
                "late_interest_basis_points": late_interest_basis_points,
                "returned_fee_minor": returned_fee_minor,
                "suspend_after_days": suspend_after_days,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.payment_account import PaymentAccount  # noqa: PLC0415
        from ..models.payment_mandate import PaymentMandate  # noqa: PLC0415

        d = dict(src_dict)
        object_ = cast(Literal["payment_terms"], d.pop("object"))
        if object_ != "payment_terms":
            raise ValueError(f"object must match const 'payment_terms', got '{object_}'")

        version = d.pop("version")

        valid_from = datetime.date.fromisoformat(d.pop("valid_from"))

        method = PaymentTermsMethod(d.pop("method"))

        account = PaymentAccount.from_dict(d.pop("account"))

        def _parse_mandate(data: object) -> None | PaymentMandate:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                mandate_type_0 = PaymentMandate.from_dict(data)

                return mandate_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | PaymentMandate, data)

        mandate = _parse_mandate(d.pop("mandate"))

        prenotification_days = d.pop("prenotification_days")

        due_days = d.pop("due_days")

        least_payout_minor = d.pop("least_payout_minor")

        reminder_days = d.pop("reminder_days")

        reminders_max = d.pop("reminders_max")

        late_interest_basis_points = d.pop("late_interest_basis_points")

        returned_fee_minor = d.pop("returned_fee_minor")

        suspend_after_days = d.pop("suspend_after_days")

        payment_terms = cls(
            object_=object_,
            version=version,
            valid_from=valid_from,
            method=method,
            account=account,
            mandate=mandate,
            prenotification_days=prenotification_days,
            due_days=due_days,
            least_payout_minor=least_payout_minor,
            reminder_days=reminder_days,
            reminders_max=reminders_max,
            late_interest_basis_points=late_interest_basis_points,
            returned_fee_minor=returned_fee_minor,
            suspend_after_days=suspend_after_days,
        )

        payment_terms.additional_properties = d
        return payment_terms

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
