"""The arrows between the packages, and what may not happen when a module is imported."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SERVICES = ("usermicro", "videomicro", "relationmicro", "favoritemicro", "commentmicro")
OURS = ("idl", "microkit", "api", *SERVICES)
ALLOWED = {
    "idl": set(),
    "microkit": set(),
    "api": {"idl", "microkit"},
    **{service: {"idl", "microkit"} for service in SERVICES},
}
DRIVERS = {"peewee", "playhouse", "redis", "aiomysql", "miniopy_async", "aetcd"}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("package", OURS)
def test_a_package_imports_only_what_its_arrows_allow(package):
    for path in modules(package):
        ours = {name.partition(".")[0] for name in imported(path)} & set(OURS)
        assert ours - {package} <= ALLOWED[package], path


def test_idl_knows_no_library_but_thriftpy2():
    third = {name.partition(".")[0] for path in modules("idl") for name in imported(path)}
    assert third - sys.stdlib_module_names <= {"thriftpy2"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_handler_touches_no_driver(service):
    for path in modules(service):
        if path.stem in {"handler", "pack"}:
            assert not {name.partition(".")[0] for name in imported(path)} & DRIVERS, path


@pytest.mark.parametrize("service", SERVICES)
def test_a_dal_touches_no_thrift(service):
    for path in (ROOT / service / "dal").rglob("*.py"):
        names = set(imported(path))
        assert not any(name.startswith(("thrift", "microkit.rpc", "idl")) for name in names), path


@pytest.mark.parametrize("package", ["api", *SERVICES])
def test_pack_never_awaits_and_handlers_never_try(package):
    for path in modules(package):
        if "pack" in (path.stem, path.parent.name):
            kinds: tuple[type[ast.AST], ...] = (ast.Await, ast.AsyncFunctionDef)
        elif "handler" in (path.stem, path.parent.name):
            kinds = (ast.Try,)
        else:
            continue
        found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]
        assert not found, f"{path}:{[getattr(node, 'lineno', 0) for node in found]}"


@pytest.mark.parametrize("package", ["microkit", "api", *SERVICES])
def test_the_environment_is_read_in_one_place(package):
    for path in modules(package):
        text = path.read_text()
        assert "os.environ" not in text or path == ROOT / "microkit" / "config.py", path


def test_no_import_opens_a_socket_or_writes_a_file():
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package in OURS
        for path in modules(package)
        if path.stem not in ("__main__", "child")
    ]
    program = f"""
import importlib, sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.bind", "subprocess.Popen"):
        raise SystemExit(f"{{event}} {{arguments}}")
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        if "__pycache__" not in str(arguments[0]):
            raise SystemExit(f"open {{arguments}}")
sys.addaudithook(refuse)
for name in {names!r}:
    importlib.import_module(name)
"""
    command = [sys.executable, "-B", "-c", program]  # -B: writes no byte code
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
