"""The OpenAPI document: valid, whole, and true to what the gateway takes and gives."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import pytest
from coalition.partners.v1 import settlement_pb2
from coalition.partners.v1.clearing_pb2 import StatementLineKind
from coalition.points.v1 import operations_pb2
from coalition.type.v1.reason_pb2 import Reason
from fastapi.openapi.models import OpenAPI
from pydantic import BaseModel, TypeAdapter

from services.gateway.answers.daily_file import COLUMNS
from services.gateway.apidocs import document_examples, examples
from services.gateway.apidocs import reconciliation_examples as reconciliation
from services.gateway.apidocs.errors import BY_CODE, EXPLAINED
from services.gateway.domain.clearing import StatementLineType
from services.gateway.domain.documents import DocumentFormat
from services.gateway.domain.reconciliation.comparing import DifferenceType, Step
from services.gateway.domain.reconciliation.operations import USUAL, OperationKind
from services.gateway.domain.reconciliation.reading import Expected, FileReader, PartnerLine
from services.gateway.http.app import create_app
from services.gateway.http.routes import ToldRoute
from services.gateway.schemas.platform import Problem
from services.partners.domain.documents.canonical import document_sha256, read_document_body
from services.partners.domain.documents.document import DocumentType
from services.partners.domain.documents.tax import Category, Supply
from services.partners.renderings.document_csv import document_csv
from services.runtime.api_versions import VERSIONS
from services.runtime.audit import canonical
from services.runtime.errors import CATALOGUE
from tests.architecture.sources import ROOT
from tests.support.gateway import open_house

# Reads with a body, one that keeps nothing, and one that is the same however often.
_KEYLESS: Final = (
    "post /v1/members/lookup", "post /v1/quotes", "post /v1/members/{member_id}/app-tokens", "put /v1/members/{member_id}/pin",
)  # fmt: skip
_METHODS: Final = ("delete", "get", "patch", "post", "put")
_ROUTES: Final = {
    "/v1/ping": "get", "/v1/me": "get", "/v1/members": "post", "/v1/members/lookup": "post",
    "/v1/members/{member_id}": "get patch", "/v1/members/{member_id}/close": "post",
    "/v1/members/{member_id}/employment": "delete put",
    "/v1/members/{member_id}/balance": "get", "/v1/members/{member_id}/transactions": "get",
    "/v1/members/{member_id}/app-tokens": "post", "/v1/members/{member_id}/pin": "put",
    "/v1/members/{member_id}/one-time-codes": "post",
    "/v1/members/{member_id}/expirations": "get", "/v1/reversals": "post",
    "/v1/quotes": "post", "/v1/earns": "post", "/v1/redemptions": "post", "/v1/transactions": "get", "/v1/holds": "post",
    "/v1/holds/{hold_id}/capture": "post", "/v1/holds/{hold_id}/void": "post",
    "/v1/transactions/{transaction_id}": "get", "/v1/transactions/{transaction_id}/explain": "get", "/v1/batches": "get post",
    "/v1/batches/{batch_id}": "get", "/v1/batches/{batch_id}/lines": "get", "/v1/batches/{batch_id}/cancel": "post",
    "/v1/statements": "get", "/v1/statements/{statement_id}": "get",
    "/v1/statements/{statement_id}/file": "get", "/v1/statements/{statement_id}/accept": "post",
    "/v1/documents": "get", "/v1/documents/{number}": "get",
    "/v1/disputes": "get post", "/v1/disputes/{dispute_id}": "get", "/v1/disputes/{dispute_id}/escalate": "post",
    "/v1/disputes/{dispute_id}/evidence": "post",
    "/v1/reconciliation/days": "get", "/v1/reconciliation/days/{date}": "get",
    "/v1/reconciliation/uploads": "get post", "/v1/reconciliation/uploads/{upload_id}": "get",
    "/v1/reconciliation/uploads/{upload_id}/differences": "get",
    "/v1/stores": "get", "/v1/rates": "get", "/v1/payment-terms": "get",
    "/v1/purchases": "post", "/v1/refunds": "post", "/healthz": "get", "/readyz": "get",
}  # fmt: skip


@pytest.fixture(scope="module")
def served() -> tuple[dict[str, Any], list[ToldRoute]]:
    """The document as it is served, and the routes behind it."""

    async def fetch() -> tuple[dict[str, Any], list[ToldRoute]]:
        async with open_house() as house:
            answer = await house.client.get("/openapi.json")
            routes = [route for route in create_app(house.gateway).routes if isinstance(route, ToldRoute)]
            return answer.json(), routes

    return asyncio.run(fetch())


@pytest.fixture(scope="module")
def document(served: tuple[dict[str, Any], list[ToldRoute]]) -> dict[str, Any]:
    return served[0]


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                yield f"{method} {path}", operations[method]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            if name == "$ref":
                yield str(inner)  # pyright: ignore[reportUnknownArgumentType]
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _references(inner)


def test_the_document_is_openapi_3_1_and_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    OpenAPI.model_validate(document)
    for reference in set(_references(document)):
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert found


def test_the_document_tells_exactly_the_routes_there_are(document: dict[str, Any]) -> None:
    told = {path: " ".join(sorted(operations)) for path, operations in document["paths"].items()}
    assert told == _ROUTES


def test_every_operation_has_an_id_a_tag_a_summary_and_a_description(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    ids = [operation["operationId"] for _, operation in _operations(document)]
    assert len(ids) == len(set(ids))
    for name, operation in _operations(document):
        assert re.fullmatch("[a-z]+[A-Za-z]*", operation["operationId"]), name
        assert set(operation["tags"]) <= tags, name
        assert operation["summary"], name
        assert operation["description"], name
        for parameter in operation.get("parameters", []):
            assert parameter["in"] == "path" or parameter["description"], (name, parameter["name"])


def test_every_operation_shows_an_answer_and_every_body_an_example(document: dict[str, Any]) -> None:
    for name, operation in _operations(document):
        statuses = [status for status in operation["responses"] if status.startswith("2")]
        # Nothing was reversed; a refund waits; what a sale earns is parked; a batch is large.
        two = (
            "post /v1/reversals", "post /v1/refunds", "post /v1/earns", "post /v1/purchases", "post /v1/batches",
        )  # fmt: skip
        assert len(statuses) == (2 if name in two else 1), name
        for status in statuses:
            content = operation["responses"][status]["content"]
            streamed = name == "get /v1/reconciliation/days/{date}"
            assert content["application/x-ndjson" if streamed else "application/json"]["example"], name
        if "requestBody" in operation:
            bodies = operation["requestBody"]["content"]
            if name in ("post /v1/reconciliation/uploads", "post /v1/batches"):
                assert all(bodies[type_]["example"] for type_ in ("text/csv", "application/x-ndjson")), name
            if name != "post /v1/reconciliation/uploads":
                assert bodies["application/json"]["examples"], name


def test_every_operation_tells_its_errors_with_an_example_of_each(document: dict[str, Any]) -> None:
    for name, operation in _operations(document):
        statuses = {status for status in operation["responses"] if status >= "4"}
        assert {"500", "503"} <= statuses, name
        if "security" in operation:
            assert {"400", "401", "403", "504"} <= statuses, name
        for status in statuses:
            content = operation["responses"][status]["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            for code, example in content["examples"].items():
                told = Problem.model_validate(example["value"])
                assert told.code == code
                assert str(told.status) == status, (name, code)


def test_422_means_a_reused_key_and_nothing_else(document: dict[str, Any]) -> None:
    for name, operation in _operations(document):
        if "422" in operation["responses"]:
            examples = operation["responses"]["422"]["content"]["application/problem+json"]["examples"]
            assert set(examples) == {"idempotency_key_reused"}, name


def test_all_but_the_state_of_the_api_needs_a_key(document: dict[str, Any]) -> None:
    public = {name for name, operation in _operations(document) if "security" not in operation}
    assert public == {"get /v1/ping", "get /healthz", "get /readyz"}


def test_writes_take_an_idempotency_key_and_reads_do_not(document: dict[str, Any]) -> None:
    for name, operation in _operations(document):
        headers = [each for each in operation.get("parameters", []) if each["in"] == "header"]
        expected = not name.startswith("get ") and name not in _KEYLESS
        told = [each["name"] for each in headers if each["name"] != "Coalition-Version"]
        assert told == (["Idempotency-Key"] if expected else []), name


def test_every_operation_of_the_api_takes_a_version_and_every_answer_says_which_it_was(
    document: dict[str, Any],
) -> None:
    names = [version.name for version in VERSIONS]
    for name, operation in _operations(document):
        found = [each for each in operation.get("parameters", []) if each["name"] == "Coalition-Version"]
        if "/v1/" not in name:
            assert not found, name
            continue
        (parameter,) = found
        assert (parameter["in"], parameter["required"]) == ("header", False)
        assert parameter["schema"] == {"type": "string", "enum": names}
        problems = operation["responses"]["400"]["content"]["application/problem+json"]["examples"]
        assert "api_version_unknown" in problems, name
        for status, answer in operation["responses"].items():
            assert "Coalition-Version" in answer["headers"], (name, status)
            assert ({"Deprecation", "Sunset"} <= set(answer["headers"])) is (status < "3"), (name, status)


def test_there_is_a_document_of_every_version_of_the_api_and_of_no_other() -> None:
    kept = sorted(path.stem for path in (ROOT / "docs" / "openapi").glob("*.json"))
    assert kept == [version.name for version in VERSIONS]


def test_the_examples_are_what_the_gateway_takes_and_gives(
    served: tuple[dict[str, Any], list[ToldRoute]],
) -> None:
    _, routes = served
    for route in routes:
        answer: TypeAdapter[Any] = TypeAdapter(route.response_model)
        for example in (route.told.example, *route.told.also.values()):
            answer.validate_json(json.dumps(example))
        for model, example in route.told.others.values():
            model.model_validate_json(json.dumps(example))
        body: type[BaseModel] | None = route.told.body
        for example in route.told.bodies.values():
            assert body is not None
            body.model_validate_json(json.dumps(example))


def test_answers_promise_all_their_fields_and_may_grow(document: dict[str, Any]) -> None:
    for name in (
        "Earn",
        "Redemption",
        "Purchase",
        "Refund",
        "Reversal",
        "Expiration",
        "Transaction",
        "Member",
        "Balance",
        "Batch",
        "Statement",
        "Document",
        "DocumentSummary",
        "Me",
    ):
        schema = document["components"]["schemas"][name]
        assert set(schema["required"]) == set(schema["properties"]), name
        assert "additionalProperties" not in schema
    for name in (
        "EarnBody",
        "RedemptionBody",
        "PurchaseBody",
        "RefundOrExchangeBody",
        "QuoteBody",
        "ReversalBody",
        "EnrolBody",
        "BatchBody",
    ):
        assert document["components"]["schemas"][name]["additionalProperties"] is False


def test_the_example_of_a_statement_adds_up_as_a_real_one_does() -> None:
    net, lines = examples.STATEMENT["net"], examples.STATEMENT["lines"]
    assert sum(line["amount_micros"] for line in lines) == net["amount"] * 10_000
    rows = list(csv.DictReader(io.StringIO(examples.STATEMENT_CSV, newline="")))
    assert [row["line"] for row in rows] == [*(line["type"] for line in lines), "net", "opening", "closing"]
    *amounts, paid, opening, closing = (Decimal(row["amount"]) for row in rows)
    assert sum(amounts) == paid
    assert opening + paid == closing


def test_the_example_of_a_document_is_one_that_is_kept_and_rendered(document: dict[str, Any]) -> None:
    body = canonical(document_examples.DOCUMENT).encode()
    read = read_document_body(body)
    assert document_csv(read).decode() == document_examples.DOCUMENT_CSV
    assert {
        "object": "document",
        "id": read.number,
        "type": read.type,
        "legal_entity": read.entity,
        "issued_on": str(read.issued_on),
        "net_minor": read.net_minor,
        "tax_minor": read.tax_minor,
        "due_minor": read.due_minor,
        "sha256": document_sha256(body).hex(),
    } == document_examples.DOCUMENT_SUMMARY
    schemas = document["components"]["schemas"]
    for name in ("Document", "DocumentSummary"):
        assert set(schemas[name]["properties"]["type"]["enum"]) == set(DocumentType)
    assert set(schemas["DocumentLine"]["properties"]["supply"]["enum"]) == set(Supply)
    assert set(schemas["DocumentRule"]["properties"]["category"]["enum"]) == set(Category)
    told = document["paths"]["/v1/documents/{number}"]["get"]["responses"]["200"]["content"]
    assert set(told) == {each.media_type for each in DocumentFormat}
    assert {each.name for each in DocumentFormat} == {
        name.removeprefix("DOCUMENT_FORMAT_") for name in settlement_pb2.DocumentFormat.keys()[1:]
    }


def test_the_examples_of_reconciliation_add_up_and_are_what_is_read() -> None:
    for bridge in (
        reconciliation.UPLOAD["bridge"],
        *(each["steps"] for each in reconciliation.UPLOAD["bridges"]),
    ):
        *others, ours = bridge
        for name in ("count", "points", "amount"):
            assert sum(step[name] for step in others) == ours[name]
    lines = [line for line in reconciliation.FILE_CSV.splitlines(keepends=True) if line.startswith("line,")]
    (end,) = [
        row
        for row in csv.DictReader(io.StringIO(reconciliation.FILE_CSV, newline=""))
        if row["record"] == "end"
    ]
    assert end["sha256"] == sha256("".join(lines).encode()).hexdigest()
    assert reconciliation.FILE_CSV.splitlines()[0] == ",".join(COLUMNS)
    for text, as_csv in ((reconciliation.UPLOAD_CSV, True), (reconciliation.UPLOAD_NDJSON, False)):
        reader = FileReader(Expected(date(2026, 3, 14), frozenset(USUAL), 100), as_csv=as_csv)
        found = [*reader.feed(text.encode()), *reader.end()]
        assert [(each.line, type(each)) for each in found] == [
            (line, PartnerLine) for line in ((2, 3) if as_csv else (1, 2))
        ]


def test_every_kind_of_operation_and_difference_has_a_name_in_the_api(document: dict[str, Any]) -> None:
    kinds = {name.removeprefix("OPERATION_KIND_").lower() for name in operations_pb2.OperationKind.keys()[1:]}
    assert set(OperationKind) == kinds
    schemas = document["components"]["schemas"]
    assert set(schemas["FileLine"]["properties"]["kind"]["enum"]) == kinds
    types = set(schemas["ReconciliationDifference"]["properties"]["type"]["enum"])
    assert set(DifferenceType) == types == set(schemas["DifferenceCounts"]["properties"])
    assert set(Step) == set(schemas["BridgeStep"]["properties"]["step"]["enum"])


def test_every_kind_of_line_that_clearing_states_has_a_name_in_the_api(document: dict[str, Any]) -> None:
    kinds = {name.removeprefix("STATEMENT_LINE_KIND_").lower() for name in StatementLineKind.keys()[1:]}
    assert set(StatementLineType) == kinds
    assert set(document["components"]["schemas"]["StatementLine"]["properties"]["type"]["enum"]) == kinds


def test_every_reason_of_the_contract_is_explained_and_has_a_status() -> None:
    assert set(EXPLAINED) == set(Reason.values())
    assert set(CATALOGUE) == set(Reason.values()) - {Reason.REASON_UNSPECIFIED}
    assert len(BY_CODE) == len(EXPLAINED)
