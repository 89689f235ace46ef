"""The commands in scripts: their help, closed pipes, errors, and what the first run says."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

import idl
from microkit import __version__
from scripts.servers import free_port
from scripts.terminal import print_qr_code

ROOT = Path(__file__).parent.parent


def run(*command: str, cwd: Path = ROOT, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, **more)


def test_the_help_of_the_benchmark_needs_nothing_installed(tmp_path):
    for name in ("scripts", "microkit"):
        shutil.copytree(ROOT / name, tmp_path / name)
    done = run("scripts/bench", "--help", cwd=tmp_path)
    assert done.stdout.startswith("usage: scripts/bench")
    assert not (tmp_path / ".venv").exists()


def test_every_command_tells_its_version():
    commands = [path for path in (ROOT / "scripts").iterdir() if os.access(path, os.X_OK)]
    names = sorted(f"scripts/{path.name}" for path in commands if path.is_file())
    assert "scripts/up" in names
    for name in names:
        done = run(name, "--version")
        assert (done.returncode, done.stdout) == (0, f"{name} {__version__}\n"), done.stderr
    for module in (*idl.RPC, "api", "microkit.health"):
        done = run(sys.executable, "-m", module, "--version")
        assert (done.returncode, done.stdout) == (0, f"{module} {__version__}\n"), done.stderr


def test_a_closed_pipe_ends_a_command_without_a_traceback():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "scripts.call", "--list"],
            cwd=ROOT, stdout=closed, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (141, "")


def test_a_call_that_fails_names_the_addresses_that_were_tried():
    port = free_port()
    done = run(
        sys.executable, "-m", "scripts.call", "userservice", "GetUserMethod", json.dumps({"id": 1}),
        "--address", f"127.0.0.1:{port},127.0.0.2:{port}",
    )  # fmt: skip
    assert done.returncode == 1
    assert f"userservice at 127.0.0.1:{port}, 127.0.0.2:{port}: " in done.stderr


def test_an_environment_without_an_index_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "scripts").mkdir()
    for name in ("scripts/environment", "setup.cfg", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    # This Python in place of a new one, which takes ten seconds to make. It installs nothing here.
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    nowhere = {"PIP_INDEX_URL": f"http://127.0.0.1:{free_port()}/", "PIP_RETRIES": "0"}
    done = run("scripts/environment", cwd=tmp_path, env={**os.environ, **nowhere})
    assert done.returncode == 1
    first, last = done.stderr.splitlines()
    assert first.startswith("creating the Python environment in .venv")
    assert last.startswith("pip cannot reach its package index: connect this machine")
    assert not (tmp_path / ".venv" / ".ready-embedded").exists()


def test_the_qr_code_is_for_terminals_only():
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, file = Terminal(), io.StringIO()
    for output in (terminal, file):
        print_qr_code("http://192.168.1.20:8888", output)
    assert len(terminal.getvalue().splitlines()) > 10
    assert file.getvalue() == ""


def test_the_files_for_other_tools_are_valid_and_run_our_commands():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert [hook["entry"] for hook in hooks] == ["scripts/lint"]
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert container["postCreateCommand"] == "scripts/environment test"
    done = run(
        sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.dependabot",
        ".github/dependabot.yml",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
