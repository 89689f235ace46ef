"""Builds the callers in Java and Node with Apache Thrift's compiler and libraries."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from interop.kitex import HERE, ROOT

import idl
from scripts import servers

THRIFT = "Debian: thrift-compiler"
JAVA = "Debian: default-jdk-headless"
MAVEN = "Debian: maven"
NODE = "Debian: nodejs"
NPM = "Debian: npm"
# A process that soon ends spends less on its work than on optimizing it.
SHORT = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


def java(folder: Path) -> list[str]:
    """Return the command that calls from Java, built once for all who share `folder`."""
    runs = servers.program("java", JAVA)
    maven, compiler = servers.program("mvn", MAVEN), servers.program("javac", JAVA)
    thrift = servers.program("thrift", THRIFT)

    def build(at: Path) -> None:
        shutil.copytree(HERE / "java", at)
        for stem in idl.RPC:
            _run([thrift, "--gen", "java:generated_annotations=suppress", _contract(stem)], at)
        _run([maven, "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"], at)
        sources = [str(path) for path in at.rglob("*.java")]
        short = [f"-J{option}" for option in SHORT]
        _run(
            [compiler, *short, "-nowarn", "-proc:none", "-d", "classes", "-cp", "lib/*", *sources],
            at,
        )

    at = _once(folder / "java", build)
    return [runs, *SHORT, "-cp", f"{at}/classes:{at}/lib/*", "Callers"]


def node(folder: Path) -> list[str]:
    """Return the command that calls from Node, built once for all who share `folder`."""
    runs, npm = servers.program("node", NODE), servers.program("npm", NPM)
    thrift = servers.program("thrift", THRIFT)

    def build(at: Path) -> None:
        shutil.copytree(HERE / "node", at)
        for stem in idl.RPC:
            _run([thrift, "--gen", "js:node", _contract(stem)], at)
        _run([npm, "install", "--no-audit", "--no-fund"], at)

    return [runs, f"{_once(folder / 'node', build)}/callers.js"]


def _contract(stem: str) -> str:
    return str(ROOT / "idl" / f"{stem}.thrift")


def _once(at: Path, build: Callable[[Path], None]) -> Path:
    at.parent.mkdir(parents=True, exist_ok=True)
    with at.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (at / "built").exists():
            shutil.rmtree(at, ignore_errors=True)
            build(at)
            (at / "built").touch()
    return at


def _run(command: list[str], at: Path) -> None:
    environment = {**os.environ, "MAVEN_OPTS": " ".join(SHORT)}
    done = subprocess.run(
        command, cwd=at, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command[:4])}\n{done.stdout}{done.stderr}"
