"""Tables that the shared runtime works on; the ledger's own are spelled in SQL beside their queries."""

from __future__ import annotations

from sqlalchemy import MetaData

from services.runtime.event_log import event_tables
from services.runtime.inbox import inbox_table
from services.runtime.subscribing.tables import subscription_tables

metadata = MetaData()
EVENTS = event_tables(metadata)
INBOX = inbox_table(metadata)
SUBSCRIPTIONS = subscription_tables(metadata)
