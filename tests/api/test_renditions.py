"""Every upload plays everywhere: what does not is converted first, in the background."""

import asyncio
import itertools
import os
import re

import av
import pytest
from clips import clip_of
from fleet import eventually

from api.clients import Clients
from api.media import MediaWorkers
from api.orphans import Orphans, referrers
from api.rendering import Rendering
from microkit.background import running
from microkit.storage.objects import open_objects
from videomicro.dal.model import Rendition

NOT_FOUND = 10007


@pytest.fixture(scope="module")
def hevc(tmp_path_factory):
    """A clip that hardly any browser plays: HEVC of 10 bits, turned by a quarter."""
    path = tmp_path_factory.mktemp("hevc") / "clip.mp4"
    clip_of(path, "libx265", "yuv420p10le", (640, 480), turn=90)
    return path


@pytest.fixture
async def http(open_http):
    async with open_http(media_renditions=True) as opened:
        yield opened


async def processing(http, person):
    answer = await http.get("/douyin/publish/processing/", token=person.token)
    assert answer["status_code"] == 0
    return answer["video_list"]


async def feed(http):
    return (await http.get("/douyin/feed/"))["video_list"]


def clients(http):
    names = ("user", "video", "relation", "favorite", "comment")
    return Clients(*(http.fleet.client(f"{name}service") for name in names))


async def body(http, url, **headers):
    async with http.session.get(url, headers=headers) as response:
        assert response.status in (200, 206), url
        return response.content_type, await response.read()


async def test_a_video_that_does_not_play_everywhere_is_published_when_it_does(
    http, hevc, store, tmp_path
):
    ann, bob = await http.register("ann"), await http.register("bob")
    answer = await http.publish(ann, hevc, "竖屏")
    assert (answer["status_code"], answer["processing"]) == (0, True)
    waiting = await processing(http, ann)
    if waiting:  # a fast machine may be done
        assert waiting[0]["title"] == "竖屏"
        assert (await body(http, waiting[0]["cover_url"]))[0] == "image/jpeg"
        assert await processing(http, bob) == []
    await eventually(lambda: feed(http))
    (video,) = await feed(http)
    assert await processing(http, ann) == []
    assert video["author"]["work_count"] == 1
    kind, mp4 = await body(http, video["play_url"])
    assert kind == "video/mp4"
    assert mp4.index(b"moov") < mp4.index(b"mdat")
    played = tmp_path / "played.mp4"
    played.write_bytes(mp4)
    with av.open(str(played)) as container:
        (stream,) = container.streams.video
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == (480, 640), "upright"
        assert len(list(container.decode(video=0))) == 24
    assert await variants(http, video["hls_url"]) == ["480x640", "360x480"]
    # The covers and the renditions: the upload goes.
    await eventually(lambda: len(store.files()) == 4 + 7)
    acts = {"token": ann.token, "video_id": video["id"]}
    assert (await http.post("/douyin/publish/delete/", **acts))["status_code"] == 0
    assert store.files() == []


async def variants(http, playlist):
    """Read a playlist as players do, and return the sizes that it offers."""
    kind, text = await body(http, playlist)
    assert kind == "application/vnd.apple.mpegurl"
    lines, folder, sizes = text.decode().splitlines(), playlist.rpartition("/")[0], []
    for line, name in itertools.pairwise(lines):
        if line.startswith("#EXT-X-STREAM-INF:"):
            sizes.append(line.partition("RESOLUTION=")[2].partition(",")[0])
            inner = (await body(http, f"{folder}/{name}"))[1].decode()
            length, start, fragments = re.search(r"BYTERANGE:(\d+)@(\d+)\n(\S+)", inner).groups()
            last = int(start) + int(length) - 1
            _, part = await body(http, f"{folder}/{fragments}", Range=f"bytes={start}-{last}")
            assert part[4:8] in (b"moof", b"sidx", b"styp")
    return sizes


async def test_a_video_that_plays_everywhere_is_published_at_once_and_gets_hls(http, clip, store):
    ann = await http.register("ann")
    answer = await http.publish(ann, clip)
    assert answer["status_code"] == 0
    assert "processing" not in answer
    (video,) = await feed(http)
    assert "hls_url" not in video
    assert "/videos/" in video["play_url"]
    await eventually(lambda: _has_hls(http))
    (later,) = await feed(http)
    assert {**later, "hls_url": None} == {**video, "hls_url": None}, "nothing else has changed"
    assert await variants(http, later["hls_url"]) == ["360x640"]
    assert len(store.files()) == 2 + 4 + 3, "the covers to choose from are the last three"


async def _has_hls(http):
    return all("hls_url" in video for video in await feed(http))


