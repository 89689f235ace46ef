"""Object storage on MinIO itself; `test_objects` runs on another S3 server."""

import asyncio
from collections.abc import Iterator

import aiohttp
import pytest
from fleet import eventually

from microkit.storage.objects import SignedUrl, StoreResponse, open_objects
from scripts.minio_server import Minio, minio


@pytest.fixture(scope="module")
def server() -> Iterator[Minio]:
    with minio() as started:
        yield started


async def test_an_object_is_stored_read_in_ranges_listed_and_removed(server, settings, tmp_path):
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * (12 << 12))  # more than two parts
    async with open_objects(settings(objects_url=server.url("bucket"))) as objects:
        await objects.put("videos/a.mp4", large, "video/mp4")
        await objects.check()
        (page,) = [page async for page in objects.pages("videos")]
        assert [each.key for each in page] == ["videos/a.mp4"]
        async with objects.open("GET", "videos/a.mp4", {"Range": "bytes=256-259"}) as found:
            assert isinstance(found, StoreResponse)
            assert found.status == 206
            assert b"".join([chunk async for chunk in found.chunks]) == b"\0\1\2\3"
        async with objects.open("GET", "videos/a.mp4", {}) as found:
            assert b"".join([chunk async for chunk in found.chunks]) == large.read_bytes()
            assert found.headers["Content-Type"] == "video/mp4"
        await objects.delete("videos/a.mp4")
        await objects.delete("videos/a.mp4")
        async with objects.open("GET", "videos/a.mp4", {}) as found:
            assert found.status == 404


async def test_a_public_bucket_allows_reads_only_and_a_private_one_signed_urls_only(
    server, settings, tmp_path
):
    source = tmp_path / "source"
    source.write_bytes(b"content")
    url = server.url("policies")
    base = f"http://127.0.0.1:{server.port}/policies"

    async def status(method: str, address: str) -> int:
        async with session.request(method, address) as got:
            return got.status

    async with aiohttp.ClientSession() as session:
        async with open_objects(settings(objects_url=url)) as objects:
            await objects.put("videos/a.mp4", source, "video/mp4")
            found = [await status(method, f"{base}/videos/a.mp4") for method in ("GET", "DELETE")]
            assert found == [200, 403]
            assert await status("GET", f"{base}/") == 403
        async with open_objects(settings(objects_url=url, objects_presigned=True)) as objects:
            await objects.put("videos/b.mp4", source, "video/mp4")
            async with objects.open("GET", "videos/a.mp4", {}) as signed:
                assert isinstance(signed, SignedUrl)
            assert await status("GET", signed.url) == 200
            assert await status("GET", f"{base}/videos/a.mp4") == 403


async def test_a_cancelled_upload_leaves_no_parts(server, settings, tmp_path):
    large = tmp_path / "large"
    large.write_bytes(bytes(64 << 20))
    async with open_objects(settings(objects_url=server.url("cancelled"))) as objects:
        await objects.check()

        async def unfinished() -> int:
            listed = await objects._client._list_multipart_uploads(
                "cancelled", prefix="videos/a.mp4"
            )
            return len(listed.uploads)

        async def no_unfinished() -> bool:
            return not await unfinished()

        upload = asyncio.create_task(objects.put("videos/a.mp4", large, "video/mp4"))
        await eventually(unfinished)
        upload.cancel()
        await asyncio.wait([upload])
        await eventually(no_unfinished)
