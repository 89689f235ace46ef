"""The stubs match the run-time contracts, and mypy reports misspelt names through them."""

import ast
import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import idl

ROOT = Path(__file__).parents[2]
STEMS = (*idl.HTTP, *idl.RPC, *idl.SHARED)
TYPED = ("idl", "microkit", "api", *idl.RPC)


def declared(stem: str) -> set[str]:
    """Return the names that a stub declares."""
    names = set()
    for node in ast.parse((ROOT / "idl" / f"{stem}.pyi").read_text()).body:
        if isinstance(node, ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


@pytest.mark.parametrize("stem", STEMS)
def test_every_name_of_a_stub_exists_at_run_time_and_the_other_way_round(stem):
    module = importlib.import_module(f"idl.{stem}")
    assert declared(stem) == set(module.__all__)


def test_every_thrift_file_has_its_module_and_its_stub():
    files = {path.stem for path in (ROOT / "idl").glob("*.thrift")}
    assert files == set(STEMS)
    assert files == {path.stem for path in (ROOT / "idl").glob("*.pyi")}


def test_the_stubs_are_up_to_date():
    command = [sys.executable, "-m", "scripts.stubs", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_contract_that_changed_makes_its_stub_and_the_page_of_methods_stale(tmp_path):
    for package in ("idl", "microkit", "scripts"):
        shutil.copytree(ROOT / package, tmp_path / package)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "rpc.md", tmp_path / "docs")
    contract = tmp_path / "idl" / "videomicro.thrift"
    contract.write_text(contract.read_text().replace("required string title", "required i64 title"))
    command = [sys.executable, "-m", "scripts.stubs", "--check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("outdated: idl/videomicro.pyi, docs/rpc.md;")


TYPOS = [
    # a field that is read
    ("videomicro/handler.py", "request.latest_time", "request.lattest_time",
     '"GetVideosFeedReq" has no attribute "lattest_time"'),
    ("api/pages.py", "answer.video_list or ()", "answer.video_lst or ()",
     '"GetVideosFeedResp" has no attribute "video_lst"'),
    # a field that is written
    ("videomicro/pack.py", "VideoCount(id=", "VideoCount(author=",
     'Unexpected keyword argument "author" for "VideoCount"'),
    ("usermicro/handler.py", "CreateUserResp.ok(user_id=", "CreateUserResp.ok(userid=",
     'Unexpected keyword argument "userid" for "ok" of "CreateUserResp"'),
    # a value of another type
    ("relationmicro/pack.py", "create_time_ms=row.time_ms", "create_time_ms=str(row.time_ms)",
     'Argument "create_time_ms" to "Message" has incompatible type "str"'),
    ("api/pack/video.py", "title=row.title", "title=row.id",
     'Argument "title" to "Video" has incompatible type "int"'),
    # an optional value where one is required
    ("api/handler/core.py", "user_id=user_id, token=", "user_id=answer.user_id, token=",
     'Argument "user_id" to "ok" of "RegisterResp" has incompatible type "int | None"'),
    # methods of clients and of handlers
    ("api/facts.py", "GetUserSetByIdSetMethod", "GetUserSetByIdSetMehtod",
     '"Client" has no attribute "GetUserSetByIdSetMehtod"'),
    ("commentmicro/peers.py", "GetVideoAuthorIdMethod(id=", "GetVideoAuthorIdMethod(video_id=",
     'Unexpected keyword argument "video_id" for "GetVideoAuthorIdMethod"'),
    ("favoritemicro/handler.py", "def FavoriteListMethod", "def FavoriteListMehtod",
     '"FavoriteHandler" is missing following "FavoriteServiceHandler" protocol member'),
    ("relationmicro/handler.py", "request: relationmicro.SendMessageReq",
     "request: relationmicro.GetAllMessageReq",
     'expression has type "MessageHandler"'),
]  # fmt: skip


def test_mypy_names_every_typo(tmp_path):
    for package in TYPED:
        shutil.copytree(ROOT / package, tmp_path / package)
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    if (ROOT / ".mypy_cache").exists():  # of lint: what has no typo is not checked again
        shutil.copytree(ROOT / ".mypy_cache", tmp_path / ".mypy_cache")
    for file, right, wrong, _ in TYPOS:
        path = tmp_path / file
        text = path.read_text()
        assert right in text, f"{file} has no {right!r} any more: make the typo elsewhere"
        path.write_text(text.replace(right, wrong, 1))
    command = [sys.executable, "-m", "mypy", *TYPED]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    said = done.stdout.splitlines()
    unnamed = [
        (file, wrong)
        for file, _, wrong, complaint in TYPOS
        if not any(line.startswith(file) and complaint in line for line in said)
    ]
    assert unnamed == [], done.stdout
