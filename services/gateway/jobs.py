"""What the gateway does by itself every so often."""

from __future__ import annotations

from services.gateway.storage.batches import BatchStore
from services.gateway.storage.quotas import QuotaStore
from services.gateway.storage.reconciliation import ReconciliationStore
from services.runtime import logging
from services.runtime.scheduler import Job

_log = logging.get(__name__)
_HOUR_SECONDS = 3_600.0


def jobs(
    batches: BatchStore,
    retention_days: int,
    uploads: ReconciliationStore,
    upload_retention_days: int,
    quotas: QuotaStore,
) -> tuple[Job, ...]:
    """The jobs: forgetting old batches, old uploads, and quotas that nobody uses."""

    async def purge() -> None:
        gone = await batches.purge(retention_days)
        if gone:
            _log.info("batches.purged", batches=gone, older_than_days=retention_days)

    async def purge_uploads() -> None:
        gone = await uploads.purge(upload_retention_days)
        if gone:
            _log.info("uploads.purged", uploads=gone, older_than_days=upload_retention_days)

    async def purge_quotas() -> None:
        gone = await quotas.purge()
        if gone:
            _log.info("quotas.purged", buckets=gone)

    return (
        Job("gateway purge batches", _HOUR_SECONDS, 300.0, purge),
        Job("gateway purge uploads", _HOUR_SECONDS, 300.0, purge_uploads),
        Job("gateway purge quotas", _HOUR_SECONDS, 300.0, purge_quotas),
    )
