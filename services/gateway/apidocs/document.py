"""The OpenAPI document: what FastAPI knows of the routes, and what their declarations say besides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from coalition.type.v1.reason_pb2 import Reason
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.gateway.apidocs.errors import entry_of
from services.gateway.apidocs.problem_examples import example_of
from services.gateway.http.routes import Told, ToldRoute
from services.gateway.schemas.platform import Problem
from services.runtime.errors import code_of

_REFERENCE: Final = "#/components/schemas/{model}"
_ANY: Final = (Reason.REASON_OVERLOADED, Reason.REASON_INTERNAL)
#: What the header for the version belongs to; all but the state of the process.
_VERSIONED: Final = "/v1/"
_ANY_VERSIONED: Final = (*_ANY, Reason.REASON_API_VERSION_UNKNOWN)
_AUTHENTICATED: Final = (
    Reason.REASON_UNAUTHENTICATED,
    Reason.REASON_PERMISSION_DENIED,
    Reason.REASON_ADDRESS_NOT_ALLOWED,
    Reason.REASON_INVALID_REQUEST,
    Reason.REASON_UNAVAILABLE,
    Reason.REASON_DEADLINE_EXCEEDED,
    Reason.REASON_RATE_LIMITED,
    Reason.REASON_TOO_MANY_AT_ONCE,
)
_WRITE: Final = (Reason.REASON_IDEMPOTENCY_KEY_MISSING,)
_BODY: Final = (Reason.REASON_BODY_TOO_LARGE, Reason.REASON_UNSUPPORTED)
_DESCRIPTION: Final = """
The API of a partner of the coalition: members, earning, spending, statements.

- **Authentication.** `Authorization: Bearer sk_…` on every request. A key belongs to one partner in one
  programme; `GET /v1/me` tells which.
- **Versions.** `Coalition-Version: 2026-12-01` names the version of this document that a request is made by; without it you get the
  one that you are pinned to. Every answer says which it was, and by `Deprecation` and `Sunset` when it goes.
- **Writes happen once.** Each takes an `Idempotency-Key`. The same key and body get the same answer, with
  `Idempotency-Replayed: true`; so after a time-out, send the same request again, or undo it by its key:
  `POST /v1/reversals`.
- **Points and money are whole numbers**: points, and minor units of the currency (2599 is 25.99). Prices and
  rated amounts are in millionths of the major unit (`…_micros`).
- **Times** are RFC 3339: with a zone in requests, in UTC in answers.
- **Members have ids of your own**: another partner sees the same member under another id.
- **Lists** are pages of up to 100: pass the last `id` as `starting_after` for the next one.
- **Errors** are problem documents (RFC 9457). Decide by `code`; each has a page at `/errors/{code}`.
- **Quotas.** Each key may send so many requests a second, and so many lines of batches and files; `RateLimit-Policy` and
  `RateLimit` of every answer tell how many are left. Beyond them: 429 with `Retry-After`.
- **Answers may grow**: let fields pass that you do not know, and words where one of a list is told. What you send is read strictly.
""".strip()
_TAGS: Final = (
    ("Members", "Enrol, find and close members; read balances."),
    ("Sales", "A sale in one call, its refund, and its reversal where no answer came."),
    ("Earning", "Points for purchases."),
    ("Burning", "Points spent."),
    ("Batches", "Many movements in one call."),
    ("Transactions", "What was posted."),
    ("Settlement", "What you owe or are owed."),
    ("Partner", "Your stores, prices and payment terms."),
    ("Service", "The API itself."),
)


def openapi_document(
    app: FastAPI, routes: Sequence[ToldRoute], version: str, dates: Sequence[str]
) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the routes; `dates`: the versions of the API that there are, oldest first."""
    document = get_openapi(
        title="Coalition partner API",
        version=version,
        openapi_version="3.1.0",
        description=_DESCRIPTION,
        routes=routes,
        tags=[{"name": name, "description": text} for name, text in _TAGS],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        separate_input_output_schemas=app.separate_input_output_schemas,
    )
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    bodies = [route.told.body for route in routes if route.told.body]
    _, extra = models_json_schema(
        [(model, "validation") for model in [*bodies, Problem]], ref_template=_REFERENCE
    )
    schemas.update(extra["$defs"])
    document["components"]["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key: `sk_live_…` or `sk_test_…`; with few scopes `rk_live_…` or `rk_test_…`",
        }
    }
    document["components"]["headers"] = _VERSION_HEADERS
    for route in routes:
        for method in route.methods or ():
            operation = document["paths"][route.path][method.lower()]
            _complete(operation, route.path, route.told)
            if route.path.startswith(_VERSIONED):
                _versioned(operation, dates)
    return document


