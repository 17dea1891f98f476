from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.get_reconciliation_day_format_type_0 import GetReconciliationDayFormatType0
from ...models.problem import Problem
from ...types import UNSET, File, Response, Unset


def _get_kwargs(
    date: str,
    *,
    format_: GetReconciliationDayFormatType0 | None | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_format_: None | str | Unset
    if isinstance(format_, Unset):
        json_format_ = UNSET
    elif isinstance(format_, GetReconciliationDayFormatType0):
        json_format_ = format_.value
    else:
        json_format_ = format_
    params["format"] = json_format_

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/reconciliation/days/{date}".format(
            date=quote(str(date), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> File | Problem | None:
    if response.status_code == 200:
        response_200 = File(payload=BytesIO(response.content))

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
) -> Response[File | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    date: str,
    *,
    client: AuthenticatedClient,
    format_: GetReconciliationDayFormatType0 | None | Unset = UNSET,
) -> Response[File | Problem]:
    """Download the file of a day

     Every operation of yours that was accepted on the day, a record each; then totals by kind; then the
    end, with a hash of the lines. As JSON lines, or as CSV with `Accept: text/csv` or `?format=csv`. Of
    a day that is over it is the same every time.

    Args:
        date (str):
        format_ (GetReconciliationDayFormatType0 | None | Unset): Instead of the Accept header;
            JSON lines if neither says otherwise

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[File | Problem]
    """

    kwargs = _get_kwargs(
        date=date,
        format_=format_,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    date: str,
    *,
    client: AuthenticatedClient,
    format_: GetReconciliationDayFormatType0 | None | Unset = UNSET,
) -> File | Problem | None:
    """Download the file of a day

     Every operation of yours that was accepted on the day, a record each; then totals by kind; then the
    end, with a hash of the lines. As JSON lines, or as CSV with `Accept: text/csv` or `?format=csv`. Of
    a day that is over it is the same every time.

    Args:
        date (str):
        format_ (GetReconciliationDayFormatType0 | None | Unset): Instead of the Accept header;
            JSON lines if neither says otherwise

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        File | Problem
    """

    return sync_detailed(
        date=date,
        client=client,
        format_=format_,
    ).parsed


async def asyncio_detailed(
    date: str,
    *,
    client: AuthenticatedClient,
    format_: GetReconciliationDayFormatType0 | None | Unset = UNSET,
) -> Response[File | Problem]:
    """Download the file of a day

     Every operation of yours that was accepted on the day, a record each; then totals by kind; then the
    end, with a hash of the lines. As JSON lines, or as CSV with `Accept: text/csv` or `?format=csv`. Of
    a day that is over it is the same every time.

    Args:
        date (str):
        format_ (GetReconciliationDayFormatType0 | None | Unset): Instead of the Accept header;
            JSON lines if neither says otherwise

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[File | Problem]
    """

    kwargs = _get_kwargs(
        date=date,
        format_=format_,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    date: str,
    *,
    client: AuthenticatedClient,
    format_: GetReconciliationDayFormatType0 | None | Unset = UNSET,
) -> File | Problem | None:
    """Download the file of a day

     Every operation of yours that was accepted on the day, a record each; then totals by kind; then the
    end, with a hash of the lines. As JSON lines, or as CSV with `Accept: text/csv` or `?format=csv`. Of
    a day that is over it is the same every time.

    Args:
        date (str):
        format_ (GetReconciliationDayFormatType0 | None | Unset): Instead of the Accept header;
            JSON lines if neither says otherwise

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        File | Problem
    """

    return (
        await asyncio_detailed(
            date=date,
            client=client,
            format_=format_,
        )
    ).parsed
