# ruff: noqa: INP001
"""Makes the catalogue of events from the protos: `python docs/generate_catalogue.py [--check]`.

Written are docs/events/*.md, docs/events/asyncapi.json, and services/operations/events/catalogue.json, which
`coalition events describe` reads.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID, uuid5

from coalition.type.v1.event_record_pb2 import EventRecord
from generated_page import cell
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

sys.path.insert(0, str(Path(__file__).parents[1]))

from services.runtime.bus import STREAMS, headers_of, subject_of
from services.runtime.catalogue import CATALOGUE, EventType, shown
from services.runtime.event_log import PARTITIONS, payload_of

ROOT: Final = Path(__file__).parents[1]
_MESSAGE: Final = re.compile(r"((?:^//[^\n]*\n)+)message (\w+) \{\n(.*?)^\}\n", re.MULTILINE | re.DOTALL)
_FIELD: Final = re.compile(r"((?:^ *//.*\n)+) *(optional |repeated )?([\w.]+) (\w+) = \d+;", re.MULTILINE)
_NAMESPACE: Final = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
# Sunday 2026-03-01 12:00 UTC.
_NOON_US: Final = 1_772_366_400_000_000
_DAY_US: Final = 86_400_000_000
_TIMES: Final = {
    "matures_at_us": 14,
    "expires_at_us": 730,
    "ends_at_us": 1,
    "run_off_until_us": 30,
    "returns_until_us": 60,
}
_TEXTS: Final = {
    "channel": "store", "currency": "EUR", "slug": "plaza", "name": "Plaza", "zone": "Europe/Berlin", "mode": "test",
    "reason": "goodwill", "reference": "till-7-20260301-0042", "category": "grocery", "actor": "stf_test",
}  # fmt: skip
_NUMBERS: Final = {
    "points": 120, "seq": 4711, "lot_no": 815, "percent": 100, "version": 2, "balance_after": 1_320, "gross_minor": 1_299,
    "amount_minor": 1_299, "eligible_minor": 1_199, "earned_seq": 4_690, "original_seq": 4_690, "window": 9, "number": 9,
    "ledger_id": 1, "first_seq": 4_001, "last_seq": 4_999,
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A field as its proto has it."""

    name: str
    type: str
    repeated: bool
    comment: str


@dataclass(frozen=True)
class Declared:
    """A message as its proto has it: what its comment says, its fields, and its text."""

    comment: str
    fields: tuple[Field, ...]
    text: str


def declared() -> dict[str, Declared]:
    """Every message of the catalogue by name."""
    found: dict[str, Declared] = {}
    for path in sorted((ROOT / "proto/coalition/events/v1").glob("*.proto")):
        for comment, name, body in _MESSAGE.findall(path.read_text()):
            fields = tuple(
                Field(field, type_, "repeated" in label, _plain(text))
                for text, label, type_, field in _FIELD.findall(body)
            )
            found[name] = Declared(_plain(comment), fields, f"{comment}message {name} {{\n{body}}}\n")
    return found


def _plain(comment: str) -> str:
    return " ".join(line.strip().removeprefix("//").strip() for line in comment.strip().splitlines())


def example_of(event: EventType) -> Message:
    """An event with a plausible value in every field; the same each time."""
    message = event.message()
    _fill(message)
    return message


def _fill(message: Message) -> None:
    for field in cast("Sequence[FieldDescriptor]", message.DESCRIPTOR.fields):
        if field.message_type is not None:
            _fill(getattr(message, field.name).add() if field.is_repeated else getattr(message, field.name))
        elif field.is_repeated:
            getattr(message, field.name).append(_value(field))
        else:
            setattr(message, field.name, _value(field))


