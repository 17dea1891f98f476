from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.list_of_expiration import ListOfExpiration
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    member_id: str,
    *,
    limit: int | Unset = 20,
    starting_after: str | Unset = "",
    ending_before: str | Unset = "",
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["limit"] = limit

    params["starting_after"] = starting_after

    params["ending_before"] = ending_before

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/members/{member_id}/expirations".format(
            member_id=quote(str(member_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ListOfExpiration | Problem | None:
    if response.status_code == 200:
        response_200 = ListOfExpiration.from_dict(response.json())

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
) -> Response[ListOfExpiration | Problem]:
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
    limit: int | Unset = 20,
    starting_after: str | Unset = "",
    ending_before: str | Unset = "",
) -> Response[ListOfExpiration | Problem]:
    """List when a member's points expire

     Which points are gone from when on, soonest first, as far as they can be spent now: what a hold set
    aside is left out, and so is what never expires. Pass the last `expires_at` as `starting_after` for
    the next page.

    Args:
        member_id (str):
        limit (int | Unset): Entries a page; 20 if left out Default: 20.
        starting_after (str | Unset): The last entry's id of the page before: the page after it
            Default: ''.
        ending_before (str | Unset): The first entry's id of the page after: the page before it
            Default: ''.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ListOfExpiration | Problem]
    """

    kwargs = _get_kwargs(
        member_id=member_id,
        limit=limit,
        starting_after=starting_after,
        ending_before=ending_before,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    member_id: str,
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 20,
    starting_after: str | Unset = "",
    ending_before: str | Unset = "",
) -> ListOfExpiration | Problem | None:
    """List when a member's points expire

     Which points are gone from when on, soonest first, as far as they can be spent now: what a hold set
    aside is left out, and so is what never expires. Pass the last `expires_at` as `starting_after` for
    the next page.

    Args:
        member_id (str):
        limit (int | Unset): Entries a page; 20 if left out Default: 20.
        starting_after (str | Unset): The last entry's id of the page before: the page after it
            Default: ''.
        ending_before (str | Unset): The first entry's id of the page after: the page before it
            Default: ''.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ListOfExpiration | Problem
    """

    return sync_detailed(
        member_id=member_id,
        client=client,
        limit=limit,
        starting_after=starting_after,
        ending_before=ending_before,
    ).parsed


async def asyncio_detailed(
    member_id: str,
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 20,
    starting_after: str | Unset = "",
    ending_before: str | Unset = "",
) -> Response[ListOfExpiration | Problem]:
    """List when a member's points expire

     Which points are gone from when on, soonest first, as far as they can be spent now: what a hold set
    aside is left out, and so is what never expires. Pass the last `expires_at` as `starting_after` for
    the next page.

    Args:
        member_id (str):
        limit (int | Unset): Entries a page; 20 if left out Default: 20.
        starting_after (str | Unset): The last entry's id of the page before: the page after it
            Default: ''.
        ending_before (str | Unset): The first entry's id of the page after: the page before it
            Default: ''.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ListOfExpiration | Problem]
    """

    kwargs = _get_kwargs(
        member_id=member_id,
        limit=limit,
        starting_after=starting_after,
        ending_before=ending_before,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    member_id: str,
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 20,
    starting_after: str | Unset = "",
    ending_before: str | Unset = "",
) -> ListOfExpiration | Problem | None:
    """List when a member's points expire

     Which points are gone from when on, soonest first, as far as they can be spent now: what a hold set
    aside is left out, and so is what never expires. Pass the last `expires_at` as `starting_after` for
    the next page.

    Args:
        member_id (str):
        limit (int | Unset): Entries a page; 20 if left out Default: 20.
        starting_after (str | Unset): The last entry's id of the page before: the page after it
            Default: ''.
        ending_before (str | Unset): The first entry's id of the page after: the page before it
            Default: ''.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ListOfExpiration | Problem
    """

    return (
        await asyncio_detailed(
            member_id=member_id,
            client=client,
            limit=limit,
            starting_after=starting_after,
            ending_before=ending_before,
        )
    ).parsed