def _versioned(operation: dict[str, Any], dates: Sequence[str]) -> None:
    """Tells of the header that names a version, and of those of each answer."""
    schema = {"type": "string", "enum": list(dates)}
    parameter = {**_VERSION_PARAMETER, "schema": schema, "example": dates[-1]}
    operation.setdefault("parameters", []).append(parameter)
    for status, answer in operation["responses"].items():
        # All have all of them; told of once each operation, they do not make the document half as long again.
        names = tuple(_VERSION_HEADERS)[: len(_VERSION_HEADERS) if status.startswith("2") else 1]
        answer["headers"] |= {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _complete(operation: dict[str, Any], path: str, told: Told) -> None:
    reasons = [*told.reasons, *(_ANY_VERSIONED if path.startswith(_VERSIONED) else _ANY)]
    if not told.public:
        reasons += _AUTHENTICATED
        operation["security"] = [{"key": []}]
    if told.body:
        reasons += _BODY
        operation["requestBody"] = _request_body(told.body, told.bodies)
    if told.files:
        reasons += _BODY
        content = {name: {"schema": {"type": "string"}, "example": text} for name, text in told.files.items()}
        operation.setdefault("requestBody", {"required": True, "content": {}})["content"] |= content
    if told.writes:
        reasons += _WRITE
        operation.setdefault("parameters", []).append(_KEY_PARAMETER)
    answered = operation["responses"][str(told.status)]
    answered["description"] = "Done"
    answered["headers"] = {"Request-Id": _REQUEST_ID_HEADER}
    if not told.public:
        answered["headers"] |= _RATE_LIMIT_HEADERS
    if told.writes:
        answered["headers"]["Idempotency-Replayed"] = _REPLAYED_HEADER
    answered["content"]["application/json"]["example"] = told.example
    if told.streamed:
        answered["content"] = {"application/x-ndjson": answered["content"]["application/json"]}
    if told.csv_example:
        answered["content"]["text/csv"] = {"schema": {"type": "string"}, "example": told.csv_example}
    for media_type in told.answer_files:
        schema = {"type": "string", "contentMediaType": media_type}
        answered["content"][media_type] = {"schema": schema}
    others = {str(status): _with_example(answered, example) for status, example in told.also.items()}
    for status, (_, example) in told.others.items():
        content = operation["responses"][str(status)]["content"]
        taken = {**answered, "description": "Taken, not done yet", "content": content}
        others[str(status)] = _with_example(taken, example)
    operation["responses"] = {**others, str(told.status): answered, **_problems(path, reasons)}
    if "429" in operation["responses"]:
        operation["responses"]["429"]["headers"] |= {
            "Retry-After": _RETRY_AFTER_HEADER,
            **_RATE_LIMIT_HEADERS,
        }


def _with_example(answered: Mapping[str, Any], example: Any) -> dict[str, Any]:
    """The same response with another example."""
    content = answered["content"]["application/json"]
    return {**answered, "content": {"application/json": {**content, "example": example}}}


def _request_body(body: type[BaseModel], bodies: Mapping[str, Any]) -> dict[str, Any]:
    examples = {name.replace(" ", "_"): {"summary": name, "value": bodies[name]} for name in bodies}
    schema = {"$ref": _REFERENCE.format(model=body.__name__)}
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}}


def _problems(path: str, reasons: Iterable[Reason.ValueType]) -> dict[str, Any]:
    """One response for each status, with an example of each reason that has it."""
    by_status: dict[int, list[Reason.ValueType]] = {}
    for reason in dict.fromkeys(reasons):
        by_status.setdefault(entry_of(reason).http_status, []).append(reason)
    responses: dict[str, Any] = {}
    for status, found in sorted(by_status.items()):
        examples = {code_of(reason).lower(): _example(path, reason) for reason in found}
        responses[str(status)] = {
            "description": "; ".join(
                f"`{code}`: {entry_of(reason).title}" for code, reason in zip(examples, found, strict=True)
            ),
            "headers": {"Request-Id": _REQUEST_ID_HEADER},
            "content": {
                "application/problem+json": {
                    "schema": {"$ref": _REFERENCE.format(model="Problem")},
                    "examples": examples,
                }
            },
        }
    return responses


def _example(path: str, reason: Reason.ValueType) -> dict[str, Any]:
    return {"summary": entry_of(reason).title, "value": example_of(reason, path)}


_REQUEST_ID_HEADER: Final = {
    "description": "Id of this request, yours if you sent one",
    "schema": {"type": "string"},
}
_REPLAYED_HEADER: Final = {
    "description": "`true` where an earlier request with this key is answered again",
    "schema": {"type": "string", "enum": ["true"]},
}
_RETRY_AFTER_HEADER: Final = {
    "description": "Seconds after which to send the request again",
    "schema": {"type": "integer", "minimum": 1},
}
_RATE_LIMIT_HEADERS: Final = {
    "RateLimit-Policy": {
        "description": "The quota of this API key: `interactive` counts requests, `bulk` lines of batches and files. `q` may come at "
        "once, and as many again in `w` seconds",
        "schema": {"type": "string"},
        "example": '"interactive";q=10000;w=10',
    },
    "RateLimit": {
        "description": "What is left of it: `r` now, all of it in `t` seconds",
        "schema": {"type": "string"},
        "example": '"interactive";r=9998;t=1',
    },
}
_VERSION_PARAMETER: Final = {
    "name": "Coalition-Version",
    "in": "header",
    "required": False,
    "description": "The version of the API that the request is made by; left out: the one that you are pinned to",
}
_VERSION_HEADERS: Final = {
    "Coalition-Version": {
        "description": "The version of the API that the answer is made by",
        "schema": {"type": "string", "format": "date"},
        "example": "2026-12-01",
    },
    "Deprecation": {
        "description": "From when on nobody should begin with this version (RFC 9745); only where that is decided",
        "schema": {"type": "string"},
        "example": "@1893456000",
    },
    "Sunset": {
        "description": "From when on this version may be gone (RFC 8594); only where that is decided",
        "schema": {"type": "string"},
        "example": "Tue, 01 Jan 2030 00:00:00 GMT",
    },
}
_KEY_PARAMETER: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "1 to 255 visible ASCII characters, a new one for each operation",
    "schema": {"type": "string", "minLength": 1, "maxLength": 257},
    "example": "S367-7-20260314-1001",
}
