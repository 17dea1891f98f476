"""What a member's app and counter make: tokens, and the PIN."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers.moments import instant
from services.gateway.apidocs import authority_examples as examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import MEMBERS_APP
from services.gateway.http.admission import admit
from services.gateway.http.answering import Answer
from services.gateway.http.bodies import read_json
from services.gateway.http.earns import STANDING_REASONS
from services.gateway.http.routes import ToldRoute, post, put
from services.gateway.schemas.authority import AppToken, Pin, PinBody
from services.gateway.schemas.reading import read
from services.runtime.partner_standing import Operation

_REASONS = (*STANDING_REASONS, Reason.REASON_MEMBER_UNKNOWN, Reason.REASON_MEMBER_CLOSED)


class Authorities:
    """What a member shows at tills, made where the member is known."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """POST /v1/members/{member_id}/app-tokens and PUT /v1/members/{member_id}/pin."""
        return [
            post(
                "/v1/members/{member_id}/app-tokens",
                self.issue,
                id="createAppToken",
                tag="Members",
                summary="Make a token of the member's app",
                description="Good for a minute and one use, at any partner's till. For your app's server, with the scope "
                "`members:app`, for members that you enrolled or know by your own customer number; have a key for it that is on no till. "
                "Nothing is kept of a token until it is used, so this takes no Idempotency-Key: asked again, it makes another one.",
                body=None,
                answer=AppToken,
                example=examples.APP_TOKEN,
                reasons=_REASONS,
                writes=False,
            ),
            put(
                "/v1/members/{member_id}/pin",
                self.set_pin,
                id="setPin",
                tag="Members",
                summary="Set a member's PIN",
                description="The newest one counts, at all tills, and ends a lock. Only the partner that enrolled the member may do this, "
                "with the scope `members:app`, once it has made sure who asks. It is kept so that nobody can read it again. Setting the "
                "same one again changes nothing, so this takes no Idempotency-Key.",
                body=PinBody,
                examples=examples.PIN_BODIES,
                answer=Pin,
                example=examples.PIN,
                reasons=_REASONS,
            ),
        ]

    async def issue(self, request: Request, member_id: str) -> Response:
        """Makes a token."""
        gateway = self._gateway
        caller = await admit(gateway, request, MEMBERS_APP, Operation.MEMBERS)
        found = gateway.member_directory.by_alias(caller, member_id)
        token = await gateway.authorities.issue_app_token(caller.token, found)
        answer = {"object": "app_token", "member": member_id, "token": token.text}
        return Answer({**answer, "expires_at": instant(token.expires_at_us)}, 201)

    async def set_pin(self, request: Request, member_id: str) -> Response:
        """Sets a PIN."""
        gateway = self._gateway
        caller = await admit(gateway, request, MEMBERS_APP, Operation.MEMBERS)
        found = gateway.member_directory.by_alias(caller, member_id)
        body = read(PinBody, await read_json(request, gateway.settings.body_bytes_max))
        await gateway.authorities.set_pin(caller.token, found, body.pin)
        return Answer({"object": "pin", "member": member_id})
