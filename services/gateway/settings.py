"""Settings of the gateway, read from variables that start with COALITION_GATEWAY_."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import DatabaseSettings

#: Those that there are texts of receipts in.
ReceiptLanguage = Literal["bg", "de", "en", "es", "fr", "it", "nl", "pl", "pt"]


class Settings(DatabaseSettings):
    """What the gateway listens on, and every limit that it sets."""

    model_config = SettingsConfigDict(env_prefix="COALITION_GATEWAY_", extra="ignore", frozen=True)

    # What holds a connection while it works: batches and files of all kinds, and the jobs.
    database_pool_size: int = Field(default=20, ge=2, le=100, description="Connections kept at most")
    http_host: str = Field(default="127.0.0.1", description="Address to listen on")
    http_port: int = Field(default=8080, ge=0, le=65_535, description="Port to listen on; 0: a free one")
    secret_key: SecretStr = Field(description="base64url of 32 random bytes, the gateway's alone")
    public_url: str = Field(
        default="",
        description="Where clients see the API, e.g. https://api.example.com; empty: as they asked",
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        max_length=64,
        description="Networks of proxies, as JSON, that add to X-Forwarded-For whom they were called by; from nobody else that is believed",
    )
    stop_grace_seconds: int = Field(default=10, ge=0, le=60, description="Time for requests to end at a stop")
    access_log: bool = Field(default=True, description="Whether each request writes a line to the log")

    body_bytes_max: int = Field(default=256 * 1024, ge=1_024, description="Largest body of a request")
    batch_bytes_max: int = Field(default=8 * 1024 * 1024, ge=1_024, description="Largest body of a batch")
    header_bytes_max: int = Field(default=32 * 1024, ge=1_024, description="Largest head of a request")
    header_seconds_max: float = Field(default=20.0, gt=0, description="Time for a request's head to arrive")
    keep_alive_seconds: int = Field(default=75, ge=1, description="Time that an idle connection is kept")
    requests_at_once_max: int = Field(default=2_000, ge=1, description="Requests worked on at once")
    requests_at_once_partner_max: int = Field(
        default=500, ge=1, description="Of those, requests of one partner; more of them: 429"
    )
    request_seconds_max: float = Field(default=10.0, gt=0, description="Time for a request, body included")

    batch_seconds_max: float = Field(default=60.0, gt=0, description="Time for a batch, body included")
    batches_at_once_max: int = Field(
        default=4,
        ge=1,
        description="Batches worked on at once, half of them of one partner; each holds a database connection",
    )
    batch_retention_days: int = Field(default=90, ge=1, description="How long a batch's answer is kept")

    batch_file_bytes_max: int = Field(
        default=256 * 1024 * 1024, ge=1_024, description="Largest file of a large batch"
    )
    batch_file_lines_max: int = Field(default=200_000, ge=1, description="Most lines of such a file")
    batch_file_seconds_max: float = Field(default=600.0, gt=0, description="Time for such a file to arrive")
    batch_file_stall_seconds: float = Field(
        default=30.0, gt=0, description="Longest time between two pieces of such a file"
    )
    batch_files_at_once_max: int = Field(
        default=6, ge=1, description="Such files taken at once; each holds a database connection"
    )
    batch_files_of_one_max: int = Field(
        default=2, ge=1, description="Such files of one partner taken at once"
    )
    batches_open_max: int = Field(
        default=100, ge=1, description="Large batches of one partner that are not finished"
    )
    batch_flights: int = Field(
        default=1, ge=1, le=16, description="Large batches posted at once; each holds a database connection"
    )
    batch_chunk_lines: int = Field(
        default=512, ge=1, le=512, description="Lines of a large batch in one call to points"
    )
    batch_rests: float = Field(
        default=2.0,
        ge=0,
        le=100,
        description="How many times as long as tills waited beside a piece of a large batch it rests after that piece; 0: never",
    )
    batch_poll_seconds: float = Field(
        default=1.0, gt=0, description="How often to look for large batches that another replica took"
    )
    batch_retry_first_seconds: float = Field(
        default=2.0, gt=0, description="Pause before a line is tried again; it doubles each time"
    )
    batch_retry_longest_seconds: float = Field(default=900.0, gt=0, description="Longest such pause")
    batch_retry_seconds_max: float = Field(
        default=86_400.0, gt=0, description="How long a line is tried again after its batch came"
    )

    upload_bytes_max: int = Field(
        default=64 * 1024 * 1024, ge=1_024, description="Largest file that is compared with a partner's books"
    )
    upload_lines_max: int = Field(default=250_000, ge=1, description="Most lines of such a file")
    upload_differences_max: int = Field(
        default=20_000, ge=1, description="Most differences that are kept of it; the others are counted"
    )
    upload_seconds_max: float = Field(
        default=300.0, gt=0, description="Time for such a file to arrive and to be compared"
    )
    uploads_at_once_max: int = Field(
        default=4,
        ge=1,
        description="Files compared at once, half of them of one partner; each holds a database connection",
    )
    upload_retention_days: int = Field(
        default=400, ge=1, description="How long what came of such a file is kept"
    )
    days_remembered_max: int = Field(
        default=10_000, ge=1, description="Business days remembered, and their control totals"
    )

    key_seconds: float = Field(
        default=10.0, gt=0, le=60, description="How long a good API key is believed, and a revoked one works"
    )
    key_refused_seconds: float = Field(
        default=5.0, gt=0, le=60, description="How long a bad key is remembered"
    )
    key_grace_seconds: float = Field(
        default=60.0, ge=0, le=120, description="How much longer a key works while partners cannot be reached"
    )
    keys_remembered_max: int = Field(
        default=10_000, ge=1, description="API keys remembered, good and bad each"
    )

    keyless_per_minute_max: int = Field(
        default=0,
        ge=0,
        description="Requests without a valid API key that an address may send in a minute; more of them: 429; 0: they are not "
        "bounded. Behind a proxy name that one in COALITION_GATEWAY_TRUSTED_PROXIES first",
    )
    addresses_remembered_max: int = Field(
        default=10_000, ge=1, description="Addresses remembered that sent requests without a valid key"
    )

    quota_interactive_per_second: int = Field(
        default=1_000,
        ge=1,
        le=1_000_000,
        description="Requests a second that a key may send, unless agreed otherwise with its partner; batches and files apart",
    )
    quota_interactive_window_seconds: int = Field(
        default=10, ge=1, le=3_600, description="Those of so many seconds may come at once"
    )
    quota_bulk_per_second: int = Field(
        default=5_000,
        ge=1,
        le=1_000_000,
        description="Lines of batches and files a second that a key may send, unless agreed otherwise with its partner",
    )
    quota_bulk_window_seconds: int = Field(
        default=60, ge=1, le=3_600, description="Those of so many seconds may come at once"
    )
    quota_slice_milliseconds: int = Field(
        default=250,
        ge=50,
        le=5_000,
        description="How much of a quota a gateway takes from the database at a time, at least 32 units",
    )

    members_remembered_max: int = Field(default=200_000, ge=1, description="Identifiers remembered")
    member_seconds: float = Field(default=60.0, gt=0, description="How long an identifier is remembered")
    receipt_languages: dict[str, ReceiptLanguage] = Field(
        default={},
        description='Languages of receipts by programmes\' slugs, for members who have said none: {"plaza": "de"}; others in English',
    )
    store_seconds: float = Field(default=300.0, gt=0, description="How long a partner's stores are believed")
    store_refresh_seconds: float = Field(
        default=3.0, gt=0, description="Least time between two look-ups of a partner's stores"
    )
    partners_remembered_max: int = Field(default=1_000, ge=1, description="Partners whose stores are kept")

    posting_items_max: int = Field(default=256, ge=1, le=512, description="Movements in one call to points")
    posting_queue_max: int = Field(default=4_000, ge=1, description="Movements that wait for a call")
    posting_flights: int = Field(default=2, ge=1, le=16, description="Calls to points in the air at once")
    posting_attempt_seconds: float = Field(
        default=5.0, gt=0, description="Time for one call to points before it is sent again"
    )
