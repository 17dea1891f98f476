"""The Python client reads all that the API may answer, and writes all that it takes."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from types import ModuleType
from typing import Any

import pytest

from tests.architecture.sources import ROOT
from tests.support.python_client import CLIENT, installed_wheel

_PACKAGE = "coalition_client"


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("client_generator", CLIENT / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    return _generator()


@pytest.fixture(scope="module")
def document(generator: ModuleType) -> dict[str, Any]:
    return asyncio.run(generator.served_document())


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The models of the client, from its wheel."""
    wheel = str(installed_wheel(tmp_path_factory.mktemp("client")))
    sys.path.insert(0, wheel)
    try:
        found = importlib.import_module(f"{_PACKAGE}.models")
        assert str(found.__file__).startswith(wheel)
        yield found
    finally:
        sys.path.remove(wheel)
        for name in [name for name in sys.modules if name.split(".")[0] == _PACKAGE]:
            del sys.modules[name]


def _examples(content: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Models and examples of a body or an answer."""
    for media_type, told in content.items():
        schema = told.get("schema", {}).get("$ref", "")
        if media_type not in ("application/json", "application/problem+json") or not schema:
            continue
        examples = [each["value"] for each in told.get("examples", {}).values()]
        for example in [told["example"]] if "example" in told else examples:
            yield schema.rpartition("/")[2], example


def _class_of(models: ModuleType, schema: str) -> Any:
    """The generator writes `ListOf_Store_` as `ListOfStore`."""
    return getattr(models, schema.replace("_", ""))


def _plain(value: Any) -> Any:
    """The same with times as times, which can be written in several ways."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_plain(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
        return datetime.fromisoformat(value)
    return value


def _contains(value: Any, part: Any) -> bool:
    """Whether all that a part says stands in a value, at any depth; defaults may be there besides."""
    if isinstance(part, dict):
        return all(name in value and _contains(value[name], inner) for name, inner in part.items())  # pyright: ignore[reportUnknownVariableType]
    if isinstance(part, list):
        return len(value) == len(part) and all(map(_contains, value, part))  # pyright: ignore[reportUnknownArgumentType]
    return value == part


def test_every_example_of_an_answer_comes_back_as_it_was(
    models: ModuleType, document: dict[str, Any]
) -> None:
    read = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                for schema, example in _examples(response["content"]):
                    again = _plain(_class_of(models, schema).from_dict(example).to_dict())
                    where = (operation["operationId"], status)
                    assert {name: again.get(name) for name in example} == _plain(example), where
                    read += 1
    assert read > 500


def test_every_example_of_a_body_is_written_with_all_that_it_says(
    models: ModuleType, document: dict[str, Any]
) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            for schema, example in _examples(operation.get("requestBody", {}).get("content", {})):
                body = _plain(_class_of(models, schema).from_dict(example).to_dict())
                assert _contains(body, _plain(example)), operation["operationId"]


def test_a_value_that_is_newer_than_the_client_goes_by_itself(models: ModuleType) -> None:
    known, unknown = models.TransactionType("earn"), models.TransactionType("levitation")
    assert known is models.TransactionType.EARN
    assert (unknown, unknown.value, str(unknown)) == ("levitation", "levitation", "levitation")
    with pytest.raises(AttributeError):
        _ = models.TransactionType.LEVITATION


def test_every_request_names_the_version_that_the_client_was_made_from(
    models: ModuleType, document: dict[str, Any]
) -> None:
    package = sys.modules[models.__name__.partition(".")[0]]
    kept = sorted(path.stem for path in (ROOT / "docs" / "openapi").glob("*.json"))
    for client, told in (
        (package.Client("http://h"), kept[-1]),
        (package.AuthenticatedClient("http://h", "sk_test_x"), kept[-1]),
        (package.Client("http://h").with_headers({"Coalition-Version": "2025-01-01"}), "2025-01-01"),
    ):
        assert client.get_httpx_client().headers["coalition-version"] == told
        assert client.get_async_httpx_client().headers["coalition-version"] == told
    assert document["paths"]["/v1/me"]["get"]["parameters"][0]["schema"]["enum"] == kept


def test_what_the_generator_cannot_read_is_told_more_simply(generator: ModuleType) -> None:
    rule = {"properties": {"a": {"type": "string"}}, "oneOf": [{"required": ["a"]}], "example": {"a": "b"}}
    two = {"oneOf": [{"$ref": "#/x"}, {"$ref": "#/y"}]}
    files: dict[str, Any] = {
        "application/json": {"schema": two},
        "text/csv": {"schema": {}},
        "application/x-ndjson": {"schema": {}},
    }
    document: dict[str, Any] = {
        "paths": {"/v1/x": {"post": {"requestBody": {"content": files}, "responses": {}}}},
        "components": {"schemas": {"Rule": rule, "Two": two}},
    }
    told = generator.simplified(document)
    assert told["components"]["schemas"] == {"Rule": {"properties": rule["properties"]}, "Two": two}
    assert told["paths"]["/v1/x"]["post"]["requestBody"]["content"] == {
        "application/json": {"schema": two},
        "text/csv": {"schema": {"type": "string", "format": "binary"}},
    }
