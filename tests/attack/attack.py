"""The attack itself: every operation, each case with a key, with a wrong one, and with none."""

from __future__ import annotations

import copy
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import urlsplit

import requests
import schemathesis
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi import checks

from tests.attack.cases import AnyCase, AnyOperation, send_cases
from tests.support.stocked_mall import Things

_CHECKS: Final[list[Any]] = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
_SERVER_ERROR: Final = 500
_UNAUTHENTICATED: Final = 401
_WRONG_KEY: Final = "sk_test_" + "0" * 40
_TOLD_MAX: Final = 400
#: What these are asked for ends what others need.
_ENDING: Final = ("/capture", "/void", "/cancel", "/escalate", "/close")
_SECONDS_MAX: Final = 30
_BARE_CASES: Final = 2


@dataclass(frozen=True, slots=True)
class Found:
    """A request whose answer is not what the document says: which rule it breaks, and the request as a command for curl."""

    operation: str
    rule: str
    detail: str
    request: str


@dataclass(slots=True)
class Tally:
    """What an attack sent, and what it found; of the same breach of a rule by the same operation, the first."""

    cases: int = 0
    requests: int = 0
    seconds: float = 0.0
    failures: int = 0
    statuses: Counter[int] = field(default_factory=Counter[int])
    #: By operation: statuses that a valid key was answered with.
    answered: dict[str, Counter[int]] = field(default_factory=dict[str, Counter[int]])
    found: dict[tuple[str, str], Found] = field(default_factory=dict[tuple[str, str], Found])


class Attack:
    """Sends cases to a gateway on this machine."""

    def __init__(self, document: Mapping[str, Any], base_url: str, secret: str, things: Things) -> None:
        host = urlsplit(base_url).hostname
        if host not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError(f"{host} is not this machine, and nothing else is attacked")
        told = copy.deepcopy(dict(document))
        # Who sends what with which key is decided here: schemathesis would leave keys out by itself.
        self._guarded = {
            f"{method.upper()} {path}"
            for path, operations in told["paths"].items()
            for method, operation in operations.items()
            if operation.pop("security", None)
        }
        self._schema = schemathesis.openapi.from_dict(told)
        self._base_url, self._secret, self._things = base_url, secret, things
        self.tally = Tally()

    def run(self, cases: int, seed: int, until: float) -> Tally:
        """Sends about so many cases, as many for each operation, unless time (monotonic seconds) is over before."""
        started = time.monotonic()
        every = cast("Iterable[Any]", self._schema.get_all_operations())
        found: list[AnyOperation] = [each.ok() for each in every]
        operations = sorted(found, key=lambda each: each.path.endswith(_ENDING))
        bare = [each for each in operations if not _varies(each)]
        varied = [each for each in operations if _varies(each)]
        with requests.Session() as session:
            session.trust_env = False
            counts = {each.label: min(_BARE_CASES, cases) for each in bare}
            while self.tally.cases < cases and time.monotonic() < until:
                # Of some operations there are fewer different cases than asked for: the others make up for it.
                share, more = divmod(max(1, cases - self.tally.cases - len(counts)), len(varied))
                counts |= {each.label: share + (place < more) for place, each in enumerate(varied)}
                for operation in operations:
                    send_cases(
                        operation,
                        counts.get(operation.label, 0),
                        seed,
                        self._things,
                        lambda case: self._send(session, case, until),
                    )
                counts, seed = {}, seed + 1
        self.tally.seconds = time.monotonic() - started
        return self.tally

    def _send(self, session: requests.Session, case: AnyCase, until: float) -> None:
        if time.monotonic() > until:
            return
        self.tally.cases += 1
        guarded = case.operation.label in self._guarded
        for secret in (_WRONG_KEY, "", self._secret):
            headers = {"Authorization": f"Bearer {secret}"} if secret else {}
            self.tally.requests += 1
            try:
                answer = case.call(self._base_url, session, headers, timeout=_SECONDS_MAX)
            except requests.RequestException as error:
                self._note(case, "every request is answered", repr(error))
                continue
            response = Response.from_any(answer)
            self.tally.statuses[response.status_code] += 1
            if guarded and secret != self._secret and response.status_code != _UNAUTHENTICATED:
                self._note(
                    case, "a request without a good key is answered 401", f"it was {response.status_code}"
                )
            if guarded and secret == self._secret and response.status_code == _UNAUTHENTICATED:
                self._note(case, "a good key is not answered 401", response.text[:_TOLD_MAX])
            if secret == self._secret:
                label: str = case.operation.label
                self.tally.answered.setdefault(label, Counter())[response.status_code] += 1
            self._check(case, response)

    def _check(self, case: AnyCase, response: Response) -> None:
        if response.status_code >= _SERVER_ERROR:
            self._note(case, "no 5xx", f"{response.status_code}: {response.text[:_TOLD_MAX]}")
        try:
            case.validate_response(response, checks=_CHECKS)
        except FailureGroup as group:
            for each in group.exceptions:
                told = f"{response.status_code}: {str(each)[:_TOLD_MAX]} {response.text[:_TOLD_MAX]}"
                self._note(case, type(each).__name__, told)

    def _note(self, case: AnyCase, rule: str, detail: str) -> None:
        self.tally.failures += 1
        label: str = case.operation.label
        found = Found(label, rule, detail, case.as_curl_command().replace(self._secret, "$KEY"))
        self.tally.found.setdefault((label, f"{rule} {detail[:3]}"), found)


def _varies(operation: AnyOperation) -> bool:
    """Whether there is anything in its requests that could be one thing or another."""
    told: dict[str, Any] = operation.definition.raw
    return bool(told.get("parameters") or told.get("requestBody"))
