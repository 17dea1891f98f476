from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.quoted_burn_authorisation_type_0 import QuotedBurnAuthorisationType0

if TYPE_CHECKING:
    from ..models.burn_ratio import BurnRatio
    from ..models.refusal import Refusal
    from ..models.worth import Worth


T = TypeVar("T", bound="QuotedBurn")


@_attrs_define
class QuotedBurn:
    """What may be paid in points, in a hold or a redemption with this sale as its basket.

    Attributes:
        least (int): Fewest points
        most (int): Most points, a multiple of `step`; 0: none may be taken, see `refusal`
        step (int): Points are taken in multiples of this
        worth (None | Worth): What `most` is worth; null: nothing may be taken, or you have no burn rule
        ratio (BurnRatio | None): Null: you have no burn rule
        left_today (int | None): Points that the member may spend with you today; null: without limit
        authorisation (None | QuotedBurnAuthorisationType0): What has to be shown at least for the most points (`pin`:
            or a code by message); null: nothing may be taken
        refusal (None | Refusal): What the fewest points would be refused with; null: nothing
    """

    least: int
    most: int
    step: int
    worth: None | Worth
    ratio: BurnRatio | None
    left_today: int | None
    authorisation: None | QuotedBurnAuthorisationType0
    refusal: None | Refusal
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.burn_ratio import BurnRatio  # noqa: PLC0415
        from ..models.refusal import Refusal  # noqa: PLC0415
        from ..models.worth import Worth  # noqa: PLC0415

        least = self.least

        most = self.most

        step = self.step

        worth: dict[str, Any] | None
        if isinstance(self.worth, Worth):
            worth = self.worth.to_dict()
        else:
            worth = self.worth

        ratio: dict[str, Any] | None
        if isinstance(self.ratio, BurnRatio):
            ratio = self.ratio.to_dict()
        else:
            ratio = self.ratio

        left_today: int | None
        left_today = self.left_today

        authorisation: None | str
        if isinstance(self.authorisation, QuotedBurnAuthorisationType0):
            authorisation = self.authorisation.value
        else:
            authorisation = self.authorisation

        refusal: dict[str, Any] | None
        if isinstance(self.refusal, Refusal):
            refusal = self.refusal.to_dict()
        else:
            refusal = self.refusal

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "least": least,
                "most": most,
                "step": step,
                "worth": worth,
                "ratio": ratio,
                "left_today": left_today,
                "authorisation": authorisation,
                "refusal": refusal,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.burn_ratio import BurnRatio  # noqa: PLC0415
        from ..models.refusal import Refusal  # noqa: PLC0415
        from ..models.worth import Worth  # noqa: PLC0415

        d = dict(src_dict)
        least = d.pop("least")

        most = d.pop("most")

        step = d.pop("step")

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

        def _parse_ratio(data: object) -> BurnRatio | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                ratio_type_0 = BurnRatio.from_dict(data)

                return ratio_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(BurnRatio | None, data)

        ratio = _parse_ratio(d.pop("ratio"))

        def _parse_left_today(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        left_today = _parse_left_today(d.pop("left_today"))

        def _parse_authorisation(data: object) -> None | QuotedBurnAuthorisationType0:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                authorisation_type_0 = QuotedBurnAuthorisationType0(data)

                return authorisation_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | QuotedBurnAuthorisationType0, data)

        authorisation = _parse_authorisation(d.pop("authorisation"))

        def _parse_refusal(data: object) -> None | Refusal:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                refusal_type_0 = Refusal.from_dict(data)

                return refusal_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Refusal, data)

        refusal = _parse_refusal(d.pop("refusal"))

        quoted_burn = cls(
            least=least,
            most=most,
            step=step,
            worth=worth,
            ratio=ratio,
            left_today=left_today,
            authorisation=authorisation,
            refusal=refusal,
        )

        quoted_burn.additional_properties = d
        return quoted_burn

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
