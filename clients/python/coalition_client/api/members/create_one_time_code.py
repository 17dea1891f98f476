from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.one_time_code import OneTimeCode
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    member_id: str,
    *,
    idempotency_key: str,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/members/{member_id}/one-time-codes".format(
            member_id=quote(str(member_id), safe=""),
        ),
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> OneTimeCode | Problem | None:
    if response.status_code == 202:
        response_202 = OneTimeCode.from_dict(response.json())

        return response_202

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
) -> Response[OneTimeCode | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    member_id: str,
    *,
    client: AuthenticatedClient,
    idempotency_key: str,
) -> Response[OneTimeCode | Problem]:
    """Have a code sent to a member at the till

     For a member without card and app: the code goes by text message, to the app or by e-mail, and the
    member reads it out. Send it on as `authorisation` with the method `code`. It is good for some
    minutes, with you alone, for one use: one Idempotency-Key; three wrong tries end it, and a new one
    ends the one before. The answer comes before the message is sent; the same key sends no second one.
    With the scope `points:redeem`.

    Args:
        member_id (str):
        idempotency_key (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OneTimeCode | Problem]
    """

    kwargs = _get_kwargs(
        member_id=member_id,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    member_id: str,
    *,
    client: AuthenticatedClient,
    idempotency_key: str,
) -> OneTimeCode | Problem | None:
    """Have a code sent to a member at the till

     For a member without card and app: the code goes by text message, to the app or by e-mail, and the
    member reads it out. Send it on as `authorisation` with the method `code`. It is good for some
    minutes, with you alone, for one use: one Idempotency-Key; three wrong tries end it, and a new one
    ends the one before. The answer comes before the message is sent; the same key sends no second one.
    With the scope `points:redeem`.

    Args:
        member_id (str):
        idempotency_key (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OneTimeCode | Problem
    """

    return sync_detailed(
        member_id=member_id,
        client=client,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    member_id: str,
    *,
    client: AuthenticatedClient,
    idempotency_key: str,
) -> Response[OneTimeCode | Problem]:
    """Have a code sent to a member at the till

     For a member without card and app: the code goes by text message, to the app or by e-mail, and the
    member reads it out. Send it on as `authorisation` with the method `code`. It is good for some
    minutes, with you alone, for one use: one Idempotency-Key; three wrong tries end it, and a new one
    ends the one before. The answer comes before the message is sent; the same key sends no second one.
    With the scope `points:redeem`.

    Args:
        member_id (str):
        idempotency_key (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OneTimeCode | Problem]
    """

    kwargs = _get_kwargs(
        member_id=member_id,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    member_id: str,
    *,
    client: AuthenticatedClient,
    idempotency_key: str,
) -> OneTimeCode | Problem | None:
    """Have a code sent to a member at the till

     For a member without card and app: the code goes by text message, to the app or by e-mail, and the
    member reads it out. Send it on as `authorisation` with the method `code`. It is good for some
    minutes, with you alone, for one use: one Idempotency-Key; three wrong tries end it, and a new one
    ends the one before. The answer comes before the message is sent; the same key sends no second one.
    With the scope `points:redeem`.

    Args:
        member_id (str):
        idempotency_key (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OneTimeCode | Problem
    """

    return (
        await asyncio_detailed(
            member_id=member_id,
            client=client,
            idempotency_key=idempotency_key,
        )
    ).parsed
