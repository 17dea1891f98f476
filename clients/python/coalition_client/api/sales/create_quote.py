from http import HTTPStatus
from typing import Any

import httpx2 as httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.quote import Quote
from ...models.quote_body import QuoteBody
from ...types import Response


def _get_kwargs(
    *,
    body: QuoteBody,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/quotes",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | Quote | None:
    if response.status_code == 200:
        response_200 = Quote.from_dict(response.json())

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

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

    if response.status_code == 415:
        response_415 = Problem.from_dict(response.json())

        return response_415

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
) -> Response[Problem | Quote]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: QuoteBody,
) -> Response[Problem | Quote]:
    """Ask what a sale, a refund or an exchange would come to

     The dry run of a till: the points that a sale would earn, what of it may be paid in points, or what
    a refund would give back and take back, all as it would be posted now. It writes nothing, so it
    takes no Idempotency-Key, and promises nothing: what happens before you post counts. Needs the scope
    `points:read`.

    Args:
        body (QuoteBody): What is asked about: a sale, a refund, or both for an exchange.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Quote]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: QuoteBody,
) -> Problem | Quote | None:
    """Ask what a sale, a refund or an exchange would come to

     The dry run of a till: the points that a sale would earn, what of it may be paid in points, or what
    a refund would give back and take back, all as it would be posted now. It writes nothing, so it
    takes no Idempotency-Key, and promises nothing: what happens before you post counts. Needs the scope
    `points:read`.

    Args:
        body (QuoteBody): What is asked about: a sale, a refund, or both for an exchange.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Quote
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: QuoteBody,
) -> Response[Problem | Quote]:
    """Ask what a sale, a refund or an exchange would come to

     The dry run of a till: the points that a sale would earn, what of it may be paid in points, or what
    a refund would give back and take back, all as it would be posted now. It writes nothing, so it
    takes no Idempotency-Key, and promises nothing: what happens before you post counts. Needs the scope
    `points:read`.

    Args:
        body (QuoteBody): What is asked about: a sale, a refund, or both for an exchange.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Quote]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: QuoteBody,
) -> Problem | Quote | None:
    """Ask what a sale, a refund or an exchange would come to

     The dry run of a till: the points that a sale would earn, what of it may be paid in points, or what
    a refund would give back and take back, all as it would be posted now. It writes nothing, so it
    takes no Idempotency-Key, and promises nothing: what happens before you post counts. Needs the scope
    `points:read`.

    Args:
        body (QuoteBody): What is asked about: a sale, a refund, or both for an exchange.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Quote
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
