from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.statement_summary_standing import StatementSummaryStanding

if TYPE_CHECKING:
    from ..models.covers import Covers
    from ..models.net import Net
    from ..models.statement_window import StatementWindow


T = TypeVar("T", bound="StatementSummary")


@_attrs_define
class StatementSummary:
    """What you owe or are owed over a clearing window, or a run of them.

    Attributes:
        object_ (Literal['statement']):
        id (str):
        window (StatementWindow): The range of the journal that a statement covers.
        covers (Covers): What a statement covers: one window, or a run of them where you are billed less often than
            windows are cut.
        currency (str): ISO 4217
        points_issued (int): Points you issued in what it covers
        points_reversed (int): Points you had issued that refunds took back, in what it covers
        points_burned (int): Points spent with you in what it covers
        points_returned (int): Points spent with you that refunds gave back, in what it covers
        net (Net): What is to be paid.
        opening (int): What earlier statements left due, in minor units
        closing (int): What is due now: opening and net, in minor units
        issued_at (datetime.datetime): Programme time
        standing (StatementSummaryStanding): You accepted it, your time to object is over, or neither
        objection_until (datetime.datetime): Programme time from which on silence accepts it
        accepted_at (datetime.datetime | None): When you accepted it; null: you did not
    """

    object_: Literal["statement"]
    id: str
    window: StatementWindow
    covers: Covers
    currency: str
    points_issued: int
    points_reversed: int
    points_burned: int
    points_returned: int
    net: Net
    opening: int
    closing: int
    issued_at: datetime.datetime
    standing: StatementSummaryStanding
    objection_until: datetime.datetime
    accepted_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_ = self.object_

        id = self.id

        window = self.window.to_dict()

        covers = self.covers.to_dict()

        currency = self.currency

        points_issued = self.points_issued

        points_reversed = self.points_reversed

        points_burned = self.points_burned

        points_returned = self.points_returned

        net = self.net.to_dict()

        opening = self.opening

        closing = self.closing

        issued_at = self.issued_at.isoformat()

        standing = self.standing.value

        objection_until = self.objection_until.isoformat()

        accepted_at: None | str
        if isinstance(self.accepted_at, datetime.datetime):
            accepted_at = self.accepted_at.isoformat()
        else:
            accepted_at = self.accepted_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "id": id,
                "window": window,
                "covers": covers,
                "currency": currency,
                "points_issued": points_issued,
                "points_reversed": points_reversed,
                "points_burned": points_burned,
                "points_returned": points_returned,
                "net": net,
                "opening": opening,
                "closing": closing,
                "issued_at": issued_at,
                "standing": standing,
                "objection_until": objection_until,
                "accepted_at": accepted_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.covers import Covers  # noqa: PLC0415
        from ..models.net import Net  # noqa: PLC0415
        from ..models.statement_window import StatementWindow  # noqa: PLC0415

        d = dict(src_dict)
        object_ = cast(Literal["statement"], d.pop("object"))
        if object_ != "statement":
            raise ValueError(f"object must match const 'statement', got '{object_}'")

        id = d.pop("id")

        window = StatementWindow.from_dict(d.pop("window"))

        covers = Covers.from_dict(d.pop("covers"))

        currency = d.pop("currency")

        points_issued = d.pop("points_issued")

        points_reversed = d.pop("points_reversed")

        points_burned = d.pop("points_burned")

        points_returned = d.pop("points_returned")

        net = Net.from_dict(d.pop("net"))

        opening = d.pop("opening")

        closing = d.pop("closing")

        issued_at = datetime.datetime.fromisoformat(d.pop("issued_at"))

        standing = StatementSummaryStanding(d.pop("standing"))

        objection_until = datetime.datetime.fromisoformat(d.pop("objection_until"))

        def _parse_accepted_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                accepted_at_type_0 = datetime.datetime.fromisoformat(data)

                return accepted_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        accepted_at = _parse_accepted_at(d.pop("accepted_at"))

        statement_summary = cls(
            object_=object_,
            id=id,
            window=window,
            covers=covers,
            currency=currency,
            points_issued=points_issued,
            points_reversed=points_reversed,
            points_burned=points_burned,
            points_returned=points_returned,
            net=net,
            opening=opening,
            closing=closing,
            issued_at=issued_at,
            standing=standing,
            objection_until=objection_until,
            accepted_at=accepted_at,
        )

        statement_summary.additional_properties = d
        return statement_summary

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