def _value(field: FieldDescriptor) -> Any:
    name = field.name
    if field.type == FieldDescriptor.TYPE_BYTES:
        return uuid5(_NAMESPACE, name.removesuffix("s")).bytes
    if field.enum_type is not None:
        return field.enum_type.values[1].number
    if field.type == FieldDescriptor.TYPE_STRING:
        return _TEXTS.get(name) or _first_word(field) or name
    if field.type == FieldDescriptor.TYPE_BOOL:
        return False
    if name.endswith("_us"):
        return _NOON_US + _TIMES.get(name, 0) * _DAY_US
    return _NUMBERS.get(name, 1)


def _first_word(field: FieldDescriptor) -> str:
    """The first value that a field's comment names between backticks."""
    message = cast("Descriptor", field.containing_type).name
    comment = next(each.comment for each in declared()[message].fields if each.name == field.name)
    found = re.search(r"`([a-z_.]+)`", comment)
    return found.group(1) if found else ""


def record_of(event: EventType) -> EventRecord:
    """The example as a row of the log."""
    message = example_of(event)
    member = getattr(message, "member_id", b"")
    partner = getattr(message, "partner_id", b"")
    key = member or partner
    return EventRecord(
        pos=90_210,
        type=event.name,
        partition=UUID(bytes=key).int % PARTITIONS if key else 0,
        partition_prev=90_187,
        partner_id=partner,
        seq=getattr(message, "seq", 0),
        recorded_at_us=_NOON_US,
        payload=payload_of(message),
    )


def entries() -> list[dict[str, Any]]:
    """The catalogue as data: what `describe` prints."""
    texts = declared()
    made: list[dict[str, Any]] = []
    for event in sorted(CATALOGUE.values(), key=lambda each: (STREAMS.index(each.stream), each.name)):
        name, record = event.message.DESCRIPTOR.name, record_of(event)
        made.append(
            {
                "type": event.name,
                "service": event.stream.service,
                "stream": event.stream.name,
                "message": f"coalition.events.v1.{name}",
                "summary": texts[name].comment.split(": ", 1)[-1],
                "subject": f"coalition.{{programme}}.{event.stream.service}.{event.name.replace('.', '_')}"
                ".v1.{partition}.{partner}",
                "fields": list(_fields(texts, name, "")),
                "example": {
                    "subject": subject_of("demo", event.stream.service, record),
                    "headers": headers_of("demo", event.stream.service, record),
                    "data": shown(example_of(event)),
                    "payload_base64": base64.b64encode(record.payload).decode(),
                },
            }
        )
    return made


def _fields(texts: Mapping[str, Declared], message: str, prefix: str) -> Iterator[dict[str, Any]]:
    for field in texts[message].fields:
        yield {
            "name": prefix + field.name + ("[]" if field.repeated else ""),
            "type": field.type,
            "comment": field.comment,
        }
        if field.type in texts:
            yield from _fields(texts, field.type, f"{prefix}{field.name}{'[]' if field.repeated else ''}.")


def page(service: str, catalogue: Sequence[Mapping[str, Any]]) -> str:
    """The page of a service's events."""
    mine = [each for each in catalogue if each["service"] == service]
    parts = [
        f"# Events of {service}\n\nMade from the protos by `docs/generate_catalogue.py`; do not edit.\n",
        "What all events have in common is in [subscribers.md](../subscribers.md).\n\n",
        *(f"- [`{each['type']}`](#{_anchor(each['type'])})\n" for each in mine),
    ]
    for each in mine:
        example = each["example"]
        data = json.dumps(example["data"], indent=2, ensure_ascii=False)
        parts += [
            f"\n## {each['type']}\n\n{each['summary'][0].upper()}{each['summary'][1:]}\n\n",
            f"Message `{each['message']}`, subject\n\n    {each['subject']}\n\n",
            "| field | type | what it is |\n|---|---|---|\n",
            *(f"| `{field['name']}` | {field['type']} | {cell(field['comment'])} |\n" for field in each["fields"]),
            f"\nExample, as `coalition events tail` shows it:\n\n    {example['subject']}\n\n```json\n{data}\n```\n",
        ]  # fmt: skip
    return "".join(parts)


def _anchor(type_: str) -> str:
    return type_.replace(".", "")


