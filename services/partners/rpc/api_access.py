"""coalition.partners.v1.ApiAccessService over the commands and queries of keys and versions."""

from __future__ import annotations

from coalition.partners.v1 import api_access_pb2 as pb
from coalition.partners.v1.api_access_pb2_grpc import ApiAccessServiceServicer

from services.partners.app import ApiAccess
from services.partners.domain.api_versions import ApiVersionPin
from services.partners.rpc.registry_mapping import key_message
from services.runtime.api_versions import VERSIONS
from services.runtime.fields import read_id, read_optional_id
from services.runtime.principal import acting


class ApiAccessServicer(ApiAccessServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, access: ApiAccess) -> None:
        self._app = access

    async def RollApiKey(self, request: pb.RollApiKeyRequest, context: object) -> pb.RollApiKeyResponse:
        """See the contract."""
        key_id = read_id(request.key_id, "key_id")
        rolled = await self._app.roll_api_key(acting(), key_id, request.label, request.overlap_seconds)
        return pb.RollApiKeyResponse(
            api_key=key_message(rolled.made), secret=rolled.secret, rolled=key_message(rolled.old)
        )

    async def SetApiKeyAddresses(
        self, request: pb.SetApiKeyAddressesRequest, context: object
    ) -> pb.SetApiKeyAddressesResponse:
        """See the contract."""
        key_id = read_id(request.key_id, "key_id")
        key = await self._app.set_key_addresses(acting(), key_id, request.addresses)
        return pb.SetApiKeyAddressesResponse(api_key=key_message(key))

    async def PinApiVersion(
        self, request: pb.PinApiVersionRequest, context: object
    ) -> pb.PinApiVersionResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        made = await self._app.pin_api_version(acting(), partner_id, request.api_version)
        return pb.PinApiVersionResponse(pin=_pin(made))

    async def ListApiVersionPins(
        self, request: pb.ListApiVersionPinsRequest, context: object
    ) -> pb.ListApiVersionPinsResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        pins = await self._app.credentials.api_versions_of(acting(), partner_id)
        return pb.ListApiVersionPinsResponse(
            pins=map(_pin, pins), known=[version.name for version in VERSIONS]
        )


def _pin(pin: ApiVersionPin) -> pb.ApiVersionPin:
    return pb.ApiVersionPin(
        number=pin.number, api_version=pin.api_version, set_at_us=pin.set_at_us, set_by=pin.set_by
    )
