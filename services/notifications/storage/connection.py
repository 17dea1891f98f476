"""What a read may run on: a read-only snapshot, or the transaction of a command."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.database import ReadConnection

Reads = ReadConnection | AsyncConnection
