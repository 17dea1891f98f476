"""The catalogue of events: which message a type names, which stream it is in, and how it is shown to people.

The messages of coalition.events.v1 are the catalogue; those that are only parts of others are no events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, cast
from uuid import UUID

from coalition.events.v1 import members_pb2, partners_pb2, points_pb2
from coalition.type.v1.event_record_pb2 import EventRecord
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from services.runtime.bus import MEMBERS, PARTNERS, POINTS, Stream
from services.runtime.clock import from_micros
from services.runtime.ids import to_text

# What an id is called where it is shown, by the name of its field; any other is a plain UUID.
_PREFIXES: Final = {
    "member_id": "mem", "to_member_id": "mem", "from_member_id": "mem", "into_member_id": "mem",
    "partner_id": "ptr", "issuer_id": "ptr", "transaction_id": "txn", "original_id": "txn", "store_id": "sto",
    "store_ids": "sto", "statement_id": "stm", "campaign_id": "cmp", "hold_id": "hld", "key_id": "key", "flag_id": "flg", "purchase_id": "pur", "dispute_id": "dsp", "receipt_id": "rcp", "code_id": "otc",
}  # fmt: skip
_UUID_BYTES: Final = 16
_MODULES: Final = ((members_pb2, MEMBERS), (points_pb2, POINTS), (partners_pb2, PARTNERS))


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of event: its name (`points.earned`), the message of its payload, and the stream it is in."""

    name: str
    message: type[Message]
    stream: Stream


def _types(module: ModuleType, stream: Stream) -> Iterator[EventType]:
    messages: Mapping[str, Descriptor] = module.DESCRIPTOR.message_types_by_name
    parts = {
        field.message_type.name
        for message in messages.values()
        for field in message.fields
        if field.message_type is not None
    }
    for name, message in messages.items():
        if name not in parts:
            yield EventType(_type_of(name), GetMessageClass(message), stream)


def _type_of(message: str) -> str:
    subject, *words = re.findall(r"[A-Z][a-z]+", message)
    return f"{subject.lower()}.{'_'.join(words).lower()}"


#: Every type of event there is, by its name.
CATALOGUE: Final[Mapping[str, EventType]] = {
    found.name: found for module, stream in _MODULES for found in _types(module, stream)
}


def message_of(record: EventRecord) -> Message | None:
    """The message of an event; None for a type that this version does not know."""
    known = CATALOGUE.get(record.type)
    return known.message.FromString(record.payload) if known is not None else None


def subject_key(record: EventRecord) -> str:
    """Whose order matters: the member's id, else the partner's, else the partition that the event is in."""
    message = message_of(record)
    member = getattr(message, "member_id", b"")
    return (member or record.partner_id).hex() or f"p{record.partition:02d}"


def shown(message: Message) -> dict[str, Any]:
    """A message for people: ids with their prefixes, times as RFC 3339 in UTC, every field, set or not."""
    fields = cast("Sequence[FieldDescriptor]", message.DESCRIPTOR.fields)
    return {field.name: _shown(message, field) for field in fields}


def _shown(message: Message, field: FieldDescriptor) -> Any:
    value: Any = getattr(message, field.name)
    if field.has_presence and field.type != FieldDescriptor.TYPE_MESSAGE and not message.HasField(field.name):
        return None
    if field.is_repeated:
        return [_one(field, each) for each in value]
    return _one(field, value)


def _one(field: FieldDescriptor, value: Any) -> Any:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return shown(value)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _id_text(field.name, value)
    if field.enum_type is not None:
        return field.enum_type.values_by_number[value].name
    if field.name.endswith("_us") and field.name != "offset_us":
        return from_micros(value).isoformat().replace("+00:00", "Z") if value else None
    return value


def _id_text(name: str, value: bytes) -> str | None:
    if not value:
        return None
    if len(value) != _UUID_BYTES:
        return value.hex()
    found = UUID(bytes=value)
    if found.int == 0:
        return "operator" if name in ("partner_id", "issuer_id") else str(found)
    prefix = _PREFIXES.get(name)
    return to_text(prefix, found) if prefix is not None else str(found)
