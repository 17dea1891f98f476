"""Sets when points expire that are earned from now on, and how long before they are told to."""

from __future__ import annotations

from services.points.commands.open_ledger import Doors
from services.points.domain.expiry import PolicyVersion
from services.points.storage import ledgers, policies
from services.points.storage.versions import next_version
from services.runtime.database import WriteDatabase
from services.runtime.errors import InvalidRequest
from services.runtime.expiry_policy import ExpiryPolicy, ExpiryRule
from services.runtime.principal import Programme


class SetExpiryPolicy:
    """The use case behind SetExpiryPolicy."""

    def __init__(self, doors: Doors, database: WriteDatabase) -> None:
        self._doors, self._database = doors, database

    async def __call__(self, programme: Programme, policy: ExpiryPolicy, set_by: str) -> PolicyVersion:
        """Adds the policy unless it stands already; answers the version that counts now.

        Raises InvalidRequest for a change to or from activity once something was posted: lots of the one have no date, and
        wallets of the other.
        """
        await self._doors.to(programme)
        ledger_id = programme.ledger_id
        async with self._database.dedicated() as connection, connection.transaction():
            head = await ledgers.lock_head(connection, ledger_id)
            standing = await policies.current(connection, ledger_id)
            if standing.policy == policy:
                return standing
            by_activity = policy.rule is ExpiryRule.ACTIVITY
            if by_activity is not (standing.policy.rule is ExpiryRule.ACTIVITY):
                if head.last_seq:
                    raise InvalidRequest(
                        "a programme in which something was posted cannot change to activity, nor from it",
                        field="rule",
                        standing=standing.policy.rule.value,
                    )
                await policies.set_by_activity(connection, ledger_id, by_activity)
            version = await next_version(connection, ledger_id)
            added = PolicyVersion(version, head.last_seq + 1, policy)
            await policies.add(connection, ledger_id, added, set_by)
        return added
