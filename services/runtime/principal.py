"""Who acts: signed, short-lived principals, made after authentication and verified from a cache.

A token is the serialised Principal followed by the 64 bytes of its Ed25519 signature.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import Final
from uuid import UUID

from coalition.type.v1 import principal_pb2 as pb
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from google.protobuf.message import DecodeError

from services.runtime.clock import MICROS_PER_SECOND, wall_now_us
from services.runtime.errors import PermissionDenied, Unauthenticated
from services.runtime.secrets import read_key

# The issuer and service name of the host's own command line, which may do what all roles together may.
HOST: Final = "cli"
METADATA_KEY: Final = "coalition-principal-bin"
LIFE_SECONDS: Final = 300
# What an error tells of a principal that was good until then, in microseconds.
EXPIRED_AT: Final = "expired_at_us"
_SIGNATURE_BYTES: Final = 64
_TOKEN_BYTES_MAX: Final = 4_096
_CACHE_MAX: Final = 10_000


class Kind(Enum):
    """What kind of actor a principal is."""

    PARTNER = pb.PRINCIPAL_KIND_PARTNER
    STAFF = pb.PRINCIPAL_KIND_STAFF
    SERVICE = pb.PRINCIPAL_KIND_SERVICE


# Whom an issuer may speak for: the gateway authenticates partners, the command line staff; a service
# only for itself.
_MAY_SIGN: Final[Mapping[str, frozenset[Kind]]] = {
    "gateway": frozenset({Kind.PARTNER, Kind.SERVICE}),
    "cli": frozenset({Kind.STAFF, Kind.SERVICE}),
    "members": frozenset({Kind.SERVICE}),
    "points": frozenset({Kind.SERVICE}),
    "partners": frozenset({Kind.SERVICE}),
    "notifications": frozenset({Kind.SERVICE}),
}


@dataclass(frozen=True, slots=True)
class Programme:
    """One points currency, one ledger, one sequence. These facts never change."""

    ledger_id: int
    slug: str
    zone: str
    currency: str
    is_test: bool


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts, in which programme, with which scopes or roles; `token_id`: the token that a staff person has shown."""

    kind: Kind
    issuer: str
    actor: str
    partner_id: UUID | None
    grants: frozenset[str]
    programme: Programme | None
    expires_at_us: int
    token_id: UUID | None = None

    def in_programme(self) -> Programme:
        """The programme acted in. Raises PermissionDenied where the principal has none."""
        if self.programme is None:
            raise PermissionDenied("this needs a principal that acts in a programme")
        return self.programme

    def as_partner(self) -> UUID:
        """The acting partner. Raises PermissionDenied for staff and services."""
        if self.kind is not Kind.PARTNER or self.partner_id is None:
            raise PermissionDenied("only a partner may do this", actor=self.actor)
        return self.partner_id

    def require(self, grant: str) -> None:
        """Raises PermissionDenied unless a partner's scope or a staff role grants this; services may all."""
        if self.kind is not Kind.SERVICE and grant not in self.grants:
            raise PermissionDenied(f"this needs {grant}", needed=grant)

    def require_role(self, *roles: str) -> None:
        """Raises PermissionDenied unless this is staff with one of the roles, or the host's own command line."""
        host = self.kind is Kind.SERVICE and self.issuer == HOST
        if not host and not (self.kind is Kind.STAFF and self.grants & set(roles)):
            needed = " or ".join(roles)
            raise PermissionDenied(f"this needs {needed}", needed=needed)

    def require_internal(self, *roles: str) -> None:
        """Raises PermissionDenied for partners, and for staff with none of the roles (any role, if none named)."""
        if self.kind is Kind.PARTNER or (self.kind is Kind.STAFF and roles and not self.grants & set(roles)):
            raise PermissionDenied("this is for the operator's staff", needed=" or ".join(roles) or "staff")


current: ContextVar[Principal] = ContextVar("principal")


def acting() -> Principal:
    """The principal of the call being served. Raises Unauthenticated outside of one."""
    try:
        return current.get()
    except LookupError:
        raise Unauthenticated from None


def programme_message(programme: Programme) -> pb.Programme:
    """The wire form of a programme."""
    mode = pb.PROGRAMME_MODE_TEST if programme.is_test else pb.PROGRAMME_MODE_LIVE
    return pb.Programme(
        ledger_id=programme.ledger_id,
        slug=programme.slug,
        zone=programme.zone,
        currency=programme.currency,
        mode=mode,
    )


