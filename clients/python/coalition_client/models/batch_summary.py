from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.batch_summary_status import BatchSummaryStatus

if TYPE_CHECKING:
    from ..models.batch_progress import BatchProgress
    from ..models.counts import Counts


T = TypeVar("T", bound="BatchSummary")


@_attrs_define
class BatchSummary:
    """A batch, without its results.

    Attributes:
        object_ (Literal['batch']):
        id (str):
        status (BatchSummaryStatus): A large batch is `queued` once all of it is stored, and goes on by itself. One that
            is answered at once and was cut short stays in progress until it is sent again with the same key
        created_at (datetime.datetime): Wall-clock time of the first attempt
        counts (Counts | None): Null while in progress, and of a large batch: see `progress`
        progress (BatchProgress | None): Of a large batch; null: answered at once
    """

    object_: Literal["batch"]
    id: str
    status: BatchSummaryStatus
    created_at: datetime.datetime
    counts: Counts | None
    progress: BatchProgress | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.batch_progress import BatchProgress  # noqa: PLC0415
        from ..models.counts import Counts  # noqa: PLC0415

        object_ = self.object_

        id = self.id

        status = self.status.value

        created_at = self.created_at.isoformat()

        counts: dict[str, Any] | None
        if isinstance(self.counts, Counts):
            counts = self.counts.to_dict()
        else:
            counts = self.counts

        progress: dict[str, Any] | None
        if isinstance(self.progress, BatchProgress):
            progress = self.progress.to_dict()
        else:
            progress = self.progress

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "id": id,
                "status": status,
                "created_at": created_at,
                "counts": counts,
                "progress": progress,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.batch_progress import BatchProgress  # noqa: PLC0415
        from ..models.counts import Counts  # noqa: PLC0415

        d = dict(src_dict)
        object_ = cast(Literal["batch"], d.pop("object"))
        if object_ != "batch":
            raise ValueError(f"object must match const 'batch', got '{object_}'")

        id = d.pop("id")

        status = BatchSummaryStatus(d.pop("status"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_counts(data: object) -> Counts | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                counts_type_0 = Counts.from_dict(data)

                return counts_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Counts | None, data)

        counts = _parse_counts(d.pop("counts"))

        def _parse_progress(data: object) -> BatchProgress | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                progress_type_0 = BatchProgress.from_dict(data)

                return progress_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(BatchProgress | None, data)

        progress = _parse_progress(d.pop("progress"))

        batch_summary = cls(
            object_=object_,
            id=id,
            status=status,
            created_at=created_at,
            counts=counts,
            progress=progress,
        )

        batch_summary.additional_properties = d
        return batch_summary

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
