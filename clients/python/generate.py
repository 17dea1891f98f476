"""Writes the Python client from the OpenAPI document of the gateway, the same on every machine.

Usage: python clients/python/generate.py [--check]. With --check nothing is written: exits 1 and names the files
that differ from a fresh generation. The document is the one that the gateway serves; what the generator cannot
read of it is told more simply first (`simplified`), and what it writes wrongly is put right (`mended`).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, cast

import httpx2
import openapi_python_client
from openapi_python_client.config import Config, ConfigFile, MetaType
from pydantic import SecretStr

from services.gateway import service
from services.gateway.http.app import create_app
from services.gateway.settings import Settings
from services.runtime.settings import PlatformSettings

HERE: Final = Path(__file__).resolve().parent
PACKAGE: Final = "coalition_client"
# Nobody listens there, and nobody is asked.
_NOBODY: Final = "127.0.0.1:1"
_JSON: Final = "application/json"
_FILE: Final = "text/csv"
_HTTP_METHODS: Final = ("delete", "get", "patch", "post", "put")
# The maintained successor of httpx has the same names.
_MENDED: Final = {
    "import httpx\n": "import httpx2 as httpx\n",
    # A body of two kinds must be there as well.
    " | File | Unset = UNSET,": " | File,",
    f'headers["Content-Type"] = "{_FILE}"': f'headers["Content-Type"] = body.mime_type or "{_FILE}"',
}
_VERSION: Final = "Coalition-Version"
#: Where the client sets the headers of all requests; its caller's own come after the version, and may name another.
_ALL_HEADERS: Final = "headers=self._headers,"


async def served_document() -> dict[str, Any]:
    """The OpenAPI document, from a gateway that has no neighbours."""
    key = SecretStr(base64.b64encode(bytes(32)).decode())
    platform = PlatformSettings(
        principal_private_key=key, members_target=_NOBODY, points_target=_NOBODY, partners_target=_NOBODY
    )
    settings = Settings(
        database_url=SecretStr(f"postgresql://nobody:nothing@{_NOBODY}/nowhere"),
        secret_key=key,
        access_log=False,
    )
    running = service.build(platform, settings)
    try:
        transport = httpx2.ASGITransport(app=create_app(running.gateway))
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            answer = await client.get("/openapi.json")
            answer.raise_for_status()
            return answer.json()
    finally:
        await running.close()


def simplified(document: dict[str, Any]) -> dict[str, Any]:
    """The same document without what the generator cannot read, and without its examples."""
    told: dict[str, Any] = _simpler(document)
    for operations in told["paths"].values():
        for method in _HTTP_METHODS:
            operation = operations.get(method, {})
            # The same with every call, so the client sends it by itself.
            if "parameters" in operation:
                operation["parameters"] = [
                    each for each in operation["parameters"] if each["name"] != _VERSION
                ]
            # One body that is a file: its media type says which, and the caller says that.
            _one_file(operation.get("requestBody", {}).get("content", {}))
            for status, response in operation.get("responses", {}).items():
                if status.startswith("2"):
                    _one_file(response["content"])
    return told


def _one_file(content: dict[str, Any]) -> None:
    files = [name for name in content if name != _JSON]
    for name in files:
        del content[name]
    if files:
        content[_FILE] = {"schema": {"type": "string", "format": "binary"}}


def _simpler(value: Any) -> Any:
    if isinstance(value, list):
        return [_simpler(each) for each in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    kept = cast("dict[str, Any]", value)
    return {
        name: _simpler(inner)
        for name, inner in kept.items()
        if name not in ("example", "examples") and not _is_rule(name, inner)
    }


def _is_rule(name: str, value: Any) -> bool:
    """Whether it only says which of the fields beside it go together: the gateway says no to the others."""
    return name in ("oneOf", "anyOf") and all(set(each) == {"required"} for each in value)


def newest_version(document: dict[str, Any]) -> str:
    """The newest version of the API that a document tells of."""
    (told,) = (each for each in document["paths"]["/v1/me"]["get"]["parameters"] if each["name"] == _VERSION)
    return max(told["schema"]["enum"])


def mended(text: str, version: str) -> str:
    """What was written, put right, and with the version in the headers of every request."""
    for wrong, right in _MENDED.items():
        text = text.replace(wrong, right)
    return text.replace(_ALL_HEADERS, f'headers={{"{_VERSION}": "{version}", **self._headers}},')


def generate(into: Path) -> dict[str, str]:
    """All files of the package by their paths in it, made in an empty folder. Raises SystemExit where it fails."""
    logging.getLogger().setLevel(logging.ERROR)
    source = into / "openapi.json"
    document = asyncio.run(served_document())
    source.write_text(json.dumps(simplified(document)))
    # Its hooks find ruff beside the interpreter, whoever calls.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    layout = str(HERE / "layout.toml")
    tidy = ("-q", "--fix-only", "--no-cache", "--config", layout)
    config = Config.from_sources(
        ConfigFile(
            content_type_overrides={
                _FILE: "application/octet-stream",
                "application/problem+json": _JSON,
            },
            post_hooks=[f"ruff check . {' '.join(tidy)}", f"ruff format . -q --no-cache --config {layout}"],
        ),
        MetaType.NONE,
        source,
        "utf-8",
        True,
        into / PACKAGE,
    )
    problems = openapi_python_client.generate(config=config, custom_template_path=HERE / "templates")
    if problems:
        raise SystemExit("\n".join(f"{each.header}: {each.detail}" for each in problems))
    package = into / PACKAGE
    (package / "py.typed").touch()
    written = contents(package)
    stale = [
        wrong for wrong in (*_MENDED, _ALL_HEADERS) if not any(wrong in text for text in written.values())
    ]
    if stale:
        raise SystemExit(f"the generator no longer writes {stale}: take it out of _MENDED")
    for name, text in written.items():
        (package / name).write_text(mended(text, newest_version(document)))
    subprocess.run(["ruff", "check", ".", *tidy], cwd=package, check=True)
    return contents(package)


def contents(package: Path) -> dict[str, str]:
    """All files of a package by their paths in it."""
    return {
        path.relative_to(package).as_posix(): path.read_text()
        for path in sorted(package.rglob("*"))
        if path.suffix == ".py" or path.name == "py.typed"
    }


def main() -> int:
    """Generates, or checks; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with what is committed, write nothing")
    check = bool(parser.parse_args().check)
    with tempfile.TemporaryDirectory() as scratch:
        fresh, kept = generate(Path(scratch)), contents(HERE / PACKAGE)
    differing = sorted(name for name in fresh.keys() | kept.keys() if fresh.get(name) != kept.get(name))
    if check:
        for name in differing:
            print(
                f"clients/python/{PACKAGE}/{name} is not what the API is now; run `make client`",
                file=sys.stderr,
            )
        return 1 if differing else 0
    for name in differing:
        target = HERE / PACKAGE / name
        if name not in fresh:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(fresh[name])
    print(f"{len(fresh)} files generated, {len(differing)} changed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
