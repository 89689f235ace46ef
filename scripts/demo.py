"""Adds demo users, videos, likes, comments and messages to an empty installation, over HTTP."""

import asyncio
import multiprocessing
import os
import random
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp

from scripts.clips import make_clip

PASSWORD: Final = "douyin"  # noqa: S105 - printed at start, for demo users only
_CONCURRENT_CALLS: Final = 8
_CLIPS: Final = 36
_NAMES: Final = (
    "林晓雨", "阿泽", "山海之间", "今天吃什么", "小满", "North Wind", "光影日记", "豆豆妈",
    "骑行者老周", "Mika", "深夜食堂", "数星星的人",
)  # fmt: skip
_SIGNATURES: Final = (
    "在城市里收集雨声", "滑板、咖啡、早睡失败", "每年走一条新的山路", "吃饭是头等大事",
    "慢一点也没关系", "Chasing light and weather.", "把光写进日记里", "两个娃，一只猫",
    "骑了很远，还在路上", "Ordinary days, good music.", "十一点以后才开火", "晴天数星星，阴天数云",
)  # fmt: skip
_TITLES: Final = (
    "日落时分的山", "慢下来，看一会儿云", "颜色会呼吸", "雨后的湖面", "周末的颜色实验",
    "风从海上来", "把夏天装进口袋", "听，水的声音", "今日份治愈", "远山如黛",
    "一秒一种蓝", "光在流动",
)  # fmt: skip
_COMMENTS: Final = (
    "太好看了！", "这个颜色绝了", "循环看了十遍", "求教程 🙏", "哪里拍的？", "治愈了", "第一！",
    "马克一下", "哈哈哈哈", "so calming ✨", "已转发给朋友", "每天来看一遍",
)  # fmt: skip
_CHATS: Final = (
    "在吗？", "刚看了你的新视频", "谢谢喜欢 ❤️", "周末一起去拍日落？", "好啊，几点？", "六点山脚见",
)  # fmt: skip


class DemoError(Exception):
    """The demo data cannot be added; the message says why."""


@dataclass(frozen=True, slots=True)
class Person:
    """A demo user who is logged in."""

    id: int
    token: str


async def fill(url: str, say: Callable[[str], None]) -> None:
    """Add demo data to the system at `url`, unless it has videos already.

    Raises:
        DemoError: the API refused a call, or a demo user's name is taken.
    """
    async with aiohttp.ClientSession(url) as session:
        if (await _call(session, "GET", "/douyin/feed/"))["video_list"]:
            say("no demo data added: there are videos already")
            return
        chance = random.Random(20)
        say(f"adding demo data: {len(_NAMES)} users, {_CLIPS} videos …")
        people = await _people(session)
        # Each is answered after two seconds.
        await asyncio.gather(*map(partial(_describe, session), people, _SIGNATURES))
        await _publish(session, people)
        videos = await _videos(session)
        await _all(_follows(session, people, chance))
        await _all(_likes(session, people, videos, chance))
        await _all(_comments(session, people, videos, chance))
        await _chats(session, people)
    say(f"demo data added: log in as {_NAMES[0]}, password {PASSWORD}")


async def _people(session: aiohttp.ClientSession) -> list[Person]:
    people = []
    for name in _NAMES:
        arguments = {"username": name, "password": PASSWORD}
        # The users exist if an earlier start was interrupted.
        answer = await _answer(session, "POST", "/douyin/user/login/", **arguments)
        if answer["status_code"] != 0:
            answer = await _call(session, "POST", "/douyin/user/register/", **arguments)
        people.append(Person(answer["user_id"], answer["token"]))
    return people


async def _describe(session: aiohttp.ClientSession, person: Person, signature: str) -> None:
    await _call(session, "POST", "/douyin/user/edit/", token=person.token, signature=signature)


