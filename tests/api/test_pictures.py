"""Uploaded avatars and backgrounds: what becomes of them, and what is refused."""

import asyncio
import functools
import os
import time

import aiohttp
import av
import pytest
from fleet import eventually
from photos import BLUE, CORNERS, GREEN, PLACE, RED, SUFFIXES, YELLOW, corners, photo

import api.server
from api import middleware
from api.clients import Clients
from api.media.picture import make_picture
from api.orphans import Orphans, referrers
from api.pictures import Pictures, owner_of
from microkit.errors import NotFound, ParamError
from microkit.storage.objects import open_objects
from usermicro.handler import UserHandler

AVATAR, BACKGROUND = 1, 2
SET, REMOVE = "/douyin/user/picture/", "/douyin/user/picture/delete/"
OK, INVALID, UNAUTHORIZED, MISSING = 0, 10002, 10004, 10007
# What is seen of a picture whose Exif says that it is turned: the corners from the top left.
TURNED = {
    1: CORNERS, 2: (GREEN, RED, YELLOW, BLUE), 3: (YELLOW, BLUE, GREEN, RED),
    4: (BLUE, YELLOW, RED, GREEN), 5: (RED, BLUE, GREEN, YELLOW), 6: (BLUE, RED, YELLOW, GREEN),
    7: (YELLOW, GREEN, BLUE, RED), 8: (GREEN, YELLOW, RED, BLUE),
}  # fmt: skip
embedded = pytest.mark.parametrize("world", ["embedded"], indirect=True)


@pytest.fixture
def removed_at_once(monkeypatch):
    """The API does not keep what was replaced."""
    monkeypatch.setattr(api.server, "Pictures", functools.partial(Pictures, keep_seconds=0.0))


@pytest.fixture
def refused_edits(monkeypatch):
    """Ids of accounts whose changes userservice refuses."""
    edit = UserHandler.EditUserMethod
    refused = set()

    async def answer(self, request):
        if request.id in refused:
            raise NotFound("用户不存在")
        return await edit(self, request)

    monkeypatch.setattr(UserHandler, "EditUserMethod", answer)
    return refused


async def upload(http, token, kind, data, status=200, headers=None):
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("token", token)
    form.add_field("kind", str(kind))
    if data is not None:
        form.add_field("data", data, filename="photo")
    return await http.call("POST", SET, status, data=form, headers=headers)


async def shown(http, person):
    user = (await http.get("/douyin/user/", user_id=person.id))["user"]
    return user["avatar"], user["background_image"]


async def fetched(http, url, path):
    async with http.session.get(url) as response:
        assert response.status == 200
        assert response.content_type == "image/jpeg"
        data = await response.read()
    assert PLACE not in data
    path.write_bytes(data)
    return corners(path)


async def test_uploaded_pictures_are_shown_upright_until_others_replace_them(
    removed_at_once, http, tmp_path, store
):
    me, other = await http.register("me"), await http.register("other")
    before = await shown(http, me)
    wide = photo(tmp_path / "wide.jpg", 640, 480, 6)
    tall = photo(tmp_path / "tall.webp", 480, 640)
    answers = await asyncio.gather(
        upload(http, me.token, AVATAR, wide), upload(http, me.token, BACKGROUND, tall)
    )
    assert [each["status_code"] for each in answers] == [OK, OK]
    avatar, background = (each["url"] for each in answers)
    assert await shown(http, me) == (avatar, background), "as soon as it is answered"
    expected = (400, 400, list(TURNED[6]))
    assert await fetched(http, avatar, tmp_path / "got.jpg") == expected
    assert await fetched(http, background, tmp_path / "got.jpg") == (480, 270, list(CORNERS))
    assert len(store.files()) == 2

    answers = await asyncio.gather(
        upload(http, me.token, AVATAR, tall),
        http.post(REMOVE, token=me.token, kind=BACKGROUND),
        http.post(REMOVE, token=other.token, kind=AVATAR),
    )
    assert [each["status_code"] for each in answers] == [OK] * 3
    assert await shown(http, me) == (answers[0]["url"], before[1])
    assert answers[1]["url"] == before[1]
    assert answers[2]["url"] == (await shown(http, other))[0]
    await eventually(lambda: len(store.files()) == 1)
    assert answers[0]["url"].endswith(store.files()[0].name)


