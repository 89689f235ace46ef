"""Object storage in a folder and in a bucket of a real S3 server."""

import asyncio
import dataclasses
import os
import signal
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import aiohttp
import pytest
from certificates import certificate
from fleet import eventually, turns

from microkit.config import ConfigError
from microkit.errors import ParamError, StoreError
from microkit.storage import objects as objects_module
from microkit.storage.objects import SignedUrl, StoredFile, StoreResponse, open_objects
from scripts import servers


@pytest.fixture
async def objects(settings, store):
    async with open_objects(settings(objects_url=store.url)) as opened:
        yield opened


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.write_bytes(b"content")
    return path


async def test_an_object_is_stored_and_removed(objects, source, store):
    await objects.put("videos/a.mp4", source, "video/mp4")
    (stored,) = store.files()
    assert stored.read_bytes() == b"content"
    await objects.delete("videos/a.mp4")
    await objects.delete("videos/a.mp4")
    assert store.files() == []
    await objects.check()


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "a/../b", "a//b", ".hidden", "a/.b", "a\0b", "ä", "a" * 256]
)
async def test_an_invalid_key_is_refused(objects, source, key):
    with pytest.raises(ParamError):
        await objects.put(key, source, "x")


async def test_a_missing_source_leaves_no_object(objects, store):
    with pytest.raises(StoreError):
        await objects.put("videos/a.mp4", Path("/nowhere"), "video/mp4")
    assert store.files() == []


@pytest.mark.parametrize("store", ["file"], indirect=True)
async def test_an_interrupted_copy_leaves_no_object(objects, source, store, monkeypatch):
    copy = objects_module._copy
    copying, interrupted, copied = (threading.Event() for _ in range(3))

    def slow_copy(*paths: Path) -> None:
        copying.set()
        interrupted.wait()
        copy(*paths)
        copied.set()

    monkeypatch.setattr(objects_module, "_copy", slow_copy)
    putting = asyncio.create_task(objects.put("videos/a.mp4", source, "video/mp4"))
    await asyncio.to_thread(copying.wait)
    for _ in range(3):
        putting.cancel()
        await turns()
    interrupted.set()  # the thread cannot be interrupted
    await asyncio.to_thread(copied.wait)
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert store.files() == []


@pytest.mark.parametrize("store", ["file"], indirect=True)
async def test_a_folder_opens_an_object_as_its_file(objects, source):
    await objects.put("videos/a.mp4", source, "video/mp4")
    async with objects.open("GET", "videos/a.mp4", {}) as found:
        assert isinstance(found, StoredFile)
        assert found.path.read_bytes() == b"content"
    with pytest.raises(ParamError):
        async with objects.open("GET", "../x", {}):
            pass


@pytest.mark.parametrize("store", ["minio"], indirect=True)
async def test_a_public_bucket_opens_an_object_as_its_response(objects, source):
    await objects.put("videos/a.mp4", source, "video/mp4")
    async with objects.open("GET", "videos/a.mp4", {"Range": "bytes=1-3"}) as found:
        assert isinstance(found, StoreResponse)
        assert found.status == 206
        assert found.headers["Content-Range"] == "bytes 1-3/7"
        assert [chunk async for chunk in found.chunks] == [b"ont"]
    async with objects.open("GET", "videos/none.mp4", {}) as found:
        assert found.status == 404


@pytest.mark.parametrize("store", ["file"], indirect=True)
async def test_a_folder_that_is_not_writable_is_a_store_error(objects, source):
    objects.path("videos").write_text("a file where a folder should be")
    with pytest.raises(StoreError):
        await objects.put("videos/a.mp4", source, "video/mp4")


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://x", "file://relative", "minio://host/bucket", "minio://a:b@host:9000/",
        "minio://a:b@host:port/bucket", "minio://a:b@[::1/bucket",
        "minio://a:b@host/bucket?secure=yes",
    ],
)  # fmt: skip
async def test_an_invalid_url_is_an_error_with_its_setting(settings, url):
    with pytest.raises(ConfigError, match="OBJECTS_URL"):
        async with open_objects(settings(objects_url=url)):
            pass


