"""Reasons of how the API is called: from where, and in which version."""

from __future__ import annotations

from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.apidocs.explained import Explained

ACCESS_ERRORS: Final[dict[Reason.ValueType, Explained]] = {
    Reason.REASON_ADDRESS_NOT_ALLOWED: Explained(
        "The API key is good, but it is taken from some addresses alone, and the request came from another one.",
        "Call from one of the addresses that you have agreed on for this key, or have the list changed. If it was not you who "
        "called, have the key revoked.",
    ),
    Reason.REASON_API_VERSION_UNKNOWN: Explained(
        "`Coalition-Version` names a version of the API that there is not, or not any more.",
        "Send one of the versions in `known`, exactly so; or leave the header out for the version that you are pinned to.",
        ("known",),
    ),
}