async def _publish(session: aiohttp.ClientSession, people: list[Person]) -> None:
    loop = asyncio.get_running_loop()
    with (
        tempfile.TemporaryDirectory(prefix="clips-") as folder,
        ProcessPoolExecutor(os.cpu_count(), initializer=_ignore_interrupts) as executor,
    ):
        paths = [Path(folder) / f"{n}.mp4" for n in range(_CLIPS)]
        clips = [loop.run_in_executor(executor, _make, path, n) for n, path in enumerate(paths)]
        try:
            for n, path in enumerate(paths):
                await clips[n]
                await _upload(session, people[n % len(people)], path, _TITLES[n % len(_TITLES)])
                path.unlink()
        except BaseException:
            for clip in clips:  # asyncio logs exceptions that are never retrieved
                clip.add_done_callback(lambda clip: clip.cancelled() or clip.exception())
            executor.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():
                child.kill()  # Ctrl-C must not wait for the encoder
            raise


def _ignore_interrupts() -> None:
    # Ctrl-C reaches the encoders too; their parent ends them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _make(path: Path, seed: int) -> None:
    make_clip(path, seed=seed)


async def _upload(session: aiohttp.ClientSession, author: Person, path: Path, title: str) -> None:
    form = aiohttp.FormData()
    form.add_field("token", author.token)
    form.add_field("title", title)
    content = await asyncio.to_thread(path.read_bytes)
    form.add_field("data", content, filename="clip.mp4", content_type="video/mp4")
    async with session.post("/douyin/publish/action/", data=form) as response:
        _check(await response.json())


async def _videos(session: aiohttp.ClientSession) -> list[int]:
    first = await _call(session, "GET", "/douyin/feed/")
    rest = await _call(session, "GET", "/douyin/feed/", latest_time=first["next_time"])
    return [video["id"] for video in first["video_list"] + rest["video_list"]]


def _follows(
    session: aiohttp.ClientSession, people: list[Person], chance: random.Random
) -> Iterable[Awaitable[Any]]:
    for follower in people:
        for followed in people:
            if follower is not followed and chance.random() < 0.6:
                yield _action(session, follower, "relation", to_user_id=followed.id, action_type=1)


def _likes(
    session: aiohttp.ClientSession, people: list[Person], videos: list[int], chance: random.Random
) -> Iterable[Awaitable[Any]]:
    for video in videos:
        for person in chance.sample(people, chance.randint(1, len(people))):
            yield _action(session, person, "favorite", video_id=video, action_type=1)


def _comments(
    session: aiohttp.ClientSession, people: list[Person], videos: list[int], chance: random.Random
) -> Iterable[Awaitable[Any]]:
    for video in videos:
        for text in chance.sample(_COMMENTS, chance.randint(0, 5)):
            person = chance.choice(people)
            arguments = {"video_id": video, "action_type": 1, "comment_text": text}
            yield _action(session, person, "comment", **arguments)


async def _chats(session: aiohttp.ClientSession, people: list[Person]) -> None:
    first = people[0]
    for other in people[1:5]:
        for follower, followed in ((first, other), (other, first)):
            await _action(session, follower, "relation", to_user_id=followed.id, action_type=1)
        for n, text in enumerate(_CHATS):
            sender, receiver = (first, other) if n % 2 else (other, first)
            arguments = {"to_user_id": receiver.id, "action_type": 1, "content": text}
            await _action(session, sender, "message", **arguments)


async def _action(session: aiohttp.ClientSession, user: Person, kind: str, **query: object) -> Any:
    return await _call(session, "POST", f"/douyin/{kind}/action/", token=user.token, **query)


async def _call(session: aiohttp.ClientSession, verb: str, path: str, **query: object) -> Any:
    return _check(await _answer(session, verb, path, **query))


async def _answer(session: aiohttp.ClientSession, verb: str, path: str, **query: object) -> Any:
    parameters = {name: str(value) for name, value in query.items()}
    async with session.request(verb, path, params=parameters) as response:
        return await response.json()


async def _all(calls: Iterable[Awaitable[Any]]) -> None:
    """Await all calls, a few at a time; each is created when its turn comes."""
    remaining = iter(calls)

    async def work() -> None:
        for call in remaining:
            await call

    await asyncio.gather(*(work() for _ in range(_CONCURRENT_CALLS)))


def _check(answer: Any) -> Any:
    if answer["status_code"] != 0:
        raise DemoError(f"the API refused a call: {answer['status_msg']}")
    return answer
