"""Uploads on the real servers: large ones, and stores that fail."""

import asyncio
import contextlib
import os
import signal
import struct
import sys
from pathlib import Path

import aiohttp
import psutil
import pytest
from aiohttp import web
from e2e.apk import Apk, opened
from fleet import addresses, eventually
from integration.conftest import new_name

from api import SERVICE
from microkit.main import serve
from scripts import servers
from scripts.deployment import ROOT, Deployment


@pytest.fixture
def large(clip: Path, tmp_path: Path) -> Path:
    """A valid video of 99 MiB; most of it is a free atom, which players skip."""
    path = tmp_path / "large.mp4"
    content = clip.read_bytes()
    padding = (99 << 20) - len(content)
    with path.open("wb") as file:
        file.write(content)
        file.write(struct.pack(">I4s", padding, b"free"))
        file.truncate(99 << 20)
    return path


def _form(path: Path, token: str):
    form = aiohttp.FormData()
    form.add_field("token", token)
    form.add_field("title", "large")
    form.add_field("data", path.open("rb"), filename="x.mp4", content_type="video/mp4")
    return form


async def test_an_upload_of_a_hundred_megabytes_needs_little_memory(
    system: Deployment, large: Path, figure
):
    system.apps["api"].stop()
    system.recover()  # with an API that has not grown yet
    api = psutil.Process(system.apps["api"].process.pid)
    async with opened(system.url) as session:
        apk = Apk(session)
        person = await apk.register(new_name())
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
    figure(f"an upload of 99 MiB: the API's process grew by {grown:.1f} MiB")
    assert grown < 24, "a quarter of the file: it is never whole in memory"


@pytest.mark.parametrize("fault", ["500", "stalls"])
async def test_a_store_that_fails_leaves_no_row_object_or_file(
    settings, fleet, clip, tmp_path, fault
):
    """An S3 server that refuses every object."""

    async def fail(_request: web.Request) -> web.Response:
        if fault == "stalls":
            await asyncio.Event().wait()
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
    async with (
        serve(SERVICE, own) as running,
        opened(f"http://127.0.0.1:{running.port}") as session,
    ):
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


async def test_an_upload_with_an_unknown_outcome_is_complete_or_removed(
    system: Deployment, clip: Path
):
    """videoservice hangs during CreateVideo: it may or may not create the row afterwards."""

    def stored() -> set[Path]:
        return {path for path in system.s3.objects("douyin") if path.suffix in (".mp4", ".jpg")}

    earlier = stored()
    async with opened(system.url) as session:
        apk = Apk(session)
        person = await apk.register(new_name())
        for n in range(2):
            system.apps["videomicro"].signal(signal.SIGSTOP)
            answer = await apk.publish(person, clip, f"hangs {n}")
            assert answer["status_code"] == 10006
            system.apps["videomicro"].signal(signal.SIGCONT)
        await asyncio.sleep(30)  # the API asks after 15 s whether the row was made, twice
        published = (await apk.get("publish/list", user_id=person.id))["video_list"]
        await eventually(lambda: len(stored() - earlier) == 2 * len(published))
        for video in published:
            assert await apk.bytes_of(video["play_url"])
            assert await apk.bytes_of(video["cover_url"])


async def test_a_store_that_dies_ends_a_video_response_without_extra_bytes(
    settings, fleet, clip, tmp_path, large
):
    with servers.s3() as own_s3:
        own = settings(
            **addresses(fleet.running),
            jwt_secret="a secret of at least thirty-two bytes",
            objects_url=own_s3.url("bucket"),
            upload_dir=str(tmp_path / "uploads"),
        )
        async with (
            serve(SERVICE, own) as running,
            opened(f"http://127.0.0.1:{running.port}") as session,
        ):
            apk = Apk(session)
            person = await apk.register("uploader")
            assert (await apk.publish(person, large, "large"))["status_code"] == 0
            (video,) = (await apk.get("publish/list", user_id=person.id))["video_list"]
            (stored,) = [path for path in own_s3.objects("bucket") if path.suffix == ".mp4"]
            whole = stored.read_bytes()
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=1 << 16)
            path = video["play_url"].partition(f":{running.port}")[2]
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            got = await reader.readexactly(1 << 20)
            own_s3.kill()
            with contextlib.suppress(ConnectionError):
                got += await reader.read(-1)
            writer.close()
    assert len(got) < len(whole)
    assert whole.startswith(got)


