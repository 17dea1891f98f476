"""A plain FastAPI POST of the same body: the reference of http.noop. `python -m tests.performance.bare_app PORT`."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from services.launcher.ports import LOOPBACK

PATH: Final = "/v1/bench/bare"


class Member(BaseModel):
    """Who buys."""

    card: str


class Receipt(BaseModel):
    """Where it was rung up."""

    till: str = ""
    business_date: str = ""
    number: str = ""


class Line(BaseModel):
    """What was bought."""

    sku: str
    category: str = ""
    quantity: str = "1"
    amount: int


class Tender(BaseModel):
    """How it was paid."""

    kind: str
    amount: int


class Purchase(BaseModel):
    """The body of an earn, as anybody would write it down for FastAPI."""

    member: Member
    reference: str
    store: str
    occurred_at: datetime
    channel: str
    entry_mode: str
    receipt: Receipt
    amount: int
    currency: str
    lines: list[Line]
    tenders: list[Tender]


app = FastAPI()


@app.post(PATH, status_code=201, response_model=None)
async def bare(purchase: Purchase) -> dict[str, Any]:
    """Answers with two of its fields."""
    return {"reference": purchase.reference, "amount": purchase.amount}


if __name__ == "__main__":
    uvicorn.run(
        app,
        host=LOOPBACK,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
