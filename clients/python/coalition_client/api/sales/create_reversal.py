from http import HTTPStatus
from typing import Any

import httpx2 as httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.reversal import Reversal
from ...models.reversal_body import ReversalBody
from ...types import Response


def _get_kwargs(
    *,
    body: ReversalBody,
    idempotency_key: str,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/reversals",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | Reversal | None:
    if response.status_code == 200:
        response_200 = Reversal.from_dict(response.json())

        return response_200

    if response.status_code == 201:
        response_201 = Reversal.from_dict(response.json())

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
) -> Response[Problem | Reversal]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: ReversalBody,
    idempotency_key: str,
) -> Response[Problem | Reversal]:
    """Undo a request that you never heard the answer to

     By the Idempotency-Key of an earn, a redemption, a hold, a capture or a purchase, safe whether or
    not it arrived: what was posted is refunded with all that is left of it, an open hold is voided
    (201, `reversed`). Where there is nothing to undo there never will be (200, `nothing_to_reverse`):
    the original, should it still arrive, is refused. Needs the scopes `points:earn` and
    `points:redeem`.

    Args:
        idempotency_key (str):
        body (ReversalBody): Names what is to be undone, whether or not it arrived.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Reversal]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: ReversalBody,
    idempotency_key: str,
) -> Problem | Reversal | None:
    """Undo a request that you never heard the answer to

     By the Idempotency-Key of an earn, a redemption, a hold, a capture or a purchase, safe whether or
    not it arrived: what was posted is refunded with all that is left of it, an open hold is voided
    (201, `reversed`). Where there is nothing to undo there never will be (200, `nothing_to_reverse`):
    the original, should it still arrive, is refused. Needs the scopes `points:earn` and
    `points:redeem`.

    Args:
        idempotency_key (str):
        body (ReversalBody): Names what is to be undone, whether or not it arrived.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Reversal
    """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: ReversalBody,
    idempotency_key: str,
) -> Response[Problem | Reversal]:
    """Undo a request that you never heard the answer to

     By the Idempotency-Key of an earn, a redemption, a hold, a capture or a purchase, safe whether or
    not it arrived: what was posted is refunded with all that is left of it, an open hold is voided
    (201, `reversed`). Where there is nothing to undo there never will be (200, `nothing_to_reverse`):
    the original, should it still arrive, is refused. Needs the scopes `points:earn` and
    `points:redeem`.

    Args:
        idempotency_key (str):
        body (ReversalBody): Names what is to be undone, whether or not it arrived.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Reversal]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: ReversalBody,
    idempotency_key: str,
) -> Problem | Reversal | None:
    """Undo a request that you never heard the answer to

     By the Idempotency-Key of an earn, a redemption, a hold, a capture or a purchase, safe whether or
    not it arrived: what was posted is refunded with all that is left of it, an open hold is voided
    (201, `reversed`). Where there is nothing to undo there never will be (200, `nothing_to_reverse`):
    the original, should it still arrive, is refused. Needs the scopes `points:earn` and
    `points:redeem`.

    Args:
        idempotency_key (str):
        body (ReversalBody): Names what is to be undone, whether or not it arrived.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Reversal
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