@embedded
async def test_what_is_no_picture_or_too_large_is_refused_with_what_is_allowed(
    refused_edits, http, tmp_path, store, clip, monkeypatch
):
    monkeypatch.setattr(middleware, "SETTLE_SECONDS", 0.0)
    me = await http.register("me")
    good = photo(tmp_path / "good.png", 64, 64)
    cases = [
        (clip.read_bytes(), "JPEG、PNG 或 WebP"),
        (b"\xff\xd8\xff" + bytes(1000), "6400 万像素"),
        (good[: len(good) // 2], "6400 万像素"),
        (photo(tmp_path / "small.png", 15, 400), "每边至少 16 像素"),
        (None, "缺少图片"),
    ]
    for data, said in cases:
        answer = await upload(http, me.token, AVATAR, data)
        assert answer["status_code"] == INVALID
        assert said in answer["status_msg"]
    huge = bytes(12 << 20)
    answer = await upload(http, me.token, AVATAR, huge, 413, {"Accept-Language": "en"})
    assert answer["status_msg"] == "A picture has at most 10 MB"

    async def endless():
        for _ in range(12):
            yield bytes(1 << 20)

    answer = await upload(http, me.token, AVATAR, endless(), 413)
    assert answer["status_msg"] == "图片不能超过 10 MB"
    assert (await upload(http, me.token, 3, good))["status_code"] == INVALID
    assert (await upload(http, "forged", AVATAR, good))["status_code"] == UNAUTHORIZED
    plain = await http.post(SET, token=me.token, kind=AVATAR)
    assert plain["status_msg"].startswith("请以 multipart/form-data 上传，图片")
    assert (await http.post(REMOVE, kind=AVATAR))["status_code"] == UNAUTHORIZED
    refused_edits.add(me.id)
    assert (await upload(http, me.token, AVATAR, good))["status_code"] == MISSING
    assert store.files() == []


def test_every_format_is_turned_as_it_says(tmp_path):
    for suffix in SUFFIXES:
        for turn, wanted in TURNED.items():
            source = tmp_path / f"source{suffix}"
            photo(source, 120, 80, turn)
            made = corners(make_picture(source, tmp_path, (64, 64)))
            assert made == (64, 64, list(wanted)), (suffix, turn)


@embedded
async def test_the_sweep_removes_pictures_that_their_account_does_not_show(
    http, tmp_path, store, monkeypatch
):
    monkeypatch.setattr(middleware, "SETTLE_SECONDS", 0.0)
    me, other = await http.register("me"), await http.register("other")
    data = photo(tmp_path / "a.png", 64, 64)
    for person, kind in ((me, AVATAR), (me, AVATAR), (me, BACKGROUND), (other, AVATAR)):
        assert (await upload(http, person.token, kind, data))["status_code"] == OK
    file = tmp_path / "a.png"
    kept = {url.rpartition("/objects/")[2] for one in (me, other) for url in await shown(http, one)}
    names = [f"avatars/{each}-{'0' * 32}.jpg" for each in (me.id, other.id, 10**6)]
    async with open_objects(http.settings) as objects:
        for name in (*names, "avatars/somebody.jpg", "avatars/1-x.jpg"):
            await objects.put(name, file, "image/jpeg")
        sweep = Orphans(objects, referrers(clients(http)))
        assert [page async for page in sweep.pages()] == [], "none is old enough"
        for path in store.files():
            os.utime(path, (time.time() - 7200,) * 2)
        gone = set()
        async for page in sweep.pages():
            for orphan in page.orphans:
                await sweep.remove(orphan)
                gone.add(orphan.key)
    assert gone.issuperset(names)
    assert len(gone) == 4, "and the avatar that was replaced"
    left = {"/".join(path.parts[-2:]) for path in store.files()}
    assert left == (kept & left) | {"avatars/somebody.jpg", "avatars/1-x.jpg"}
    assert len(left) == 5


def clients(http):
    names = ("user", "video", "relation", "favorite", "comment")
    return Clients(*(http.fleet.client(f"{name}service") for name in names))


def test_a_key_names_its_account():
    hexadecimal = "0" * 32
    assert owner_of(f"avatars/12-{hexadecimal}.jpg") == 12
    assert owner_of(f"backgrounds/12-{hexadecimal}.jpg") == 12
    for key in (f"avatars/-{hexadecimal}.jpg", f"covers/12-{hexadecimal}.jpg", "avatars/x.jpg",
                f"avatars/１２-{hexadecimal}.jpg", f"avatars/12-{hexadecimal}.jpg\n"):  # fmt: skip
        assert owner_of(key) is None


def test_a_picture_keeps_its_ratio_and_what_is_transparent_becomes_white(tmp_path):
    source = tmp_path / "line.png"
    photo(source, 4000, 16)
    assert corners(make_picture(source, tmp_path, (1280, 720)))[:2] == (28, 16)
    photo(source, 4000, 15)
    with pytest.raises(ParamError, match="16"):
        make_picture(source, tmp_path, (1280, 720))
    frame = av.VideoFrame(64, 64, "rgba")
    frame.planes[0].update(bytes((0, 0, 255, 0)) * (64 * 32) + bytes((0, 0, 255, 255)) * (64 * 32))
    with av.open(str(source), "w", format="image2") as container:
        stream = container.add_stream("png")
        stream.width, stream.height, stream.pix_fmt = 64, 64, "rgba"
        container.mux(stream.encode(frame))
    made = corners(make_picture(source, tmp_path, (64, 64)))
    assert made == (64, 64, [(255, 255, 255)] * 2 + [BLUE] * 2)
