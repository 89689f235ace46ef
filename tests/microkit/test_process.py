"""Supervised processes: restarted, stopped, and terminated with their parent."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from fleet import eventually

from microkit.process import SupervisedProcess, executed
from scripts.servers import wait_for

ROOT = Path(__file__).parents[2]

# Writes its process id, then lives until SIGTERM.
PATIENT = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()} '); time.sleep(600)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + PATIENT


@pytest.fixture
async def make(tmp_path):
    """Makes supervised processes and stops them at the end."""
    made = []

    def child(program: str, **options) -> SupervisedProcess:
        command = (sys.executable, "-c", program, str(tmp_path / "pids"))
        lines: list[str] = []
        spawn = executed(command, os.environ)
        made.append(SupervisedProcess("it", spawn, say=lines.append, **options))
        made[-1].lines = lines
        return made[-1]

    yield child
    for each in made:
        await each.stop()


def pids(tmp_path: Path) -> list[int]:
    path = tmp_path / "pids"
    return [int(text) for text in path.read_text().split()] if path.exists() else []


async def test_a_killed_process_is_restarted_and_the_reason_is_reported(make, tmp_path):
    child = make(PATIENT)
    await child.start()
    await eventually(lambda: len(pids(tmp_path)) == 1)
    os.kill(pids(tmp_path)[0], signal.SIGKILL)
    await eventually(lambda: len(pids(tmp_path)) == 2)
    assert child.lines == ["it exited (SIGKILL); restarts in 0.5 s"]


async def test_the_backoff_grows_while_a_process_exits_at_once(make):
    child = make("raise SystemExit(3)")
    await child.start()
    await eventually(lambda: len(child.lines) == 2)
    assert child.lines == [
        "it exited (exit code 3); restarts in 0.5 s",
        "it exited (exit code 3); restarts in 1 s",
    ]


async def test_a_stopped_process_is_not_restarted(make, tmp_path):
    child = make(PATIENT)
    await child.start()
    await eventually(lambda: pids(tmp_path))
    await child.stop()
    assert not psutil.pid_exists(pids(tmp_path)[0])
    assert child.lines == []
    await child.stop()


async def test_stopping_during_the_backoff_prevents_the_restart(make):
    child = make("raise SystemExit(3)")
    await child.start()
    await eventually(lambda: child.lines)
    async with asyncio.timeout(60):
        await child.stop()
    assert child.lines == ["it exited (exit code 3); restarts in 0.5 s"]


async def test_a_process_that_ignores_sigterm_is_killed(make, tmp_path):
    child = make(DEAF, stop_seconds=0.1)
    await child.start()
    await eventually(lambda: pids(tmp_path))
    await child.stop()
    assert not psutil.pid_exists(pids(tmp_path)[0])
    assert child.lines == ["it did not stop in 0.1 s: killed"]


async def test_a_program_that_does_not_exist_is_an_error(tmp_path):
    child = SupervisedProcess("it", executed((str(tmp_path / "none"),), {}), say=print)
    with pytest.raises(OSError, match="none"):
        await child.start()
    await child.stop()


def test_a_child_terminates_when_its_parent_is_killed(tmp_path):
    parent = f"""
import asyncio, os, sys
from microkit.process import SupervisedProcess, executed
async def main():
    command = (sys.executable, "-c", {PATIENT!r}, {str(tmp_path / "pids")!r})
    await SupervisedProcess("it", executed(command, os.environ), say=print).start()
    await asyncio.Event().wait()
asyncio.run(main())
"""
    process = subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT)
    wait_for(lambda: pids(tmp_path))
    process.kill()
    process.wait()
    wait_for(lambda: not psutil.pid_exists(pids(tmp_path)[0]))
