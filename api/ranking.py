"""The order of recommended videos: pure functions and their data."""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

_COMMENT: Final = 2  # likes that a comment counts as
_FOLLOWED: Final = 3.0  # times the score of a stranger's video
_HOURS_BEFORE: Final = 2.0
_AGING: Final = 1.5
_MS_PER_HOUR: Final = 3_600_000


class Candidate(msgspec.Struct, frozen=True, array_like=True):
    """A video that may be recommended, and its score."""

    id: int
    author_id: int
    score: float


class Ranking(msgspec.Struct, frozen=True, array_like=True):
    """The candidates of a period, the highest score first.

    Attributes:
        period: its number.
        candidates: the newest videos.
        oldest_ms: the time of the oldest of them (ms since 1970), 0 if there is none.
    """

    period: int
    candidates: list[Candidate]
    oldest_ms: int

    def order_for(
        self, followed: frozenset[int], seen: Mapping[int, int], started_ms: int
    ) -> list[Candidate]:
        """Return the candidates for a viewer.

        First what the viewer has not seen, by score; then what was seen before `started_ms`, the
        longest ago first. What was seen since is left out.

        Args:
            followed: the authors that the viewer follows.
            seen: when (ms) the viewer was shown a video, by id.
            started_ms: when the viewer asked for the first page.
        """

        def score(each: Candidate) -> float:
            return each.score * (_FOLLOWED if each.author_id in followed else 1.0)

        fresh = [each for each in self.candidates if each.id not in seen]
        again = [each for each in self.candidates if seen.get(each.id, started_ms) < started_ms]
        fresh.sort(key=score, reverse=True)
        again.sort(key=lambda each: seen[each.id])
        return [*fresh, *again]


def ranked(
    period: int,
    now_ms: int,
    videos: Iterable[tuple[int, int, int]],
    likes: Mapping[int, int],
    comments: Mapping[int, int],
) -> Ranking:
    """Rank videos (id, author id, time in ms), given newest first, by their scores at a time."""
    found, oldest_ms = [], 0
    for video_id, author_id, created_ms in videos:
        deeds = 1 + likes.get(video_id, 0) + _COMMENT * comments.get(video_id, 0)
        hours = max(now_ms - created_ms, 0) / _MS_PER_HOUR
        score = deeds / (hours + _HOURS_BEFORE) ** _AGING
        found.append(Candidate(video_id, author_id, score))
        oldest_ms = created_ms
    found.sort(key=lambda each: (each.score, each.id), reverse=True)
    return Ranking(period, found, oldest_ms)


class CursorKind(IntEnum):
    """What the value of a cursor means."""

    START = 0
    """The first page."""
    RANKED = 1
    """The period and the place in its ranking."""
    PERSONAL = 2
    """When the viewer asked for the first page (ms); what was seen since is left out."""
    OLDER = 3
    """The time (ms) before which videos follow, newest first."""


class Cursor(NamedTuple):
    """Where a page begins."""

    kind: CursorKind
    value: int

    @classmethod
    def read(cls, number: int) -> "Cursor":
        """Return the cursor that a client sent back."""
        value, kind = divmod(number, len(CursorKind))
        return cls(CursorKind(kind), value)

    @property
    def number(self) -> int:
        """The cursor as clients get it; 0 if nothing follows."""
        return self.value * len(CursorKind) + self.kind if self.value else 0
