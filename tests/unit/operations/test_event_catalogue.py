"""The catalogue that is made from the protos, and the AsyncAPI document of it."""

from __future__ import annotations

import base64
import json
from typing import Any, Final, cast
from uuid import UUID

import pytest
from coalition.events.v1 import points_pb2 as pb
from coalition.type.v1.event_record_pb2 import EventRecord

from services.launcher.processes import SERVICES_DIR
from services.operations.events.describing import catalogue, described
from services.runtime.catalogue import CATALOGUE, shown, subject_key
from services.runtime.errors import NotFound

_ASYNCAPI: Final = SERVICES_DIR.parent / "docs/events/asyncapi.json"


def test_every_event_is_described_and_nothing_else() -> None:
    assert set(catalogue()) == set(CATALOGUE)
    for name, each in catalogue().items():
        known = CATALOGUE[name]
        fields = [field["name"].removesuffix("[]") for field in each["fields"] if "." not in field["name"]]
        assert fields == [field.name for field in known.message.DESCRIPTOR.fields]
        assert all(field["comment"] for field in each["fields"])
        assert (each["stream"], each["summary"][-1]) == (known.stream.name, ".")


def test_an_example_is_what_its_payload_says_and_its_subject_has_seven_tokens() -> None:
    for name, each in catalogue().items():
        example = each["example"]
        message = CATALOGUE[name].message.FromString(base64.b64decode(example["payload_base64"]))
        assert shown(message) == example["data"]
        tokens = example["subject"].split(".")
        assert len(tokens) == 7
        assert tokens[3] == name.replace(".", "_")
        assert example["headers"]["ce-type"] == name


def test_no_example_holds_more_than_ids_of_a_person() -> None:
    """A name for people is a partner's; phone numbers and addresses have no field."""
    names = {field.name for each in CATALOGUE.values() for field in each.message.DESCRIPTOR.fields}
    assert not names & {"phone", "email", "address", "birth_date", "given_name", "family_name", "card"}


def test_a_type_that_is_not_there_is_told_with_those_like_it() -> None:
    with pytest.raises(NotFound, match=r"there are .*partner\.onboarded"):
        described("partner.onbroaded")
    with pytest.raises(NotFound, match="leave it out to see all"):
        described("weather.changed")


def test_the_asyncapi_document_has_a_channel_an_operation_and_a_message_of_each_event() -> None:
    document = json.loads(_ASYNCAPI.read_text())
    assert document["asyncapi"] == "3.0.0"
    messages = document["components"]["messages"]
    assert {each["name"] for each in messages.values()} == set(CATALOGUE)
    assert len(document["channels"]) == len(document["operations"]) == len(CATALOGUE)
    for channel in document["channels"].values():
        named = {part[1:-1] for part in channel["address"].split(".") if part.startswith("{")}
        assert named == set(channel["parameters"])
    for operation in document["operations"].values():
        assert operation["action"] == "send"
    for message in messages.values():
        assert message["payload"]["schema"].startswith('syntax = "proto3";')
        required = document["components"]["schemas"]["Headers"]["required"]
        assert all(set(required) <= set(example["headers"]) for example in message["examples"])


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    document = json.loads(_ASYNCAPI.read_text())
    references = list(_references(document))
    assert references
    for reference in references:
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        of = cast("dict[str, Any]", value)
        return [of["$ref"]] if "$ref" in of else [each for part in of.values() for each in _references(part)]
    if isinstance(value, list):
        return [each for part in cast("list[Any]", value) for each in _references(part)]
    return []


def test_what_keeps_an_order_is_the_member_else_the_partner_else_the_partition() -> None:
    member, partner = UUID(int=1), UUID(int=2)
    told = pb.PointsEarned(member_id=member.bytes, partner_id=partner.bytes).SerializeToString()
    earned = EventRecord(type="points.earned", partner_id=partner.bytes, payload=told, partition=1)
    assert subject_key(earned) == member.hex
    unknown = EventRecord(type="points.vanished", partner_id=partner.bytes, payload=told, partition=1)
    assert subject_key(unknown) == partner.hex
    assert subject_key(EventRecord(type="points.vanished", payload=told, partition=1)) == "p01"
