"""The objects of a system that scripts/up runs."""

import os
import subprocess
import sys
import time
from pathlib import Path

from e2e.conftest import ROOT, System

from api.orphans import FOLDERS


def stored(system: System) -> list[Path]:
    """The objects of videos, unfinished ones left out."""
    objects = system.data / "objects"
    return [path for folder in FOLDERS for path in (objects / folder).glob("*")]


def sweep(system: System) -> int:
    """Sweep as if all objects were two hours old; return how many were removed."""
    for path in stored(system):
        os.utime(path, (time.time() - 7200,) * 2)
    done = subprocess.run(
        [sys.executable, "-m", "api", "sweep"],
        cwd=ROOT,
        env=os.environ | system.settings("api"),
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout.splitlines()[-1].split()[0])
