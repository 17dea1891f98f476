"""Every reason, explained: the one table behind problem documents and the pages at /errors/….

Status and title come from the platform's catalogue. Here is what happened, what to do about it, which
figures a problem carries, and what a till shows.
"""

from __future__ import annotations

from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.apidocs.access_errors import ACCESS_ERRORS
from services.gateway.apidocs.burn_errors import OF_BURNS
from services.gateway.apidocs.explained import Explained
from services.gateway.apidocs.operators_errors import OPERATORS_ERRORS
from services.runtime.errors import CATALOGUE, ReasonEntry, code_of

_ASK_AGAIN: Final = (
    "Send the same request with the same Idempotency-Key again after a moment, waiting longer each time. It is "
    "done once, however often it is sent."
)


_R = Reason
EXPLAINED: Final[dict[Reason.ValueType, Explained]] = {
    _R.REASON_UNSPECIFIED: Explained(
        "The reason is one that this version of the gateway has no name for.",
        "Decide by the status. Tell us the request id.",
    ),
    _R.REASON_UNAUTHENTICATED: Explained(
        "The request carries no API key, or one that is malformed, unknown or revoked.",
        "Send `Authorization: Bearer sk_…` with a live key. If the key was revoked, use the one that replaced it.",
    ),
    _R.REASON_PERMISSION_DENIED: Explained(
        "The API key is good, but it may not do this: a scope is missing, or the thing belongs to another partner.",
        "Use a key with the scope that the problem names, or ask the partner that enrolled the member.",
        ("needed",),
    ),
    _R.REASON_INVALID_REQUEST: Explained(
        "Something in the body, a parameter or a header is missing, malformed or out of its range.",
        "See `errors`: each entry points at one mistake. Mend them; sending the same request again changes nothing.",
    ),
    _R.REASON_NOT_FOUND: Explained(
        "There is nothing at this address, or it belongs to another partner.",
        "Check the id and that the key is of the programme in which it was made.",
    ),
    _R.REASON_BODY_TOO_LARGE: Explained(
        "The body is larger than the limit.",
        "Send less at once: split a batch in two.",
        ("limit_bytes",),
    ),
    _R.REASON_BATCH_TOO_LARGE: Explained(
        "The batch, or the file to reconcile, has more lines than the limit.",
        "Split a batch, and give each part an Idempotency-Key of its own. Of a file, leave out kinds and say so in `kinds`.",
        ("lines", "limit"),
    ),
    _R.REASON_CURSOR_INVALID: Explained(
        "`starting_after` or `ending_before` is not the id of anything in this list.",
        "Take cursors from the `id` (of expirations: `expires_at`) of the first or the last entry of a page of the same "
        "list.",
    ),
    _R.REASON_IDEMPOTENCY_KEY_MISSING: Explained(
        "Each write needs an Idempotency-Key, so that sending it twice does it once.",
        "Send a header `Idempotency-Key` of 1 to 255 visible ASCII characters, a new one for each operation.",
    ),
    _R.REASON_IDEMPOTENCY_KEY_REUSED: Explained(
        "This Idempotency-Key was used before with another request.",
        "Use a new key for a new operation. To repeat one, send the very same body.",
    ),
    _R.REASON_IDEMPOTENCY_KEY_IN_FLIGHT: Explained(
        "A request with the same Idempotency-Key is being worked on now.",
        "Wait as long as Retry-After says and send it again: the answer of the first one comes back.",
        ("retry_after_seconds",),
        "Please wait a moment",
    ),
    _R.REASON_REFERENCE_REUSED: Explained(
        "An operation of this kind with this reference was accepted before, with other content; or the same sale is parked under another Idempotency-Key.",
        "Give each sale a reference of its own. `fields` names what differs from the accepted operation.",
        ("fields",),
        "Receipt number used before",
    ),
    _R.REASON_UNSUPPORTED: Explained(
        "The method is not served at this path (405), or the body is not of a type that is read (415).",
        "Use a method that the Allow header names; send bodies as `Content-Type: application/json`, files to reconcile as "
        "`text/csv` or `application/x-ndjson` in UTF-8, and neither compressed.",
    ),
    _R.REASON_CARD_NUMBER_INVALID: Explained(
        "The card number has the wrong length or fails its check digit.",
        "Scan or type the card again. A number that fails its check digit is never anybody's.",
        receipt_text="Card number not valid",
    ),
    _R.REASON_MEMBER_UNKNOWN: Explained(
        "No member of the programme has this identifier.",
        "Enrol the member with `POST /v1/members`, then send the operation again.",
        receipt_text="Card is not registered",
    ),
    _R.REASON_MEMBER_CLOSED: Explained(
        "The member has left the programme for good.",
        "Tell the member. A closed member cannot be opened again.",
        receipt_text="This card has been closed",
    ),
    _R.REASON_IDENTIFIER_TAKEN: Explained(
        "The card or customer number belongs to another member already.",
        "Look that member up instead of enrolling it again.",
        receipt_text="Card is registered already",
    ),
    _R.REASON_LOOKUP_LIMITED: Explained(
        "The till, or the API key with all of its tills, has asked for so many cards, phone numbers or customer numbers that "
        "nobody has that it looks as if somebody tries them out. Nothing that it asks for is answered now, whether somebody has it or not.",
        "Wait as long as Retry-After says. Nothing of what was refused so is lost: send it again then. If your tills are right, "
        "ask the programme's operator, who sees what was counted and sets the limits.",
        ("retry_after_seconds",),
        "Please wait and try again later",
    ),
    _R.REASON_MEMBER_ANONYMOUS: Explained(
        "The card has earned points, and nobody has enrolled it by name yet. Until then it only earns.",
        "Enrol the member with this card, `POST /v1/members`: all points of the card are the member's then, and can be spent.",
        receipt_text="Please register your card to spend",
    ),
    _R.REASON_STAFF_CARD: Explained(
        "The member works for you, and staff spends no points with its employer. It earns there, and spends elsewhere.",
        "Take another payment. If the member does not work for you any more, say so: "
        "`DELETE /v1/members/{member_id}/employment`.",
        receipt_text="Staff cards cannot spend here",
    ),
    _R.REASON_IDENTIFIER_AMBIGUOUS: Explained(
        "More than one member has this phone number or e-mail address, as families do.",
        "Ask for the card, or for the other of the two.",
        receipt_text="Please show your card",
    ),
    _R.REASON_INSUFFICIENT_POINTS: Explained(
        "The wallet holds fewer points than were asked for.",
        "Offer at most `available` points, under a new reference and a new Idempotency-Key.",
        ("available", "required"),
        "Not enough points: {available} there",
    ),
    _R.REASON_OCCURRED_IN_FUTURE: Explained(
        "`occurred_at` is further ahead of programme time than the tolerance allows.",
        "Check the till's clock and that the time carries the right zone.",
        ("tolerance_seconds",),
        "Check the clock of this till",
    ),
    _R.REASON_OCCURRED_TOO_LONG_AGO: Explained(
        "`occurred_at` is older than the programme takes.",
        "Sales that old can no longer be posted. Ask the programme's operator.",
        ("limit_days",),
        "This sale is too long ago",
    ),
    _R.REASON_EARN_RATE_MISSING: Explained(
        "You had no earn rate in force at `occurred_at`.",
        "Ask the programme's operator to set one; then send the operation again under the same key.",
        receipt_text="No points for this sale",
    ),
    _R.REASON_STORE_UNKNOWN: Explained(
        "You have no store with this code.",
        "Check the code against `GET /v1/stores`, or have the store added.",
        ("store",),
        "This store is not registered",
    ),
    _R.REASON_AMOUNT_MISMATCH: Explained(
        "`amount` is not the sum of the lines' amounts.",
        "Send what the member paid in all, and each line's amount after discounts.",
        ("amount_minor", "lines_minor"),
    ),
    _R.REASON_CURRENCY_UNSUPPORTED: Explained(
        "The currency is not the programme's settlement currency.",
        "Send amounts in the currency that `GET /v1/me` names.",
        ("currency", "expected"),
    ),
    _R.REASON_HOLD_UNKNOWN: Explained(
        "You have no hold with this id.", "Send the id that the hold was answered with."
    ),
    _R.REASON_HOLD_RESOLVED: Explained(
        "The hold was captured or voided before, or its time is over. A hold is resolved once.",
        "Look up what became of it; to burn points now, open another hold.",
    ),
    _R.REASON_HOLD_TOO_SMALL: Explained(
        "More points were to be captured than the hold set aside.",
        "Capture what is held or less; void it and hold again for more.",
        ("held", "required"),
        "Only {held} points are held.",
    ),
    **OF_BURNS,
    _R.REASON_TOO_MANY_HOLDS: Explained(
        "As many holds are open on the wallet as there may be, of all partners together.",
        "Capture or void what is open, or wait until it ends; then hold under a new key and reference.",
        ("limit",),
    ),
    _R.REASON_ORIGINAL_UNKNOWN: Explained(
        "You have no earn or burn with this id that could be refunded, or the sale that a refund waited for never arrived.",
        "Name the earn of the sale by its transaction id or its reference, a burn without a sale by its id. By its reference "
        "a sale may still be on its way: the refund waits for it, as long as it could be posted.",
        receipt_text="This sale is not known",
    ),
    _R.REASON_REFUND_TOO_LARGE: Explained(
        "More was to be refunded than is left of the original after the refunds before.",
        "Refund at most `left`, in minor units of a sale or in points of a burn, under a new reference and a new "
        "Idempotency-Key.",
        ("left", "required"),
        "That much is not left to refund",
    ),
    _R.REASON_PART_OF_SALE: Explained(
        "The points were burned for a sale, and go back with its goods.",
        "Refund the sale: its earn, which `original` names.",
        ("original",),
        "Refund the sale, not its points",
    ),
    _R.REASON_LINKED_ITEM_FAILED: Explained(
        "Another movement that this one stands or falls with was not posted.",
        "See why the other one was not posted. No call of this API should answer so.",
    ),
    _R.REASON_NOTHING_TO_REVERSE: Explained(
        "Nothing was posted under the key that was to be reversed, or all of it was undone before.",
        "Nothing is left to do: what never arrived will be refused if it still does. This API answers so with a reversal "
        "of the status `nothing_to_reverse`, never with an error.",
    ),
    _R.REASON_REVERSED_BEFORE_ARRIVAL: Explained(
        "The request was reversed before it arrived, so it will never be posted.",
        "Ring the sale up again, if it is still wanted, under a new Idempotency-Key.",
        receipt_text="Cancelled; please start again",
    ),
    _R.REASON_CREDIT_LIMIT: Explained(
        "The sale earns more points than you may issue now: your limit with the operator is reached.",
        "Settle with the operator or agree on a higher limit. The refusal stands under its key; a sale that shall still earn "
        "is sent again under a new Idempotency-Key. Where it was agreed so, such a sale is parked (202) and not refused. "
        "Redemptions and refunds are taken as before.",
        ("headroom", "required"),
        "No points can be earned right now",
    ),
    _R.REASON_PROGRAMME_UNKNOWN: Explained(
        "No programme has this name.", "Ask the programme's operator. No call of this API should answer so."
    ),
    _R.REASON_ALREADY_EXISTS: Explained(
        "The name or code is in use already.", "Choose another one, or use what is there."
    ),
    _R.REASON_CLOCK_FIXED: Explained(
        "The clock of a live programme cannot be moved.", "Move the clock of a test programme instead."
    ),
    _R.REASON_CLOCK_BACKWARDS: Explained(
        "Programme time only moves forward.", "Ask for a time after `now`.", ("now", "asked")
    ),
    _R.REASON_BOUNDARY_IN_FUTURE: Explained(
        "A clearing window cannot be cut in the programme's future.",
        "Ask again once the boundary has passed.",
        ("now", "boundary"),
    ),
    _R.REASON_RATE_CARD_MISSING: Explained(
        "No price is in force for a posting that is to be cleared.",
        "The programme's operator sets the missing price; clearing then goes on by itself.",
    ),
    _R.REASON_RATING_BEHIND: Explained(
        "The window's postings are not all rated yet.", "Ask again after a moment."
    ),
    _R.REASON_PARTNER_UNKNOWN: Explained(
        "No partner of the programme has this id or name.", "Check the id with the programme's operator."
    ),
    _R.REASON_CAMPAIGN_UNKNOWN: Explained(
        "No campaign of the programme has this id.",
        "Check the id with `coalition campaign list`. No call of this API should answer so.",
    ),
    _R.REASON_APPROVAL_NEEDED: Explained(
        "The adjustment is larger than one person may make alone.",
        "Propose it, and have another person approve it. No call of this API should answer so.",
        ("limit", "required"),
    ),
    _R.REASON_PROPOSAL_DECIDED: Explained(
        "The proposed adjustment was approved or rejected before. A proposal is decided once.",
        "Propose it anew under another key, if it is still wanted. No call of this API should answer so.",
    ),
    _R.REASON_OWN_PROPOSAL: Explained(
        "Nobody approves an adjustment that he has proposed himself.",
        "Ask another person with the role `checker`. No call of this API should answer so.",
    ),
    _R.REASON_TRANSFER_LIMIT: Explained(
        "More points than a member of the programme may give another at once, or in a day.",
        "Give at most `left` points today, under a new reference and a new key; where that is 0, tomorrow, or never.",
        ("limit", "left"),
        "At most {left} points to give",
    ),
    _R.REASON_HOLDS_OPEN: Explained(
        "A wallet is not given up for another while holds are open on it.",
        "Wait until they are captured, voided or over; merge then under a new key. No call of this API should answer so.",
        ("count",),
    ),
    _R.REASON_POINTS_PENDING: Explained(
        "A wallet is not given up for another while some of its points cannot be spent yet.",
        "Merge once they have matured, under a new key. No call of this API should answer so.",
    ),
    _R.REASON_MEMBER_MERGED: Explained(
        "The member's wallet was merged into another one's of the same person. Refunds of old sales still work.",
        "Scan the member's other card, or ask the programme's operator to move this one to it.",
        receipt_text="Please use your other card",
    ),
    _R.REASON_DISPUTE_STATE: Explained(
        "The dispute does not stand where this can follow: it is decided already, not decided yet, or closed.",
        "Read the dispute: its `state` and its events say what happened.",
        ("state",),
    ),
    _R.REASON_LINE_DISPUTED: Explained(
        "This line of the statement is disputed already, for another amount or another reason. A line is disputed once.",
        "Add evidence to the dispute that is there. Where you meant to repeat a request, send the same body.",
        ("dispute",),
    ),
    _R.REASON_DISPUTE_LATE: Explained(
        "The days to object, or to escalate, are over, or you have accepted the statement.",
        "Talk to the operator: the platform takes it no more.",
        ("until",),
    ),
    **OPERATORS_ERRORS,
    **ACCESS_ERRORS,
    _R.REASON_PARTNER_SUSPENDED: Explained(
        "The partner is suspended: nothing new begins with it. Captures, voids, refunds and reversals are taken.",
        "Ask the programme's operator. Nothing was recorded: send it again under the same key once the suspension is over.",
        ("standing", "operation"),
        "No points here at the moment",
    ),
    _R.REASON_PARTNER_EXITED: Explained(
        "The partner is leaving the programme, or has left it, and this is not answered any more.",
        "Do not send it again. What is answered until when is a table in the partners' guide; the dates are in your contract.",
        ("standing", "operation"),
        "Points are no longer taken here",
    ),
    _R.REASON_RATE_LIMITED: Explained(
        "The API key has sent more requests, or more lines in batches and files, than its quota allows; or too many requests without a "
        "valid key came from this address. Nothing was done.",
        "Wait as long as Retry-After says, then send the same request again. The headers RateLimit and RateLimit-Policy of every "
        "answer tell how much is left.",
        ("limit", "window_seconds", "resets_at", "retry_after_seconds"),
        "Please try again in a moment",
    ),
    _R.REASON_TOO_MANY_AT_ONCE: Explained(
        "As many requests of this partner are being worked on as it may have at once. Nothing was done.",
        "Wait for answers before you send more: then send the same request again.",
        ("limit", "retry_after_seconds"),
        "Please try again in a moment",
    ),
    _R.REASON_OVERLOADED: Explained(
        "More is asked for than can be done at the moment. Nothing was done.",
        "Wait as long as Retry-After says, then send the same request again.",
        ("retry_after_seconds",),
        "Please try again in a moment",
    ),
    _R.REASON_DEADLINE_EXCEEDED: Explained(
        "The answer did not come in time. What was asked for may or may not have happened.",
        _ASK_AGAIN,
        receipt_text="Please try again in a moment",
    ),
    _R.REASON_UNAVAILABLE: Explained(
        "Something that this needs cannot be reached. What was asked for may or may not have happened.",
        _ASK_AGAIN,
        receipt_text="Please try again in a moment",
    ),
    _R.REASON_INTERNAL: Explained(
        "A mistake of ours. The logs know it by the request id.",
        "Send the same request again with the same Idempotency-Key; if it fails again, tell us the request id.",
        receipt_text="Please try again later",
    ),
}
_UNKNOWN: Final = CATALOGUE[Reason.REASON_INTERNAL]
BY_CODE: Final = {code_of(reason).lower(): reason for reason in EXPLAINED}


def entry_of(reason: Reason.ValueType) -> ReasonEntry:
    """Status and title of a reason; those of a fault for one that is not known here."""
    return CATALOGUE.get(reason, _UNKNOWN)


def explained(reason: Reason.ValueType) -> Explained:
    """A reason in words; those of REASON_UNSPECIFIED for one that is not known here."""
    return EXPLAINED.get(reason, EXPLAINED[Reason.REASON_UNSPECIFIED])
