"""The deployment of docker-compose.yml on real servers, and continuous load on it."""

import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from e2e.apk import Apk, opened
from e2e.load import PEOPLE, Load

from scripts.deployment import Deployment

# Within them a busy machine answers too. A test that waits for one to pass waits so long.
DEADLINES = {"RPC_TIMEOUT_MS": "8000", "STORE_TIMEOUT_MS": "8000", "STOP_GRACE_SECONDS": "30"}


@pytest.fixture(scope="package")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The running deployment, shared by all tests: its start takes longer than a test."""
    with ExitStack() as stack:
        yield Deployment(stack, tmp_path_factory.mktemp("deployment"), **DEADLINES)


@pytest.fixture
def system(deployment: Deployment) -> Iterator[Deployment]:
    """The deployment in a healthy state; the effects of a test are undone after it."""
    yield deployment
    deployment.recover()


@pytest.fixture
async def load(system: Deployment, clip: Path) -> AsyncIterator[Load]:
    """A load of all kinds of writes, ready to run."""
    async with opened(system.url) as session:
        apk = Apk(session)
        people = [await apk.register(new_name()) for _ in range(PEOPLE)]
        assert (await apk.publish(people[0], clip, "the first"))["status_code"] == 0
        video = (await apk.get("feed"))["video_list"][0]["id"]
        made = Load(apk, people, video, clip)
        yield made
        made.stop.set()


def new_name() -> str:
    """Return an unused user name."""
    return uuid.uuid4().hex[:16]


def timestamp() -> float:
    return time.monotonic()
