"""How partners name members."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.gateway.schemas.fields import Body


def one_of(schema: dict[str, Any]) -> None:
    """Says in a schema that exactly one of its properties is given."""
    schema["oneOf"] = [{"required": [name]} for name in schema["properties"]]
    for field in schema["properties"].values():
        field.pop("default", None)


class MemberReference(Body):
    """Names a member in exactly one way."""

    model_config = ConfigDict(json_schema_extra=one_of)

    id: Annotated[str, Field(max_length=64, description="Your id of the member", examples=["mem_…"])] = ""
    card: Annotated[
        str,
        Field(
            max_length=80,
            description="The card number as scanned, typed or swiped: spaces and hyphens are ignored, and of a magnetic "
            "track (`;…=…?`, `%B…^…?`) the number counts",
            examples=["6035 5500 0000 0018"],
        ),
    ] = ""
    customer_id: Annotated[
        str, Field(max_length=64, description="Your own customer number of the member", examples=["C-4711"])
    ] = ""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        ways = type(self).model_fields
        if sum(getattr(self, way) != "" for way in ways) != 1:
            raise PydanticCustomError("member_reference", "Exactly one of {ways}", {"ways": ", ".join(ways)})
        return self


class PresentMember(MemberReference):
    """Names the member at the till in exactly one way."""

    app_token: Annotated[
        str,
        Field(
            max_length=150,
            repr=False,
            description="A token that the member's app shows: it names the member, shows that a burn is the member's will, and is "
            "used up under the Idempotency-Key that it is sent with first",
            examples=["apt_…"],
        ),
    ] = ""
