"""The table of contents: everything that this service can do, by name."""

from __future__ import annotations

from dataclasses import dataclass

from services.insights.commands.forget import Forget
from services.insights.commands.record import Record
from services.insights.queries.figures import Figures
from services.runtime.database import Database


@dataclass(frozen=True, slots=True)
class Insights:
    """Commands and queries of the insights service, on one database."""

    # commands
    record: Record
    forget: Forget
    # queries
    figures: Figures

    database: Database
