from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.reconciliation_upload_kinds_item import ReconciliationUploadKindsItem
from ..models.reconciliation_upload_status import ReconciliationUploadStatus

if TYPE_CHECKING:
    from ..models.bridge import Bridge
    from ..models.bridge_step import BridgeStep
    from ..models.difference_counts import DifferenceCounts


T = TypeVar("T", bound="ReconciliationUpload")


@_attrs_define
class ReconciliationUpload:
    """What came of your file.

    Attributes:
        object_ (Literal['reconciliation_upload']):
        id (str):
        created_at (datetime.datetime): Wall-clock time
        date (datetime.date): The business day that it was compared with
        status (ReconciliationUploadStatus): closed: the day is over and never changes; open: as far as `last_seq`
        last_seq (int): Last place in the programme's journal that counts; below first_seq: none
        currency (str):
        kinds (list[ReconciliationUploadKindsItem]): Kinds that were compared
        amounts_compared (bool):
        agrees (bool): Whether nothing differs and every line was read
        lines (int): Lines of your file, read or not
        matched (int): Operations that are the same on both sides
        differences (DifferenceCounts): How many differences of each type there are.
        differences_kept (int): How many of them can be listed; beyond the limit they are only counted
        bridge (list[BridgeStep]): Of all kinds together
        bridges (list[Bridge]):
    """

    object_: Literal["reconciliation_upload"]
    id: str
    created_at: datetime.datetime
    date: datetime.date
    status: ReconciliationUploadStatus
    last_seq: int
    currency: str
    kinds: list[ReconciliationUploadKindsItem]
    amounts_compared: bool
    agrees: bool
    lines: int
    matched: int
    differences: DifferenceCounts
    differences_kept: int
    bridge: list[BridgeStep]
    bridges: list[Bridge]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_ = self.object_

        id = self.id

        created_at = self.created_at.isoformat()

        date = self.date.isoformat()

        status = self.status.value

        last_seq = self.last_seq

        currency = self.currency

        kinds = []
        for kinds_item_data in self.kinds:
            kinds_item = kinds_item_data.value
            kinds.append(kinds_item)

        amounts_compared = self.amounts_compared

        agrees = self.agrees

        lines = self.lines

        matched = self.matched

        differences = self.differences.to_dict()

        differences_kept = self.differences_kept

        bridge = []
        for bridge_item_data in self.bridge:
            bridge_item = bridge_item_data.to_dict()
            bridge.append(bridge_item)

        bridges = []
        for bridges_item_data in self.bridges:
            bridges_item = bridges_item_data.to_dict()
            bridges.append(bridges_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "id": id,
                "created_at": created_at,
                "date": date,
                "status": status,
                "last_seq": last_seq,
                "currency": currency,
                "kinds": kinds,
                "amounts_compared": amounts_compared,
                "agrees": agrees,
                "lines": lines,
                "matched": matched,
                "differences": differences,
                "differences_kept": differences_kept,
                "bridge": bridge,
                "bridges": bridges,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bridge import Bridge  # noqa: PLC0415
        from ..models.bridge_step import BridgeStep  # noqa: PLC0415
        from ..models.difference_counts import DifferenceCounts  # noqa: PLC0415

        d = dict(src_dict)
        object_ = cast(Literal["reconciliation_upload"], d.pop("object"))
        if object_ != "reconciliation_upload":
            raise ValueError(f"object must match const 'reconciliation_upload', got '{object_}'")

        id = d.pop("id")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        date = datetime.date.fromisoformat(d.pop("date"))

        status = ReconciliationUploadStatus(d.pop("status"))

        last_seq = d.pop("last_seq")

        currency = d.pop("currency")

        kinds = []
        _kinds = d.pop("kinds")
        for kinds_item_data in _kinds:
            kinds_item = ReconciliationUploadKindsItem(kinds_item_data)

            kinds.append(kinds_item)

        amounts_compared = d.pop("amounts_compared")

        agrees = d.pop("agrees")

        lines = d.pop("lines")

        matched = d.pop("matched")

        differences = DifferenceCounts.from_dict(d.pop("differences"))

        differences_kept = d.pop("differences_kept")

        bridge = []
        _bridge = d.pop("bridge")
        for bridge_item_data in _bridge:
            bridge_item = BridgeStep.from_dict(bridge_item_data)

            bridge.append(bridge_item)

        bridges = []
        _bridges = d.pop("bridges")
        for bridges_item_data in _bridges:
            bridges_item = Bridge.from_dict(bridges_item_data)

            bridges.append(bridges_item)

        reconciliation_upload = cls(
            object_=object_,
            id=id,
            created_at=created_at,
            date=date,
            status=status,
            last_seq=last_seq,
            currency=currency,
            kinds=kinds,
            amounts_compared=amounts_compared,
            agrees=agrees,
            lines=lines,
            matched=matched,
            differences=differences,
            differences_kept=differences_kept,
            bridge=bridge,
            bridges=bridges,
        )

        reconciliation_upload.additional_properties = d
        return reconciliation_upload

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
