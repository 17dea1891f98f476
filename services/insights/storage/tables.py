"""The tables that the runtime needs of this service, as the migration makes them; facts are named in facts.py."""

from __future__ import annotations

from typing import Final

from sqlalchemy import MetaData

from services.runtime.inbox import inbox_table
from services.runtime.subscribing.tables import subscription_tables

metadata: Final = MetaData()
inbox: Final = inbox_table(metadata)
subscriptions: Final = subscription_tables(metadata)
