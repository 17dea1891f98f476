"""The table of contents: everything that this service can do, by name."""

from __future__ import annotations

from dataclasses import dataclass

from services.members.commands.authority.check_code import CheckCode
from services.members.commands.authority.check_pin import CheckPin
from services.members.commands.authority.issue_token import IssueAppToken
from services.members.commands.authority.read_code import ReadCode
from services.members.commands.authority.send_code import SendCode
from services.members.commands.authority.set_pin import SetPin
from services.members.commands.authority.use_token import UseAppToken
from services.members.commands.close import Close
from services.members.commands.employment import SetEmployment
from services.members.commands.enrol import Enrol
from services.members.commands.find import FindMember
from services.members.commands.preferences.read_contact import ReadContact
from services.members.commands.preferences.set_consent import SetConsent
from services.members.commands.preferences.set_preferences import SetPreferences
from services.members.commands.resolve import Resolve
from services.members.commands.set_card_range import SetCardRange
from services.members.commands.update import UpdateMember
from services.members.queries.lookup import Lookup
from services.members.queries.member import ReadMember
from services.members.queries.office import ReadOffice
from services.members.queries.preferences.preferences import ReadPreferences
from services.members.queries.preferences.readings import ContactReadings
from services.members.queries.standings import ReadStandings
from services.members.queries.token_replays import TokenReplays
from services.members.storage.member_index import MemberIndex
from services.runtime.database import Database
from services.runtime.event_log import ReadEvents


@dataclass(frozen=True, slots=True)
class Members:
    """Commands and queries of the members service, on one database."""

    # commands
    enrol: Enrol
    update: UpdateMember
    employment: SetEmployment
    close: Close
    resolve: Resolve
    find: FindMember
    set_card_range: SetCardRange
    issue_app_token: IssueAppToken
    use_app_token: UseAppToken
    set_pin: SetPin
    check_pin: CheckPin
    send_code: SendCode
    check_code: CheckCode
    read_code: ReadCode
    set_preferences: SetPreferences
    set_consent: SetConsent
    read_contact: ReadContact
    # queries
    member: ReadMember
    lookup: Lookup
    standings: ReadStandings
    office: ReadOffice
    token_replays: TokenReplays
    preferences: ReadPreferences
    contact_readings: ContactReadings
    events: ReadEvents

    database: Database
    index: MemberIndex

    async def disconnect(self) -> None:
        """Closes all connections to the database."""
        await self.index.close()
        await self.database.close()