def asyncapi(catalogue: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The AsyncAPI 3 document: a channel for each type, what services send on it, and the message."""
    texts = declared()
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for each in catalogue:
        name = each["message"].rpartition(".")[2]
        key = name[0].lower() + name[1:]
        reference = {"$ref": f"#/components/messages/{name}"}
        channels[key] = {
            "address": each["subject"],
            "summary": each["summary"],
            "messages": {name: reference},
            "parameters": {
                each_name: {"$ref": f"#/components/parameters/{each_name}"}
                for each_name in ("programme", "partition", "partner")
            },
        }
        operations[f"send{name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{key}"},
            "messages": [{"$ref": f"#/channels/{key}/messages/{name}"}],
        }
        parts = sorted({field.type for field in _all_fields(texts, name) if field.type in texts})
        messages[name] = {
            "name": each["type"],
            "title": name,
            "summary": each["summary"],
            "contentType": "application/protobuf",
            "headers": {"$ref": "#/components/schemas/Headers"},
            "payload": {
                "schemaFormat": "application/vnd.google.protobuf;version=3",
                "schema": 'syntax = "proto3";\n\n' + "\n".join(texts[part].text for part in [name, *parts]),
            },
            "examples": [
                {"name": "example", "headers": each["example"]["headers"], "payload": each["example"]["data"]}
            ],
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Events of the coalition",
            "version": "1",
            "description": "What internal services may build on. Positions (`ce-pos`) are gapless per programme and "
            "service; what the bus loses is read from the owner's ReadEvents. Examples show the payload decoded.",
        },
        "defaultContentType": "application/protobuf",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "parameters": {
                "programme": {"description": "Slug of the programme."},
                "partition": {
                    "description": "The member's id, else the partner's, modulo 16.",
                    "enum": [f"p{number:02d}" for number in range(PARTITIONS)],
                },
                "partner": {"description": "The partner (`ptr_…`), or `-` where none is concerned."},
            },
            "schemas": {"Headers": _headers_schema()},
        },
    }


def _all_fields(texts: Mapping[str, Declared], name: str) -> Iterator[Field]:
    for field in texts[name].fields:
        yield field
        if field.type in texts:
            yield from _all_fields(texts, field.type)


def _headers_schema() -> dict[str, Any]:
    described = {
        "Nats-Msg-Id": "`<service>:<programme>:<pos>`; JetStream drops doubles by it for two minutes.",
        "ce-specversion": "CloudEvents 1.0.",
        "ce-id": "The same as Nats-Msg-Id.",
        "ce-source": "`/coalition/<programme>/<service>`.",
        "ce-type": "The type of the event.",
        "ce-time": "Programme time of the change, RFC 3339.",
        "ce-pos": "Position in the owner's log of this programme, from 1, gapless.",
        "ce-partitionprev": "Position of the event before it in the same partition; 0 for the first.",
        "content-type": "application/protobuf.",
        "ce-seq": "The journal's seq, for events of postings.",
        "traceparent": "W3C trace context of the request behind it.",
    }
    optional = ("ce-seq", "traceparent")
    return {
        "type": "object",
        "required": [name for name in described if name not in optional],
        "properties": {name: {"type": "string", "description": text} for name, text in described.items()},
    }


def files() -> dict[Path, str]:
    """What is written where."""
    catalogue = entries()
    made = {
        ROOT / "services/operations/events/catalogue.json": _json(catalogue),
        ROOT / "docs/events/asyncapi.json": _json(asyncapi(catalogue)),
    }
    return made | {
        ROOT / f"docs/events/{stream.service}.md": page(stream.service, catalogue) for stream in STREAMS
    }


def _json(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Writes the files, or with --check only compares them; answers the exit status."""
    status = 0
    for path, text in files().items():
        if arguments != ["--check"]:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            sys.stderr.write(
                f"{path.relative_to(ROOT)} is not what the protos say: run {Path(__file__).name}\n"
            )
            status = 1
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
