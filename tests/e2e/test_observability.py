"""Dashboards and alerts of deploy/observability, on the metrics of a running system."""

import asyncio
import json
import re
import subprocess
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from e2e.apk import Apk, opened
from fleet import eventually

import idl
from scripts import servers
from scripts.servers import wait_for

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "observability"
RULES = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
NAMES = {each.package: each.name for each in idl.SERVICES} | {"api": "api"}
SOURCE = "Debian: prometheus"


def promtool(*arguments: str) -> None:
    command = [servers.program("promtool", SOURCE), *arguments]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_when_it_should_and_only_then():
    promtool("test", "rules", "alerts_test.yml")
    tested = (FOLDER / "alerts_test.yml").read_text()
    for rule in RULES:
        assert f"alertname: {rule['alert']}\n" in tested


def test_each_alert_has_a_section_in_the_runbook():
    text = (ROOT / "docs" / "runbook.md").read_text()
    sections = re.findall(r"^## (\w+)$", text, re.MULTILINE)
    assert sections == [rule["alert"] for rule in RULES]
    for rule in RULES:
        anchor = f"docs/runbook.md#{rule['alert'].lower()}"
        assert rule["annotations"]["runbook"] == anchor


def test_prometheus_scrapes_the_admin_port_of_every_process():
    promtool("check", "config", "prometheus.yml")
    jobs = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    ports = {service.package: service.port + 100 for service in idl.SERVICES} | {"api": 8988}
    assert {job["job_name"]: job["dns_sd_configs"][0]["port"] for job in jobs} == ports
    for job in jobs:
        assert job["dns_sd_configs"][0]["names"] == [job["job_name"]]


def dashboards() -> dict[str, Any]:
    files = sorted((FOLDER / "grafana" / "dashboards").glob("*.json"))
    return {file.stem: json.loads(file.read_text()) for file in files}


def test_the_dashboards_use_the_data_source_that_is_provisioned():
    sources = FOLDER / "grafana" / "provisioning" / "datasources" / "datasources.yml"
    uids = {each["uid"] for each in yaml.safe_load(sources.read_text())["datasources"]}
    for board in dashboards().values():
        assert {panel["datasource"]["uid"] for panel in board["panels"]} <= uids
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids)


@contextmanager
def prometheus(folder: Path, targets: dict[str, str]):
    """Run Prometheus with the project's rules on these addresses by job; yields its port."""
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(FOLDER / "alerts.yml")]
    for job in config["scrape_configs"]:
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = servers.free_port()
    process = subprocess.Popen(
        [
            servers.program("prometheus", SOURCE),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}",
            "--enable-feature=exemplar-storage",
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: ready(port))
        yield port
    finally:
        process.terminate()
        process.wait()


def ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready"):
            return True
    except OSError:
        return False


async def play(url: str, clip: Path) -> None:
    """Use every feature that a panel shows, also failures."""
    async with opened(url) as session:
        apk = Apk(session)
        one, other = await apk.register("one"), await apk.register("other")
        assert (await apk.publish(one, clip, "clip"))["status_code"] == 0
        video = (await apk.get("feed", token=other.token))["video_list"][0]["id"]
        seen = {"token": other.token, "video_id": video}
        target = {"token": other.token, "to_user_id": one.id}
        for action in (1, 2):
            await apk.post("favorite/action", action_type=action, **seen)
            await apk.post("relation/action", action_type=action, **target)
        await apk.post("comment/action", action_type=1, comment_text="好", **seen)
        await apk.post("message/action", action_type=1, content="你好", **target)
        await apk.post("favorite/action", token=other.token, video_id=404, action_type=1)
        await apk.post("user/login", username="one", password="wrong password")


class Api:
    """Prometheus' HTTP API."""

    def __init__(self, session: aiohttp.ClientSession, port: int) -> None:
        self._session = session
        self._base = f"http://127.0.0.1:{port}/api/v1/"

    async def get(self, path: str, **query: str) -> Any:
        url = f"{self._base}{path}?{urllib.parse.urlencode(query)}"
        async with self._session.get(url) as response:
            answer = await response.json()
        assert answer["status"] == "success", (query, answer)
        return answer["data"]

    async def values(self, query: str) -> list[Any]:
        return (await self.get("query", query=query))["result"]


async def selectors(api: Api, query: str) -> list[tuple[str, str]]:
    """The metrics of a query, each with a label that it names but no series has, if any."""
    wrong = []
    for name, matchers in re.findall(r"\b([a-z_]{3,})\{([^}]*)\}", query):
        labels = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', "", matchers))
        series = await api.get("series", **{"match[]": name})
        wrong += [(name, each) for each in labels or [""] if not known(series, each)]
    return wrong


def known(series: list[dict[str, str]], label: str) -> bool:
    return any(label in each for each in series) if label else bool(series)


async def test_every_panel_shows_data_and_every_alert_reads_existing_series(up, clip, tmp_path):
    system = up("--free-ports")
    targets = {
        package: f"127.0.0.1:{system.settings(name)['ADMIN_PORT']}"
        for package, name in NAMES.items()
    }
    async with aiohttp.ClientSession() as session:
        with prometheus(tmp_path, targets) as port:
            api = Api(session, port)
            await eventually(lambda: _scraped(api))
            await play(system.url, clip)
            empty: set[tuple[str, str]] = set()

            async def filled() -> bool:
                nonlocal empty
                empty = await _empty_panels(api)
                await asyncio.sleep(0.5)  # half of the interval in which new samples come
                return not empty

            try:
                await eventually(filled)
            except AssertionError:
                pytest.fail(f"panels without data: {sorted(empty)}")
            loaded = (await api.get("rules"))["groups"][0]["rules"]
            assert {rule["name"] for rule in loaded} == {rule["alert"] for rule in RULES}
            assert [rule["lastError"] for rule in loaded if "lastError" in rule] == []
            for rule in RULES:
                assert await selectors(api, rule["expr"]) == []
            # A busy machine may make one of the alerts about time pending.
            alerts = (await api.get("alerts"))["alerts"]
            assert [each for each in alerts if each["state"] == "firing"] == []


async def _scraped(api: Api) -> bool:
    return len(await api.values("up == 1")) == len(NAMES)


async def _empty_panels(api: Api) -> set[tuple[str, str]]:
    """The panels that show nothing, for any service."""
    shown: dict[tuple[str, str], bool] = {}
    for name, board in dashboards().items():
        jobs = tuple(NAMES) if board["templating"]["list"] else ("",)
        for panel in board["panels"]:
            for target in panel["targets"]:
                key = (name, f"{panel['title']} {target['refId']}")
                for job in jobs:
                    query = target["expr"].replace("$__rate_interval", "60s").replace("$job", job)
                    shown[key] = bool(await api.values(query)) or shown.get(key, False)
    return {key for key, each in shown.items() if not each}
