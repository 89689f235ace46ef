"""The rules of the architecture: imports, layers, side effects, lists of services."""

import ast
import configparser
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import idl
from microkit.service import Service

ROOT = Path(__file__).parent.parent
SERVICES = idl.RPC
PACKAGES = ("idl", "microkit", "api", *SERVICES)
ALLOWED = {
    "idl": {"microkit"},
    "microkit": set(),
    "api": {"idl", "microkit"},
    **{service: {"idl", "microkit"} for service in SERVICES},
}
DRIVERS = {"peewee", "playhouse", "hiredis", "redis", "aiomysql", "miniopy_async", "aetcd"}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


# Libraries that are quiet or have a rival, which ARCHITECTURE.md names: only these files change.
ONLY_IN = {
    "aetcd": {"microkit/discovery/etcd.py"},
    "aiomysql": {"microkit/storage/mysql.py"},
    "av": {
        "api/media/choices.py",
        "api/media/cover.py",
        "api/media/filters.py",
        "api/media/hls.py",
        "api/media/orientation.py",
        "api/media/picture.py",
        "api/media/pipeline.py",
        "api/media/playable.py",
        "api/media/probe.py",
        "api/media/rendition.py",
    },
    "argon2": {"usermicro/handler.py", "usermicro/password.py"},
    "hiredis": {"microkit/storage/pipeline.py"},
    "jose": {"api/auth.py"},
    "miniopy_async": {"microkit/storage/minio.py"},
    "openapi_ui_bundles": {"api/reference/page.py"},
    "opentelemetry": {"microkit/otlp.py", "microkit/tracer.py"},
    "prometheus_client": {"microkit/metrics.py", "microkit/saturation.py"},
    "pymysql": {"microkit/storage/mysql.py"},
    "redis": {
        f"microkit/storage/{name}.py"
        for name in (
            *("channel", "link", "pipeline", "redis", "redis_cluster", "redis_url", "slots"),
        )
    },
    "thrift": {"microkit/rpc/codec.py"},
    "thriftpy2": {"idl/__init__.py", "microkit/rpc/contract.py", "microkit/rpc/structs.py"},
    "uvloop": {"microkit/main.py"},
}


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_that_may_be_replaced_is_imported_in_few_files(library):
    importing = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in modules(package)
        if any(name.partition(".")[0] == library for name in imported(path))
    }
    assert importing <= ONLY_IN[library]


def test_every_dependency_has_its_reason_in_the_architecture():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    extras = {k: v for k, v in config["options.extras_require"].items() if k != "test"}
    lines = "\n".join([config["options"]["install_requires"], *extras.values()]).splitlines()
    names = {re.split(r"[^\w-]", line)[0] for line in lines if line and line[0] not in "# "}
    text = (ROOT / "ARCHITECTURE.md").read_text().partition("## Dependencies")[2]
    reasons = text.partition("## Alternatives")[0].lower()
    wanted = {name for name in names if not name.startswith(("simple-douyin", "opentelemetry"))}
    assert {name for name in wanted if name.lower() not in reasons} == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_allowed_packages(package):
    for path in modules(package):
        ours = {name.partition(".")[0] for name in imported(path)} & set(PACKAGES)
        assert ours - {package} <= ALLOWED[package], path


def test_idl_imports_only_thriftpy2_and_the_contract_class():
    names = {name for path in modules("idl") for name in imported(path)}
    third = {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}
    parser = {"thriftpy2.parser", "thriftpy2.parser.parser"}
    assert third == {"thriftpy2", *parser, "idl", "idl.runtime", "microkit.rpc.contract"}


def test_importing_idl_alone_parses_no_contract():
    program = "import sys, idl; print(*(name for name in sys.modules if name.startswith('idl.')))"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_handler_imports_no_driver(service):
    for path in modules(service):
        if path.stem in {"handler", "pack"}:
            assert not {name.partition(".")[0] for name in imported(path)} & DRIVERS, path


@pytest.mark.parametrize("service", SERVICES)
def test_a_dal_imports_no_thrift(service):
    for path in (ROOT / service / "dal").rglob("*.py"):
        names = set(imported(path))
        assert not any(name.startswith(("thrift", "microkit.rpc", "idl")) for name in names), path


@pytest.mark.parametrize("package", ["api", *SERVICES])
def test_pack_has_no_await_and_handlers_have_no_try(package):
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
        for package in PACKAGES
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


def test_microkit_names_no_service():
    names = {name for service in idl.SERVICES for name in (service.package, service.name)}
    ours = re.compile("|".join([*names, "jwt", "argon2", "douyin", "asia/shanghai"]), re.IGNORECASE)
    for path in modules("microkit"):
        assert not ours.search(path.read_text()), path


@pytest.mark.parametrize("listed", idl.SERVICES, ids=lambda listed: listed.package)
def test_every_service_declares_its_entry_in_the_list(listed):
    declared: Service = importlib.import_module(listed.package).SERVICE
    assert (declared.package, declared.name, declared.port) == listed
    assert declared.peers.items() <= idl.ports().items()
    assert listed.name not in declared.peers


def test_names_and_ports_in_the_list_are_unique():
    for column in zip(*idl.SERVICES, strict=True):
        assert len(set(column)) == len(idl.SERVICES)
    with pytest.raises(LookupError, match="usermicro"):
        idl.service("mailmicro")


def test_every_service_has_an_extra_included_in_all():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    extras = config["options.extras_require"]
    (everything,) = re.findall(r"\[(.*)\]", extras["all"])
    assert set(everything.split(",")) == {*SERVICES, "api", "otel", "words"}
    assert {*SERVICES, "api"} <= set(extras)


def test_the_coverage_of_every_package_is_measured():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    measured = config["coverage:run"]["source_pkgs"].split(", ")
    assert set(measured) == {"microkit", "api", *SERVICES}


def test_the_image_contains_exactly_the_packages():
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"]
    folders = {path.name for pattern in allowed for path in ROOT.glob(pattern) if path.is_dir()}
    assert folders == {"idl", "microkit", "api", *SERVICES, "scripts"}
    # The scripts are for the target "tools"; an image of services has what is installed.
    last_stage = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    copies = [line for line in last_stage.splitlines() if line.startswith("COPY")]
    assert copies == ["COPY --from=build /venv /venv"]


def test_every_test_file_has_a_name_of_its_own():
    # Two of one name cannot both be imported: the tests of one would not run.
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
