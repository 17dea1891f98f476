from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.earn_line import EarnLine
    from ..models.redemption_line import RedemptionLine
    from ..models.refund_line import RefundLine


T = TypeVar("T", bound="BatchBody")


@_attrs_define
class BatchBody:
    """Movements to post in one call, in this order.

    Attributes:
        lines (list[EarnLine | RedemptionLine | RefundLine]): 1 to 5,000 movements
    """

    lines: list[EarnLine | RedemptionLine | RefundLine]

    def to_dict(self) -> dict[str, Any]:
        from ..models.earn_line import EarnLine  # noqa: PLC0415
        from ..models.redemption_line import RedemptionLine  # noqa: PLC0415

        lines = []
        for lines_item_data in self.lines:
            lines_item: dict[str, Any]
            if isinstance(lines_item_data, EarnLine):
                lines_item = lines_item_data.to_dict()
            elif isinstance(lines_item_data, RedemptionLine):
                lines_item = lines_item_data.to_dict()
            else:
                lines_item = lines_item_data.to_dict()

            lines.append(lines_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "lines": lines,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.earn_line import EarnLine  # noqa: PLC0415
        from ..models.redemption_line import RedemptionLine  # noqa: PLC0415
        from ..models.refund_line import RefundLine  # noqa: PLC0415

        d = dict(src_dict)
        lines = []
        _lines = d.pop("lines")
        for lines_item_data in _lines:

            def _parse_lines_item(data: object) -> EarnLine | RedemptionLine | RefundLine:
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    lines_item_type_0 = EarnLine.from_dict(data)

                    return lines_item_type_0
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    lines_item_type_1 = RedemptionLine.from_dict(data)

                    return lines_item_type_1
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                if not isinstance(data, dict):
                    raise TypeError()
                lines_item_type_2 = RefundLine.from_dict(data)

                return lines_item_type_2

            lines_item = _parse_lines_item(lines_item_data)

            lines.append(lines_item)

        batch_body = cls(
            lines=lines,
        )

        return batch_body
