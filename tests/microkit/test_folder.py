"""Temporary folders that belong to one process."""

import subprocess
import sys
from pathlib import Path

from microkit.folder import own_folder

ROOT = Path(__file__).parents[2]
KILLED = """
import os, pathlib, signal, sys
from microkit.folder import own_folder
with own_folder(pathlib.Path(sys.argv[1]), "kit-"):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_folder_is_removed_at_the_end(tmp_path):
    with own_folder(tmp_path / "new", "kit-") as folder:
        (folder / "file").touch()
        assert folder.parent == tmp_path / "new"
    assert not folder.exists()


def test_the_folder_of_a_killed_process_is_removed_by_the_next_one(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, check=False)
    assert len(list(tmp_path.iterdir())) == 1
    with own_folder(tmp_path, "kit-") as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_folders_of_live_processes_and_other_folders_are_kept(tmp_path):
    (tmp_path / "another").mkdir()
    with own_folder(tmp_path, "kit-") as one, own_folder(tmp_path, "kit-") as other:
        assert set(tmp_path.iterdir()) == {one, other, tmp_path / "another"}
