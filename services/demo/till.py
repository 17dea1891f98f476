"""A partner of the demo at the public HTTP API: enrols, sends purchases, redeems, as a real integration would.

Every write carries an idempotency key that is the same when the demo asks again, so a lost connection or a
restarted process costs a retry and never a double.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

import httpx2

from services.demo.burns import Burn
from services.demo.config import BurnRule
from services.demo.dataset import Purchase

LINES_A_BATCH_MAX: Final = 1_000
_CONCURRENT_MAX: Final = 12
_TIMEOUT_SECONDS: Final = 60.0
_GIVE_UP_SECONDS: Final = 180.0
_RETRY_SECONDS: Final = 0.2
_PAGE: Final = 100
_AGAIN: Final = frozenset({409, 429, 500, 502, 503, 504})


class TillError(RuntimeError):
    """The API answered what the demo did not expect; the text says what and to which call."""


class Refused(TillError):
    """The API refused a call for good; `code` as its problem has it."""

    def __init__(self, said: str, code: str) -> None:
        super().__init__(said)
        self.code = code


@dataclass(slots=True)
class Latencies:
    """How long calls took, in microseconds, by kind of call; and how often one was asked again."""

    by_kind: dict[str, list[int]] = field(default_factory=dict)
    retries: int = 0

    def add(self, kind: str, micros: int) -> None:
        """Notes one call."""
        self.by_kind.setdefault(kind, []).append(micros)


class Till:
    """One partner's integration. Use as an async context manager."""

    def __init__(
        self, base_url: str, secret: str, currency: str, worth: BurnRule, latencies: Latencies
    ) -> None:
        self._currency, self._worth, self._latencies = currency, worth, latencies
        self._slots = asyncio.Semaphore(_CONCURRENT_MAX)
        self._http = httpx2.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {secret}"},
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,
            limits=httpx2.Limits(max_connections=_CONCURRENT_MAX, max_keepalive_connections=_CONCURRENT_MAX),
        )

    async def __aenter__(self) -> Self:
        """Opens the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes its connections."""
        await self._http.aclose()

    async def enrol(self, card: str) -> None:
        """Enrols a member by card."""
        await self._post("enrol", "/v1/members", {"card": card}, f"enrol-{card}")

    async def earn_each(self, purchases: Sequence[Purchase], cards: dict[int, str]) -> list[int]:
        """Sends purchases one a call, some at once; answers the points of each, with those of campaigns."""

        async def one(purchase: Purchase) -> int:
            body = self._earn(purchase, cards)
            answer = await self._post("earn", "/v1/earns", body, f"earn-{purchase.reference}")
            return int(answer["points"]) + int(answer["bonus_points"])

        return await asyncio.gather(*(one(purchase) for purchase in purchases))

    async def earn_batch(self, purchases: Sequence[Purchase], cards: dict[int, str]) -> list[int]:
        """Sends purchases many a call, in their order; answers the points of each, with those of campaigns."""
        points: list[int] = []
        for start in range(0, len(purchases), LINES_A_BATCH_MAX):
            part = purchases[start : start + LINES_A_BATCH_MAX]
            lines = [{"type": "earn", **self._earn(purchase, cards)} for purchase in part]
            key = f"batch-{part[0].day:%Y%m%d}-{start // LINES_A_BATCH_MAX}"
            answer = await self._post("batch", "/v1/batches", {"lines": lines}, key)
            for result in answer["results"]:
                earned = result["transaction"]
                if earned is None:
                    raise TillError(f"line {result['line']} of {key} was refused: {result['error']}")
                points.append(int(earned["points"]) + sum(int(bonus["points"]) for bonus in earned["bonus"]))
        return points

    async def redeem(self, burn: Burn, card: str) -> int:
        """Spends points for what was bought that day; answers how many. Raises TillError where they are worth something else."""
        body = {
            "member": {"card": card},
            "reference": burn.reference,
            "points": burn.points,
            "store": burn.store,
            "occurred_at": _time(burn.occurred_at),
            "basket": {"amount": burn.basket_minor, "currency": self._currency},
            "authorisation": {"method": "card"},
        }
        answer = await self._post("redemption", "/v1/redemptions", body, f"redeem-{burn.reference}")
        worth = burn.points * self._worth.value_minor // self._worth.value_points
        if answer["worth"] != {"amount": worth, "currency": self._currency, "treatment": "tender"}:
            raise TillError(f"{burn.points} points of {burn.reference} are worth {answer['worth']}")
        return int(answer["points"])

    async def statement(self, window: int) -> dict[str, Any]:
        """Its statement whose last window is of that number, with lines. Raises TillError where it has none."""
        for each in await self._list("/v1/statements"):
            if each["covers"]["last_window"] == window:
                return await self._get(f"/v1/statements/{each['id']}")
        raise TillError(f"there is no statement of window {window}")

    async def disputes(self) -> list[dict[str, Any]]:
        """Its disputes, newest first."""
        return await self._list("/v1/disputes")

    async def dispute(self, said: Mapping[str, Any]) -> None:
        """Disputes a line of a statement; said again, it is the same dispute."""
        await self._post("dispute", "/v1/disputes", said, f"dispute-{said['statement']}-{said['line']}")

    async def escalate(self, dispute: str, text: str) -> None:
        """Wants another person to decide a dispute."""
        await self._post("dispute", f"/v1/disputes/{dispute}/escalate", {"text": text}, f"escalate-{dispute}")

    async def refusal(self, card: str, at: datetime) -> str:
        """The code with which a sale is refused. Raises TillError where it is not."""
        body = {
            "member": {"card": card},
            "reference": f"refused-{at:%Y%m%d}",
            "occurred_at": _time(at),
            "amount": 1_000,
            "currency": self._currency,
        }
        try:
            answer = await self._post("earn", "/v1/earns", body, f"earn-{body['reference']}")
        except Refused as refused:
            return refused.code
        raise TillError(f"a sale that is to be refused earns {answer['points']}")

    def _earn(self, purchase: Purchase, cards: dict[int, str]) -> dict[str, Any]:
        return {
            "member": {"card": cards[purchase.household]},
            "reference": purchase.reference,
            "store": purchase.store,
            "occurred_at": _time(purchase.occurred_at),
            "amount": purchase.amount_minor,
            "currency": self._currency,
            "receipt": {"business_date": purchase.day.isoformat(), "number": purchase.reference},
            "lines": [
                {
                    "sku": line.sku,
                    "category": line.category,
                    "quantity": line.quantity,
                    "amount": line.amount_minor,
                }
                for line in purchase.lines
            ],
            "tenders": [
                {"kind": "coupon" if tender.kind == "coupon" else "other", "amount": tender.amount_minor}
                for tender in purchase.tenders
            ],
        }

    async def _list(self, path: str) -> list[dict[str, Any]]:
        """All of a list, newest first."""
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = await self._get(path, {"limit": _PAGE, **({"starting_after": after} if after else {})})
            found += page["data"]
            if not page["has_more"]:
                return found
            after = found[-1]["id"]

    async def _get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return await self._ask("read", path, lambda: self._http.get(path, params=query))

    async def _post(self, kind: str, path: str, body: Mapping[str, Any], key: str) -> dict[str, Any]:
        """One write, asked again with the same key until it is answered for good."""
        headers = {"Idempotency-Key": key}
        return await self._ask(kind, key, lambda: self._http.post(path, json=body, headers=headers))

    async def _ask(
        self, kind: str, key: str, call: Callable[[], Awaitable[httpx2.Response]]
    ) -> dict[str, Any]:
        give_up = time.monotonic() + _GIVE_UP_SECONDS
        async with self._slots:
            while True:
                started_ns = time.monotonic_ns()
                try:
                    answer = await call()
                except httpx2.TransportError as error:
                    await self._again(kind, key, repr(error), give_up)
                    continue
                if answer.is_success:
                    self._latencies.add(kind, (time.monotonic_ns() - started_ns) // 1_000)
                    return answer.json()
                problem = _problem(answer)
                if answer.status_code not in _AGAIN or problem.get("retryable") is False:
                    said = f"{kind} {key}: {answer.status_code} {problem}"
                    raise Refused(said, str(problem.get("code", "")))
                await self._again(kind, key, f"{answer.status_code} {problem}", give_up)

    async def _again(self, kind: str, key: str, why: str, give_up: float) -> None:
        if time.monotonic() > give_up:
            raise TillError(f"{kind} {key}: no answer within {_GIVE_UP_SECONDS:.0f} s; last: {why}")
        self._latencies.retries += 1
        await asyncio.sleep(_RETRY_SECONDS)


def _problem(answer: httpx2.Response) -> dict[str, Any]:
    try:
        return answer.json()
    except ValueError:
        return {"detail": answer.text[:200]}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
