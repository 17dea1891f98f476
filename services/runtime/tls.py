"""TLS of gRPC, by settings: what a server shows and demands, and what a client believes.

It is on where COALITION_TLS_AUTHORITY is set, for all of gRPC that a process does, and off where nothing is. Anything in
between is refused at the start: nothing goes on in plain because a setting is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import grpc

from services.runtime import logging
from services.runtime.certificates import (
    RENEW_BEFORE,
    Misconfigured,
    Pair,
    days_left,
    read_authority,
    read_pair,
)
from services.runtime.settings import TlsSettings, settings_in

_log = logging.get(__name__)
AUTHORITY: Final = "COALITION_TLS_AUTHORITY"
CERTIFICATE: Final = "COALITION_TLS_CERTIFICATE"
KEY: Final = "COALITION_TLS_KEY"
SERVER_NAME: Final = "COALITION_TLS_SERVER_NAME"
CLIENTS: Final = "COALITION_TLS_CLIENTS"
_Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS that is on. Files are read when a server or a channel is made; all of them exist and fit together by then."""

    authority: Path
    certificate: Path | None = None
    key: Path | None = None
    server_name: str = ""
    demands_clients: bool = True

    def pair(self) -> Pair | None:
        """The process's own certificate and key; None where it has none. Raises Misconfigured."""
        if self.certificate is None or self.key is None:
            return None
        return read_pair(CERTIFICATE, self.certificate, KEY, self.key)

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """What a client believes and shows, as the files are now. Raises Misconfigured."""
        pair = self.pair()
        return grpc.ssl_channel_credentials(
            read_authority(AUTHORITY, self.authority),
            pair.key if pair else None,
            pair.chain if pair else None,
        )

    def channel_options(self) -> list[tuple[str, str]]:
        """Options of a channel besides: the name that is looked for in a server's certificate."""
        return [("grpc.ssl_target_name_override", self.server_name)] if self.server_name else []

    def server_credentials(self) -> grpc.ServerCredentials:
        """What a server shows and demands; renewed files count from the next connection on. Raises Misconfigured."""
        files = _ServerFiles(self)
        # The stubs do not know that None is an answer: no change.
        return grpc.dynamic_ssl_server_credentials(
            files.first, cast("Any", files.renewed), self.demands_clients
        )

    def to_own_server(self) -> Tls:
        """To ask this process's own server at a loopback address, by a name that its certificate is good for."""
        pair = self.pair()
        own = self.server_name or (pair.names[0] if pair and pair.names else "")
        return Tls(self.authority, self.certificate, self.key, own, self.demands_clients)


class _ServerFiles:
    """The files of a server, read again once they are others. Asked by gRPC before each handshake."""

    def __init__(self, tls: Tls) -> None:
        pair = tls.pair()
        if tls.certificate is None or tls.key is None or pair is None:
            raise Misconfigured(f"{AUTHORITY} is set, so a server needs {CERTIFICATE} and {KEY} too")
        self._tls, self._paths = tls, (tls.certificate, tls.key, tls.authority)
        self._stamp = self._look()
        self.first = self._read()

    def renewed(self) -> grpc.ServerCertificateConfiguration | None:
        """The new configuration, None where the files are as before or cannot be used yet."""
        stamp = self._look()
        if stamp == self._stamp:
            return None
        # Those that cannot be used are told once, and looked at again when they change.
        self._stamp = stamp
        try:
            return self._read()
        except Misconfigured as error:
            _log.warning("tls.files_refused", reason=str(error))
            return None

    def _read(self) -> grpc.ServerCertificateConfiguration:
        pair = self._tls.pair()
        if pair is None:
            raise Misconfigured(f"{CERTIFICATE} is gone")
        left = days_left(pair.ends_at)
        tell = _log.error if left < 0 else _log.warning if left < RENEW_BEFORE.days else _log.info
        tell("tls.certificate", ends_at=pair.ends_at.isoformat(), days_left=left, names=list(pair.names))
        return grpc.ssl_server_certificate_configuration(
            [(pair.key, pair.chain)], read_authority(AUTHORITY, self._tls.authority)
        )

    def _look(self) -> _Stamp:
        try:
            found = [path.stat() for path in self._paths]
        except OSError:
            return ()
        return tuple((each.st_mtime_ns, each.st_size, each.st_ino) for each in found)


def tls_of(settings: TlsSettings) -> Tls | None:
    """TLS as the settings say; None where it is off. Raises Misconfigured: half of it, or files that cannot be used."""
    given = {
        CERTIFICATE: settings.tls_certificate,
        KEY: settings.tls_key,
        SERVER_NAME: settings.tls_server_name,
    }
    if not settings.tls_authority:
        for name, value in given.items():
            if value:
                raise Misconfigured(f"{name} is set without {AUTHORITY}: name the authority, or unset both")
        return None
    for name, other in ((CERTIFICATE, KEY), (KEY, CERTIFICATE)):
        if given[name] and not given[other]:
            raise Misconfigured(f"{name} is set without {other}")
    tls = Tls(
        Path(settings.tls_authority),
        Path(settings.tls_certificate) if settings.tls_certificate else None,
        Path(settings.tls_key) if settings.tls_key else None,
        settings.tls_server_name,
        settings.tls_clients,
    )
    read_authority(AUTHORITY, tls.authority)
    tls.pair()
    return tls


def tls_in(environment: Mapping[str, str]) -> Tls | None:
    """The same from a process's environment, which need not be this one's. Raises Misconfigured."""
    return tls_of(settings_in(TlsSettings, environment))


def handshake_refusal(details: str) -> str:
    """Why two ends did not come to terms over TLS, from what gRPC says of a call; empty where it was something else."""
    for sign, words in _REFUSALS:
        if all(part in details for part in sign):
            return words
    return ""


# Words of BoringSSL and gRPC, most telling first.
_REFUSALS: Final = (
    (("CERTIFICATE_VERIFY_FAILED", "has expired"), "its certificate has ended"),
    (("CERTIFICATE_VERIFY_FAILED", "not yet valid"), "its certificate begins later than now"),
    (("CERTIFICATE_VERIFY_FAILED",), f"its certificate is not from an authority in {AUTHORITY}"),
    (
        ("Hostname Verification Check failed",),
        f"its certificate is for another name than the one that it was called by: see {SERVER_NAME}",
    ),
    (("WRONG_VERSION_NUMBER",), f"it speaks without TLS, which {AUTHORITY} asks for"),
    (("handshake failed",), "the TLS handshake failed"),
    (
        ("failed to connect", "Socket closed"),
        f"it closed at once, as with TLS it does to callers without TLS ({AUTHORITY}) or a good certificate ({CERTIFICATE})",
    ),
)
