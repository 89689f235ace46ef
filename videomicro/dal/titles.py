"""The index of titles: by words and by hashtags."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from microkit.postings import Posting
from microkit.storage.database import Database, Statement, Transaction
from microkit.terms import hashtag_term, hashtags, terms
from videomicro.dal.model import Hashtag, Indexing, Term, Video
from videomicro.dal.version import Versions, hold

_ROWS: Final = 400  # of one statement
_CHUNK: Final = 50  # videos of one transaction
_PREFIXED: Final = 200

_POSTINGS = Statement(
    lambda name, before, limit: (
        Term.select(Term.created_ms, Term.video_id)
        .where(Term.term == name, Term.created_ms < before)
        .order_by(Term.created_ms.desc())
        .limit(limit)
    )
)
_PRESENT = Statement(
    lambda names, times: Term.select(Term.term, Term.created_ms).where(
        Term.term.in_(names), Term.created_ms.in_(times)
    )
)
_REMOVE = Statement(
    lambda names, since: Term.delete().where(Term.term.in_(names), Term.created_ms == since)
)
_COUNT = Statement(
    lambda name, count: Hashtag.update(videos=Hashtag.videos + count).where(Hashtag.name == name)
)
_PREFIX = Statement(
    lambda first, last: (
        Hashtag.select(Hashtag.name, Hashtag.videos)
        .where(Hashtag.name >= first, Hashtag.name < last)
        .order_by(Hashtag.name)
        .limit(_PREFIXED)
    )
)
_POPULAR = Statement(
    lambda count: (
        Hashtag.select(Hashtag.name, Hashtag.videos)
        .where(Hashtag.videos > 0)
        .order_by(Hashtag.videos.desc())
        .limit(count)
    )
)
_DONE = Statement(lambda: Indexing.select(Indexing.done_ms).where(Indexing.id == 1))
_PROGRESS = Statement(lambda since: Indexing.update(done_ms=since).where(Indexing.id == 1))
_UNINDEXED = Statement(
    lambda after, limit: (
        Video.select(Video.id, Video.created_ms, Video.title, Video.deleted)
        .where(Video.created_ms > after)
        .order_by(Video.created_ms)
        .limit(limit)
    )
)


class Titled(NamedTuple):
    """A video and its title."""

    id: int
    created_ms: int
    title: str


class HashtagRow(NamedTuple):
    """A hashtag in its normal form, and how many videos have it."""

    name: str
    videos: int


class Titles:
    """The index of one database; `microkit.postings` reads it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._versions = Versions(database)

    async def postings(self, term: str, before: int, limit: int) -> list[Posting]:
        """Return up to `limit` videos with a term from before a time, newest first."""
        query = _POSTINGS(name=term.encode(), before=before, limit=limit)
        return [Posting(*row) for row in await self._versions.listed(query)]

    async def present(self, terms: Sequence[str], keys: Sequence[int]) -> set[tuple[str, int]]:
        """Return the pairs of `terms` and `keys` (times) that the index has."""
        query = _PRESENT(names=[each.encode() for each in terms], times=list(keys))
        return _pairs(await self._versions.listed(query))

    async def suggested(self, prefix: str, count: int) -> list[HashtagRow]:
        """Return up to `count` hashtags with the most videos.

        Of those that begin with `prefix` the first 200 in the order of their names are compared.
        """
        query = _POPULAR(count=count)
        if prefix:
            first = prefix.encode()
            query = _PREFIX(first=first, last=first + b"\xff")  # a byte that UTF-8 never has
        rows = await self._versions.listed(query)
        found = [HashtagRow(bytes(name).decode(), videos) for name, videos in rows if videos > 0]
        return sorted(found, key=lambda each: (-each.videos, each.name))[:count]

    async def fill(self) -> bool:
        """Index the next videos that are not known to be; return whether there may be more.

        Videos are indexed with their row; this is for rows of earlier versions. A chunk and how far
        it goes are one transaction, so that it can end at any time.
        """
        ((done_ms,),) = await self._database.rows(_DONE())
        if not await self._database.rows(_UNINDEXED(after=done_ms, limit=1)):
            return False
        return await self._database.transaction(self._fill)

    def _fill(self, transaction: Transaction) -> bool:
        hold(transaction)
        ((done_ms,),) = transaction.rows(_DONE())
        rows = transaction.rows(_UNINDEXED(after=done_ms, limit=_CHUNK))
        live = [Titled(*row[:-1]) for row in rows if not row[-1]]
        if live:
            wanted = list(dict.fromkeys(each for video in live for each in _terms(video.title)))
            times = [each.created_ms for each in live]
            known: set[tuple[str, int]] = set()
            for at in range(0, len(wanted), _ROWS):
                names = [each.encode() for each in wanted[at : at + _ROWS]]
                known |= _pairs(transaction.rows(_PRESENT(names=names, times=times)))
            add(transaction, live, known)
        if rows:
            transaction.write(_PROGRESS(since=rows[-1][1]))
        return len(rows) == _CHUNK


def add(
    transaction: Transaction,
    videos: Iterable[Titled],
    known: "set[tuple[str, int]] | frozenset[tuple[str, int]]" = frozenset(),
) -> None:
    """Index new videos, whose clock the transaction holds; `known` are terms that are indexed."""
    tags: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    for video in videos:
        for term in _terms(video.title):
            if (term, video.created_ms) not in known:
                rows.append({"term": term, "created_ms": video.created_ms, "video_id": video.id})
                tags.update(_tag(term))
    pending = iter(rows)
    while part := list(islice(pending, _ROWS)):
        transaction.write(Term.insert_many(part))
    _count(transaction, tags)


def remove(transaction: Transaction, video: Titled) -> None:
    """Remove a video from the index; nothing happens if it is not there."""
    names = [each.encode() for each in _terms(video.title)]
    if not names:
        return
    known = _pairs(transaction.rows(_PRESENT(names=names, times=[video.created_ms])))
    transaction.write(_REMOVE(names=names, since=video.created_ms))
    tags = Counter(tag for term, _ in known for tag in _tag(term))
    _count(transaction, Counter({tag: -count for tag, count in tags.items()}))


def _count(transaction: Transaction, tags: Counter[str]) -> None:
    for tag, count in tags.items():
        name = tag.encode()
        if not transaction.write(_COUNT(name=name, count=count)).rowcount and count > 0:
            transaction.write(Hashtag.insert(name=name, videos=count))


def _terms(title: str) -> list[str]:
    return [*terms(title), *map(hashtag_term, hashtags(title))]


def _tag(term: str) -> list[str]:
    return [term[1:]] if term.startswith("#") else []


def _pairs(rows: Iterable[Sequence[Any]]) -> set[tuple[str, int]]:
    return {(bytes(term).decode(), key) for term, key in rows}
