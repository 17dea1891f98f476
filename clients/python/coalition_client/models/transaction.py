from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.transaction_type import TransactionType

if TYPE_CHECKING:
    from ..models.bonus import Bonus
    from ..models.campaign import Campaign
    from ..models.parked_points import ParkedPoints
    from ..models.refund_figures import RefundFigures
    from ..models.transaction_metadata import TransactionMetadata
    from ..models.worth import Worth


T = TypeVar("T", bound="Transaction")


@_attrs_define
class Transaction:
    """An accepted movement of points, in one shape for all types.

    Attributes:
        id (str): Id of the transaction
        member (str): Your id of the member; other partners see another one
        balance (int): Points in the wallet right after it
        occurred_at (datetime.datetime): The till's clock, in UTC
        recorded_at (datetime.datetime): Programme time of the posting
        metadata (TransactionMetadata): What you keep with it; empty where there is nothing
        object_ (Literal['transaction']):
        type_ (TransactionType):
        reference (None | str): Your reference; null where the movement has none
        points (int): Effect on the wallet: negative for points taken
        pending (int): Effect on the points that cannot be spent yet, which are not in the wallet
        matures_at (datetime.datetime | None): When pending points can be spent, of an earn
        expires_at (datetime.datetime | None): When the points earned expire, or the hold ends; null: never
        hold (None | str): Id of the hold, of one and of what resolved it
        held (int): Points that a hold set aside; negative: that were freed of it
        purchase (None | str): Id of the recorded purchase, of an earn
        original (None | str): What it corrects: of a refund what was refunded, of its parts the earn or the burn; of
            what was burned in a purchase its earn; of an earn that was parked what parked it
        refund (None | RefundFigures): What it came to, of a refund
        bonus (list[Bonus]): Of an earn: what campaigns gave on top of it, in transactions of their own
        campaign (Campaign | None): Of a bonus: which campaign gave it; its `original` is the earn
        parked (None | ParkedPoints): Of a sale beyond your credit limit, and of what took such a one away
        worth (None | Worth): What the points are worth by your burn rule; null: you have none
    """

    id: str
    member: str
    balance: int
    occurred_at: datetime.datetime
    recorded_at: datetime.datetime
    metadata: TransactionMetadata
    object_: Literal["transaction"]
    type_: TransactionType
    reference: None | str
    points: int
    pending: int
    matures_at: datetime.datetime | None
    expires_at: datetime.datetime | None
    hold: None | str
    held: int
    purchase: None | str
    original: None | str
    refund: None | RefundFigures
    bonus: list[Bonus]
    campaign: Campaign | None
    parked: None | ParkedPoints
    worth: None | Worth
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.campaign import Campaign  # noqa: PLC0415
        from ..models.parked_points import ParkedPoints  # noqa: PLC0415
        from ..models.refund_figures import RefundFigures  # noqa: PLC0415
        from ..models.worth import Worth  # noqa: PLC0415

        id = self.id

        member = self.member

        balance = self.balance

        occurred_at = self.occurred_at.isoformat()

        recorded_at = self.recorded_at.isoformat()

        metadata = self.metadata.to_dict()

        object_ = self.object_

        type_ = self.type_.value

        reference: None | str
        reference = self.reference

        points = self.points

        pending = self.pending

        matures_at: None | str
        if isinstance(self.matures_at, datetime.datetime):
            matures_at = self.matures_at.isoformat()
        else:
            matures_at = self.matures_at

        expires_at: None | str
        if isinstance(self.expires_at, datetime.datetime):
            expires_at = self.expires_at.isoformat()
        else:
            expires_at = self.expires_at

        hold: None | str
        hold = self.hold

        held = self.held

        purchase: None | str
        purchase = self.purchase

        original: None | str
        original = self.original

        refund: dict[str, Any] | None
        if isinstance(self.refund, RefundFigures):
            refund = self.refund.to_dict()
        else:
            refund = self.refund

        bonus = []
        for bonus_item_data in self.bonus:
            bonus_item = bonus_item_data.to_dict()
            bonus.append(bonus_item)

        campaign: dict[str, Any] | None
        if isinstance(self.campaign, Campaign):
            campaign = self.campaign.to_dict()
        else:
            campaign = self.campaign

        parked: dict[str, Any] | None
        if isinstance(self.parked, ParkedPoints):
            parked = self.parked.to_dict()
        else:
            parked = self.parked

        worth: dict[str, Any] | None
        if isinstance(self.worth, Worth):
            worth = self.worth.to_dict()
        else:
            worth = self.worth

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "member": member,
                "balance": balance,
                "occurred_at": occurred_at,
                "recorded_at": recorded_at,
                "metadata": metadata,
                "object": object_,
                "type": type_,
                "reference": reference,
                "points": points,
                "pending": pending,
                "matures_at": matures_at,
                "expires_at": expires_at,
                "hold": hold,
                "held": held,
                "purchase": purchase,
                "original": original,
                "refund": refund,
                "bonus": bonus,
                "campaign": campaign,
                "parked": parked,
                "worth": worth,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bonus import Bonus  # noqa: PLC0415
        from ..models.campaign import Campaign  # noqa: PLC0415
        from ..models.parked_points import ParkedPoints  # noqa: PLC0415
        from ..models.refund_figures import RefundFigures  # noqa: PLC0415
        from ..models.transaction_metadata import TransactionMetadata  # noqa: PLC0415
        from ..models.worth import Worth  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        member = d.pop("member")

        balance = d.pop("balance")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        recorded_at = datetime.datetime.fromisoformat(d.pop("recorded_at"))

        metadata = TransactionMetadata.from_dict(d.pop("metadata"))

        object_ = cast(Literal["transaction"], d.pop("object"))
        if object_ != "transaction":
            raise ValueError(f"object must match const 'transaction', got '{object_}'")

        type_ = TransactionType(d.pop("type"))

        def _parse_reference(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reference = _parse_reference(d.pop("reference"))

        points = d.pop("points")

        pending = d.pop("pending")

        def _parse_matures_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                matures_at_type_0 = datetime.datetime.fromisoformat(data)

                return matures_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        matures_at = _parse_matures_at(d.pop("matures_at"))

        def _parse_expires_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                expires_at_type_0 = datetime.datetime.fromisoformat(data)

                return expires_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        expires_at = _parse_expires_at(d.pop("expires_at"))

        def _parse_hold(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        hold = _parse_hold(d.pop("hold"))

        held = d.pop("held")

        def _parse_purchase(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        purchase = _parse_purchase(d.pop("purchase"))

        def _parse_original(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        original = _parse_original(d.pop("original"))

        def _parse_refund(data: object) -> None | RefundFigures:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                refund_type_0 = RefundFigures.from_dict(data)

                return refund_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RefundFigures, data)

        refund = _parse_refund(d.pop("refund"))

        bonus = []
        _bonus = d.pop("bonus")
        for bonus_item_data in _bonus:
            bonus_item = Bonus.from_dict(bonus_item_data)

            bonus.append(bonus_item)

        def _parse_campaign(data: object) -> Campaign | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                campaign_type_0 = Campaign.from_dict(data)

                return campaign_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Campaign | None, data)

        campaign = _parse_campaign(d.pop("campaign"))

        def _parse_parked(data: object) -> None | ParkedPoints:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                parked_type_0 = ParkedPoints.from_dict(data)

                return parked_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ParkedPoints, data)

        parked = _parse_parked(d.pop("parked"))

        def _parse_worth(data: object) -> None | Worth:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                worth_type_0 = Worth.from_dict(data)

                return worth_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Worth, data)

        worth = _parse_worth(d.pop("worth"))

        transaction = cls(
            id=id,
            member=member,
            balance=balance,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            metadata=metadata,
            object_=object_,
            type_=type_,
            reference=reference,
            points=points,
            pending=pending,
            matures_at=matures_at,
            expires_at=expires_at,
            hold=hold,
            held=held,
            purchase=purchase,
            original=original,
            refund=refund,
            bonus=bonus,
            campaign=campaign,
            parked=parked,
            worth=worth,
        )

        transaction.additional_properties = d
        return transaction

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
