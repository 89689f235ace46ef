"""Three replicas of each service and two APIs: every write is seen at once by the other API.

In the real world the SQL servers have read replicas too.
"""

import dataclasses
import functools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
import stores
from fleet import SERVICES, Hasher

import idl
import usermicro
from api import SERVICE as API
from idl import videomicro
from microkit.discovery.static import StaticResolver
from microkit.main import serve
from microkit.metrics import REGISTRY
from microkit.rpc import load_balancer
from microkit.rpc.client import Client
from microkit.rpc.service import open_server
from usermicro.handler import open_handlers

ROUNDS = 8
READS = 3  # each goes to another replica


class Replicated:
    """The system: two clients of different APIs, and a client of videoservice."""

    def __init__(self, apis: list[Any], videos: Client) -> None:
        self.apis = apis
        self.videos = videos

    async def agree(self, api, path: str, expected: dict[str, object], **query) -> None:
        """Read `READS` times; each answer has the expected values, named by dotted paths."""
        for _ in range(READS):
            answer = await api.get(f"/douyin/{path}/", **query)
            assert {name: at(answer, name) for name in expected} == expected


def at(answer, name: str) -> object:
    """The value at a dotted path; a list's items are indexed, and `len` is its length."""
    for part in name.split("."):
        if part == "len":
            return len(answer or ())
        answer = answer[int(part)] if isinstance(answer, list) else answer[part]
    return answer


@pytest.fixture
def database_url(request, world):
    return stores.database(request, "replicated_mariadb" if world == "real" else "sqlite")


