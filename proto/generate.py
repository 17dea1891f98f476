"""Regenerates the Python code of the contract into proto/gen, byte for byte the same on every machine.

Usage: python proto/generate.py [--check]. With --check nothing is written: exits 1 and names the files
that differ from a fresh generation.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc  # pyright: ignore[reportMissingTypeStubs]

ROOT = Path(__file__).resolve().parent
COMMITTED = ROOT / "gen"


def generate(into: Path) -> None:
    """Writes message, stub and type code of every .proto file below coalition/ into a folder."""
    sources = sorted(str(p.relative_to(ROOT)) for p in (ROOT / "coalition").rglob("*.proto"))
    well_known = str(files("grpc_tools") / "_proto")
    into.mkdir(parents=True, exist_ok=True)
    plugins = [
        f"--plugin={name}={Path(sys.executable).with_name(name)}"
        for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")
    ]
    arguments = [
        "protoc",
        *plugins,
        f"--proto_path={ROOT}",
        f"--proto_path={well_known}",
        f"--python_out={into}",
        f"--grpc_python_out={into}",
        f"--mypy_out=quiet:{into}",
        f"--mypy_grpc_out=quiet,only_async:{into}",
        *sources,
    ]
    if protoc.main(arguments) != 0:
        raise SystemExit("protoc failed; its message stands above")
    packages = {into / "coalition", *(p.parent for p in (into / "coalition").rglob("*_pb2.py"))}
    packages |= {p.parent for p in packages if p != into / "coalition"}
    for package in packages:
        (package / "__init__.py").write_text('"""Generated from proto/; never edited."""\n')
    for empty in (into / "coalition").rglob("*_pb2_grpc.py"):
        if "Stub" not in empty.read_text():
            empty.unlink()
            empty.with_suffix(".pyi").unlink(missing_ok=True)


def contents(folder: Path) -> dict[str, bytes]:
    """All generated files of a folder by their path in it."""
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.suffix in {".py", ".pyi"}
    }


def main() -> int:
    """Generates, or checks; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with what is committed, write nothing")
    check = bool(parser.parse_args().check)
    with tempfile.TemporaryDirectory() as scratch:
        fresh_folder = Path(scratch)
        generate(fresh_folder)
        fresh, committed = contents(fresh_folder), contents(COMMITTED)
    differing = sorted(
        name for name in fresh.keys() | committed.keys() if fresh.get(name) != committed.get(name)
    )
    if check:
        for name in differing:
            print(f"proto/gen/{name} differs from a fresh generation; run `make proto`", file=sys.stderr)
        return 1 if differing else 0
    for name in differing:
        target = COMMITTED / name
        if name not in fresh:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(fresh[name])
    print(f"{len(fresh)} files generated, {len(differing)} changed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
