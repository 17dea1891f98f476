"""What a member's app, counter and till make: tokens, the PIN, and codes by message."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers.moments import instant
from services.gateway.apidocs import authority_examples as examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import MEMBERS_APP, POINTS_REDEEM, PartnerRole
from services.gateway.http.admission import admit, admit_write
from services.gateway.http.answering import Answer
from services.gateway.http.bodies import read_json
from services.gateway.http.earns import STANDING_REASONS
from services.gateway.http.routes import ToldRoute, post, put
from services.gateway.schemas.authority import CODE_DIGITS, AppToken, OneTimeCode, Pin, PinBody
from services.gateway.schemas.reading import read
from services.runtime.ids import to_text
from services.runtime.partner_standing import Operation

_REASONS = (*STANDING_REASONS, Reason.REASON_MEMBER_UNKNOWN, Reason.REASON_MEMBER_CLOSED)
_CODE_REASONS = (
    Reason.REASON_IDEMPOTENCY_KEY_REUSED,
    Reason.REASON_NO_CONTACT,
    Reason.REASON_CODE_LIMITED,
)


class Authorities:
    """What a member shows at tills, made where the member is known."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """POST /v1/members/{member_id}/app-tokens, PUT …/pin and POST …/one-time-codes."""
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
            self._code(),
        ]

    def _code(self) -> ToldRoute:
        return post(
            "/v1/members/{member_id}/one-time-codes",
            self.send_code,
            id="createOneTimeCode",
            tag="Members",
            summary="Have a code sent to a member at the till",
            description="For a member without card and app: the code goes by text message, to the app or by e-mail, and the member reads "
            "it out. Send it on as `authorisation` with the method `code`. It is good for some minutes, with you alone, for one use: one "
            "Idempotency-Key; three wrong tries end it, and a new one ends the one before. The answer comes before the message is sent; "
            "the same key sends no second one. With the scope `points:redeem`.",
            body=None,
            answer=OneTimeCode,
            example=examples.ONE_TIME_CODE,
            reasons=(*_REASONS, *_CODE_REASONS),
            status=202,
        )

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

    async def send_code(self, request: Request, member_id: str) -> Response:
        """Has a code sent once per key."""
        gateway = self._gateway
        caller, key = await admit_write(gateway, request, POINTS_REDEEM, Operation.REDEEM)
        caller.require_role(PartnerRole.BURN)
        found = gateway.member_directory.by_alias(caller, member_id)
        code = await gateway.authorities.send_code(caller.token, found, key)
        answer = {
            "object": "one_time_code",
            "id": to_text("otc", code.code_id),
            "member": member_id,
            "digits": CODE_DIGITS,
            "expires_at": instant(code.expires_at_us),
        }
        return Answer(answer, 202, replayed=code.replayed)