@pytest.fixture
async def replicated(
    database_url, settings, store, client, tmp_path, monkeypatch
) -> AsyncIterator[Replicated]:
    monkeypatch.setattr(load_balancer, "BURST_CALLS", 1)  # the next read goes to another replica
    async with AsyncExitStack() as stack:
        addresses: dict[str, str] = {}
        cheap = functools.partial(
            open_server, open_handlers=functools.partial(open_handlers, hasher=Hasher())
        )
        for service in SERVICES:  # each after its peers
            own = settings(addresses=addresses, database_url=database_url(service.package))
            opened = cheap if service is usermicro.SERVICE else None
            running = [
                await stack.enter_async_context(serve(service, own, open_server=opened))
                for _ in range(3)
            ]
            addresses |= {service.name: ",".join(f"127.0.0.1:{each.port}" for each in running)}
        own = settings(
            addresses=addresses,
            jwt_secret="a secret of at least thirty-two bytes",
            objects_url=store.url,
            upload_dir=str(tmp_path / "uploads"),
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        apis = []
        for _ in range(2):
            running = await stack.enter_async_context(serve(API, own))
            base, admin = (f"http://127.0.0.1:{n}" for n in (running.port, running.admin_port))
            apis.append(client(session, base, admin, None, own))
        resolver = StaticResolver(addresses, idl.ports())
        videos = Client("videoservice", videomicro.CONTRACT, resolver, own, "tests")
        stack.push_async_callback(videos.close)
        yield Replicated(apis, videos)


async def test_no_cache_hides_an_acknowledged_write_in_any_replica(replicated, clip, world):
    before = REGISTRY.get_sample_value("replica_reads_total", {"outcome": "current"}) or 0.0
    first = [await replicated.apis[0].register(f"person{n}") for n in range(2)]
    for n in range(ROUNDS):
        here, there = replicated.apis[n % 2], replicated.apis[(n + 1) % 2]
        author = await here.register(f"author{n}")
        await sees_user(replicated, there, author, n)
        if n < 2:  # an edit takes two seconds
            await sees_edit(replicated, here, there, author, n)
            author = await sees_ended_sessions(replicated, here, there, author)
        viewer = first[n % 2]
        await sees_publishing(replicated, here, there, author, clip if n == 0 else None)
        video = await there.first_video(author)
        await sees_likes(replicated, here, there, viewer, author, video)
        await sees_follows(replicated, here, there, viewer, author)
        await sees_comments(replicated, here, there, viewer, author, video)
        await sees_messages(replicated, here, there, viewer, first[(n + 1) % 2], n)
    if world == "real":  # lists were read where replication was fast enough
        assert REGISTRY.get_sample_value("replica_reads_total", {"outcome": "current"}) > before


async def sees_user(replicated, there, author, n: int) -> None:
    expected = {"user.name": f"author{n}", "user.work_count": 0}
    await replicated.agree(there, "user", expected, user_id=author.id, token=author.token)


async def sees_edit(replicated, here, there, author, n: int) -> None:
    mine = {"user_id": author.id, "token": author.token}
    await replicated.agree(here, "user", {"user.name": f"author{n}"}, **mine)  # now cached
    edit = {"token": author.token, "name": f"renamed{n}", "signature": "hello"}
    assert (await here.post("/douyin/user/edit/", **edit))["status_code"] == 0
    expected = {"user.name": f"renamed{n}", "user.signature": "hello"}
    for api in (there, here):
        await replicated.agree(api, "user", expected, **mine)


async def sees_ended_sessions(replicated, here, there, author):
    change = {"token": author.token, "old_password": "secret", "new_password": "changed"}
    answer = await here.post("/douyin/user/password/", **change)
    assert answer["status_code"] == 0
    for api in (there, here):
        await replicated.agree(api, "message/inbox", {"status_code": 10004}, token=author.token)
        await replicated.agree(api, "message/inbox", {"status_code": 0}, token=answer["token"])
    return dataclasses.replace(author, token=answer["token"])


async def sees_publishing(replicated, here, there, author, clip) -> None:
    viewer = {"token": author.token}
    for count in (1, 2, 3):
        if clip:
            await here.publish(author, clip, f"title {count}")
        else:
            await replicated.videos.CreateVideoMethod(
                author_id=author.id, title=f"title {count}", play_url="v/a", cover_url="c/a"
            )
        newest = {"video_list.0.title": f"title {count}", "video_list.0.author.work_count": count}
        expected = {"video_list.len": count, **newest}
        await replicated.agree(there, "publish/list", expected, user_id=author.id, **viewer)
        await replicated.agree(there, "feed", newest | {"video_list.0.author.id": author.id})
        own = {"user.work_count": count}
        await replicated.agree(there, "user", own, user_id=author.id, **viewer)


async def sees_likes(replicated, here, there, viewer, author, video: int) -> None:
    for action, liked in ((1, True), (2, False), (1, True)):
        act = {"token": viewer.token, "video_id": video, "action_type": action}
        assert (await here.post("/douyin/favorite/action/", **act))["status_code"] == 0
        expected = {
            "video_list.0.id": video, "video_list.0.is_favorite": liked,
            "video_list.0.favorite_count": int(liked),
            "video_list.0.author.total_favorited": int(liked),
        }  # fmt: skip
        await replicated.agree(there, "feed", expected, token=viewer.token)
        lists = {"user_id": viewer.id, "token": viewer.token}
        first = {"video_list.0.id": video} if liked else {}
        await replicated.agree(there, "favorite/list", first, **lists)
        answer = await there.get("/douyin/favorite/list/", **lists)
        assert (video in [each["id"] for each in answer["video_list"]]) == liked


async def sees_follows(replicated, here, there, viewer, author) -> None:
    for action, follows in ((1, True), (2, False), (1, True)):
        act = {"token": viewer.token, "to_user_id": author.id, "action_type": action}
        assert (await here.post("/douyin/relation/action/", **act))["status_code"] == 0
        expected = {"user.is_follow": follows, "user.follower_count": int(follows)}
        await replicated.agree(there, "user", expected, user_id=author.id, token=viewer.token)
        followers = {"user_list.len": int(follows)}
        lists = {"user_id": author.id, "token": viewer.token}
        await replicated.agree(there, "relation/follower/list", followers, **lists)
        lists = {"user_id": viewer.id, "token": viewer.token}
        following = await there.get("/douyin/relation/follow/list/", **lists)
        assert (author.id in [each["id"] for each in following["user_list"]]) == follows


async def sees_comments(replicated, here, there, viewer, author, video: int) -> None:
    act = {"token": viewer.token, "video_id": video}
    path = "/douyin/comment/action/"
    made = await here.post(path, **act, action_type=1, comment_text="a comment")
    count = {"video_list.0.id": video, "video_list.0.comment_count": 1}
    listed = {"comment_list.len": 1, "comment_list.0.content": "a comment"}
    await replicated.agree(there, "comment/list", listed, **act)
    await replicated.agree(there, "feed", count)
    gone = {**act, "action_type": 2, "comment_id": made["comment"]["id"]}
    assert (await here.post(path, **gone))["status_code"] == 0
    await replicated.agree(there, "comment/list", {"comment_list.len": 0}, **act)
    await replicated.agree(there, "feed", count | {"video_list.0.comment_count": 0})


async def sees_messages(replicated, here, there, sender, receiver, n: int) -> None:
    act = {"token": sender.token, "to_user_id": receiver.id, "action_type": 1}
    sent = await here.post("/douyin/message/action/", **act, content=f"message {n}")
    assert sent["status_code"] == 0
    chat = {"token": receiver.token, "to_user_id": sender.id}
    expected = {"message_list.len": n + 1, f"message_list.{n}.content": f"message {n}"}
    await replicated.agree(there, "message/chat", expected, **chat)