@pytest.mark.parametrize("world", ["real"], indirect=True)
async def test_hls_of_a_private_bucket_is_read_by_signed_urls(open_http, clip, store):
    async with open_http(media_renditions=True, objects_presigned=True) as http:
        ann = await http.register("ann")
        await http.publish(ann, clip)
        await eventually(lambda: _has_hls(http))
        (video,) = await feed(http)
        playlist = video["hls_url"]
        assert await variants(http, playlist) == ["360x640"], "every part can be read"
        name = playlist.removesuffix(".m3u8")
        # A signed playlist would name files beside it that are not signed.
        for url in (playlist, f"{name}.360p.m3u8"):
            async with http.session.get(url, allow_redirects=False) as response:
                assert response.status == 200
                assert "Signature" not in await response.text()
        for url in (f"{name}.360p.m4s", f"{name}.360p.mp4", video["play_url"]):
            async with http.session.get(url, allow_redirects=False) as response:
                assert response.status == 302
                signed = response.headers["Location"]
            assert "X-Amz-Signature=" in signed
            plain, _, _ = signed.partition("?")
            for address, status in ((signed, 206), (plain, 403)):
                async with http.session.get(address, headers={"Range": "bytes=4-7"}) as response:
                    assert response.status == status


async def test_a_pending_video_can_be_neither_liked_nor_commented_on(open_http, http, hevc):
    ann = await http.register("ann")
    await http.publish(ann, hevc)
    await eventually(lambda: feed(http))
    async with open_http(media_renditions=False) as without:
        refused = await without.publish(ann, hevc)
    assert refused["status_code"] == 10002
    assert "HEVC" in refused["status_msg"]
    videos = http.fleet.client("videoservice")
    made = await videos.CreatePendingVideoMethod(
        title="t", author_id=ann.id, play_url="videos/none.mp4", cover_url="c"
    )
    acts = {"token": ann.token, "video_id": made.video_id, "action_type": 1, "comment_text": "x"}
    for path in ("favorite", "comment"):
        assert (await http.post(f"/douyin/{path}/action/", **acts))["status_code"] == NOT_FOUND


async def test_an_interrupted_conversion_is_done_by_the_next_process(
    open_http, hevc, store, tmp_path, fleet
):
    videos = fleet.client("videoservice")
    async with open_http() as idle:
        ann = await idle.register("ann")
        async with open_objects(idle.settings) as objects:
            await objects.put("videos/h.mp4", hevc, "video/mp4")
        made = await videos.CreatePendingVideoMethod(
            title="t", author_id=ann.id, play_url="videos/h.mp4", cover_url="c"
        )
        claim = await videos.ClaimRenditionMethod(attempt="killed", lease_seconds=3600)
        assert claim.job.video_id == made.video_id
        (waiting,) = await processing(idle, ann)
        assert (waiting["progress"], waiting["failed"]) == (0, False)
        assert await feed(idle) == []
    database = await fleet.running["videoservice"].context.database()
    await database.write(Rendition.update(lease_ms=0))
    async with open_http(media_renditions=True) as second:
        await eventually(lambda: feed(second))
        await eventually(lambda: len(store.files()) == 7 + 3)
        uploads = tmp_path / "uploads"
        await eventually(lambda: not any(path.is_file() for path in uploads.rglob("*")))


async def test_leftovers_of_a_killed_attempt_are_orphans_and_renditions_are_not(
    http, clip, store, tmp_path
):
    ann = await http.register("ann")
    await http.publish(ann, clip)
    await eventually(lambda: _has_hls(http))
    kept = set(store.files())
    async with open_objects(http.settings) as objects:
        for kind in ("m3u8", "720p.mp4", "360p.m4s"):
            await objects.put(f"renditions/{'ab' * 16}.{kind}", clip, "video/mp4")
        assert len(store.files()) == len(kept) + 3
        for path in store.files():
            os.utime(path, (0, 0))
        orphans = Orphans(objects, referrers(clients(http)))
        async for page in orphans.pages():
            await asyncio.gather(*map(orphans.remove, page.orphans))
    assert set(store.files()) == kept


async def _is_given_back(database):
    """Whether the only job was attempted, and the attempt does not count."""
    jobs = Rendition.select(Rendition.attempts, Rendition.attempt, Rendition.lease_ms > 0)
    return await database.rows(jobs) == [(0, "", 1)]


async def test_a_fault_of_the_disk_interrupts_a_conversion_and_does_not_end_all(
    open_http, hevc, tmp_path, fleet, caplog
):
    database = await fleet.running["videoservice"].context.database()
    folder = tmp_path / "work"  # it does not exist
    async with (
        open_http() as idle,
        open_objects(idle.settings) as objects,
        MediaWorkers(timeout_seconds=300, niceness=0) as workers,
    ):
        ann = await idle.register("ann")
        await objects.put("videos/h.mp4", hevc, "video/mp4")
        await fleet.client("videoservice").CreatePendingVideoMethod(
            title="t", author_id=ann.id, play_url="videos/h.mp4", cover_url="c"
        )
        async with running(Rendering(clients(idle), objects, workers, folder, 60).run()):
            await eventually(lambda: "the conversion was interrupted: [Errno 2]" in caplog.text)
            await eventually(lambda: _is_given_back(database))
            folder.mkdir()
            await database.write(Rendition.update(lease_ms=0))
            await eventually(lambda: feed(idle))
            await eventually(lambda: not any(folder.iterdir()))
