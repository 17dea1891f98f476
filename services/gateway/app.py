"""The table of contents of the gateway: what it can do, and what it knows by itself."""

from __future__ import annotations

from dataclasses import dataclass

from services.gateway.answers.movements import MovementAnswers
from services.gateway.auth.addresses import AddressLists
from services.gateway.auth.keys import ApiKeys
from services.gateway.auth.quotas import Quotas
from services.gateway.auth.shares import Places
from services.gateway.auth.slots import PartnerSlots
from services.gateway.clients.authority import Authorities
from services.gateway.clients.disputes import Disputes
from services.gateway.clients.documents import Documents
from services.gateway.clients.explanations import Explanations
from services.gateway.clients.health import Neighbours
from services.gateway.clients.members import Members
from services.gateway.clients.partners import Partners
from services.gateway.clients.points import Points
from services.gateway.commands.batches import Batches
from services.gateway.commands.large_batches.receive import ReceiveBatches
from services.gateway.commands.large_batches.work import WorkBatches
from services.gateway.commands.movements import Movements
from services.gateway.commands.posting import Posting
from services.gateway.commands.purchases import Purchases
from services.gateway.commands.quotes import AskQuotes
from services.gateway.commands.reconcile import Reconcile
from services.gateway.commands.refunds import Refunds
from services.gateway.commands.reversals import Reversals
from services.gateway.directory.aliases import MemberAliases
from services.gateway.directory.languages import Languages
from services.gateway.directory.members import MemberDirectory
from services.gateway.directory.stores import StoreDirectory
from services.gateway.domain.api_versions import Versions
from services.gateway.queries.reconciliation_days import Days
from services.gateway.settings import Settings
from services.gateway.storage.batches import BatchStore
from services.gateway.storage.large_batches.reading import BatchLineStore
from services.gateway.storage.reconciliation import ReconciliationStore


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything that the routers call."""

    settings: Settings
    # Who calls, and what its words mean.
    keys: ApiKeys
    address_lists: AddressLists
    versions: Versions
    slots: PartnerSlots
    quotas: Quotas
    places: Places
    aliases: MemberAliases
    languages: Languages
    member_directory: MemberDirectory
    store_directory: StoreDirectory
    # Writes.
    movements: Movements
    purchases: Purchases
    refunds: Refunds
    reversals: Reversals
    quotes: AskQuotes
    batches: Batches
    receive_batches: ReceiveBatches
    work_batches: WorkBatches
    posting: Posting
    reconcile: Reconcile
    # Reads go straight to the service that owns the answer.
    members: Members
    authorities: Authorities
    points: Points
    explanations: Explanations
    partners: Partners
    disputes: Disputes
    documents: Documents
    batch_store: BatchStore
    batch_line_store: BatchLineStore
    days: Days
    reconciliation_store: ReconciliationStore
    answers: MovementAnswers
    neighbours: Neighbours
