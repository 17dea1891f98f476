"""The daily file: a partner's operations of a day line by line, then their sums, then a hash of the lines.

Made as it is sent. Of a day that is over it is the same bytes every time; docs/partners.md tells how to check them.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

import orjson

from services.gateway.answers.moments import instant
from services.gateway.directory.aliases import MemberAliases
from services.gateway.domain.caller import Caller
from services.gateway.domain.reconciliation.days import BusinessDay
from services.gateway.domain.reconciliation.operations import Figures, Operation, Total, Totals, summed
from services.runtime.ids import to_text

FIGURES: Final = (
    "points",
    "points_issued",
    "points_reversed",
    "points_burned",
    "points_returned",
    "bonus_issued",
    "bonus_reversed",
    "amount",
)
_LINE: Final = (
    "reference",
    "idempotency_key",
    "original_reference",
    "transaction",
    "seq",
    "member",
    "held",
    "store",
    "till",
    "business_date",
    "receipt_number",
    "occurred_at",
    "recorded_at",
)
_END: Final = ("date", "status", "first_seq", "last_seq", "currency", "sha256")
COLUMNS: Final[tuple[str, ...]] = ("record", "kind", "count", *FIGURES, *_LINE, *_END)


def figures_answer(figures: Figures) -> dict[str, int]:
    """The figures of an operation or a sum, by the names that the API has for them."""
    return dict(zip(FIGURES, (figures.points, *figures), strict=True))


def totals_answer(totals: Sequence[Total]) -> list[dict[str, Any]]:
    """Control totals by kind, of schemas.reconciliation.KindTotal."""
    return [
        {"kind": each.kind.value, "count": each.number, **figures_answer(each.figures)} for each in totals
    ]


def day_answer(day: BusinessDay, totals: list[Total], currency: str) -> dict[str, Any]:
    """A day with its control totals, of schemas.reconciliation.ReconciliationDay."""
    number, figures = summed(totals)
    return {
        "object": "reconciliation_day",
        "date": day.day.isoformat(),
        "status": "closed" if day.closed else "open",
        "starts_at": instant(day.starts_at_us),
        "ends_at": instant(day.ends_at_us),
        "first_seq": day.first_seq,
        "last_seq": day.last_seq,
        "currency": currency,
        "count": number,
        **figures_answer(figures),
        "totals": totals_answer(totals),
    }


class Format(Protocol):
    """How records are written."""

    def head(self) -> bytes:
        """What comes before the first record."""
        ...

    def records(self, records: Sequence[Mapping[str, Any]]) -> bytes:
        """Records, each in a line of its own."""
        ...


class JsonLines:
    """A JSON object a line."""

    media_type = "application/x-ndjson"
    extension = "ndjson"

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def records(self, records: Sequence[Mapping[str, Any]]) -> bytes:
        """As Format.records."""
        return b"".join(orjson.dumps(record) + b"\n" for record in records)


class Csv:
    """RFC 4180, with a header; what a record has not is empty."""

    media_type = "text/csv; charset=utf-8"
    extension = "csv"

    def head(self) -> bytes:
        """The names of the columns."""
        return (",".join(COLUMNS) + "\r\n").encode()

    def records(self, records: Sequence[Mapping[str, Any]]) -> bytes:
        """As Format.records."""
        text = io.StringIO(newline="")
        csv.writer(text).writerows([record.get(name, "") for name in COLUMNS] for record in records)
        return text.getvalue().encode()


class DailyFile:
    """Writes the file of one day for one partner."""

    def __init__(
        self, caller: Caller, aliases: MemberAliases, day: BusinessDay, stores: Mapping[UUID, str]
    ) -> None:
        self._partner_id, self._aliases, self._day, self._stores = (
            caller.partner.partner_id,
            aliases,
            day,
            stores,
        )
        self._currency = caller.programme.currency

    async def pieces(
        self, written: Format, blocks: AsyncIterator[Sequence[Operation]]
    ) -> AsyncIterator[bytes]:
        """The file piece by piece. The hash is over the bytes of all records `line`, with their line ends."""
        digest, totals = hashlib.sha256(), Totals()
        yield written.head()
        async for block in blocks:
            lines = written.records([self._line(operation) for operation in block])
            for operation in block:
                totals.add(operation)
            digest.update(lines)
            yield lines
        found = totals.listed()
        number, figures = summed(found)
        end = {
            "record": "end",
            "count": number,
            **figures_answer(figures),
            "date": self._day.day.isoformat(),
            "status": "closed" if self._day.closed else "open",
            "first_seq": self._day.first_seq,
            "last_seq": self._day.last_seq,
            "currency": self._currency,
            "sha256": digest.hexdigest(),
        }
        yield written.records([*({"record": "total", **each} for each in totals_answer(found)), end])

    def _line(self, operation: Operation) -> dict[str, Any]:
        return {
            "record": "line",
            "kind": operation.kind.value,
            **figures_answer(operation.figures),
            "reference": operation.own_reference,
            "idempotency_key": operation.idempotency_key,
            "original_reference": operation.original_reference,
            "transaction": to_text("txn", operation.transaction_id),
            "seq": operation.seq,
            "member": self._aliases.alias(self._partner_id, operation.member_id),
            "held": operation.held,
            "store": self._stores.get(operation.store_id, "") if operation.store_id else "",
            "till": operation.till,
            "business_date": operation.business_date,
            "receipt_number": operation.receipt_number,
            "occurred_at": instant(operation.occurred_at_us),
            "recorded_at": instant(operation.recorded_at_us),
        }
