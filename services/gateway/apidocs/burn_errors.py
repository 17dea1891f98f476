"""What burns are refused with, explained: burn rules, what has to be shown, how much is too much in a day."""

from __future__ import annotations

from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.apidocs.explained import Explained

_R = Reason
OF_BURNS: Final[dict[Reason.ValueType, Explained]] = {
    _R.REASON_BURN_TOO_SMALL: Explained(
        "Fewer points than your burn rule takes at once.",
        "Offer the customer `minimum` points or more, or payment in money alone; ask again under a new key and reference.",
        ("minimum", "required"),
        "Points are taken from {minimum} on.",
    ),
    _R.REASON_BURN_STEP: Explained(
        "Your burn rule takes points in steps, and this is no multiple of one.",
        "Ask again under a new key and reference with `below` points (the next lower number that is taken), or another "
        "multiple of `step`.",
        ("step", "required", "below"),
        "Points go in steps of {step}",
    ),
    _R.REASON_BURN_SHARE: Explained(
        "The points are worth more than may be paid of this basket in points. Lines of categories that your burn rule "
        "excludes do not count in the basket, nor what is paid by tenders that it excludes.",
        "Ask again under a new key and reference with `most` points or fewer: they are worth at most `most_minor`. Where "
        "that is 0, points cannot be taken for this basket.",
        ("most", "required", "most_minor", "worth_minor"),
        "At most {most} points for this",
    ),
    _R.REASON_BURN_DAILY_LIMIT: Explained(
        "The member would burn more points with you in a day than your burn rule allows. Open holds of the member with you "
        "count; points that were given back do not count back.",
        "Ask again under a new key and reference with `left` points or fewer, or tomorrow: the day is that of the "
        "programme's zone.",
        ("limit", "left", "required"),
        "Today up to {left} points here",
    ),
    _R.REASON_AUTHORISATION_REQUIRED: Explained(
        "Points are spent by the member alone, and what was shown of the member is not enough for so many. A card number that was "
        "typed spends none.",
        "Have the member show what `enough` names, and ask again under a new key and reference; or offer `limit` points or "
        "fewer, for which what was `shown` will do. Nothing was spent.",
        ("shown", "limit", "required", "enough"),
        "Please show the app, card or PIN",
    ),
    _R.REASON_VELOCITY_EXCEEDED: Explained(
        "More burns, or more points burned, than the operator lets through in a day of one member, card or till.",
        "Take the payment in money. The count starts anew at `resets_at`; the operator's staff can look at it before.",
        ("guard", "measure", "limit", "reached", "required", "resets_at"),
        "No more points can be spent here today",
    ),
    _R.REASON_AUTHORISATION_INVALID: Explained(
        "What was shown is not good, or not any more: a token of the app that is too old, was used before or is none of this "
        "programme's; a wrong PIN; or a code by message that is wrong, too old, used, or another partner's.",
        "Have the app show a new token, or the PIN or code typed again, of which `tries_left` are left, and ask again; where no tries of a "
        "code are left, have another one sent; where the first "
        "request was answered so, the same key may be used. A time-out is no reason for a new key: the same request under the "
        "same key is answered again.",
        ("method", "tries_left"),
        "Not accepted; please try again",
    ),
    _R.REASON_PIN_LOCKED: Explained(
        "Too many wrong PINs were typed for this member, with you or with several partners. None is looked at until `until`, not even the right one.",
        "Have the member show the app or the card. The lock ends by itself, or once the member's PIN is set anew.",
        ("until", "retry_after_seconds"),
        "PIN locked; please show app or card",
    ),
    _R.REASON_CODE_LIMITED: Explained(
        "So many codes were sent to this member, or so many wrong ones typed, with you or with all partners, that none is sent or looked at "
        "until `until`; or you have had so many sent in an hour to all members.",
        "Have the member show the app or the card, or type the PIN. It ends by itself.",
        ("until", "retry_after_seconds"),
        "No code now; please show app or card",
    ),
    _R.REASON_NO_CONTACT: Explained(
        "The member has left no phone number, app or e-mail address that a code could be sent to.",
        "Have the member show the app or the card, or type the PIN. The partner that enrolled the member can add a phone number with "
        "`PATCH /v1/members/{member_id}`.",
        receipt_text="No phone or e-mail to send a code to",
    ),
    _R.REASON_BURN_WORTH_MISMATCH: Explained(
        "The tenders of kind `points` are not what the points of the purchase are worth by your burn rule; or points lower the "
        "price with you (`treatment` `discount`), and the purchase has such a tender.",
        "As a `tender`, send the sale with a tender of kind `points` of `worth_minor`; as a `discount`, with what is left to "
        "pay as `amount` and without one. Nothing was decided: the same key may be used.",
        ("worth_minor", "treatment", "told_minor"),
    ),
}
