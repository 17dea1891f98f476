"""Routes and what the API reference tells of them, declared together."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from coalition.type.v1.reason_pb2 import Reason
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.gateway.apidocs.examples import list_of
from services.gateway.schemas.lists import ListOf

Endpoint = Callable[..., Awaitable[Response]]
Reasons = Sequence[Reason.ValueType]
_PARAMETER: Final = re.compile(r"\{[a-z_]+\}")


@dataclass(frozen=True, slots=True)
class Told:
    """What the API reference tells of an operation besides its parameters and its answer's schema.

    `reasons` are those why it may fail besides the common ones; `public` operations need no key; `writes`
    take an idempotency key; `bodies` are named examples of the body; `also` are examples by the other statuses
    that the same answer comes with; `others` are other answers by their statuses, with an example of each.
    `streamed` answers are JSON lines of the answer's model; `files` are examples of a body that is a file, by media
    type; `answer_files` are other media types that the answer may be asked for in.
    """

    status: int
    example: Any
    reasons: Reasons
    public: bool = False
    writes: bool = False
    body: type[BaseModel] | None = None
    bodies: Mapping[str, Any] = field(default_factory=dict[str, Any])
    csv_example: str = ""
    also: Mapping[int, Any] = field(default_factory=dict[int, Any])
    others: Mapping[int, tuple[type[BaseModel], Any]] = field(
        default_factory=dict[int, tuple[type[BaseModel], Any]]
    )
    streamed: bool = False
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    answer_files: Sequence[str] = ()


class ToldRoute(APIRoute):
    """A route that FastAPI serves, with what is told of it."""

    def __init__(self, path: str, endpoint: Endpoint, *, told: Told, **documentation: Any) -> None:
        super().__init__(path, endpoint, **documentation)
        self.told = told


class BodyRoute(ToldRoute):
    """A route whose endpoint reads the body itself: FastAPI documents it, and stays out of its way.

    One validation of the bytes in pydantic's core costs a fraction of parsing JSON, solving parameters and
    validating the outcome, and a till waits for it.
    """

    def __init__(self, path: str, endpoint: Endpoint, *, told: Told, **documentation: Any) -> None:
        super().__init__(path, endpoint, told=told, **documentation)
        takes_path = bool(self.param_convertors)

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            parameters: dict[str, str] = scope["path_params"] if takes_path else {}
            response = await endpoint(request, **parameters)
            await response(scope, receive, send)

        self.app = serve


def get(
    path: str,
    endpoint: Endpoint,
    *,
    id: str,  # noqa: A002
    tag: str,
    summary: str,
    description: str = "",
    answer: type[BaseModel],
    example: Any,
    reasons: Reasons = (),
    public: bool = False,
    csv_example: str = "",
    files: Sequence[str] = (),
    streamed: bool = False,
) -> ToldRoute:
    """A read; `answer` is the model of its answer. That of a ListOf is told by the `example` of an entry.

    `files`: media types of files that it may be asked for as.
    """
    if issubclass(answer, ListOf):
        example = list_of(_PARAMETER.sub("…", path), example)
        reasons = (*reasons, Reason.REASON_CURSOR_INVALID)
    return ToldRoute(
        path,
        endpoint,
        told=Told(
            200,
            example,
            reasons,
            public=public,
            csv_example=csv_example,
            streamed=streamed,
            answer_files=files,
        ),
        methods=["GET"],
        response_model=answer,
        tags=[tag],
        summary=summary,
        description=description or f"{summary}.",
        operation_id=id,
    )


def post(
    path: str,
    endpoint: Endpoint,
    *,
    id: str,  # noqa: A002
    tag: str,
    summary: str,
    description: str,
    body: type[BaseModel] | None,
    examples: Mapping[str, Any] | None = None,
    answer: type[BaseModel],
    example: Any,
    reasons: Reasons = (),
    status: int = 201,
    also: Mapping[int, Any] | None = None,
    others: Mapping[int, tuple[type[BaseModel], Any]] | None = None,
    writes: bool = True,
    method: str = "POST",
    files: Mapping[str, str] | None = None,
) -> ToldRoute:
    """A write, or a read that has a body; `body` and `answer` are models. `method`: PATCH, PUT or DELETE of what is there.

    `files`: media types that the body may have instead.
    """
    return BodyRoute(
        path,
        endpoint,
        told=Told(
            status,
            example,
            reasons,
            writes=writes,
            body=body,
            bodies=examples or {},
            also=also or {},
            others=others or {},
            files=files or {},
        ),
        responses={status: {"model": model} for status, (model, _) in (others or {}).items()},
        methods=[method],
        status_code=status,
        response_model=answer,
        tags=[tag],
        summary=summary,
        description=description,
        operation_id=id,
    )


def put(
    path: str,
    endpoint: Endpoint,
    *,
    id: str,  # noqa: A002
    tag: str,
    summary: str,
    description: str,
    body: type[BaseModel],
    examples: Mapping[str, Any],
    answer: type[BaseModel],
    example: Any,
    reasons: Reasons,
) -> ToldRoute:
    """A write that is the same once or twice by its nature, and takes no idempotency key."""
    return BodyRoute(
        path,
        endpoint,
        told=Told(200, example, reasons, body=body, bodies=examples),
        methods=["PUT"],
        response_model=answer,
        tags=[tag],
        summary=summary,
        description=description,
        operation_id=id,
    )


def upload(
    path: str,
    endpoint: Endpoint,
    *,
    id: str,  # noqa: A002
    tag: str,
    summary: str,
    description: str,
    files: Mapping[str, str],
    answer: type[BaseModel],
    example: Any,
    reasons: Reasons,
) -> ToldRoute:
    """A write whose body is a file of one of several media types, each with an example; the endpoint reads it as it arrives."""
    return ToldRoute(
        path,
        endpoint,
        told=Told(201, example, reasons, writes=True, files=files),
        methods=["POST"],
        status_code=201,
        response_model=answer,
        tags=[tag],
        summary=summary,
        description=description,
        operation_id=id,
    )
