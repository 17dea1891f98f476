from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.explained_burn import ExplainedBurn
    from ..models.explained_campaign import ExplainedCampaign
    from ..models.explained_earn import ExplainedEarn
    from ..models.explained_lots import ExplainedLots
    from ..models.explained_refund import ExplainedRefund
    from ..models.transaction import Transaction


T = TypeVar("T", bound="Explanation")


@_attrs_define
class Explanation:
    """Why a transaction came to its points. What is not of its type is null or empty.

    Attributes:
        object_ (Literal['explanation']):
        transaction (Transaction): An accepted movement of points, in one shape for all types.
        earn (ExplainedEarn | None): Of an earn, and of a bonus the earn that it is of
        campaigns (list[ExplainedCampaign]): Of an earn all that were there for it, of a bonus its own, in the order of
            their creation
        burn (ExplainedBurn | None): Of a burn or a hold by your burn rule
        refund (ExplainedRefund | None): Of a refund
        lots (list[ExplainedLots]): What it did with points of which kind
    """

    object_: Literal["explanation"]
    transaction: Transaction
    earn: ExplainedEarn | None
    campaigns: list[ExplainedCampaign]
    burn: ExplainedBurn | None
    refund: ExplainedRefund | None
    lots: list[ExplainedLots]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.explained_burn import ExplainedBurn  # noqa: PLC0415
        from ..models.explained_earn import ExplainedEarn  # noqa: PLC0415
        from ..models.explained_refund import ExplainedRefund  # noqa: PLC0415

        object_ = self.object_

        transaction = self.transaction.to_dict()

        earn: dict[str, Any] | None
        if isinstance(self.earn, ExplainedEarn):
            earn = self.earn.to_dict()
        else:
            earn = self.earn

        campaigns = []
        for campaigns_item_data in self.campaigns:
            campaigns_item = campaigns_item_data.to_dict()
            campaigns.append(campaigns_item)

        burn: dict[str, Any] | None
        if isinstance(self.burn, ExplainedBurn):
            burn = self.burn.to_dict()
        else:
            burn = self.burn

        refund: dict[str, Any] | None
        if isinstance(self.refund, ExplainedRefund):
            refund = self.refund.to_dict()
        else:
            refund = self.refund

        lots = []
        for lots_item_data in self.lots:
            lots_item = lots_item_data.to_dict()
            lots.append(lots_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "transaction": transaction,
                "earn": earn,
                "campaigns": campaigns,
                "burn": burn,
                "refund": refund,
                "lots": lots,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.explained_burn import ExplainedBurn  # noqa: PLC0415
        from ..models.explained_campaign import ExplainedCampaign  # noqa: PLC0415
        from ..models.explained_earn import ExplainedEarn  # noqa: PLC0415
        from ..models.explained_lots import ExplainedLots  # noqa: PLC0415
        from ..models.explained_refund import ExplainedRefund  # noqa: PLC0415
        from ..models.transaction import Transaction  # noqa: PLC0415

        d = dict(src_dict)
        object_ = cast(Literal["explanation"], d.pop("object"))
        if object_ != "explanation":
            raise ValueError(f"object must match const 'explanation', got '{object_}'")

        transaction = Transaction.from_dict(d.pop("transaction"))

        def _parse_earn(data: object) -> ExplainedEarn | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                earn_type_0 = ExplainedEarn.from_dict(data)

                return earn_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ExplainedEarn | None, data)

        earn = _parse_earn(d.pop("earn"))

        campaigns = []
        _campaigns = d.pop("campaigns")
        for campaigns_item_data in _campaigns:
            campaigns_item = ExplainedCampaign.from_dict(campaigns_item_data)

            campaigns.append(campaigns_item)

        def _parse_burn(data: object) -> ExplainedBurn | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                burn_type_0 = ExplainedBurn.from_dict(data)

                return burn_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ExplainedBurn | None, data)

        burn = _parse_burn(d.pop("burn"))

        def _parse_refund(data: object) -> ExplainedRefund | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                refund_type_0 = ExplainedRefund.from_dict(data)

                return refund_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ExplainedRefund | None, data)

        refund = _parse_refund(d.pop("refund"))

        lots = []
        _lots = d.pop("lots")
        for lots_item_data in _lots:
            lots_item = ExplainedLots.from_dict(lots_item_data)

            lots.append(lots_item)

        explanation = cls(
            object_=object_,
            transaction=transaction,
            earn=earn,
            campaigns=campaigns,
            burn=burn,
            refund=refund,
            lots=lots,
        )

        explanation.additional_properties = d
        return explanation

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
