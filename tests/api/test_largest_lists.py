"""The largest lists: bounded in items and bytes, and in how long they hold an event loop."""

import asyncio
import json
import time
from contextlib import asynccontextmanager

import pytest

from commentmicro.dal.model import Comment
from favoritemicro.dal import keys as favorite_keys
from idl import commentmicro, favoritemicro, relationmicro, videomicro
from microkit.paging import MAX_ITEMS, MAX_PAGES
from microkit.storage.redis import open_redis
from relationmicro.dal import keys
from relationmicro.dal.message import MAX_BYTES, MAX_MESSAGES
from usermicro.dal.model import User
from videomicro.dal.model import Video

FOLLOWS = 100_000
COMMENTS = 9000
MESSAGES = 10_000
PEOPLE = range(1000, 1300)  # those of the first pages
IDS = 10_000
NOW = 1_764_000_000_000_000
BODY_BYTES = 4 * 2**20


@asynccontextmanager
async def longest_turn():
    """Measure the loop's longest turn in ms of CPU: API and services run on one loop here."""
    longest = [0.0]

    async def watch():
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            longest[0] = max(longest[0], (now - before) * 1e3)
            before = now

    task = asyncio.create_task(watch())
    yield longest
    task.cancel()


async def add(redis, key, members):
    flat = [part for at, member in enumerate(members) for part in (NOW + at, member)]
    for at in range(0, len(flat), 4000):
        await redis.execute("ZADD", key, *flat[at : at + 4000])


async def insert(http, service, model, rows):
    database = await http.fleet.running[service].context.database()
    for at in range(0, len(rows), 100):
        await database.write(model.insert_many(rows[at : at + 100]))


def user(user_id, length):
    name = f"user {user_id}"
    return {
        "id": user_id, "name": name, "name_key": name, "password_hash": "x",
        "avatar": "a" * length, "background_image": "b" * length, "signature": "😀" * length,
    }  # fmt: skip


def video(author, at, length):
    return {
        "author_id": author, "title": "😀" * min(length, 128), "play_url": "v" * length,
        "cover_url": "c" * length, "created_ms": at, "deleted": False,
    }  # fmt: skip


def comment(author, at):
    return {
        "video_id": 1, "user_id": author, "content": "😀" * 500, "created_ms": at, "deleted": False,
    }  # fmt: skip


@pytest.fixture
async def ann(http):
    """A person with 10^5 follows, followers and friends, 9,000 comments and a chat of 40 MB.

    The texts of the items of the first pages are as long as their bounds allow.
    """
    ann = await http.register("ann")
    bob = await http.register("bob")
    await insert(http, "userservice", User, [user(each, 512) for each in PEOPLE])
    await insert(http, "userservice", User, [user(each, 30) for each in range(1300, IDS)])
    videos = [video(ann.id, n + 1, 40 if n < IDS - 400 else 512) for n in range(IDS)]
    await insert(http, "videoservice", Video, videos)
    comments = [comment(PEOPLE[n % 300], NOW // 1000 + n) for n in range(COMMENTS)]
    await insert(http, "commentservice", Comment, comments)
    others = range(10**6, 10**6 + FOLLOWS)
    async with open_redis(http.settings) as redis:
        await add(redis, keys.following(ann.id), [*others, *PEOPLE])
        await add(redis, keys.followers(ann.id), [*others, *PEOPLE])
        await add(redis, favorite_keys.given(ann.id), [*others, *range(IDS - 300, IDS)])
        chat = (f"{n}:{bob.id}:{'😀' * 1000}" for n in range(MESSAGES))
        await add(redis, keys.chat(ann.id, bob.id), chat)
    return ann, bob


async def test_every_list_is_bounded_whatever_is_stored(http, ann, world, figure):
    ann, bob = ann
    asked = {"token": ann.token, "user_id": ann.id}
    chat = {"token": ann.token, "to_user_id": bob.id}
    for name, field, most, path, query in (
        ("publish list", "video_list", MAX_ITEMS, "publish/list", asked),
        ("favorite list", "video_list", MAX_ITEMS, "favorite/list", asked),
        ("comment list", "comment_list", MAX_ITEMS, "comment/list", {**asked, "video_id": 1}),
        ("follow list", "user_list", MAX_ITEMS, "relation/follow/list", asked),
        ("follower list", "user_list", MAX_ITEMS, "relation/follower/list", asked),
        ("friend list", "user_list", MAX_ITEMS, "relation/friend/list", asked),
        ("chat", "message_list", MAX_MESSAGES, "message/chat", chat),
        ("poll", "message_list", MAX_MESSAGES, "message/chat", {**chat, "pre_msg_time": 10**12}),
    ):
        url = f"{http.base}/douyin/{path}/"
        turns = []
        for _ in range(3):
            async with longest_turn() as turn, http.session.get(url, params=query) as response:
                body = await response.read()
            turns.append(turn[0])
        answer = json.loads(body)
        assert answer["status_code"] == 0, answer
        assert len(answer[field]) <= most
        assert len(body) <= BODY_BYTES
        assert answer["next_cursor"] > 0
        if field == "message_list":
            assert sum(len(each["content"].encode()) for each in answer[field]) <= MAX_BYTES
        if world == "embedded":
            figure(
                f"{name}: {len(answer[field])} items, {len(body) / 2**20:.2f} MiB, "
                f"longest turn of the loop {min(turns):.1f} ms of CPU"
            )


async def test_the_largest_calls_hold_no_loop_for_long(http, ann, world, figure):
    ids = list(range(1, IDS + 1))
    own, talk = ann[0].id, commentmicro.CommentPageKey(video_id=1)
    follow_key = relationmicro.PageKey(user_id=own)
    published = videomicro.PageKey(author_id=own)
    liked = favoritemicro.PageKey(user_id=own)
    for service, method, arguments in (
        ("userservice", "GetUserSetByIdSetMethod", {"id_set": ids}),
        ("videoservice", "GetVideoSetByIdSetMethod", {"id_set": ids}),
        ("videoservice", "GetVideosFeedMethod", {"latest_time": 2**62, "limit": 1000}),
        ("relationservice", "GetFollowInfosMethod", {"my_uid": 1, "target_uids": ids}),
        (
            "favoriteservice",
            "FavoriteSummaryMethod",
            {"user_id": 1, "video_id_list": ids, "user_id_list": ids},
        ),
        ("commentservice", "VideosCommentCountMethod", {"video_id_list": ids}),
        ("videoservice", "GetVideoPagesMethod", {"feed": [], "published": [published] * MAX_PAGES}),
        (
            "relationservice",
            "GetFollowPagesMethod",
            {"following": [follow_key] * MAX_PAGES, "followers": []},
        ),
        ("favoriteservice", "FavoritePagesMethod", {"pages": [liked] * MAX_PAGES}),
        ("commentservice", "CommentPagesMethod", {"pages": [talk] * MAX_PAGES}),
    ):
        call = getattr(http.fleet.client(service), method)
        turns = []
        for _ in range(3):
            async with longest_turn() as turn:
                await call(**arguments)
            turns.append(turn[0])
        if world == "embedded":
            figure(f"{method}: longest turn of the loop {min(turns):.1f} ms of CPU")
