from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.dispute_ground import DisputeGround
from ..models.dispute_mode import DisputeMode
from ..models.dispute_state import DisputeState

if TYPE_CHECKING:
    from ..models.dispute_event import DisputeEvent


T = TypeVar("T", bound="Dispute")


@_attrs_define
class Dispute:
    """A dispute of a line of a statement.

    Attributes:
        object_ (Literal['dispute']):
        id (str):
        number (int): From 1 in the programme: what the operator calls it by
        statement (str):
        line (int): Of the statement, from 1
        line_type (str):
        legal_entity (int): The company of yours that the line is about
        claimed_amount (int): Minor units, without tax
        accepted_amount (int): What was accepted of it so far
        withheld_amount (int): What you do not pay until it is decided, in minor units with tax
        mode (DisputeMode):
        ground (DisputeGround):
        state (DisputeState): The operator is to decide; you were asked for evidence; it is accepted, in part at least;
            rejected; another person is to decide; nothing follows any more
        evidence_until (datetime.datetime | None): Until when the evidence that you were asked for is waited for
        decide_until (datetime.datetime | None): Until when the operator decides
        escalate_until (datetime.datetime | None): Until when you may want another person to decide
        overdue (bool): A decision is due, and there is none
        events (list[DisputeEvent]): Oldest first
    """

    object_: Literal["dispute"]
    id: str
    number: int
    statement: str
    line: int
    line_type: str
    legal_entity: int
    claimed_amount: int
    accepted_amount: int
    withheld_amount: int
    mode: DisputeMode
    ground: DisputeGround
    state: DisputeState
    evidence_until: datetime.datetime | None
    decide_until: datetime.datetime | None
    escalate_until: datetime.datetime | None
    overdue: bool
    events: list[DisputeEvent]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_ = self.object_

        id = self.id

        number = self.number

        statement = self.statement

        line = self.line

        line_type = self.line_type

        legal_entity = self.legal_entity

        claimed_amount = self.claimed_amount

        accepted_amount = self.accepted_amount

        withheld_amount = self.withheld_amount

        mode = self.mode.value

        ground = self.ground.value

        state = self.state.value

        evidence_until: None | str
        if isinstance(self.evidence_until, datetime.datetime):
            evidence_until = self.evidence_until.isoformat()
        else:
            evidence_until = self.evidence_until

        decide_until: None | str
        if isinstance(self.decide_until, datetime.datetime):
            decide_until = self.decide_until.isoformat()
        else:
            decide_until = self.decide_until

        escalate_until: None | str
        if isinstance(self.escalate_until, datetime.datetime):
            escalate_until = self.escalate_until.isoformat()
        else:
            escalate_until = self.escalate_until

        overdue = self.overdue

        events = []
        for events_item_data in self.events:
            events_item = events_item_data.to_dict()
            events.append(events_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "id": id,
                "number": number,
                "statement": statement,
                "line": line,
                "line_type": line_type,
                "legal_entity": legal_entity,
                "claimed_amount": claimed_amount,
                "accepted_amount": accepted_amount,
                "withheld_amount": withheld_amount,
                "mode": mode,
                "ground": ground,
                "state": state,
                "evidence_until": evidence_until,
                "decide_until": decide_until,
                "escalate_until": escalate_until,
                "overdue": overdue,
                "events": events,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.dispute_event import DisputeEvent  # noqa: PLC0415

        d = dict(src_dict)
        object_ = cast(Literal["dispute"], d.pop("object"))
        if object_ != "dispute":
            raise ValueError(f"object must match const 'dispute', got '{object_}'")

        id = d.pop("id")

        number = d.pop("number")

        statement = d.pop("statement")

        line = d.pop("line")

        line_type = d.pop("line_type")

        legal_entity = d.pop("legal_entity")

        claimed_amount = d.pop("claimed_amount")

        accepted_amount = d.pop("accepted_amount")

        withheld_amount = d.pop("withheld_amount")

        mode = DisputeMode(d.pop("mode"))

        ground = DisputeGround(d.pop("ground"))

        state = DisputeState(d.pop("state"))

        def _parse_evidence_until(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                evidence_until_type_0 = datetime.datetime.fromisoformat(data)

                return evidence_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        evidence_until = _parse_evidence_until(d.pop("evidence_until"))

        def _parse_decide_until(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                decide_until_type_0 = datetime.datetime.fromisoformat(data)

                return decide_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        decide_until = _parse_decide_until(d.pop("decide_until"))

        def _parse_escalate_until(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                escalate_until_type_0 = datetime.datetime.fromisoformat(data)

                return escalate_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        escalate_until = _parse_escalate_until(d.pop("escalate_until"))

        overdue = d.pop("overdue")

        events = []
        _events = d.pop("events")
        for events_item_data in _events:
            events_item = DisputeEvent.from_dict(events_item_data)

            events.append(events_item)

        dispute = cls(
            object_=object_,
            id=id,
            number=number,
            statement=statement,
            line=line,
            line_type=line_type,
            legal_entity=legal_entity,
            claimed_amount=claimed_amount,
            accepted_amount=accepted_amount,
            withheld_amount=withheld_amount,
            mode=mode,
            ground=ground,
            state=state,
            evidence_until=evidence_until,
            decide_until=decide_until,
            escalate_until=escalate_until,
            overdue=overdue,
            events=events,
        )

        dispute.additional_properties = d
        return dispute

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
