"""Which recommended videos a viewer was shown, in Redis for a day."""

from collections.abc import Mapping, Sequence
from typing import Final

from api import keys
from microkit.storage.redis import Script
from microkit.storage.token_bucket import LimitStore

MAX_SEEN: Final = 1000
_SECONDS: Final = 86_400

# KEYS: seen. Returns the videos and their times.
_READ = Script("read_seen", "return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')")
# KEYS: seen. ARGV: time (ms), maximum, seconds, ids of videos (up to 50).
_ADD = Script(
    "add_seen",
    """
for i = 4, #ARGV do redis.call('ZADD', KEYS[1], ARGV[1], ARGV[i]) end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -ARGV[2] - 1)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
""",
)


class Seen:
    """What viewers were shown, up to 1,000 videos each."""

    def __init__(self, store: LimitStore) -> None:
        self._store = store

    async def of(self, viewer: int) -> Mapping[int, int] | None:
        """Return the times (ms) by video; None while Redis does not answer."""
        flat = await self._store.run(_READ, [keys.seen(viewer)], [])
        if flat is None:
            return None
        return {int(each): int(float(ms)) for each, ms in zip(flat[::2], flat[1::2], strict=True)}

    async def add(self, viewer: int, videos: Sequence[int], time_ms: int) -> None:
        """Remember that a viewer was shown videos at a time."""
        if videos:
            await self._store.run(_ADD, [keys.seen(viewer)], [time_ms, MAX_SEEN, _SECONDS, *videos])