async def test_a_store_with_tls_is_trusted_by_the_ca_that_is_set(settings, tmp_path, source):
    ca, key = certificate(tmp_path)
    with servers.s3(ca, key) as server:
        url = f"{server.url('bucket')}?secure=1"
        for ca_file, expected in ((ca, nullcontext()), ("", pytest.raises(StoreError))):
            own = settings(objects_url=url, objects_ca_file=str(ca_file))
            with expected:
                async with open_objects(own) as objects:
                    await objects.put("videos/a.mp4", source, "video/mp4")


@pytest.mark.parametrize("store", ["minio"], indirect=True)
async def test_a_public_bucket_allows_anonymous_reads_only(objects, source, store, s3):
    await objects.put("videos/a.mp4", source, "video/mp4")
    bucket = store.url.rpartition("/")[2]
    base = f"http://127.0.0.1:{s3.port}/{bucket}"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{base}/videos/a.mp4", headers={"Range": "bytes=1-3"}) as got:
            assert (got.status, await got.read()) == (206, b"ont")
            assert got.content_type == "video/mp4"
        async with session.get(f"{base}/") as got:
            assert got.status == 403
        async with session.put(f"{base}/videos/b.mp4", data=b"x") as got:
            assert got.status == 403
        async with session.delete(f"{base}/videos/a.mp4") as got:
            assert got.status == 403


async def test_a_private_object_is_read_only_by_its_presigned_url(settings, s3, source):
    own = settings(objects_url=s3.url("private-bucket"), objects_presigned=True)
    public = settings(objects_url=s3.url("private-bucket"))
    async with open_objects(public) as objects:  # the bucket was public before
        await objects.put("videos/a.mp4", source, "video/mp4")
        assert await objects.address("GET", "videos/a.mp4") is None
    async with open_objects(own) as objects, aiohttp.ClientSession() as session:
        await objects.put("videos/b.mp4", source, "video/mp4")
        address = await objects.address("GET", "videos/a.mp4")
        async with session.get(address) as got:
            assert await got.read() == b"content"
        async with session.get(address.partition("?")[0]) as got:
            assert got.status == 403
        async with session.head(await objects.address("HEAD", "videos/a.mp4")) as got:
            assert (got.status, got.headers["Content-Length"]) == (200, "7")


async def test_urls_are_presigned_for_the_public_host(settings, s3, source):
    # The same server by another name.
    public = f"http://localhost:{s3.port}/signed-bucket"
    own = settings(
        objects_url=s3.url("signed-bucket"), objects_presigned=True, objects_public_url=public
    )
    async with open_objects(own) as objects, aiohttp.ClientSession() as session:
        await objects.put("videos/a.mp4", source, "video/mp4")
        async with objects.open("GET", "videos/a.mp4", {}) as found:
            assert isinstance(found, SignedUrl)
        address = found.url
        assert address.startswith(f"{public}/videos/a.mp4?")
        async with session.get(address) as got:
            assert await got.read() == b"content"
    wrong = dataclasses.replace(own, objects_public_url="https://cdn.example/other")
    with pytest.raises(ConfigError, match="OBJECTS_PUBLIC_URL"):
        async with open_objects(wrong):
            pass


async def test_a_large_object_is_uploaded_in_parts(settings, s3, tmp_path):
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * (12 << 12))
    async with open_objects(settings(objects_url=s3.url("large-bucket"))) as objects:
        await objects.put("videos/large.mp4", large, "video/mp4")
    (stored,) = s3.objects("large-bucket")
    assert stored.read_bytes() == large.read_bytes()


@pytest.fixture
def own_s3():
    with servers.s3() as server:
        yield server


