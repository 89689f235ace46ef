"""Uploads on the real servers: large ones, and stores that fail."""

import asyncio
import struct
from pathlib import Path

import psutil
import pytest
from aiohttp import web
from e2e.apk import Apk, opened
from integration.conftest import System


@pytest.fixture
def large(clip: Path, tmp_path: Path) -> Path:
    """A real video of 99 MiB: most of it is space that players skip."""
    path = tmp_path / "large.mp4"
    content = clip.read_bytes()
    padding = (99 << 20) - len(content)
    with path.open("wb") as file:
        file.write(content)
        file.write(struct.pack(">I4s", padding, b"free"))
        file.truncate(99 << 20)
    return path


def _form(path: Path, token: str):
    import aiohttp

    form = aiohttp.FormData()
    form.add_field("token", token)
    form.add_field("title", "large")
    form.add_field("data", path.open("rb"), filename="x.mp4", content_type="video/mp4")
    return form


async def test_an_upload_of_a_hundred_megabytes_needs_little_memory(system: System, large: Path):
    api = psutil.Process(system.apps["api"].process.pid)
    async with opened(system.url) as session:
        apk = Apk(session)
        person = await apk.register("uploader")
        before, most = api.memory_info().rss, 0
        upload = asyncio.create_task(
            session.post("/douyin/publish/action/", data=_form(large, person.token)).__aenter__()
        )
        while not upload.done():
            most = max(most, api.memory_info().rss)
            await asyncio.sleep(0.01)
        answer = await (await upload).json()
        assert answer["status_code"] == 0, answer
        (video,) = (await apk.get("publish/list", user_id=person.id))["video_list"]
        async with session.get(video["play_url"], headers={"Range": "bytes=0-999"}) as got:
            assert got.status == 206
            assert int(got.headers["Content-Range"].rpartition("/")[2]) >= 99 << 20
    grown = (most - before) / (1 << 20)
    print(f"an upload of 99 MiB: the API's process grew by {grown:.1f} MiB")
    assert grown < 16


@pytest.mark.parametrize("fault", ["500", "stalls"])
async def test_a_store_that_fails_leaves_no_row_object_or_file(
    settings, fleet, clip, tmp_path, fault
):
    """An S3 that takes nothing, before the whole API."""
    from fleet import addresses

    from api.app import serve

    async def fail(_request: web.Request) -> web.Response:
        if fault == "stalls":
            await asyncio.sleep(30)
        return web.Response(status=500, text="<Error><Code>InternalError</Code></Error>")

    runner = web.ServerRunner(web.Server(fail), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    own = settings(
        **addresses(fleet.running),
        jwt_secret="a secret of at least thirty-two bytes",
        objects_url=f"minio://access:secretkey@127.0.0.1:{port}/bucket",
        objects_timeout_seconds=3,
        upload_dir=str(tmp_path / "uploads"),
    )
    async with serve(own) as running, opened(f"http://127.0.0.1:{running.port}") as session:
        apk = Apk(session)
        person = await apk.register("uploader")
        answer = await apk.publish(person, clip, "fails")
        assert answer["status_code"] == 10005
        assert answer["status_msg"]
        assert (await apk.get("publish/list", user_id=person.id))["video_list"] == []
        assert not [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()]
    await runner.cleanup()


@pytest.fixture
def database_url(tmp_path: Path):
    return lambda name: f"sqlite://{tmp_path}/{name}.db"


@pytest.mark.parametrize("where", ["objects", "uploads"])
async def test_a_folder_that_takes_nothing_leaves_no_row_object_or_file(
    settings, fleet, clip, tmp_path, where
):
    from fleet import addresses

    from api.app import serve

    own = settings(
        **addresses(fleet.running),
        jwt_secret="a secret of at least thirty-two bytes",
        upload_dir=str(tmp_path / "uploads"),
    )
    async with serve(own) as running, opened(f"http://127.0.0.1:{running.port}") as session:
        apk = Apk(session)
        person = await apk.register("uploader")
        if where == "objects":
            (tmp_path / "objects" / "videos").write_text("a file where a folder should be")
        else:
            for folder in (tmp_path / "uploads").iterdir():
                folder.rmdir()
        answer = await apk.publish(person, clip, "fails")
        assert answer["status_code"] == 10005
        assert (await apk.get("publish/list", user_id=person.id))["video_list"] == []
        stored = [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]
        assert [path.name for path in stored] == (["videos"] if where == "objects" else [])
