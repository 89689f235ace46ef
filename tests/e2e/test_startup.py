"""What prevents the start for good ends it at once, with a sentence that says what to do."""

import os
import subprocess
import sys
from pathlib import Path

from e2e.conftest import ROOT

from microkit.process import NOT_RESTARTABLE

COMMAND = [sys.executable, "-m", "scripts.supervisor", "--free-ports", "--data"]
SETTING = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"


def failed(data: Path) -> list[str]:
    """Start on broken data; returns the lines that were printed."""
    done = subprocess.run([*COMMAND, str(data)], cwd=ROOT, capture_output=True, text=True,
                          check=False, timeout=120)  # fmt: skip
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "is not ready" not in done.stderr, "it did not wait until it gave up"
    return done.stderr.splitlines()


def broken(data: Path, name: str, content: bytes) -> Path:
    path = data / name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_a_damaged_append_only_file_is_named_with_its_repair(tmp_path):
    file = broken(tmp_path / "data", "redis/appendonly.aof", SETTING + b"garbage at the end\r\n")
    said = failed(tmp_path / "data")
    assert said[-1].startswith("scripts/up: redis cannot start: ")
    assert "redis-check-aof --fix " in said[-1]
    assert str(file.parent) in said[-1]
    assert "redis.log" in said[-1]


def test_a_damaged_database_is_named_with_its_repair(tmp_path):
    file = broken(tmp_path / "data", "sql/usermicro.db", b"garbage" * 1000)
    said = failed(tmp_path / "data")
    assert any(line.startswith(f"userservice: {file} is damaged") for line in said)
    assert any(".recover" in line for line in said)
    assert "userservice cannot start" in said[-1]


def test_a_database_that_cannot_be_opened_is_named(tmp_path):
    file = tmp_path / "data" / "sql" / "usermicro.db"
    file.mkdir(parents=True)
    assert any(f"{file} cannot be opened" in line for line in failed(tmp_path / "data"))


def test_a_secret_that_is_too_short_is_named(tmp_path):
    file = broken(tmp_path / "data", "secret", b"short")
    said = failed(tmp_path / "data")
    assert said[-1].startswith(f"scripts/up: {file} has fewer than 32 bytes")
    assert not any("short" in line.split() for line in said)


def test_workers_that_cannot_start_end_their_parent():
    environment = {
        "PATH": os.environ["PATH"], "API_WORKERS": "2", "JWT_SECRET": "x", "PORT": "0",
        "ADMIN_PORT": "0", "OBJECTS_URL": "file:///tmp", "REDIS_URL": "unix:///not/there",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-m", "api"], cwd=ROOT, env=environment, check=False,
                          capture_output=True, text=True, timeout=120)  # fmt: skip
    assert done.returncode == NOT_RESTARTABLE
    assert "JWT_SECRET" in done.stderr
    assert "Traceback" not in done.stderr