async def test_a_failed_upload_leaves_no_parts(settings, own_s3, tmp_path):
    large = tmp_path / "large"
    large.write_bytes(bytes(12 << 20))
    own = settings(objects_url=own_s3.url("bucket"), objects_timeout_seconds=1)
    async with open_objects(own) as objects:
        await objects.check()
        upload = asyncio.create_task(objects.put("videos/a.mp4", large, "video/mp4"))
        await eventually(lambda: any(own_s3.data.rglob("*.sgwtmp*")) or upload.done())
        own_s3.signal(signal.SIGSTOP)
        with pytest.raises(StoreError):
            await upload
        own_s3.signal(signal.SIGCONT)

        async def left(prefix="videos/"):
            listed = await objects._client._list_multipart_uploads("bucket", prefix=prefix)
            return listed.uploads

        cancelled = asyncio.create_task(objects.put("videos/b.mp4", large, "video/mp4"))
        await eventually(lambda: left("videos/b.mp4"))
        cancelled.cancel()
        await asyncio.wait((cancelled,))
        await eventually(lambda: not objects._cleanups)
        assert await left() == []


async def test_a_store_that_hangs_or_stops_is_a_store_error_and_recovers(settings, own_s3, source):
    own = settings(
        objects_url=own_s3.url("bucket"), objects_timeout_seconds=2, store_timeout_ms=2000
    )
    async with open_objects(own) as objects:
        await objects.put("videos/a.mp4", source, "video/mp4")
        own_s3.signal(signal.SIGSTOP)
        with pytest.raises(StoreError):
            await objects.put("videos/b.mp4", source, "video/mp4")
        with pytest.raises(StoreError):
            await objects.check()
        own_s3.signal(signal.SIGCONT)
        await objects.put("videos/c.mp4", source, "video/mp4")
        own_s3.kill()
        with pytest.raises(StoreError):
            await objects.put("videos/d.mp4", source, "video/mp4")
        own_s3.start()
        await objects.put("videos/e.mp4", source, "video/mp4")


async def test_a_listing_has_every_object_of_a_folder_once(objects, source, store):
    assert [page async for page in objects.pages("videos")] == []
    keys = {f"videos/{n}.mp4" for n in range(501)}
    for key in (*keys, "covers/x.jpg", "videos2/x.mp4", "videos/deeper/x.mp4"):
        await objects.put(key, source, "video/mp4")
    pages = [page async for page in objects.pages("videos")]
    assert len(pages) >= 2
    assert sorted(each.key for page in pages for each in page) == sorted(keys)
    times = {path.stat().st_mtime for path in store.files()}
    assert all(min(times) - 1 <= each.modified <= max(times) + 1 for page in pages for each in page)


async def test_a_listing_of_a_broken_store_is_a_store_error(settings, tmp_path):
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / "videos").write_text("a file where a folder should be")
    async with open_objects(settings()) as objects:
        with pytest.raises(StoreError):
            [page async for page in objects.pages("videos")]


@pytest.mark.parametrize("store", ["minio"], indirect=True)
async def test_parts_of_an_unfinished_upload_are_removed_after_an_hour(objects, monkeypatch):
    async def unfinished():
        return (await objects._client._list_multipart_uploads(objects._bucket)).uploads

    await objects.check()
    await objects._client._create_multipart_upload(objects._bucket, "videos/a.mp4", {})
    await objects.clear_partials()
    assert len(await unfinished()) == 1, "it may still be running"
    monkeypatch.setattr("microkit.storage.minio.PARTIAL_SECONDS", -60)
    await objects.clear_partials()
    assert await unfinished() == []


@pytest.mark.parametrize("store", ["file"], indirect=True)
async def test_partial_copies_are_removed_after_an_hour(objects, store, tmp_path):
    partials = tmp_path / "objects" / ".partial"
    partials.mkdir()
    (partials / "old").write_bytes(b"x")
    (partials / "new").write_bytes(b"x")
    os.utime(partials / "old", (time.time() - 7200,) * 2)
    await objects.clear_partials()
    assert [path.name for path in partials.iterdir()] == ["new"]
