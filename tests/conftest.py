"""Fixtures with real parts: stores, and the five services in this process."""

import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest
import stores
from collector import Collector, open_collector
from fleet import AllSettings, Fleet, open_fleet
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from microkit import admin
from microkit.config import Settings, load
from scripts import servers, sql_servers
from scripts.clips import make_clip
from scripts.redis_cluster import RedisCluster, redis_cluster
from scripts.supervisor.system import RELAXED_LIMITS

# Each shares a system that takes longer to start than a test takes.
SHARING = ("tests/browser/", "tests/integration/")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rounds", type=int, default=7, help="kills in test_many_kills_lose_nothing (default 7)"
    )
    parser.addoption(
        "--embedded", action="store_true", help="skip what needs a server that is not embedded"
    )


def pytest_configure(config: pytest.Config) -> None:
    # Their assertions too say what they compared.
    pytest.register_assert_rewrite("e2e.apk", "e2e.load", "interop.story")
    if config.getoption("--embedded"):
        servers.program = _left_out


def pytest_collection_finish() -> None:
    # What is imported by now stays. Else each collection looks at it, for a tenth of the CPU time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _left_out(name: str, _source: str) -> str:
    pytest.skip(f"--embedded leaves out what needs {name}")


# CI runs the same examples every time. No deadline: the machine may be busy.
hypothesis.settings.register_profile(
    "tests",
    derandomize=bool(os.environ.get("CI")),
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
hypothesis.settings.load_profile("tests")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    with _skipped_where_not_installed():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    with _skipped_where_not_installed():
        return (yield)


class _SharingInOneProcess(LoadScopeScheduling):
    """Distributes single tests, but those that share a system as one group."""

    def _split_scope(self, nodeid: str) -> str:
        return next((each for each in SHARING if nodeid.startswith(each)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _SharingInOneProcess(config, log)


@contextmanager
def _skipped_where_not_installed() -> Iterator[None]:
    """Skip a test whose program is not installed; fail it if CI is set."""
    try:
        yield
    except servers.NotInstalledError as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture(autouse=True)
def _patient_health_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that a busy machine delays for a second is no failure."""
    monkeypatch.setattr(admin, "_CHECK_SECONDS", 30.0)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Records a measured value, which is printed at the end of the run."""
    return lambda text: record_property("figure", text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    shown = {
        text
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, text in report.user_properties
        if name == "figure"
    }
    if shown:
        terminalreporter.section("figures")
        for text in sorted(shown):
            terminalreporter.line(text)


@pytest.fixture(scope="session")
def redis_socket() -> Iterator[Path]:
    """The socket of a redis-server shared by the tests of a run."""
    with servers.redis() as server:
        yield server.socket


@pytest.fixture(scope="session")
def shared_cluster() -> Iterator[RedisCluster]:
    """A Redis Cluster shared by the tests of a run; none of them stops a node."""
    with redis_cluster() as cluster:
        yield cluster


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty Redis."""
    return stores.redis(request, "one")


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """The URL, without a database, of a MariaDB shared by the tests of a run."""
    with sql_servers.mariadb() as server:
        yield server.url


@pytest.fixture(scope="session")
def mysql8() -> Iterator[str]:
    """The URL, without a database, of a MySQL 8 shared by the tests of a run."""
    with sql_servers.mysql() as server:
        yield server.url


@pytest.fixture(scope="session")
def replicated_mariadb() -> Iterator[sql_servers.Replicated]:
    """A MariaDB and a replica shared by the tests of a run."""
    with sql_servers.replicated_mariadb() as pair:
        yield pair


@pytest.fixture(scope="session")
def replicated_mysql8() -> Iterator[sql_servers.Replicated]:
    """A MySQL 8 and a replica shared by the tests of a run."""
    with sql_servers.replicated_mysql() as pair:
        yield pair


@pytest.fixture(scope="session")
def s3() -> Iterator[servers.S3]:
    """An S3 server shared by the tests of a run."""
    with servers.s3() as server:
        yield server


@pytest.fixture(params=stores.DATABASES)
def database_url(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Returns the URL of a new empty database by name; on every SQL server."""
    return stores.database(request, request.param)


@pytest.fixture(params=["file", "minio"])
def store(request: pytest.FixtureRequest) -> stores.Store:
    """An empty object store, of both kinds."""
    return stores.store(request, request.param)


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Callable[..., Settings]:
    """Makes settings with free ports and temporary stores; arguments override them.

    The limits of times and rates are too large to be reached. A test of a limit sets its own.
    """

    def make(**overrides: object) -> Settings:
        defaults: dict[str, object] = {
            "port": 0,
            "admin_port": 0,
            "redis_url": redis_url,
            "objects_url": f"file://{tmp_path}/objects",
            "stop_grace_seconds": 0.001,
            "media_renditions": False,  # tests of renditions turn them on
            "media_niceness": 0,  # at 19, a busy machine would have no time for them
            "rpc_timeout_ms": 60_000,
            "rpc_server_timeout_ms": 60_000,
            "store_timeout_ms": 60_000,
            **{name.lower(): limit for name, limit in RELAXED_LIMITS.items()},
            "limit_logins": "1000:1000",
        }
        return load(AllSettings, {}, **{**defaults, **overrides})

    return make


@pytest.fixture
async def fleet(
    database_url: Callable[[str], str], settings: Callable[..., Settings]
) -> AsyncIterator[Fleet]:
    """All five services, running; once on each SQL server."""
    async with open_fleet(database_url, settings) as made:
        yield made


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Receives the spans of this process and of those that it starts, soon after their ends."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")  # ms
    with open_collector() as made:
        yield made


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small real video."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    make_clip(path, seed=1, seconds=1)
    return path
