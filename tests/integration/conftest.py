"""The deployment of docker-compose.yml on real servers, and continuous load on it."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from e2e.apk import Apk, opened
from e2e.load import PEOPLE, Load

from scripts.deployment import Deployment


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Deployment]:
    """All of it, running."""
    with ExitStack() as stack:
        yield Deployment(stack, tmp_path)


@pytest.fixture
async def load(system: Deployment, clip: Path) -> AsyncIterator[Load]:
    """Writes of all kinds, ready to run."""
    async with opened(system.url) as session:
        apk = Apk(session)
        people = [await apk.register(f"person {n}") for n in range(PEOPLE)]
        assert (await apk.publish(people[0], clip, "the first"))["status_code"] == 0
        video = (await apk.get("feed"))["video_list"][0]["id"]
        yield Load(apk, people, video, clip)


def timestamp() -> float:
    return time.monotonic()
