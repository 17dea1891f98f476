from http import HTTPStatus
from typing import Any

import httpx2 as httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.reconciliation_upload import ReconciliationUpload
from ...types import UNSET, File, Response, Unset


def _get_kwargs(
    *,
    body: File,
    date: str,
    kinds: str | Unset = "earn,redemption,capture,refund,reversal",
    amounts: bool | Unset = True,
    idempotency_key: str,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    headers["Idempotency-Key"] = idempotency_key

    params: dict[str, Any] = {}

    params["date"] = date

    params["kinds"] = kinds

    params["amounts"] = amounts

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/reconciliation/uploads",
        "params": params,
    }

    _kwargs["content"] = body.payload
    headers["Content-Type"] = body.mime_type or "text/csv"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | ReconciliationUpload | None:
    if response.status_code == 201:
        response_201 = ReconciliationUpload.from_dict(response.json())

        return response_201

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

    if response.status_code == 415:
        response_415 = Problem.from_dict(response.json())

        return response_415

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

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
) -> Response[Problem | ReconciliationUpload]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: File,
    date: str,
    kinds: str | Unset = "earn,redemption,capture,refund,reversal",
    amounts: bool | Unset = True,
    idempotency_key: str,
) -> Response[Problem | ReconciliationUpload]:
    """Compare your own file of a day with our books

     CSV with a header, or JSON lines, in UTF-8: `reference`, `kind`, `points` (what the member has more,
    or fewer with a minus), `amount` (minor units) and, where a line is not of that day, `date`. Each is
    as in the daily file. Up to 250,000 lines and 67,108,864 bytes. A line that cannot be read is told
    with its number, and the others are compared.

    Args:
        date (str): The business day that the file is of: YYYY-MM-DD
        kinds (str | Unset): The kinds of operations that the file has all of, with commas: of
            earn, redemption, hold, capture, void, refund, reversal, transfer Default:
            'earn,redemption,capture,refund,reversal'.
        amounts (bool | Unset): Whether amounts of money are compared, too Default: True.
        idempotency_key (str):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ReconciliationUpload]
    """

    kwargs = _get_kwargs(
        body=body,
        date=date,
        kinds=kinds,
        amounts=amounts,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: File,
    date: str,
    kinds: str | Unset = "earn,redemption,capture,refund,reversal",
    amounts: bool | Unset = True,
    idempotency_key: str,
) -> Problem | ReconciliationUpload | None:
    """Compare your own file of a day with our books

     CSV with a header, or JSON lines, in UTF-8: `reference`, `kind`, `points` (what the member has more,
    or fewer with a minus), `amount` (minor units) and, where a line is not of that day, `date`. Each is
    as in the daily file. Up to 250,000 lines and 67,108,864 bytes. A line that cannot be read is told
    with its number, and the others are compared.

    Args:
        date (str): The business day that the file is of: YYYY-MM-DD
        kinds (str | Unset): The kinds of operations that the file has all of, with commas: of
            earn, redemption, hold, capture, void, refund, reversal, transfer Default:
            'earn,redemption,capture,refund,reversal'.
        amounts (bool | Unset): Whether amounts of money are compared, too Default: True.
        idempotency_key (str):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | ReconciliationUpload
    """

    return sync_detailed(
        client=client,
        body=body,
        date=date,
        kinds=kinds,
        amounts=amounts,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: File,
    date: str,
    kinds: str | Unset = "earn,redemption,capture,refund,reversal",
    amounts: bool | Unset = True,
    idempotency_key: str,
) -> Response[Problem | ReconciliationUpload]:
    """Compare your own file of a day with our books

     CSV with a header, or JSON lines, in UTF-8: `reference`, `kind`, `points` (what the member has more,
    or fewer with a minus), `amount` (minor units) and, where a line is not of that day, `date`. Each is
    as in the daily file. Up to 250,000 lines and 67,108,864 bytes. A line that cannot be read is told
    with its number, and the others are compared.

    Args:
        date (str): The business day that the file is of: YYYY-MM-DD
        kinds (str | Unset): The kinds of operations that the file has all of, with commas: of
            earn, redemption, hold, capture, void, refund, reversal, transfer Default:
            'earn,redemption,capture,refund,reversal'.
        amounts (bool | Unset): Whether amounts of money are compared, too Default: True.
        idempotency_key (str):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ReconciliationUpload]
    """

    kwargs = _get_kwargs(
        body=body,
        date=date,
        kinds=kinds,
        amounts=amounts,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: File,
    date: str,
    kinds: str | Unset = "earn,redemption,capture,refund,reversal",
    amounts: bool | Unset = True,
    idempotency_key: str,
) -> Problem | ReconciliationUpload | None:
    """Compare your own file of a day with our books

     CSV with a header, or JSON lines, in UTF-8: `reference`, `kind`, `points` (what the member has more,
    or fewer with a minus), `amount` (minor units) and, where a line is not of that day, `date`. Each is
    as in the daily file. Up to 250,000 lines and 67,108,864 bytes. A line that cannot be read is told
    with its number, and the others are compared.

    Args:
        date (str): The business day that the file is of: YYYY-MM-DD
        kinds (str | Unset): The kinds of operations that the file has all of, with commas: of
            earn, redemption, hold, capture, void, refund, reversal, transfer Default:
            'earn,redemption,capture,refund,reversal'.
        amounts (bool | Unset): Whether amounts of money are compared, too Default: True.
        idempotency_key (str):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | ReconciliationUpload
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            date=date,
            kinds=kinds,
            amounts=amounts,
            idempotency_key=idempotency_key,
        )
    ).parsed
