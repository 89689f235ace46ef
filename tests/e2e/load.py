"""A continuous load of all kinds of writes and feed reads, and the checks after it."""

import asyncio
import itertools
import random
from collections import Counter, defaultdict
from pathlib import Path

from e2e.apk import Apk, Person
from fleet import eventually

PEOPLE = 6


class Load:
    """Runs all kinds of calls for several users, and records the acknowledged ones."""

    def __init__(self, apk: Apk, people: list[Person], video: int, clip: Path) -> None:
        self.apk, self.people, self.video, self.clip = apk, people, video, clip
        self.stop = asyncio.Event()
        self.acked: defaultdict[str, set] = defaultdict(set)
        self.last: dict[tuple, int] = {}
        self.failures: Counter[str] = Counter()  # by kind and answer
        self.succeeded: Counter[object] = Counter()
        edges = itertools.product(("follow", "like"), (person.id for person in people))
        self.every_kind = {"user", "video", "comment", "message", "feed", *edges}
        self.pause = 0.02  # seconds between two calls of one kind

    async def run(self) -> None:
        kinds = (self._register, self._publish, self._comments, self._messages, self._feed)
        edges = (self._edges(person) for person in self.people)
        await asyncio.gather(*(kind() for kind in kinds), *edges)

    async def round(self) -> bool:
        """Wait until everybody's calls of all kinds succeeded; return whether none failed.

        Twice, because the first may have been under way before.
        """
        failed = self.failed
        self.succeeded.clear()
        await eventually(lambda: all(self.succeeded[kind] > 1 for kind in self.every_kind))
        return self.failed == failed

    def _saw(self, kind: str, answer: dict, what: object) -> None:
        if answer["status_code"] == 0:
            self.acked[kind].add(what)
            self.succeeded[kind] += 1
        else:
            self._failed(kind, answer)

    async def _register(self) -> None:
        for n in itertools.count():
            if self.stop.is_set():
                return
            await asyncio.sleep(self.pause)
            name = f"new {id(self)} {n}"
            answer = await self.apk.post("user/register", username=name[-32:], password="secret")
            self._saw("user", answer, name[-32:])

    async def _publish(self) -> None:
        for n in itertools.count():
            if self.stop.is_set():
                return
            await asyncio.sleep(5 * self.pause)  # a video costs much more than the others
            answer = await self.apk.publish(self.people[0], self.clip, f"video {id(self)} {n}")
            self._saw("video", answer, f"video {id(self)} {n}")

    async def _comments(self) -> None:
        for n in itertools.count():
            if self.stop.is_set():
                return
            await asyncio.sleep(self.pause)
            text = f"comment {id(self)} {n}"
            answer = await self.apk.post(
                "comment/action", token=self.people[1].token, video_id=self.video, action_type=1,
                comment_text=text,
            )  # fmt: skip
            self._saw("comment", answer, text)

    async def _messages(self) -> None:
        for n in itertools.count():
            if self.stop.is_set():
                return
            await asyncio.sleep(self.pause)
            text = f"message {id(self)} {n}"
            answer = await self.apk.post(
                "message/action", token=self.people[0].token, to_user_id=self.people[1].id,
                action_type=1, content=text,
            )  # fmt: skip
            self._saw("message", answer, text)

    async def _feed(self) -> None:
        for n in itertools.count():
            if self.stop.is_set():
                return
            await asyncio.sleep(self.pause)
            answer = await self.apk.get("feed", token=self.people[n % PEOPLE].token)
            self._saw("feed", answer, n)
            if answer["status_code"] == 0:
                assert answer["video_list"], "the page comes, whatever is missing on it"

    async def _edges(self, person: Person) -> None:
        """Like and follow, unlike and unfollow: the last acknowledged state must hold."""
        others = [other for other in self.people if other is not person]
        for action, other in itertools.cycle(itertools.product((1, 2), others)):
            if self.stop.is_set():
                return
            await asyncio.sleep(self.pause)
            acts = {"token": person.token, "action_type": action}
            answer = await self.apk.post("relation/action", **acts, to_user_id=other.id)
            self._note("follow", answer, (person.id, other.id), action)
            answer = await self.apk.post("favorite/action", **acts, video_id=self.video)
            self._note("like", answer, (person.id, self.video), action)

    def _note(self, kind: str, answer: dict, edge: tuple, action: int) -> None:
        if answer["status_code"] == 0:
            self.last[kind, *edge] = action
            self.succeeded[kind, edge[0]] += 1
        else:
            # A failed call may or may not have been handled: both states are allowed.
            self.last.pop((kind, *edge), None)
            self._failed(kind, answer)

    @property
    def failed(self) -> int:
        """How many calls failed."""
        return self.failures.total()

    def _failed(self, kind: str, answer: dict) -> None:
        self.failures[f"{kind}: {answer['status_code']} {answer.get('status_msg', '')}"] += 1


async def check(load: Load) -> None:
    apk, first = load.apk, load.people[0]
    published = await apk.whole_list("publish/list", "video_list", user_id=first.id)
    assert load.acked["video"] - {video["title"] for video in published} == set()
    for video in published:
        assert await apk.bytes_of(video["play_url"])
        assert await apk.bytes_of(video["cover_url"])
    comments = await apk.whole_list("comment/list", "comment_list", video_id=load.video)
    assert load.acked["comment"] - {comment["content"] for comment in comments} == set()
    query = {"token": first.token, "to_user_id": load.people[1].id}
    messages = await apk.whole_list("message/chat", "message_list", **query)
    assert load.acked["message"] - {message["content"] for message in messages} == set()
    for name in random.sample(sorted(load.acked["user"]), min(5, len(load.acked["user"]))):
        login = await apk.post("user/login", username=name, password="secret")
        assert login["status_code"] == 0, login
    likers = await check_edges(load)
    (video,) = [video for video in published if video["id"] == load.video]
    assert video["favorite_count"] == likers
    assert video["comment_count"] == len(comments)


async def check_edges(load: Load) -> int:
    """Check that every acknowledged edge exists and every count equals its number of edges."""
    followers: defaultdict[int, int] = defaultdict(int)
    likers = 0
    for person in load.people:
        listed = (await load.apk.read("relation/follow/list", user_id=person.id))["user_list"]
        follows = {user["id"] for user in listed}
        liked = (await load.apk.read("favorite/list", user_id=person.id))["video_list"]
        likes = {video["id"] for video in liked}
        likers += load.video in likes
        for followed in follows:
            followers[followed] += 1
        for (kind, owner, target), action in load.last.items():
            if owner == person.id:
                held = target in (follows if kind == "follow" else likes)
                assert held == (action == 1), (kind, owner, target)
    for person in load.people:
        user = (await load.apk.read("user", user_id=person.id))["user"]
        assert user["follower_count"] == followers[person.id]
    return likers
