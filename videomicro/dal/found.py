"""Videos that are found by their titles."""

from collections.abc import Sequence

from microkit.errors import ParamError
from microkit.paging import Page
from microkit.postings import Finder
from microkit.terms import MAX_TAG, Query, hashtag, hashtag_term, is_hashtag
from videomicro.dal.titles import Titles
from videomicro.dal.video import VideoRow, Videos


class FoundVideos:
    """Searches of one database; each page is newest first."""

    def __init__(self, titles: Titles, videos: Videos) -> None:
        self._titles = titles
        self._videos = videos

    async def by_words(self, words: str, before: int, count: int) -> Page[VideoRow]:
        """Return videos from before a time (ms) that have all words of `words` in their title.

        Raises:
            ParamError: there are no letters and digits to look for.
        """
        query = Query(words)
        if not query.terms:
            raise ParamError("请输入要搜索的文字")

        async def load(ids: Sequence[int]) -> list[VideoRow]:
            return [row for row in await self._rows(ids) if query.matches(row.title)]

        return await Finder(self._titles, load, _key).page(query.terms, before, count)

    async def by_hashtag(self, tag: str, before: int, count: int) -> Page[VideoRow]:
        """Return videos from before a time (ms) that have a hashtag, given with or without sign.

        Raises:
            ParamError: the text cannot be a hashtag.
        """
        name = hashtag(tag)
        if not is_hashtag(name):
            raise ParamError(f"话题应为 1 到 {MAX_TAG} 个文字或数字")
        finder = Finder(self._titles, self._rows, _key)
        return await finder.page([hashtag_term(name)], before, count)

    async def _rows(self, ids: Sequence[int]) -> list[VideoRow]:
        rows = await self._videos.by_ids(ids)
        return [rows[each] for each in ids if each in rows]


def _key(row: VideoRow) -> int:
    return row.created_ms
