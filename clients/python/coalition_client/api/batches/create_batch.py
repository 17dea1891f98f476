from http import HTTPStatus
from typing import Any

import httpx2 as httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.batch import Batch
from ...models.batch_body import BatchBody
from ...models.problem import Problem
from ...types import File, Response


def _get_kwargs(
    *,
    body: BatchBody | File,
    idempotency_key: str,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/batches",
    }

    if isinstance(body, BatchBody):
        _kwargs["json"] = body.to_dict()

        headers["Content-Type"] = "application/json"
    if isinstance(body, File):
        _kwargs["content"] = body.payload
        headers["Content-Type"] = body.mime_type or "text/csv"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Batch | Problem | None:
    if response.status_code == 201:
        response_201 = Batch.from_dict(response.json())

        return response_201

    if response.status_code == 202:
        response_202 = Batch.from_dict(response.json())

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
) -> Response[Batch | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: BatchBody | File,
    idempotency_key: str,
) -> Response[Batch | Problem]:
    """Post many movements at once

     Up to 5,000 earns, redemptions and refunds, posted in their order and answered line by line. A
    refund may name a sale of an earlier line by its reference. A line that cannot be posted does not
    stand in the others' way. Each line is done once under its reference, whichever batch it comes in,
    so a batch whose answer was lost is simply sent again: with the same key it gets the same answer,
    and one that was cut short is carried on.

    A file of JSON lines or CSV, up to 200,000 lines and 268,435,456 bytes, is stored as it arrives and
    answered 202 once all of it is; so is JSON with `Prefer: respond-async`. It is then posted after the
    tills, and its lines tell what became of them. Each line of a file is what an entry of `lines` is;
    CSV has a header of `type`, `reference`, `member_card`, `member_id`, `member_customer_id`, `store`,
    `occurred_at`, `channel`, `entry_mode`, `amount`, `currency`, `points`, `original_reference`,
    `original_transaction`, `till`, `business_date`, `receipt_number`, of which `type`, `reference` and
    `occurred_at` must be there.

    Args:
        idempotency_key (str):
        body (BatchBody): Movements to post in one call, in this order.
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Batch | Problem]
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
    body: BatchBody | File,
    idempotency_key: str,
) -> Batch | Problem | None:
    """Post many movements at once

     Up to 5,000 earns, redemptions and refunds, posted in their order and answered line by line. A
    refund may name a sale of an earlier line by its reference. A line that cannot be posted does not
    stand in the others' way. Each line is done once under its reference, whichever batch it comes in,
    so a batch whose answer was lost is simply sent again: with the same key it gets the same answer,
    and one that was cut short is carried on.

    A file of JSON lines or CSV, up to 200,000 lines and 268,435,456 bytes, is stored as it arrives and
    answered 202 once all of it is; so is JSON with `Prefer: respond-async`. It is then posted after the
    tills, and its lines tell what became of them. Each line of a file is what an entry of `lines` is;
    CSV has a header of `type`, `reference`, `member_card`, `member_id`, `member_customer_id`, `store`,
    `occurred_at`, `channel`, `entry_mode`, `amount`, `currency`, `points`, `original_reference`,
    `original_transaction`, `till`, `business_date`, `receipt_number`, of which `type`, `reference` and
    `occurred_at` must be there.

    Args:
        idempotency_key (str):
        body (BatchBody): Movements to post in one call, in this order.
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Batch | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: BatchBody | File,
    idempotency_key: str,
) -> Response[Batch | Problem]:
    """Post many movements at once

     Up to 5,000 earns, redemptions and refunds, posted in their order and answered line by line. A
    refund may name a sale of an earlier line by its reference. A line that cannot be posted does not
    stand in the others' way. Each line is done once under its reference, whichever batch it comes in,
    so a batch whose answer was lost is simply sent again: with the same key it gets the same answer,
    and one that was cut short is carried on.

    A file of JSON lines or CSV, up to 200,000 lines and 268,435,456 bytes, is stored as it arrives and
    answered 202 once all of it is; so is JSON with `Prefer: respond-async`. It is then posted after the
    tills, and its lines tell what became of them. Each line of a file is what an entry of `lines` is;
    CSV has a header of `type`, `reference`, `member_card`, `member_id`, `member_customer_id`, `store`,
    `occurred_at`, `channel`, `entry_mode`, `amount`, `currency`, `points`, `original_reference`,
    `original_transaction`, `till`, `business_date`, `receipt_number`, of which `type`, `reference` and
    `occurred_at` must be there.

    Args:
        idempotency_key (str):
        body (BatchBody): Movements to post in one call, in this order.
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Batch | Problem]
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
    body: BatchBody | File,
    idempotency_key: str,
) -> Batch | Problem | None:
    """Post many movements at once

     Up to 5,000 earns, redemptions and refunds, posted in their order and answered line by line. A
    refund may name a sale of an earlier line by its reference. A line that cannot be posted does not
    stand in the others' way. Each line is done once under its reference, whichever batch it comes in,
    so a batch whose answer was lost is simply sent again: with the same key it gets the same answer,
    and one that was cut short is carried on.

    A file of JSON lines or CSV, up to 200,000 lines and 268,435,456 bytes, is stored as it arrives and
    answered 202 once all of it is; so is JSON with `Prefer: respond-async`. It is then posted after the
    tills, and its lines tell what became of them. Each line of a file is what an entry of `lines` is;
    CSV has a header of `type`, `reference`, `member_card`, `member_id`, `member_customer_id`, `store`,
    `occurred_at`, `channel`, `entry_mode`, `amount`, `currency`, `points`, `original_reference`,
    `original_transaction`, `till`, `business_date`, `receipt_number`, of which `type`, `reference` and
    `occurred_at` must be there.

    Args:
        idempotency_key (str):
        body (BatchBody): Movements to post in one call, in this order.
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Batch | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
