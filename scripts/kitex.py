"""Builds the Kitex programs of tests/interop from the IDL; no generated code is kept."""

import fcntl
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import idl

ROOT: Final = Path(__file__).parents[1]
_SOURCES: Final = ROOT / "tests" / "interop"
_NAMES: Final = ("client", "server", "api", "stream", "example")


@dataclass(frozen=True)
class Programs:
    """The programs of one Kitex version.

    `api` exists for "original" only, `stream` and the `example` of docs/callers.md for "modern".
    """

    kind: str
    client: Path
    server: Path
    api: Path
    stream: Path
    example: Path


class BuildError(Exception):
    """A tool failed; the message is its output."""


def build(kind: str, folder: Path, go: str) -> Programs:
    """Generate and build below `folder`, once for all processes that share the folder.

    `kind` is "modern" (Kitex v0.16.3, this project's IDL) or "original" (v0.4.4, the original IDL).

    Raises:
        BuildError: a tool failed.
    """
    at = folder / kind
    at.mkdir(parents=True, exist_ok=True)
    with (folder / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (at / "built").exists():
            _build(kind, at, go)
            (at / "built").touch()
    return Programs(kind, *(at / "bin" / name for name in _NAMES))


def original(text: str) -> str:
    """Return an IDL without the additions: fields from id 100 on, methods below "added"."""
    text = re.sub(r"^ +1\d\d: .*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^ +// added\n(?:    .*\n)+", "", text, flags=re.MULTILINE)


def _build(kind: str, at: Path, go: str) -> None:
    for name in ("client", "server", "api", "stream", "pid"):
        shutil.copytree(_SOURCES / name, at / name, dirs_exist_ok=True)
    shutil.copy(_SOURCES / f"{kind}.mod", at / "go.mod")
    tools = ["github.com/cloudwego/kitex/tool/cmd/kitex"]
    if kind == "original":
        tools.append("github.com/cloudwego/thriftgo")
    for tool in tools:
        _run([*_compile(go), "-o", f"{at}/tools/", tool], at)
    for stem in idl.RPC:
        text = (ROOT / "idl" / f"{stem}.thrift").read_text()
        (at / f"{stem}.thrift").write_text(original(text) if kind == "original" else text)
        # v0.4.4 needs one combined server per file; newer versions register several services.
        combined = ["-combine-service"] if kind == "original" else []
        _run([f"{at}/tools/kitex", "-module", "interop", *combined, f"{stem}.thrift"], at)
    if kind == "original":
        made = ["-tags", "original", "./client", "./server", "./api"]
    else:
        made = ["./client", "./server", "./stream", "./example"]
        (at / "example").mkdir(exist_ok=True)
        (at / "example" / "main.go").write_text(_example())
        _run([f"{at}/tools/kitex", "-module", "interop", "-streamx", "stream/streaming.thrift"], at)
    _run([*_compile(go), "-o", f"{at}/bin/", *made], at)


def _example() -> str:
    """Return the Go program of docs/callers.md, with the import path of this module."""
    text = (ROOT / "docs" / "callers.md").read_text()
    _, _, block = text.partition("```go\npackage main\n")
    program, _, _ = block.partition("```")
    return f"package main\n{program}".replace("example.com/mine", "interop")


def _compile(go: str) -> list[str]:
    # -trimpath keeps the temporary folder out of the build, so that Go's build cache is reused.
    return [go, "build", "-mod=mod", "-trimpath"]


def _run(command: list[str], at: Path) -> None:
    folders = f"{at}/tools:{Path(command[0]).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=at,
        env={**os.environ, "PATH": folders},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
