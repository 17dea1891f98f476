"""The store decides which company of a partner owes and is owed, and nothing else changes with it."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.partners.domain.entries import Entry, EntryKind
from services.partners.domain.legal_entities import FIRST_ENTITY, StoreEntities, StoreVersion
from services.partners.domain.postings import Posting
from services.partners.domain.rates import RateCards, Rates, RateVersion
from services.partners.domain.rating import rate
from tests.property.partners.test_clearing_properties import journals, versions

STORES = tuple(UUID(int=0x500 + number) for number in range(4))
ORIGINALS = EntryKind.ISSUED, EntryKind.BURNED, EntryKind.FEE


@st.composite
def assignments(draw: st.DrawFn) -> list[StoreVersion]:
    """Stores that are assigned, some of them again, from different times and seqs on."""
    last = dict.fromkeys(STORES, 0)
    made: list[StoreVersion] = []
    for _ in range(draw(st.integers(0, 8))):
        store = draw(st.sampled_from(STORES))
        last[store] += 1
        made.append(
            StoreVersion(
                store,
                last[store],
                draw(st.integers(1, 4)),
                draw(st.integers(0, 1_000)),
                draw(st.integers(1, 30)),
            )
        )
    return made


@st.composite
def at_stores(draw: st.DrawFn) -> list[Posting]:
    """A journal of postings at stores, or at none."""
    stores = st.sampled_from([b"", *(store.bytes for store in STORES)])
    return [posting._replace(store=draw(stores)) for posting in draw(journals())]


def with_fees(cards: list[RateVersion]) -> list[RateVersion]:
    return [
        RateVersion(
            Rates(
                each.rates.partner_id,
                each.rates.issue_micros,
                each.rates.reimbursement_micros,
                each.rates.valid_from_us,
                each.rates.valid_to_us,
                transaction_fee_micros=700,
            ),
            each.version,
            each.known_from_seq,
        )
        for each in cards
    ]


@given(versions(), at_stores(), assignments())
def test_the_entity_is_that_of_the_highest_version_in_force_at_the_store(
    cards: list[RateVersion], journal: list[Posting], assigned: list[StoreVersion]
) -> None:
    by_seq = {posting.seq: posting for posting in journal}
    for entry in rate(journal, 0, RateCards(1, with_fees(cards), StoreEntities(assigned))):
        posting = by_seq[entry.seq]
        if entry.kind is EntryKind.NOTHING:
            assert entry.entity == 0
        elif posting.funders:
            assert entry.entity == FIRST_ENTITY
        elif entry.kind in ORIGINALS:
            applying = [
                each
                for each in assigned
                if each.store_id.bytes == posting.store
                and each.valid_from_us <= posting.effective_us
                and each.known_from_seq <= posting.seq
            ]
            best = max(applying, key=lambda each: each.version, default=None)
            assert entry.entity == (best.entity if best else FIRST_ENTITY)


@given(versions(), at_stores(), assignments())
def test_what_undoes_is_of_the_entity_of_what_it_undoes(
    cards: list[RateVersion], journal: list[Posting], assigned: list[StoreVersion]
) -> None:
    entries = rate(journal, 0, RateCards(1, cards, StoreEntities(assigned)))
    of: dict[int, set[tuple[UUID | None, int]]] = defaultdict(set)
    for entry in entries:
        of[entry.seq].add((entry.partner_id, entry.entity))
    for posting in journal:
        if posting.undoes:
            allowed = set[tuple[UUID | None, int]]().union(
                *(of[each.original_seq] for each in posting.undoes)
            )
            assert of[posting.seq] <= allowed | {(None, 0)}


@given(versions(), at_stores(), assignments())
def test_whose_store_it_is_changes_no_partners_amount(
    cards: list[RateVersion], journal: list[Posting], assigned: list[StoreVersion]
) -> None:
    def forgotten(entries: list[Entry]) -> list[Entry]:
        return [entry._replace(entity=0) for entry in entries]

    split = rate(journal, 0, RateCards(1, cards, StoreEntities(assigned)))
    assert forgotten(split) == forgotten(rate(journal, 0, RateCards(1, cards)))