def programme_from(message: pb.Programme) -> Programme:
    """Reads the wire form of a programme."""
    return Programme(
        message.ledger_id,
        message.slug,
        message.zone,
        message.currency,
        message.mode == pb.PROGRAMME_MODE_TEST,
    )


class Signer:
    """Signs principals with this process's own key."""

    def __init__(self, issuer: str, private_key: bytes) -> None:
        self._issuer = issuer
        self._key = Ed25519PrivateKey.from_private_bytes(private_key)
        self._own: dict[str, tuple[bytes, int]] = {}

    @property
    def public_key(self) -> bytes:
        """The 32 bytes that verify what this signs."""
        return self._key.public_key().public_bytes_raw()

    def sign(
        self,
        kind: Kind,
        actor: str,
        programme: Programme | None,
        partner_id: UUID | None = None,
        grants: Iterable[str] = (),
        life_seconds: int = LIFE_SECONDS,
        token_id: UUID | None = None,
    ) -> bytes:
        """A token for an actor that this process has authenticated, good for `life_seconds`."""
        body = pb.Principal(
            kind=kind.value,
            issuer=self._issuer,
            partner_id=partner_id.bytes if partner_id else b"",
            actor=actor,
            grants=sorted(grants),
            programme=programme_message(programme) if programme else None,
            expires_at_us=wall_now_us() + life_seconds * MICROS_PER_SECOND,
            token_id=token_id.bytes if token_id else b"",
        ).SerializeToString(deterministic=True)
        return body + self._key.sign(body)

    def own(self, programme: Programme | None) -> bytes:
        """The principal of the service itself in a programme, renewed at half of its life."""
        slot = programme.slug if programme else ""
        token, renew_at = self._own.get(slot, (b"", 0))
        if renew_at <= wall_now_us():
            token = self.sign(Kind.SERVICE, self._issuer, programme)
            self._own[slot] = (token, wall_now_us() + LIFE_SECONDS * MICROS_PER_SECOND // 2)
        return token


class Verifier:
    """Verifies principals against the known issuers; a token seen before costs a dictionary look-up."""

    def __init__(self, public_keys: str) -> None:
        self._keys = dict(_read_issuers(public_keys))
        self._seen: OrderedDict[bytes, Principal] = OrderedDict()

    def verify(self, token: bytes) -> Principal:
        """The principal of a token. Raises Unauthenticated for any flaw, without saying which."""
        principal = self._seen.get(token)
        if principal is None:
            principal = self._read(token)
            self._seen[token] = principal
            if len(self._seen) > _CACHE_MAX:
                self._seen.popitem(last=False)
        if principal.expires_at_us <= wall_now_us():
            self._seen.pop(token, None)
            raise Unauthenticated("the principal has expired", **{EXPIRED_AT: principal.expires_at_us})
        return principal

    def _read(self, token: bytes) -> Principal:
        if not _SIGNATURE_BYTES < len(token) <= _TOKEN_BYTES_MAX:
            raise Unauthenticated
        body, signature = token[:-_SIGNATURE_BYTES], token[-_SIGNATURE_BYTES:]
        try:
            message = pb.Principal.FromString(body)
            key = self._keys.get(message.issuer)
            if key is None:
                raise Unauthenticated
            key.verify(signature, body)
            kind = Kind(message.kind)
            partner_id = UUID(bytes=message.partner_id) if message.partner_id else None
            token_id = UUID(bytes=message.token_id) if message.token_id else None
        except (InvalidSignature, DecodeError, ValueError):
            raise Unauthenticated from None
        if kind not in _MAY_SIGN.get(message.issuer, frozenset()) or not message.expires_at_us:
            raise Unauthenticated
        if (kind is Kind.PARTNER) != (partner_id is not None):
            # A partner that is nobody would see everything; staff with a partner's id could move its points.
            raise Unauthenticated
        programme = programme_from(message.programme) if message.HasField("programme") else None
        return Principal(
            kind, message.issuer, message.actor, partner_id, frozenset(message.grants), programme,
            message.expires_at_us, token_id,
        )  # fmt: skip


def _read_issuers(text: str) -> Iterable[tuple[str, Ed25519PublicKey]]:
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        issuer, _, key = part.partition(":")
        yield issuer, Ed25519PublicKey.from_public_bytes(read_key(key, f"the public key of {issuer}"))
