from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.get_statement_format_type_0 import GetStatementFormatType0
from ...models.problem import Problem
from ...models.statement import Statement
from ...types import UNSET, Response, Unset


def _get_kwargs(
    statement_id: str,
    *,
    format_: GetStatementFormatType0 | None | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_format_: None | str | Unset
    if isinstance(format_, Unset):
        json_format_ = UNSET
    elif isinstance(format_, GetStatementFormatType0):
        json_format_ = format_.value
    else:
        json_format_ = format_
    params["format"] = json_format_

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/statements/{statement_id}".format(
            statement_id=quote(str(statement_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | Statement | None:
    if response.status_code == 200:
        response_200 = Statement.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 429:
        response_429 = Problem.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = Problem.from_dict(response.json())

        return response_500

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    if response.status_code == 504:
        response_504 = Problem.from_dict(response.json())

        return response_504

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | Statement]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    statement_id: str,
    *,
    client: AuthenticatedClient,
    format_: GetStatementFormatType0 | None | Unset = UNSET,
) -> Response[Problem | Statement]:
    """Read a statement

     As JSON, or as CSV with `Accept: text/csv` or `?format=csv`: a row a line, amounts in the major
    unit; then the net, what was due before and what is due now.

    Args:
        statement_id (str):
        format_ (GetStatementFormatType0 | None | Unset): Instead of the Accept header; JSON if
            neither says otherwise

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Statement]
    """

    kwargs = _get_kwargs(
        statement_id=statement_id,
        format_=format_,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    statement_id: str,
    *,
    client: AuthenticatedClient,
    format_: GetStatementFormatType0 | None | Unset = UNSET,
) -> Problem | Statement | None:
    """Read a statement

     As JSON, or as CSV with `Accept: text/csv` or `?format=csv`: a row a line, amounts in the major
    unit; then the net, what was due before and what is due now.

    Args:
        statement_id (str):
        format_ (GetStatementFormatType0 | None | Unset): Instead of the Accept header; JSON if
            neither says otherwise

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Statement
    """

    return sync_detailed(
        statement_id=statement_id,
        client=client,
        format_=format_,
    ).parsed


async def asyncio_detailed(
    statement_id: str,
    *,
    client: AuthenticatedClient,
    format_: GetStatementFormatType0 | None | Unset = UNSET,
) -> Response[Problem | Statement]:
    """Read a statement

     As JSON, or as CSV with `Accept: text/csv` or `?format=csv`: a row a line, amounts in the major
    unit; then the net, what was due before and what is due now.

    Args:
        statement_id (str):
        format_ (GetStatementFormatType0 | None | Unset): Instead of the Accept header; JSON if
            neither says otherwise

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Statement]
    """

    kwargs = _get_kwargs(
        statement_id=statement_id,
        format_=format_,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    statement_id: str,
    *,
    client: AuthenticatedClient,
    format_: GetStatementFormatType0 | None | Unset = UNSET,
) -> Problem | Statement | None:
    """Read a statement

     As JSON, or as CSV with `Accept: text/csv` or `?format=csv`: a row a line, amounts in the major
    unit; then the net, what was due before and what is due now.

    Args:
        statement_id (str):
        format_ (GetStatementFormatType0 | None | Unset): Instead of the Accept header; JSON if
            neither says otherwise

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Statement
    """

    return (
        await asyncio_detailed(
            statement_id=statement_id,
            client=client,
            format_=format_,
        )
    ).parsed
