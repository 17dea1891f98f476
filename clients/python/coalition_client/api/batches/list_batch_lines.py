from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote

import httpx2 as httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.list_batch_lines_outcome_type_0 import ListBatchLinesOutcomeType0
from ...models.list_of_batch_line import ListOfBatchLine
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    batch_id: str,
    *,
    outcome: ListBatchLinesOutcomeType0 | None | Unset = UNSET,
    format_: Literal["ndjson"] | None | Unset = UNSET,
    limit: int | Unset = 20,
    starting_after: str | Unset = "",
    ending_before: str | Unset = "",
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_outcome: None | str | Unset
    if isinstance(outcome, Unset):
        json_outcome = UNSET
    elif isinstance(outcome, ListBatchLinesOutcomeType0):
        json_outcome = outcome.value
    else:
        json_outcome = outcome
    params["outcome"] = json_outcome

    json_format_: Literal["ndjson"] | None | Unset
    if isinstance(format_, Unset):
        json_format_ = UNSET
    else:
        json_format_ = format_
    params["format"] = json_format_

    params["limit"] = limit

    params["starting_after"] = starting_after

    params["ending_before"] = ending_before

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/batches/{batch_id}/lines".format(
            batch_id=quote(str(batch_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ListOfBatchLine | Problem | None:
    if response.status_code == 200:
        response_200 = ListOfBatchLine.from_dict(response.json())

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
) -> Response[ListOfBatchLine | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    batch_id: str,
    *,
    client: AuthenticatedClient,
    outcome: ListBatchLinesOutcomeType0 | None | Unset = UNSET,
    format_: Literal["ndjson"] | None | Unset = UNSET,
    limit: int | Unset = 20,
    starting_after: str | Unset = "",
    ending_before: str | Unset = "",
) -> Response[ListOfBatchLine | Problem]:
    """List the lines of a large batch

     In their order, each with what became of it so far. A cursor is a `line`. With `Accept:
    application/x-ndjson` or `?format=ndjson` all of them at once, one a line. A batch that was answered
    at once has its results in itself.

    Args:
        batch_id (str):
        outcome (ListBatchLinesOutcomeType0 | None | Unset): Only lines that stand there
        format_ (Literal['ndjson'] | None | Unset): All lines as a file, instead of the Accept
            header
        limit (int | Unset): Entries a page; 20 if left out Default: 20.
        starting_after (str | Unset): The last entry's id of the page before: the page after it
            Default: ''.
        ending_before (str | Unset): The first entry's id of the page after: the page before it
            Default: ''.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ListOfBatchLine | Problem]
    """

    kwargs = _get_kwargs(
        batch_id=batch_id,
        outcome=outcome,
        format_=format_,
        limit=limit,
        starting_after=starting_after,
        ending_before=ending_before,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    batch_id: str,
    *,
    client: AuthenticatedClient,
    outcome: ListBatchLinesOutcomeType0 | None | Unset = UNSET,
    format_: Literal["ndjson"] | None | Unset = UNSET,
    limit: int | Unset = 20,
    starting_after: str | Unset = "",
    ending_before: str | Unset = "",
) -> ListOfBatchLine | Problem | None:
    """List the lines of a large batch

     In their order, each with what became of it so far. A cursor is a `line`. With `Accept:
    application/x-ndjson` or `?format=ndjson` all of them at once, one a line. A batch that was answered
    at once has its results in itself.

    Args:
        batch_id (str):
        outcome (ListBatchLinesOutcomeType0 | None | Unset): Only lines that stand there
        format_ (Literal['ndjson'] | None | Unset): All lines as a file, instead of the Accept
            header
        limit (int | Unset): Entries a page; 20 if left out Default: 20.
        starting_after (str | Unset): The last entry's id of the page before: the page after it
            Default: ''.
        ending_before (str | Unset): The first entry's id of the page after: the page before it
            Default: ''.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ListOfBatchLine | Problem
    """

    return sync_detailed(
        batch_id=batch_id,
        client=client,
        outcome=outcome,
        format_=format_,
        limit=limit,
        starting_after=starting_after,
        ending_before=ending_before,
    ).parsed


async def asyncio_detailed(
    batch_id: str,
    *,
    client: AuthenticatedClient,
    outcome: ListBatchLinesOutcomeType0 | None | Unset = UNSET,
    format_: Literal["ndjson"] | None | Unset = UNSET,
    limit: int | Unset = 20,
    starting_after: str | Unset = "",
    ending_before: str | Unset = "",
) -> Response[ListOfBatchLine | Problem]:
    """List the lines of a large batch

     In their order, each with what became of it so far. A cursor is a `line`. With `Accept:
    application/x-ndjson` or `?format=ndjson` all of them at once, one a line. A batch that was answered
    at once has its results in itself.

    Args:
        batch_id (str):
        outcome (ListBatchLinesOutcomeType0 | None | Unset): Only lines that stand there
        format_ (Literal['ndjson'] | None | Unset): All lines as a file, instead of the Accept
            header
        limit (int | Unset): Entries a page; 20 if left out Default: 20.
        starting_after (str | Unset): The last entry's id of the page before: the page after it
            Default: ''.
        ending_before (str | Unset): The first entry's id of the page after: the page before it
            Default: ''.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ListOfBatchLine | Problem]
    """

    kwargs = _get_kwargs(
        batch_id=batch_id,
        outcome=outcome,
        format_=format_,
        limit=limit,
        starting_after=starting_after,
        ending_before=ending_before,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    batch_id: str,
    *,
    client: AuthenticatedClient,
    outcome: ListBatchLinesOutcomeType0 | None | Unset = UNSET,
    format_: Literal["ndjson"] | None | Unset = UNSET,
    limit: int | Unset = 20,
    starting_after: str | Unset = "",
    ending_before: str | Unset = "",
) -> ListOfBatchLine | Problem | None:
    """List the lines of a large batch

     In their order, each with what became of it so far. A cursor is a `line`. With `Accept:
    application/x-ndjson` or `?format=ndjson` all of them at once, one a line. A batch that was answered
    at once has its results in itself.

    Args:
        batch_id (str):
        outcome (ListBatchLinesOutcomeType0 | None | Unset): Only lines that stand there
        format_ (Literal['ndjson'] | None | Unset): All lines as a file, instead of the Accept
            header
        limit (int | Unset): Entries a page; 20 if left out Default: 20.
        starting_after (str | Unset): The last entry's id of the page before: the page after it
            Default: ''.
        ending_before (str | Unset): The first entry's id of the page after: the page before it
            Default: ''.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ListOfBatchLine | Problem
    """

    return (
        await asyncio_detailed(
            batch_id=batch_id,
            client=client,
            outcome=outcome,
            format_=format_,
            limit=limit,
            starting_after=starting_after,
            ending_before=ending_before,
        )
    ).parsed
