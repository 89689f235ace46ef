"""Objects that no row refers to are removed, and nothing else, by one process a day."""

import asyncio
import logging
import os
import secrets
import sys
import time
from pathlib import Path

import pytest
from fleet import eventually

from api.clients import Clients
from api.orphans import DailySweep, Orphans
from microkit.errors import Unavailable
from microkit.storage.objects import open_objects

ROOT = Path(__file__).parents[2]
TWO_HOURS = 7200.0


@pytest.fixture
async def objects(http):
    async with open_objects(http.settings) as opened:
        yield opened


@pytest.fixture
def orphans(http, objects):
    return Orphans(objects, [used_by_videos(http)])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    return path


def used_by_videos(http):
    videos = http.fleet.client("videoservice", rpc_timeout_ms=5_000)

    async def used(keys):
        return (await videos.GetUsedKeysMethod(keys=keys)).keys

    return used


def clients(http):
    return Clients(
        *(
            http.fleet.client(f"{name}service")
            for name in ("user", "video", "relation", "favorite", "comment")
        )
    )


def name(folder="videos"):
    return f"{folder}/{secrets.token_hex(16)}.{'mp4' if folder == 'videos' else 'jpg'}"


def names(store):
    return {"/".join(path.parts[-2:]) for path in store.files()}


def age(store, seconds=TWO_HOURS):
    for path in store.files():
        os.utime(path, (time.time() - seconds,) * 2)


async def removed(orphans):
    keys = []
    async for page in orphans.pages():
        for orphan in page.orphans:
            await orphans.remove(orphan)
            keys.append(orphan.key)
    return set(keys)


async def test_only_objects_without_a_row_are_removed(http, clip, store, objects, orphans, file):
    ann = await http.register("ann")
    assert (await http.publish(ann, clip))["status_code"] == 0
    assert (await http.publish(ann, clip))["status_code"] == 0
    await http.fleet.client("videoservice").DeleteVideoMethod(video_id=await http.first_video(ann))
    kept = names(store)
    assert len(kept) == 4
    stray = {name("videos"), name("covers")}
    for key in (*stray, "videos/named-by-somebody.mp4", "default/avatar.png"):
        await objects.put(key, file, "video/mp4")
    age(store)
    assert await removed(orphans) == stray
    assert names(store) == kept | {"videos/named-by-somebody.mp4", "default/avatar.png"}
    assert await removed(orphans) == set()


async def test_an_object_whose_row_comes_later_is_kept(http, store, objects, orphans, file):
    video, cover = name("videos"), name("covers")
    await objects.put(video, file, "video/mp4")
    await objects.put(cover, file, "image/jpeg")
    age(store, 3500)
    assert await removed(orphans) == set(), "its publish may still be running"
    await http.fleet.client("videoservice").CreateVideoMethod(
        title="t", author_id=1, play_url=video, cover_url=cover
    )
    age(store)
    assert await removed(orphans) == set()
    assert names(store) == {video, cover}


async def test_sweeps_beside_publishes_remove_nothing_of_them(http, clip, store, orphans):
    ann = await http.register("ann")
    running = asyncio.gather(*(http.publish(ann, clip) for _ in range(4)))
    while not running.done():
        assert await removed(orphans) == set()
    assert [answer["status_code"] for answer in await running] == [0] * 4
    age(store)
    assert await removed(orphans) == set()
    assert len(names(store)) == 8


async def test_nothing_is_removed_while_videoservice_does_not_answer(
    http, store, objects, orphans, file
):
    await objects.put(name(), file, "video/mp4")
    age(store)
    await http.fleet.stop("videoservice")
    with pytest.raises(Unavailable):
        await removed(orphans)
    assert len(names(store)) == 1


async def test_every_referrer_is_asked_once_per_page(store, objects, file):
    await objects.check()  # creates the bucket
    keys = {name() for _ in range(1200)}
    for chunk in range(0, 1200, 50):
        await asyncio.gather(
            *(objects.put(key, file, "video/mp4") for key in sorted(keys)[chunk : chunk + 50])
        )
    age(store)
    first, second = sorted(keys)[:2]
    asked: list[int] = []

    async def videos(page):
        asked.append(len(page))
        return {first} & set(page)

    async def avatars(page):
        return {second} & set(page)

    found = [page async for page in Orphans(objects, [videos, avatars]).pages()]
    assert sorted(asked) == [200, 500, 500]
    assert {each.key for page in found for each in page.orphans} == keys - {first, second}


async def test_of_many_processes_one_sweeps_a_day(http, store, objects, orphans, file, caplog):
    caplog.set_level(logging.INFO)
    await objects.put(name(), file, "video/mp4")
    age(store)
    processes = [
        asyncio.create_task(DailySweep(orphans, clients(http), ask_seconds=0.01).run())
        for _ in range(4)
    ]
    await eventually(lambda: "objects swept: 0 used, 1 without a row removed" in caplog.messages)
    await objects.put(name(), file, "video/mp4")
    age(store)
    claims = [
        await http.fleet.client("videoservice").ClaimSweepMethod(interval_seconds=24 * 3600)
        for _ in range(20)
    ]
    assert not any(claim.granted for claim in claims)
    assert sum(message.startswith("objects swept") for message in caplog.messages) == 1
    assert len(names(store)) == 1, "the next day's"
    for process in processes:
        process.cancel()


async def test_one_of_concurrent_claims_is_granted(http):
    videos = http.fleet.client("videoservice")
    claims = await asyncio.gather(
        *(videos.ClaimSweepMethod(interval_seconds=3600) for _ in range(30))
    )
    assert sum(bool(claim.granted) for claim in claims) == 1


async def test_the_daily_sweep_leaves_a_store_without_rows_alone(
    http, store, objects, orphans, file, caplog
):
    """As if DATABASE_URL named an empty database."""
    for _ in range(21):
        await objects.put(name(), file, "video/mp4")
    age(store)
    process = asyncio.create_task(DailySweep(orphans, clients(http), ask_seconds=0.01).run())
    await eventually(lambda: any("21 of 21 have no row" in each for each in caplog.messages))
    process.cancel()
    assert len(names(store)) == 21


async def test_the_command_lists_and_removes(http, store, objects, file):
    stray = name()
    await objects.put(stray, file, "video/mp4")
    age(store)
    assert await command(http, "sweep", "--dry-run") == [
        f"{stray}: no row",
        "1 objects without a row, 0 used",
    ]
    assert names(store) == {stray}
    assert await command(http, "sweep") == [
        f"{stray}: no row, removed",
        "1 objects without a row removed, 0 used",
    ]
    assert names(store) == set()


async def command(http, *arguments):
    own = http.settings
    environment = {"OBJECTS_URL": own.objects_url} | {
        f"{service}_ADDRESSES".upper(): address for service, address in own.addresses.items()
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api", *arguments,
        cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode().splitlines()
