"""Problems, keys and the state of the gateway itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from services.gateway.schemas.fields import Answer, Instant


class ProblemError(Answer):
    """One thing that is wrong with a request; where it is says one of pointer, parameter and header."""

    left_out = frozenset({"pointer", "parameter", "header"})

    pointer: Annotated[str, Field(description="JSON pointer (RFC 6901) into the body")] = ""
    parameter: Annotated[str, Field(description="Name of a query parameter")] = ""
    header: Annotated[str, Field(description="Name of a header")] = ""
    code: Annotated[str, Field(description="What kind of mistake it is, e.g. `missing`")]
    detail: Annotated[str, Field(description="One sentence for a person")]


class Problem(Answer):
    """An RFC 9457 problem. The figures of a reason, such as `available`, are further members of it."""

    model_config = ConfigDict(extra="allow")
    left_out = frozenset({"errors", "receipt_text"})

    type: Annotated[str, Field(description="Address of the page about this reason")]
    title: str
    status: int
    detail: Annotated[str, Field(description="What happened this time, in one sentence")]
    instance: Annotated[str, Field(description="The path that was asked for")]
    code: Annotated[str, Field(description="The stable reason: decide by this")]
    request_id: Annotated[str, Field(description="Finds the request in our logs")]
    retryable: Annotated[
        bool, Field(description="Whether the same request with the same key may succeed later")
    ]
    errors: Annotated[
        tuple[ProblemError, ...], Field(description="What is wrong with the request, at most 20")
    ] = ()
    receipt_text: Annotated[
        str, Field(description="For the till to show or print, at most 40 characters")
    ] = ""


class Ping(Answer):
    """The gateway is there."""

    object: Literal["ping"]
    now: Annotated[Instant, Field(description="Wall-clock time")]


class PartnerSummary(Answer):
    """A partner."""

    id: Annotated[str, Field(examples=["ptr_…"])]
    slug: str
    name: str


class ProgrammeSummary(Answer):
    """A programme: one points currency."""

    slug: str
    currency: Annotated[str, Field(description="ISO 4217")]
    zone: Annotated[str, Field(description="IANA time zone of business dates")]
    mode: Literal["live", "test"]


class Me(Answer):
    """The API key of this request, and whose it is."""

    object: Literal["api_key"]
    id: Annotated[str, Field(examples=["key_…"])]
    label: Annotated[str, Field(description="What you call it")]
    hint: Annotated[str, Field(description="How its secret starts")]
    scopes: Annotated[list[str], Field(description="What it may do")]
    roles: Annotated[
        list[Literal["earn", "burn", "fund"]],
        Field(
            description="What you may do by your contract: let members earn, let them spend points, pay for what campaigns give"
        ),
    ]
    standing: Annotated[
        Literal["active", "suspended", "exiting", "exited"],
        Field(description="Where you stand: taking part, suspended, leaving or gone"),
    ]
    ends_at: Annotated[
        Instant | None,
        Field(
            description="From when on it does not work any more, because it was rolled; null: it has no end"
        ),
    ]
    addresses: Annotated[
        list[str],
        Field(
            description="Networks that it is taken from, IPv4 and IPv6, up to 32; none: from everywhere",
            examples=[["203.0.113.0/24"]],
        ),
    ]
    api_version: Annotated[
        str,
        Field(
            description="The version that you are pinned to: requests without `Coalition-Version` are answered by it",
            examples=["2026-12-01"],
        ),
    ]
    partner: PartnerSummary
    programme: ProgrammeSummary


class Health(Answer):
    """Whether the process is alive."""

    object: Literal["health"]
    status: Literal["alive"]


class Readiness(Answer):
    """Whether the gateway can serve, and which neighbour stands in the way."""

    object: Literal["readiness"]
    ready: bool
    checks: Annotated[dict[str, bool], Field(description="Service → whether it can be reached")]
