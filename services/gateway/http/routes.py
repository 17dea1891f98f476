"""Routes and what the API reference tells of them, declared together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from coalition.type.v1.reason_pb2 import Reason
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Endpoint = Callable[..., Awaitable[Response]]
Reasons = Sequence[Reason.ValueType]
DOCUMENTED: Final = "x-coalition"


class BodyRoute(APIRoute):
    """A route whose endpoint reads the body itself: FastAPI documents it, and stays out of its way.

    One validation of the bytes in pydantic's core costs a fraction of parsing JSON, solving parameters and
    validating the outcome, and a till waits for it.
    """

    def __init__(self, path: str, endpoint: Endpoint, **documentation: Any) -> None:
        super().__init__(path, endpoint, **documentation)
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
    answer: Any,
    example: Any,
    reasons: Reasons = (),
    public: bool = False,
    csv_example: str = "",
) -> APIRoute:
    """A read. `answer` is the model of its answer, `reasons` why it may fail besides the common ones."""
    return APIRoute(
        path,
        endpoint,
        methods=["GET"],
        response_model=answer,
        tags=[tag],
        summary=summary,
        description=description,
        operation_id=id,
        openapi_extra={
            DOCUMENTED: {
                "status": 200,
                "example": example,
                "reasons": reasons,
                "public": public,
                "csv": csv_example,
            }
        },
    )


def post(
    path: str,
    endpoint: Endpoint,
    *,
    id: str,  # noqa: A002
    tag: str,
    summary: str,
    description: str = "",
    body: type[BaseModel] | None,
    examples: dict[str, Any] | None = None,
    answer: Any,
    example: Any,
    reasons: Reasons = (),
    status: int = 201,
    writes: bool = True,
) -> APIRoute:
    """A write (or a read that has a body). `examples` are named bodies; a write takes an Idempotency-Key."""
    return BodyRoute(
        path,
        endpoint,
        methods=["POST"],
        status_code=status,
        response_model=answer,
        tags=[tag],
        summary=summary,
        description=description,
        operation_id=id,
        openapi_extra={
            DOCUMENTED: {
                "status": status,
                "example": example,
                "reasons": reasons,
                "body": body,
                "bodies": examples or {},
                "writes": writes,
            }
        },
    )
