"""kill -9 of the API in the middle of a conversion: it is done again, once, and nothing is left."""

import io

import av
import psutil
import pytest
from clips import clip_of
from e2e.apk import Apk, opened
from e2e.objects import stored, sweep
from fleet import eventually


@pytest.fixture
def system(up):
    return up("--free-ports", renditions=True, MEDIA_LEASE_SECONDS="1")


async def test_a_killed_conversion_is_resumed_and_leaves_one_copy(system, tmp_path):
    path = tmp_path / "studio.mp4"
    clip_of(path, "libx264", "yuv422p", (640, 480), seconds=4)
    async with opened(system.url) as session:
        apk = Apk(session)
        ann = await apk.register("ann")
        assert (await apk.publish(ann, path, "t"))["processing"] is True

        async def halfway():
            waiting = (await apk.read("publish/processing", token=ann.token))["video_list"]
            return waiting[0]["progress"] > 0

        await eventually(halfway)
        (renderer,) = system.renderers()
        renderer.suspend()  # the conversion gets no further until the API is gone
        killed = psutil.Process(system.pid("-m api"))
        system.kill("-m api")
        renderer.resume()
        await eventually(lambda: not renderer.is_running())
        assert len(stored(system)) == 2, "the upload and its cover"

        async def published():
            return (await apk.get("feed")).get("video_list")

        await eventually(published)
        assert system.pid("-m api") != killed.pid
        (video,) = await published()
        assert (await apk.read("publish/processing", token=ann.token))["video_list"] == []
        with av.open(io.BytesIO(await apk.bytes_of(video["play_url"]))) as container:
            assert len(list(container.decode(video=0))) == 4 * 24
        playlist = (await apk.bytes_of(video["hls_url"])).decode()
        assert playlist.count("#EXT-X-STREAM-INF:") == 2
        uploads = system.data / "uploads"
        await eventually(lambda: not any(each.is_file() for each in uploads.rglob("*")))
        copies = {file.name: file.read_bytes() for file in stored(system)}
        assert len(copies) == 4 + 7, "the covers and the renditions of one attempt"
        assert sweep(system) == 0
        assert {file.name: file.read_bytes() for file in stored(system)} == copies
