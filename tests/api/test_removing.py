"""A removed video takes everything that hangs on it along, exactly, and in spite of crashes."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from fleet import SERVICES, eventually, start

from api.clients import Clients
from api.removing import Removing
from commentmicro.dal.model import Comment, CommentCount
from favoritemicro.dal.favorite import Favorites
from microkit.background import running
from microkit.storage.objects import open_objects
from videomicro.dal.model import Removal

NOT_FOUND = 10007
MANY = 450  # likes: more than two calls remove
WORLDS = ["embedded", "real", "cluster"]


def clients(http):
    names = ("user", "video", "relation", "favorite", "comment")
    return Clients(*(http.fleet.client(f"{name}service") for name in names))


@asynccontextmanager
async def another_process(http):
    """What completes interrupted removals in any API process."""
    async with open_objects(http.settings) as objects:
        async with running(Removing(clients(http), objects, ask_seconds=0.02).run()):
            yield


async def database(http, service):
    return await http.fleet.running[service].context.database()


async def make_due(http):
    await (await database(http, "videoservice")).write(Removal.update(due_ms=0))


async def removals(http):
    return await (await database(http, "videoservice")).rows(Removal.select(Removal.round))


async def counts(http, person):
    """Videos, likes received, and likes given."""
    user = (await http.get("/douyin/user/", user_id=person.id, token=person.token))["user"]
    return user["work_count"], user["total_favorited"], user["favorite_count"]


async def like(http, person, video):
    acts = {"token": person.token, "video_id": video, "action_type": 1}
    assert (await http.post("/douyin/favorite/action/", **acts))["status_code"] == 0


async def comment(http, person, video):
    acts = {"token": person.token, "video_id": video, "action_type": 1, "comment_text": "x"}
    assert (await http.post("/douyin/comment/action/", **acts))["status_code"] == 0


async def remove(http, person, video):
    call = {"token": person.token, "video_id": video}
    return (await http.post("/douyin/publish/delete/", **call))["status_code"]


async def ids(http, path, **query):
    return [each["id"] for each in (await http.get(path, **query))["video_list"]]


async def comment_rows(http, video):
    found = await database(http, "commentservice")
    rows = await found.rows(Comment.select(Comment.id).where(Comment.video_id == video))
    stored = CommentCount.select(CommentCount.count).where(CommentCount.video_id == video)
    return len(rows) + len(await found.rows(stored))


@pytest.mark.parametrize("world", WORLDS, indirect=True)
async def test_a_removed_video_leaves_nothing_behind_and_every_count_is_right(http, clip, store):
    ann, bob, cy = [await http.register(name) for name in ("ann", "bob", "cy")]
    await http.publish(ann, clip)
    kept = await http.first_video(ann)
    files = set(store.files())
    await http.publish(ann, clip)
    gone = await http.first_video(ann)
    for person in (ann, bob, cy):
        for video in (kept, gone):
            await like(http, person, video)
            await comment(http, person, video)
    assert await remove(http, bob, gone) == NOT_FOUND
    assert await remove(http, bob, 404) == NOT_FOUND
    assert await counts(http, ann) == (2, 6, 2)
    assert await remove(http, ann, gone) == 0
    assert await counts(http, ann) == (1, 3, 1)
    assert await counts(http, bob) == (0, 0, 1)
    assert await ids(http, "/douyin/feed/") == [kept]
    assert await ids(http, "/douyin/publish/list/", user_id=ann.id) == [kept]
    assert await ids(http, "/douyin/favorite/list/", user_id=cy.id) == [kept]
    assert await comment_rows(http, gone) == 0
    assert await comment_rows(http, kept) == 4
    assert set(store.files()) == files
    assert await remove(http, ann, gone) == 0, "a repeated request"
    acts = {"token": bob.token, "video_id": gone, "action_type": 1, "comment_text": "x"}
    for path in ("favorite", "comment"):
        assert (await http.post(f"/douyin/{path}/action/", **acts))["status_code"] == NOT_FOUND
    await make_due(http)
    async with another_process(http):
        await eventually(lambda: _none(removals(http)))
    assert await remove(http, ann, gone) == 0
    for service in ("favoriteservice", "commentservice"):
        assert (await http.fleet.recount(service))[-1] == "0 counts repaired"


@pytest.mark.parametrize("world", ["embedded", "cluster"], indirect=True)
async def test_another_process_completes_what_a_killed_one_began(http, clip, store):
    ann = await http.register("ann")
    await http.publish(ann, clip)
    video = await http.first_video(ann)
    favorites = http.fleet.client("favoriteservice")
    for at in range(0, MANY, 50):
        await asyncio.gather(*(
            favorites.FavoriteMethod(user_id=1000 + user, video_id=video, action_type=1)
            for user in range(at, at + 50)
        ))  # fmt: skip
    assert await counts(http, ann) == (1, MANY, 0)
    videos = http.fleet.client("videoservice")
    answer = await videos.RemoveVideoMethod(video_id=video, author_id=ann.id, lease_seconds=3600)
    await favorites.ForgetVideoMethod(video_id=video, author_id=ann.id)  # and was killed then
    assert (answer.removal.round, len(answer.removal.keys)) == (0, 2)
    assert await ids(http, "/douyin/feed/") == []
    assert (await videos.ClaimRemovalMethod(lease_seconds=60)).removal is None, "it has the lease"
    await make_due(http)
    async with another_process(http):
        await eventually(lambda: _rounds(http, [1]))
    assert await counts(http, ann) == (0, 0, 0)
    assert store.files() == []
    found = await favorites.UsersFavoriteCountMethod(user_id_list=[1000, 1000 + MANY - 1])
    assert set(map(tuple, found.favorite_count_map.values())) == {(0, 0)}


async def test_what_is_written_during_a_removal_goes_in_its_second_round(http, clip):
    ann, bob = await http.register("ann"), await http.register("bob")
    await http.publish(ann, clip)
    video = await http.first_video(ann)
    assert await remove(http, ann, video) == 0
    # By a replica that still knows the author.
    redis = await http.fleet.running["favoriteservice"].context.redis()
    assert await Favorites(redis).like(bob.id, video, ann.id)
    assert await counts(http, bob) == (0, 0, 1)
    assert await _rounds(http, [1])
    await make_due(http)
    async with another_process(http):
        await eventually(lambda: _none(removals(http)))
    assert (await counts(http, ann), await counts(http, bob)) == ((0, 0, 0), (0, 0, 0))


async def test_a_removal_waits_for_a_service_that_is_down(http, clip, settings):
    ann, bob = await http.register("ann"), await http.register("bob")
    await http.publish(ann, clip)
    video = await http.first_video(ann)
    await comment(http, bob, video)
    stored = http.fleet.running["commentservice"].context.settings.database_url
    await http.fleet.stop("commentservice")
    assert await remove(http, ann, video) == 0
    assert await ids(http, "/douyin/feed/") == []
    service = next(each for each in SERVICES if each.name == "commentservice")
    await start(http.fleet, service, stored, settings)
    assert await comment_rows(http, video) == 2
    await make_due(http)
    async with another_process(http):
        await eventually(lambda: _rounds(http, [1]))
    assert await comment_rows(http, video) == 0


async def test_objects_of_another_video_are_kept(http, clip, store):
    """A Thrift caller may have made a second row for the same objects."""
    ann = await http.register("ann")
    await http.publish(ann, clip)
    videos = http.fleet.client("videoservice")
    (row,) = (await videos.GetVideosByAuthorIdMethod(author_id=ann.id)).video_list
    await videos.CreateVideoMethod(
        title="again", author_id=ann.id, play_url=row.play_url, cover_url=row.cover_url
    )
    files = store.files()
    assert len(files) == 2
    assert await remove(http, ann, row.id) == 0
    assert store.files() == files
    assert await remove(http, ann, await http.first_video(ann)) == 0
    assert store.files() == []


async def _none(rows):
    return not await rows


async def _rounds(http, wanted):
    return [row[0] for row in await removals(http)] == wanted
