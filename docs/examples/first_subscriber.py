"""Counts the sales of each partner."""

import asyncio

from sqlalchemy import Column, Integer, Table, Text
from sqlalchemy.dialects.postgresql import insert

from services.launcher.reach import platform_environment
from services.runtime.bus import POINTS
from services.runtime.subscriber import Each
from services.runtime.subscribing.alone import METADATA, run_alone

SALES = Table("sales", METADATA, Column("partner", Text, primary_key=True), Column("sales", Integer))


async def count(connection, event):
    """Handles one event in the transaction given: all of it, or it raises."""
    if event.type == "points.earned":
        row = insert(SALES).values(partner=event.message.partner_id.hex(), sales=1)
        one_more = {"sales": SALES.c.sales + 1}
        await connection.execute(row.on_conflict_do_update(index_elements=["partner"], set_=one_more))


asyncio.run(run_alone("first", POINTS, Each(count), platform_environment()))