async def test_paused_players_do_not_block_other_clients(
    settings, fleet, clip, tmp_path, s3, large
):
    own = settings(
        **addresses(fleet.running),
        jwt_secret="a secret of at least thirty-two bytes",
        objects_url=s3.url("paused"),
        upload_dir=str(tmp_path / "uploads"),
    )
    async with (
        serve(SERVICE, own) as running,
        opened(f"http://127.0.0.1:{running.port}") as session,
    ):
        apk = Apk(session)
        person = await apk.register("uploader")
        assert (await apk.publish(person, large, "large"))["status_code"] == 0
        (video,) = (await apk.get("publish/list", user_id=person.id))["video_list"]
        path = video["play_url"].partition(f":{running.port}")[2]
        paused = []
        for _ in range(70):  # more than the connections that store objects
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=1 << 12)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            paused.append(writer)
        assert (await apk.publish(person, clip, "small"))["status_code"] == 0
        async with session.get(video["play_url"], headers={"Range": "bytes=0-9"}) as got:
            assert len(await got.read()) == 10
        for writer in paused:
            writer.transport.abort()


async def test_stalled_uploads_do_not_block_other_clients(settings, fleet, tmp_path):
    own = settings(
        **addresses(fleet.running),
        jwt_secret="a secret of at least thirty-two bytes",
        upload_dir=str(tmp_path / "uploads"),
        api_max_requests=4,
    )
    async with (
        serve(SERVICE, own) as running,
        opened(f"http://127.0.0.1:{running.port}") as session,
    ):
        apk = Apk(session)
        silent = []
        for path, kind in (
            ("publish/action", "multipart/form-data; boundary=b"),
            ("user/login", "application/x-www-form-urlencoded"),
        ):
            for _ in range(80):
                _, writer = await asyncio.open_connection("127.0.0.1", running.port)
                head = f"POST /douyin/{path}/ HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
                writer.write(f"{head}Content-Length: 999\r\n\r\n--b\r\n".encode())
                silent.append(writer)
        for _ in range(10):
            assert (await apk.get("feed"))["status_code"] == 0
        assert (await apk.register("ann")).id
        for writer in silent:
            writer.transport.abort()


@contextlib.asynccontextmanager
async def api_on_a_small_disk(environment: dict[str, str], disk: Path, options: str):
    """An API in a namespace of its own, where `disk` is mounted with these options."""
    unshare = servers.program("unshare", "Debian: util-linux")
    mounted = f'mkdir -p "$0" && mount -t tmpfs -o {options} tmpfs "$0" && exec "$1" -m api'
    command = [unshare, "--user", "--map-root-user", "--mount", "sh", "-c", mounted, str(disk)]
    process = await asyncio.create_subprocess_exec(
        *command, sys.executable, env=os.environ | environment, cwd=ROOT
    )
    try:

        def ready() -> bool:
            assert process.returncode is None, "no namespace for a mount of one's own"
            return servers.listens(int(environment["PORT"]))

        await eventually(ready)
        yield Path(f"/proc/{process.pid}/root{disk}")  # the disk, seen from here
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@pytest.mark.parametrize(
    ("where", "options"),
    [("objects", "size=256k"), ("objects", "ro"), ("uploads", "size=256k")],
    ids=["objects full", "objects read-only", "uploads full"],
)
async def test_a_disk_that_is_full_or_read_only_leaves_no_row_object_or_file(
    fleet, clip, tmp_path, where, options
):
    large = tmp_path / "large.mp4"
    padding = 1 << 20
    large.write_bytes(clip.read_bytes() + struct.pack(">I4s", padding, b"free") + bytes(padding))
    port, admin_port = servers.free_port(), servers.free_port()
    known = {
        f"{service}_addresses".upper(): text
        for service, text in addresses(fleet.running)["addresses"].items()
    }
    environment = known | {
        "PORT": str(port),
        "ADMIN_PORT": str(admin_port),
        "JWT_SECRET": "a secret of at least thirty-two bytes",
        "OBJECTS_URL": f"file://{tmp_path}/objects",
        "REDIS_URL": "unix:///not/there",
        "UPLOAD_DIR": str(tmp_path / "uploads"),
    }
    async with (
        api_on_a_small_disk(environment, tmp_path / where, options) as disk,
        opened(f"http://127.0.0.1:{port}") as session,
    ):
        apk = Apk(session)
        person = await apk.register("uploader")
        answer = await apk.publish(person, large, "does not fit")
        assert answer["status_code"] == 10005
        assert "存储" in answer["status_msg"]
        assert (await apk.get("publish/list", user_id=person.id))["video_list"] == []
        for folder in (disk, tmp_path / "objects", tmp_path / "uploads"):
            assert not [path for path in folder.rglob("*") if path.is_file()]
        if "size" in options:
            assert (await apk.publish(person, clip, "fits"))["status_code"] == 0


@pytest.mark.parametrize("where", ["objects", "uploads"])
async def test_a_folder_that_cannot_be_written_leaves_no_row_object_or_file(
    settings, fleet, clip, tmp_path, where
):
    own = settings(
        **addresses(fleet.running),
        jwt_secret="a secret of at least thirty-two bytes",
        upload_dir=str(tmp_path / "uploads"),
    )
    async with (
        serve(SERVICE, own) as running,
        opened(f"http://127.0.0.1:{running.port}") as session,
    ):
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
