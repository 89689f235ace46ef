"""Repairs the cached counts of all users from the services that own them."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from idl import favoritemicro, relationmicro, videomicro
from microkit.context import Context
from usermicro.dal.user import UserRow, Users
from usermicro.settings import Settings

_PAGE: Final = 500
_COUNTS: Final = (
    "follow_count",
    "follower_count",
    "total_favorited",
    "work_count",
    "favorite_count",
)


async def recount(context: Context[Settings]) -> AsyncIterator[str]:
    """Compare every user's cached counts with the live ones and repair differences."""
    users = Users(await context.database())
    live = _LiveCounts(context)
    repaired, after = 0, 0
    while rows := await users.page(after, _PAGE):
        after = rows[-1].id
        for row, counts in zip(rows, await live.of(rows), strict=True):
            wrong = {name: counts[name] for name in _COUNTS if getattr(row, name) != counts[name]}
            if wrong:
                await users.update(row.id, wrong)
                repaired += 1
                changes = ", ".join(f"{k} {getattr(row, k)} → {v}" for k, v in wrong.items())
                yield f"user {row.id}: {changes}"
    yield f"{repaired} users repaired"


class _LiveCounts:
    """Loads the live counts of a page of users from three services."""

    def __init__(self, context: Context[Settings]) -> None:
        self._relations = context.client(relationmicro.CONTRACT)
        self._favorites = context.client(favoritemicro.CONTRACT)
        self._videos = context.client(videomicro.CONTRACT)

    async def of(self, rows: Sequence[UserRow]) -> list[dict[str, int]]:
        ids = [row.id for row in rows]
        follows = (
            await self._relations.GetFollowInfosMethod(target_uids=ids)
        ).follow_info_map or {}
        likes = (
            await self._favorites.UsersFavoriteCountMethod(user_id_list=ids)
        ).favorite_count_map
        works = (await self._videos.GetVideoCountSetByIdUserSetMethod(author_id_set=ids)).count_set
        work_counts = {each.id: each.count for each in works}
        return [
            {
                "follow_count": follows[user_id].follow_count,
                "follower_count": follows[user_id].follower_count,
                "total_favorited": likes[user_id][1],
                "work_count": work_counts[user_id],
                "favorite_count": likes[user_id][0],
            }
            for user_id in ids
        ]
