"""A programme of two partners, whose operator works at its own command line over every process of the platform."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx2

from services.launcher.platform import Platform
from services.operations import registry
from services.operations.session import Session, open_session
from services.runtime.clock import to_micros
from services.runtime.principal import Programme
from tests.support.command_line import run_command
from tests.support.gateway_bodies import CARD_READ

STARTS_AT: Final = datetime(2024, 1, 1, 5, tzinfo=UTC)  # Monday, midnight in New York
WEEK: Final = timedelta(weeks=1)
# Micros a point: issued, and reimbursed.
PRICES: Final = {"grocer": (10_000, 8_000), "fuel": (9_000, 7_000)}


@dataclass
class Mall:
    """A programme with two partners and three people of the staff."""

    environment: Mapping[str, str]
    session: Session
    programme: Programme
    tills: dict[str, httpx2.AsyncClient]
    staff: dict[str, str]

    async def run(self, *words: str, by: str = "") -> tuple[int, str, str]:
        """The command line as a person of the staff, or as the host."""
        person = {"COALITION_STAFF_TOKEN": self.staff[by]} if by else {}
        return await run_command(
            *words, "-p", self.programme.slug, environment={**self.environment, **person}
        )

    async def told(self, *words: str, by: str = "", fails: bool = False) -> Any:
        """What a command prints as JSON."""
        code, out, err = await self.run(*words, "--json", by=by)
        assert bool(code) == fails, (out, err)
        return json.loads(out)

    async def refusal(self, *words: str, by: str = "") -> str:
        code, out, err = await self.run(*words, by=by)
        assert code == 1, out
        return err

    async def posted(self, partner: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Idempotency-Key": str(uuid4())}
        answer = await self.tills[partner].post(path, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def member(self) -> tuple[str, str]:
        """A new member: the card, and the id that the operator knows."""
        card = (await self.posted("grocer", "/v1/members", {}))["cards"][0]
        answer = await self.told("points", "adjust", card, "--points", "1", "--reason", "other", by="maker")
        return card, answer["transaction"]["member"]


def body_of(card: str, **fields: Any) -> dict[str, Any]:
    return {
        "reference": uuid4().hex,
        "occurred_at": STARTS_AT.isoformat(),
        "member": {"card": card},
        **fields,
    }


def burn_of(card: str, **fields: Any) -> dict[str, Any]:
    """As body_of, for points to be spent or set aside: the card was read."""
    return body_of(card, authorisation=CARD_READ, **fields)


@asynccontextmanager
async def operators_mall(
    platform: Platform,
    prices: Mapping[str, tuple[int, int]] = PRICES,
    per_minor: int = 100,
    shares: Mapping[str, int] | None = None,
    currency: str = "USD",
) -> AsyncGenerator[Mall]:
    """A mall of its own on a platform, until the block ends.

    `prices`: issue and reimbursement by partner; `per_minor`: a point for so many minor units; `shares`: per cent of the issue
    price that is due at issuance, where it is not all of it; `currency`: the programme's.
    """
    async with open_session(platform.environment, patience_seconds=60) as session:
        starts_at_us = to_micros(STARTS_AT)
        programme = await registry.create_programme(
            session,
            f"mall-{secrets.token_hex(4)}",
            "Mall Points",
            "America/New_York",
            currency,
            starts_at_us,
            is_test=True,
        )
        tills: dict[str, httpx2.AsyncClient] = {}
        for slug, of_partner in prices.items():
            await registry.onboard(session, programme, slug, slug.title())
            share = (shares or {}).get(slug, 100)
            card = registry.Prices(*of_partner, starts_at_us, issue_share_percent=share)
            await registry.set_rates(session, programme, slug, card)
            await registry.set_earn_rate(
                session, programme, slug, registry.EarnRate(1, per_minor, starts_at_us)
            )
            secret = (await registry.issue_key(session, programme, slug, "test")).secret
            tills[slug] = httpx2.AsyncClient(
                base_url=platform.gateway_url, headers={"Authorization": f"Bearer {secret}"}, timeout=30,
                trust_env=False,
            )  # fmt: skip
        roles = {
            "maker": ["maker", "service_desk"], "checker": ["checker"], "admin": ["admin"], "pricing": ["pricing"],
        }  # fmt: skip
        staff = {
            name: (await registry.add_staff(session, f"{name} of {programme.slug}", of_person)).token
            for name, of_person in roles.items()
        }
        yield Mall(platform.environment, session, programme, tills, staff)
        for client in tills.values():
            await client.aclose()
