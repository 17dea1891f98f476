"""coalition.partners.v1.PartnersService over the commands and queries of the registry."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from coalition.partners.v1 import partners_pb2 as pb
from coalition.partners.v1.partners_pb2_grpc import PartnersServiceServicer
from coalition.type.v1 import principal_pb2

from services.partners.app import Partners
from services.partners.domain.partner import NewStore
from services.partners.domain.programme import NewProgramme
from services.partners.rpc import registry_mapping as mapping
from services.partners.rpc.standing import now_message
from services.runtime.errors import InvalidRequest
from services.runtime.expiry_policy import DEFAULT_POLICY, policy_from, policy_message
from services.runtime.fields import read_id, read_optional_id
from services.runtime.principal import acting, programme_message

_IS_TEST: Final = {principal_pb2.PROGRAMME_MODE_LIVE: False, principal_pb2.PROGRAMME_MODE_TEST: True}


class PartnersServicer(PartnersServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, partners: Partners) -> None:
        self._app = partners

    async def RegisterProgramme(
        self, request: pb.RegisterProgrammeRequest, context: object
    ) -> pb.RegisterProgrammeResponse:
        """See the contract."""
        if request.mode not in _IS_TEST:
            raise InvalidRequest("the mode is live or test", field="mode")
        wanted = NewProgramme.read(
            request.slug,
            request.name,
            request.zone,
            request.currency,
            _IS_TEST[request.mode],
            request.starts_at_us,
            policy_from(request.expiry) if request.HasField("expiry") else DEFAULT_POLICY,
        )
        registered = await self._app.register_programme(acting(), wanted)
        return pb.RegisterProgrammeResponse(programme=programme_message(registered.programme))

    async def GetProgramme(self, request: pb.GetProgrammeRequest, context: object) -> pb.GetProgrammeResponse:
        """See the contract."""
        found = await self._app.programmes.get(acting(), request.slug)
        return pb.GetProgrammeResponse(
            programme=programme_message(found.programme),
            name=found.name,
            starts_at_us=found.starts_at_us,
            expiry=policy_message(found.expiry),
        )

    async def ListProgrammes(
        self, request: pb.ListProgrammesRequest, context: object
    ) -> pb.ListProgrammesResponse:
        """See the contract."""
        found = await self._app.programmes.list_all(acting())
        return pb.ListProgrammesResponse(programmes=[programme_message(each.programme) for each in found])

    async def OnboardPartner(
        self, request: pb.OnboardPartnerRequest, context: object
    ) -> pb.OnboardPartnerResponse:
        """See the contract."""
        partner = await self._app.onboard_partner(acting(), request.slug, request.name)
        return pb.OnboardPartnerResponse(partner=mapping.partner_message(partner))

    async def ListPartners(self, request: pb.ListPartnersRequest, context: object) -> pb.ListPartnersResponse:
        """See the contract."""
        found = await self._app.partners.list_all(acting())
        return pb.ListPartnersResponse(partners=map(mapping.partner_message, found))

    async def AddStores(self, request: pb.AddStoresRequest, context: object) -> pb.AddStoresResponse:
        """See the contract."""
        asked = [NewStore(store.code, store.name) for store in request.stores]
        found = await self._app.add_stores(
            acting(), read_optional_id(request.partner_id, "partner_id"), asked
        )
        return pb.AddStoresResponse(stores=map(mapping.store_message, found))

    async def ListStores(self, request: pb.ListStoresRequest, context: object) -> pb.ListStoresResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        page = await self._app.partners.stores(acting(), partner_id, request.after_code, request.limit)
        return pb.ListStoresResponse(stores=map(mapping.store_message, page.stores), has_more=page.has_more)

    async def GetPartner(self, request: pb.GetPartnerRequest, context: object) -> pb.GetPartnerResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        found = await self._app.partners.get(acting(), partner_id, request.slug)
        return pb.GetPartnerResponse(
            partner=mapping.partner_message(found.partner),
            stores=map(mapping.store_message, found.stores),
            roles=mapping.roles_now(found.roles),
            standing=now_message(found.standing),
        )

    async def IssueApiKey(self, request: pb.IssueApiKeyRequest, context: object) -> pb.IssueApiKeyResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        key, secret = await self._app.issue_api_key(acting(), partner_id, request.label, request.scopes)
        return pb.IssueApiKeyResponse(api_key=mapping.key_message(key), secret=secret)

    async def RevokeApiKey(self, request: pb.RevokeApiKeyRequest, context: object) -> pb.RevokeApiKeyResponse:
        """See the contract."""
        key = await self._app.revoke_api_key(acting(), read_id(request.key_id, "key_id"))
        return pb.RevokeApiKeyResponse(api_key=mapping.key_message(key))

    async def ListApiKeys(self, request: pb.ListApiKeysRequest, context: object) -> pb.ListApiKeysResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        found = await self._app.partners.api_keys(acting(), partner_id)
        return pb.ListApiKeysResponse(api_keys=map(mapping.key_message, found))

    async def AuthenticateApiKey(
        self, request: pb.AuthenticateApiKeyRequest, context: object
    ) -> pb.AuthenticateApiKeyResponse:
        """See the contract."""
        found = await self._app.credentials.of_api_key(acting(), request.secret_sha256)
        return pb.AuthenticateApiKeyResponse(
            api_key=mapping.key_message(found.key),
            partner=mapping.partner_message(found.partner),
            programme=programme_message(found.programme),
            roles=mapping.roles_now(found.roles),
            standing=now_message(found.standing),
            quotas=mapping.quotas_message(found.quotas),
            api_version=found.api_version,
        )

    async def SetQuotas(self, request: pb.SetQuotasRequest, context: object) -> pb.SetQuotasResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        made = await self._app.set_quotas(acting(), partner_id, mapping.quotas_from(request.quotas))
        return pb.SetQuotasResponse(quotas=mapping.quota_version(made))

    async def ListQuotas(self, request: pb.ListQuotasRequest, context: object) -> pb.ListQuotasResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        found = await self._app.credentials.quotas_of(acting(), partner_id)
        return pb.ListQuotasResponse(versions=map(mapping.quota_version, found))

    async def AddStaff(self, request: pb.AddStaffRequest, context: object) -> pb.AddStaffResponse:
        """See the contract."""
        staff, token = await self._app.add_staff(acting(), request.name, request.roles)
        return pb.AddStaffResponse(staff=mapping.staff_message(staff), token=token)

    async def ListStaff(self, request: pb.ListStaffRequest, context: object) -> pb.ListStaffResponse:
        """See the contract."""
        found = await self._app.credentials.all_staff(acting())
        return pb.ListStaffResponse(staff=map(mapping.staff_message, found))

    async def AuthenticateStaff(
        self, request: pb.AuthenticateStaffRequest, context: object
    ) -> pb.AuthenticateStaffResponse:
        """See the contract."""
        staff, token = await self._app.credentials.of_staff(acting(), request.token_sha256)
        return pb.AuthenticateStaffResponse(staff=mapping.staff_message(staff), token_id=token.token_id.bytes)

    async def SetRates(self, request: pb.SetRatesRequest, context: object) -> pb.SetRatesResponse:
        """See the contract."""
        made = await self._app.set_rates(acting(), mapping.rates_from(request.rates))
        return pb.SetRatesResponse(rates=mapping.rates_message(made))

    async def ListRates(self, request: pb.ListRatesRequest, context: object) -> pb.ListRatesResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        found = await self._app.partners.rates(acting(), partner_id)
        return pb.ListRatesResponse(rates=map(mapping.rates_message, found))

    async def ReadEvents(
        self, request: pb.ReadEventsRequest, context: object
    ) -> AsyncIterator[pb.ReadEventsResponse]:
        """See the contract."""
        async for block in self._app.events(acting(), request.from_pos, request.limit):
            yield pb.ReadEventsResponse(events=block)
