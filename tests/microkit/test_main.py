"""The command line of a service."""

import subprocess
import sys
from pathlib import Path

import pytest

import idl
from microkit import __version__

ROOT = Path(__file__).parents[2]
SCRIPTS = ("supervisor", "call", "benchmark", "stubs", "screenshot")
COMMANDS = [*idl.RPC, "api", *(f"scripts.{name}" for name in SCRIPTS)]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment
    )


@pytest.mark.parametrize("module", COMMANDS)
def test_every_command_prints_its_version(module):
    done = run(module, "--version")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == __version__


@pytest.mark.parametrize("module", ["usermicro", "api"])
def test_an_unknown_argument_prints_the_usage(module):
    done = run(module, "nonsense")
    assert done.returncode != 0
    assert f"usage: python -m {module}" in done.stderr
    assert ("migrate up" in done.stderr) == (module == "usermicro")


STORES = {
    "OBJECTS_URL": "file:///tmp",
    "REDIS_URL": "unix:///not/there",
    "JWT_SECRET": "a secret of at least thirty-two bytes",
}


@pytest.mark.parametrize(
    ("module", "environment", "named"),
    [
        ("commentmicro", {"TIMEZONE": "Mars/North"}, "commentservice: TIMEZONE='Mars/North'"),
        ("usermicro", {"DATABASE_URL": "oracle://x"}, "userservice: DATABASE_URL"),
        ("api", STORES | {"JWT_SECRET": "short"}, "api: JWT_SECRET"),
        ("api", STORES | {"REDIS_URL": ""}, "api: REDIS_URL"),
        ("api", STORES | {"TRUSTED_PROXIES": "10.0.0.1/8"}, "api: TRUSTED_PROXIES"),
        ("api", {"LIMIT_LIKES": "many"}, "api: LIMIT_LIKES='many'"),
        ("api", {"JWT_DAYS": "0"}, "api: JWT_DAYS='0'"),
    ],
)
def test_an_invalid_setting_ends_the_process_with_its_name(module, environment, named):
    done = run(module, **environment, PORT="0", ADMIN_PORT="0")
    assert done.returncode != 0
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert "short" not in done.stderr
