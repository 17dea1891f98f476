"""PEM files that settings name: read, looked at, and refused with the setting and the file where they cannot serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

# The largest file that is read: a system's whole bundle of authorities has a quarter of it.
_BYTES_MAX: Final = 1024 * 1024
#: Who renews certificates should have done it by then.
RENEW_BEFORE: Final = timedelta(days=30)

T = TypeVar("T")


class Misconfigured(ValueError):
    """Settings of TLS or of credentials that cannot be used. Names settings and files, never what is secret."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its chain, and its private key, as PEM. `ends_at` is in UTC."""

    chain: bytes
    key: bytes = field(repr=False)
    ends_at: datetime
    names: tuple[str, ...]


def read_authority(setting: str, path: Path) -> bytes:
    """The certificates of authorities in a file, as PEM. Raises Misconfigured."""
    content = _read(setting, path)
    _parsed(setting, path, "certificate", lambda: x509.load_pem_x509_certificates(content))
    return content


def read_pair(certificate_setting: str, certificate: Path, key_setting: str, key: Path) -> Pair:
    """A certificate and its key. Raises Misconfigured, also where they do not belong together.

    One that has ended is read all the same: a server takes up the renewed one by itself, and until then its clients say why
    they refuse it.
    """
    chain, key_content = _read(certificate_setting, certificate), _read(key_setting, key)
    leaf = _parsed(
        certificate_setting, certificate, "certificate", lambda: x509.load_pem_x509_certificates(chain)
    )[0]
    private = _parsed(
        key_setting, key, "private key without a password", lambda: load_pem_private_key(key_content, None)
    )
    shape = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*shape) != leaf.public_key().public_bytes(*shape):
        raise Misconfigured(
            f"{key_setting}: {key} is not the key of the certificate {certificate} ({certificate_setting})"
        )
    return Pair(chain, key_content, leaf.not_valid_after_utc, _names_of(leaf))


def check_readable(setting: str, path: Path) -> None:
    """Raises Misconfigured where a file of credentials is not there, empty or not readable."""
    if not _read(setting, path).strip():
        raise Misconfigured(f"{setting}: {path} is empty")


def end_of(der: bytes) -> datetime:
    """When a certificate ends, in UTC. Raises ValueError for what is none."""
    return x509.load_der_x509_certificate(der).not_valid_after_utc


def days_left(ends_at: datetime) -> int:
    """Whole days until then; negative once it has passed."""
    return (ends_at - datetime.now(UTC)).days


def _read(setting: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_BYTES_MAX + 1)
    except OSError as error:
        raise Misconfigured(f"{setting}: {path} cannot be read: {error.strerror or error}") from error
    if len(content) > _BYTES_MAX:
        raise Misconfigured(f"{setting}: {path} is larger than {_BYTES_MAX} bytes")
    return content


def _parsed(setting: str, path: Path, what: str, parse: Callable[[], T]) -> T:
    try:
        return parse()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The library's own words may quote the file.
        raise Misconfigured(f"{setting}: {path} holds no {what} as PEM") from None


def _names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Hosts and addresses that it is good for, hosts first."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    hosts = found.get_values_for_type(x509.DNSName)
    return (*hosts, *(str(address) for address in found.get_values_for_type(x509.IPAddress)))
