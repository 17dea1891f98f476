"""What breaks who built on the OpenAPI document, and what does not: one change at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

import pytest

from services.gateway.apidocs.changes import breaking_changes, shape_of

Change = Callable[[dict[str, Any]], Any]
_BODY: Final = {
    "type": "object",
    "additionalProperties": False,
    "required": ["amount"],
    "properties": {
        "amount": {"type": "integer", "minimum": 0, "maximum": 100},
        "note": {"anyOf": [{"type": "string", "maxLength": 64}, {"type": "null"}]},
        "channel": {"type": "string", "enum": ["store", "web"]},
        "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}, "maxItems": 5},
        "member": {
            "type": "object", "properties": {"card": {"type": "string"}, "id": {"type": "string"}},
            "oneOf": [{"required": ["card"]}, {"required": ["id"]}],
        },
    },
}  # fmt: skip
_ANSWER: Final = {
    "type": "object",
    "required": ["id", "balance", "title"],
    "properties": {
        "id": {"type": "string"}, "balance": {"type": "integer"}, "title": {"type": "string"},
        "state": {"type": "string", "enum": ["open", "closed"]}, "next": {"$ref": "#/components/schemas/Answer"},
    },
}  # fmt: skip
_DOCUMENT: Final[dict[str, Any]] = {
    "paths": {
        "/v1/earns": {
            "post": {
                "operationId": "earn",
                "parameters": [
                    {"in": "query", "name": "limit", "schema": {"type": "integer", "maximum": 100}}
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}},
                },
                "responses": {
                    "201": {
                        "headers": {"Request-Id": {"schema": {"type": "string"}}},
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Answer"}},
                            "text/csv": {"schema": {"type": "string"}},
                        },
                    },
                    "409": {"content": {}},
                },
            },
            "get": {"operationId": "list", "responses": {"200": {}}},
        }
    },
    "components": {
        "schemas": {
            "Body": _BODY,
            "Answer": _ANSWER,
            "Line": {"type": "object", "properties": {"sku": {"type": "string"}}},
        }
    },
}


def _post(document: dict[str, Any]) -> dict[str, Any]:
    return document["paths"]["/v1/earns"]["post"]


def _asked(document: dict[str, Any]) -> dict[str, Any]:
    return document["components"]["schemas"]["Body"]["properties"]


def _body(document: dict[str, Any]) -> dict[str, Any]:
    return document["components"]["schemas"]["Body"]


def _told(document: dict[str, Any]) -> dict[str, Any]:
    return document["components"]["schemas"]["Answer"]


def _changed(change: Change) -> list[str]:
    after = copy.deepcopy(_DOCUMENT)
    change(after)
    return breaking_changes(_DOCUMENT, after)


_BREAKING: Final[dict[str, tuple[Change, str]]] = {
    "a path": (lambda d: d["paths"].clear(), "POST /v1/earns is gone"),
    "a method": (lambda d: d["paths"]["/v1/earns"].pop("get"), "GET /v1/earns is gone"),
    "an operation's name": (lambda d: _post(d).update(operationId="earned"), "another operationId"),
    "a key is needed": (lambda d: _post(d).update(security=[{"key": []}]), "needs a key now"),
    "a status": (lambda d: _post(d)["responses"].pop("409"), "no longer tells of 409"),
    "a header": (lambda d: _post(d)["responses"]["201"].pop("headers"), "no longer has the header Request-Id"),
    "a media type": (lambda d: _post(d)["responses"]["201"]["content"].pop("text/csv"), "no longer text/csv"),
    "a body's media type": (lambda d: _post(d)["requestBody"]["content"].clear(), "no longer application/json"),
    "a parameter": (lambda d: _post(d)["parameters"].clear(), "query limit is gone"),
    "a parameter is needed": (lambda d: _post(d)["parameters"][0].update(required=True), "limit is required now"),
    "a new parameter is needed": (
        lambda d: _post(d)["parameters"].append({"in": "query", "name": "x", "required": True, "schema": {}}),
        "query x is new and required",
    ),
    "a parameter takes less": (lambda d: _post(d)["parameters"][0]["schema"].update(maximum=50), "maximum 50"),
    "a field that is sent": (lambda d: _asked(d).pop("note"), "body/note is gone"),
    "a field is needed": (lambda d: _body(d)["required"].append("note"), "body/note is required now"),
    "a body": (lambda d: d["paths"]["/v1/earns"]["get"].update(requestBody={"required": True}), "needs a body now"),
    "a word that is sent": (lambda d: _asked(d)["channel"]["enum"].remove("web"), "no longer web"),
    "only some words": (lambda d: _asked(d)["lines"]["items"].update(enum=["x"]), "no longer any"),
    "one word": (lambda d: (_asked(d)["channel"].pop("enum"), _asked(d)["channel"].update(const="web")), "no longer store"),
    "another type": (lambda d: _asked(d)["amount"].update(type="string"), "integer was string"),
    "null is not taken": (lambda d: _asked(d)["note"]["anyOf"].pop(), "null was string"),
    "a text is shorter": (lambda d: _asked(d)["note"]["anyOf"][0].update(maxLength=63), "maxLength 63"),
    "a number is larger": (lambda d: _asked(d)["amount"].update(minimum=1), "minimum 1"),
    "a number is smaller": (lambda d: _asked(d)["amount"].update(maximum=99), "maximum 99"),
    "a list is shorter": (lambda d: _asked(d)["lines"].update(maxItems=4), "maxItems 4"),
    "a list is not empty": (lambda d: _asked(d)["lines"].update(minItems=1), "minItems 1"),
    "a text has a pattern": (lambda d: _asked(d)["channel"].update(pattern="^x$"), "pattern ^x$"),
    "a text has a format": (lambda d: _asked(d)["channel"].update(format="date"), "format date"),
    "a way to say it": (lambda d: _asked(d)["member"]["oneOf"].pop(), "member/card is required now"),
    "what a reference leads to": (
        lambda d: d["components"]["schemas"]["Line"]["properties"].clear(),
        "body/lines[]/sku is gone",
    ),
    "no other fields": (lambda d: d["components"]["schemas"]["Line"].update(additionalProperties=False), "no other fields"),
    "a field that is told": (lambda d: _told(d)["properties"].pop("title"), "201/title is gone"),
    "a field is not always told": (lambda d: _told(d)["required"].remove("balance"), "201/balance is not always there"),
    "a field told is of another type": (lambda d: _told(d)["properties"]["id"].update(type="integer"), "201/id may be"),
    "a field told may be null": (
        lambda d: d["components"]["schemas"]["Answer"]["properties"].update(
            id={"anyOf": [{"type": "string"}, {"type": "null"}]}
        ),
        "201/id may be something else: null",
    ),
}  # fmt: skip
_HARMLESS: Final[dict[str, Change]] = {
    "nothing": lambda d: None,
    "a path": lambda d: d["paths"].update({"/v1/holds": {"post": {"responses": {}}}}),
    "a status": lambda d: _post(d)["responses"].update({"429": {}}),
    "a parameter": lambda d: _post(d)["parameters"].append({"in": "query", "name": "x", "schema": {}}),
    "a field that may be sent": lambda d: _asked(d).update(store={"type": "string"}),
    "a field that need not be sent": lambda d: _body(d)["required"].clear(),
    "a word that may be sent": lambda d: _asked(d)["channel"]["enum"].append("app"),
    "more is taken": lambda d: _asked(d)["amount"].update(minimum=-1, maximum=200),
    "another type is taken": lambda d: _asked(d)["amount"].update(type=["integer", "string"]),
    "a number for an integer": lambda d: _asked(d)["amount"].update(type="number"),
    "null is taken": lambda d: _asked(d).update(channel={"anyOf": [_asked(d)["channel"], {"type": "null"}]}),
    "another way to say it": lambda d: _asked(d)["member"]["oneOf"].append({"required": ["phone"]}),
    "a field that is told": lambda d: _told(d)["properties"].update(more={"type": "string"}),
    "a field that is always told": lambda d: _told(d)["required"].append("state"),
    "a word that is told": lambda d: _told(d)["properties"]["state"]["enum"].append("half"),
}


@pytest.mark.parametrize("name", _BREAKING)
def test_a_change_that_breaks_clients_is_told_where_it_is(name: str) -> None:
    change, told = _BREAKING[name]
    found = _changed(change)
    assert found
    assert any(told in each for each in found), found


@pytest.mark.parametrize("name", _HARMLESS)
def test_a_change_that_breaks_nobody_is_not_told(name: str) -> None:
    assert _changed(_HARMLESS[name]) == []


def test_the_shape_has_no_words_but_fields_that_are_called_like_them() -> None:
    schema = {
        "title": "T",
        "description": "d",
        "properties": {"title": {"type": "string", "examples": ["x"]}},
    }
    assert shape_of({"info": {}, "components": {"schemas": {"description": schema}}}) == {
        "components": {"schemas": {"description": {"properties": {"title": {"type": "string"}}}}}
    }
