"""A till's day with the client: quote, hold, sale, an answer that is lost, goods that come back, sales told of later.

Run it with COALITION_URL and COALITION_KEY (a test key) set. COALITION_AT is the till's clock in RFC 3339: now unless set.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from uuid import uuid4

from coalition_client import AuthenticatedClient
from coalition_client.api.batches import create_batch
from coalition_client.api.burning import create_hold
from coalition_client.api.members import enrol_member, get_balance
from coalition_client.api.sales import create_purchase, create_quote, create_refund, create_reversal
from coalition_client.models import (
    Authorisation,
    AuthorisationMethod,
    Basket,
    Batch,
    BatchBody,
    CapturedHold,
    EarnLine,
    EnrolBody,
    Hold,
    HoldBody,
    Member,
    MemberReference,
    Original,
    PresentMember,
    Problem,
    Purchase,
    PurchaseBody,
    Quote,
    QuoteBody,
    Refund,
    RefundOrExchangeBody,
    Reversal,
    ReversalBody,
    Tender,
    TenderKind,
)


def main() -> None:
    """One day at one till."""
    at = datetime.fromisoformat(os.environ.get("COALITION_AT") or datetime.now(UTC).isoformat())
    with AuthenticatedClient(os.environ["COALITION_URL"], os.environ["COALITION_KEY"]) as client:
        enrolled = enrol_member.sync(client=client, body=EnrolBody(), idempotency_key=_new())
        assert isinstance(enrolled, Member)
        shown = PresentMember(card=enrolled.cards[0])
        _sell(client, PurchaseBody(shown, _new(), at, 30_000, "USD"))

        sold = _with_points(client, shown, at)
        returned = create_refund.sync(
            client=client,
            body=RefundOrExchangeBody(
                Original(reference=sold.reference), _new(), at, amount=1_000, currency="USD"
            ),
            idempotency_key=_new(),
        )
        assert isinstance(returned, Refund)
        print(f"refund: {returned.points_returned} points and {returned.money.amount} back")

        lost = _new()
        _sell(client, PurchaseBody(shown, _new(), at, 5_000, "USD"), lost)
        undone = create_reversal.sync(client=client, body=ReversalBody(lost, at), idempotency_key=_new())
        assert isinstance(undone, Reversal)
        print(f"reversal: {undone.status}")

        _told_later(client, shown.card or "", at)
        balance = get_balance.sync(enrolled.id, client=client)
        print(f"balance: {getattr(balance, 'available', balance)}")
        refused = create_purchase.sync_detailed(
            client=client,
            body=PurchaseBody(PresentMember(card="1"), _new(), at, 100, "USD"),
            idempotency_key=_new(),
        )
        assert isinstance(refused.parsed, Problem)
        print(f"refused: {refused.status_code:d} {refused.parsed.code}")


def _with_points(client: AuthenticatedClient, shown: PresentMember, at: datetime) -> Purchase:
    """A sale that is paid with points in part, and whose answer is asked for twice."""
    quote = create_quote.sync(
        client=client,
        body=QuoteBody(at, member=MemberReference(card=shown.card), sale=Basket(2_000, "USD")),
    )
    assert isinstance(quote, Quote)
    assert quote.burn is not None
    print(f"quote: {quote.available} points, of which at most {quote.burn.most}")
    hold = create_hold.sync(
        client=client,
        body=HoldBody(
            member=shown,
            reference=_new(),
            occurred_at=at,
            points=100,
            authorisation=Authorisation(AuthorisationMethod.CARD),
        ),
        idempotency_key=_new(),
    )
    assert isinstance(hold, Hold)
    body = PurchaseBody(
        shown,
        _new(),
        at,
        2_000,
        "USD",
        hold=CapturedHold(hold.hold),
        tenders=[Tender(TenderKind.POINTS, 100), Tender(TenderKind.CARD, 1_900)],
    )
    key = _new()
    first, again = _sell(client, body, key), _sell(client, body, key)
    assert first == again
    return first


def _sell(client: AuthenticatedClient, body: PurchaseBody, key: str = "") -> Purchase:
    answer = create_purchase.sync_detailed(client=client, body=body, idempotency_key=key or _new())
    if isinstance(answer.parsed, Problem):
        raise SystemExit(f"{answer.parsed.code}: {answer.parsed.detail}")
    assert isinstance(answer.parsed, Purchase)
    replayed = answer.headers.get("Idempotency-Replayed") == "true"
    print(f"sale{' again' if replayed else ''}: {'; '.join(answer.parsed.receipt.lines)}")
    return answer.parsed


def _told_later(client: AuthenticatedClient, card: str, at: datetime) -> None:
    """Three sales of a till that was offline; one of them is there twice."""
    lines = [
        EarnLine(
            member=MemberReference(card=card),
            reference=_new(),
            occurred_at=at,
            amount=1_000,
            currency="USD",
            type_="earn",
        )
        for _ in range(3)
    ]
    batch = create_batch.sync(client=client, body=BatchBody([*lines, lines[0]]), idempotency_key=_new())
    assert isinstance(batch, Batch)
    assert batch.counts is not None
    print(f"batch: {batch.counts.accepted} accepted, {batch.counts.replayed} replayed")


def _new() -> str:
    return str(uuid4())


if __name__ == "__main__":
    main()
