"""Quotes of a running points service, and what they are compared with."""

from __future__ import annotations

from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import quotes_pb2
from coalition.points.v1.quotes_pb2_grpc import QuotesServiceStub

from services.runtime import grpc_client
from tests.support.points import Till
from tests.support.points_database import as_superuser
from tests.support.servers import ServiceDatabase

# What only a posting has.
_POSTED = (
    "transaction_id",
    "seq",
    "reference",
    "recorded_at_us",
    "purchase_id",
    "original_id",
    "original_seq",
    "held",
)


async def quote(till: Till, *items: pb.Item) -> quotes_pb2.QuoteResponse:
    """What these would come to: an earn, a refund, or a refund and an earn in exchange."""
    request = quotes_pb2.QuoteRequest()
    for item in items:
        if item.HasField("earn"):
            request.sale.CopyFrom(item.earn)
        else:
            request.refund.CopyFrom(item.refund)
    stub = QuotesServiceStub(till.house.running.channel)
    return await grpc_client.call(stub.Quote, request, till.principal)


def figures(result: pb.Result) -> pb.Result:
    """An answer without what only a posting has."""
    told = pb.Result()
    told.CopyFrom(result)
    for name in _POSTED:
        told.transaction.ClearField(name)
    return told


def exchange_of(refund: pb.Item, earn: pb.Item) -> tuple[pb.Item, pb.Item]:
    """The two items of an exchange."""
    refund.linked = earn.earn.in_exchange = True
    return refund, earn


async def contents(database: ServiceDatabase) -> dict[str, str]:
    """A hash over all rows of each table."""
    async with as_superuser(database) as connection:
        tables = await connection.fetch(
            "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        return {
            table: await connection.fetchval(
                f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"
            )
            for (table,) in tables
        }
