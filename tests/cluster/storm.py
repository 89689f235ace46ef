"""Continuous follows, likes and messages, and a record of what was acknowledged."""

import asyncio
import itertools
from contextlib import AsyncExitStack

from cluster.conftest import Edges, followed, following, given, liked
from fleet import eventually

from favoritemicro.dal.favorite import Favorites
from microkit.background import BackgroundTasks
from microkit.config import Settings
from microkit.errors import StoreError
from microkit.paging import NEWEST
from microkit.storage.redis import open_redis
from microkit.storage.slots import slot_of
from relationmicro.dal.follow import Follows
from relationmicro.dal.message import MAX_MESSAGES, Messages

PEOPLE = list(range(1, 25))
VIDEOS = {video: 900 + video % 5 for video in range(100, 112)}  # with their authors
REPLICAS = 2


class Storm:
    """Every person changes follows and likes, and writes to a friend, as fast as it can.

    Each edge is changed by one writer only, so its last acknowledged state must hold. A change that
    failed may hold or not, until the next acknowledged one.
    """

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.states: dict[tuple[str, int, int], bool | None] = {}
        self.messages: dict[int, set[str]] = {person: set() for person in PEOPLE}
        self.acknowledged = 0
        self.failed: set[frozenset[int]] = set()
        self.failures = 0
        self.rounds = dict.fromkeys(PEOPLE, 0)
        self.edges: list[Edges] = []
        self.texts: list[Messages] = []

    async def open(self, stack: AsyncExitStack, settings: Settings) -> None:
        """Open the service replicas, each with its consumer of interrupted changes."""
        tasks = BackgroundTasks()
        for _ in range(REPLICAS):
            redis = await stack.enter_async_context(open_redis(settings))
            made = Edges(redis, Follows(redis), Favorites(redis))
            tasks.start(made.follows.complete())
            tasks.start(made.favorites.complete())
            self.edges.append(made)
            self.texts.append(Messages(redis))
        stack.push_async_callback(tasks.close)

    async def run(self) -> None:
        await asyncio.gather(*map(self._person, PEOPLE))

    async def round(self) -> bool:
        """Wait until all people did everything once more; return whether nothing failed."""
        failures, before = self.failures, dict(self.rounds)
        await eventually(lambda: all(self.rounds[each] >= before[each] + 2 for each in PEOPLE))
        return self.failures == failures

    async def _person(self, person: int) -> None:
        others = [PEOPLE[(PEOPLE.index(person) + step) % len(PEOPLE)] for step in (1, 7)]
        videos = [video for video in VIDEOS if (video + person) % 4 == 0]
        for n in itertools.count():
            replica = n % REPLICAS
            for other in others:
                await self._change("follow", replica, person, other)
            for video in videos:
                await self._change("like", replica, person, video)
            await self._write(replica, person, others[0], f"{person} {n}")
            self.rounds[person] += 1
            if self.stop.is_set():
                return
            await asyncio.sleep(0)

    async def _change(self, kind: str, replica: int, one: int, other: int) -> None:
        edges, wanted = self.edges[replica], not self.states.get((kind, one, other))
        owners = {one, other}
        self.states[kind, one, other] = None
        try:
            if kind == "follow":
                await (edges.follows.follow if wanted else edges.follows.unfollow)(one, other)
            else:
                owners.add(VIDEOS[other])
                change = edges.favorites.like if wanted else edges.favorites.unlike
                await change(one, other, VIDEOS[other])
        except StoreError:
            await self._fail(owners)
        else:
            self.states[kind, one, other] = wanted
            self.acknowledged += 1

    async def _write(self, replica: int, one: int, other: int, text: str) -> None:
        try:
            await self.texts[replica].send(one, other, text)
        except StoreError:
            await self._fail({one, other})  # the other lane has a mirror of the inbox
        else:
            self.messages[one].add(text)
            self.acknowledged += 1

    async def _fail(self, owners: set[int]) -> None:
        self.failures += 1
        self.failed.add(frozenset(slot_of(f"{{{owner % 1024}}}") for owner in owners))
        await asyncio.sleep(0.05)  # as a person would wait

    async def lost(self) -> list[object]:
        """Return the acknowledged writes that are not there."""
        redis = self.edges[0].redis
        held = {("follow", *edge) for edge in await following(redis, PEOPLE)}
        held |= {("like", *edge) for edge in await given(redis, PEOPLE)}
        lost: list[object] = [
            edge
            for edge, state in self.states.items()
            if state is not None and (edge in held) != state
        ]
        for person, texts in self.messages.items():
            lost += texts - await self._sent(person)
        return lost

    async def _sent(self, person: int) -> set[str]:
        other = PEOPLE[(PEOPLE.index(person) + 1) % len(PEOPLE)]
        found, cursor = set(), NEWEST
        while cursor:
            page = await self.texts[0].between(person, other, cursor, MAX_MESSAGES)
            found |= {row.content for row in page.items if row.sender_id == person}
            cursor = page.next_cursor
        return found

    async def exact(self) -> bool:
        """Whether all mirrors equal the edges, and all counts equal both."""
        redis, favorites = self.edges[0].redis, self.edges[0].favorites
        follows, likes = await following(redis, PEOPLE), await given(redis, PEOPLE)
        if await followed(redis, PEOPLE) != follows or await liked(redis, list(VIDEOS)) != likes:
            return False
        counts = await favorites.user_counts(set(VIDEOS.values()))
        received = dict.fromkeys(counts, 0)
        for _, video in likes:
            received[VIDEOS[video]] += 1
        return {author: each.received for author, each in counts.items()} == received
