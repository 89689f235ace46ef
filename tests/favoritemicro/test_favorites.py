"""The behaviour of favoriteservice."""

import asyncio

import pytest

from favoritemicro.dal import keys
from idl import favoritemicro
from microkit.errors import NotFound, ParamError, Unavailable

LIKE, UNLIKE = 1, 2
AUTHOR = 70


@pytest.fixture
async def videos(fleet):
    """Three videos of one author."""
    client = fleet.client("videoservice")
    made = [
        await client.CreateVideoMethod(title="t", author_id=AUTHOR, play_url="p", cover_url="c")
        for _ in range(3)
    ]
    return [answer.video_id for answer in made]


@pytest.fixture
async def favorites(fleet):
    return fleet.client("favoriteservice")


async def act(favorites, user, video, action=LIKE):
    await favorites.FavoriteMethod(user_id=user, video_id=video, action_type=action)


async def counts(favorites, video, user):
    likes = (await favorites.VideoFavoriteCountMethod(video_id=video)).favorite_count
    given = await favorites.UserFavoriteCountMethod(user_id=user)
    author = await favorites.UserFavoriteCountMethod(user_id=AUTHOR)
    return likes, given.favorite_count, author.favorited_count


async def test_like_and_unlike_are_idempotent(favorites, videos):
    await asyncio.gather(*(act(favorites, 1, videos[0]) for _ in range(5)))
    assert await counts(favorites, videos[0], 1) == (1, 1, 1)
    await act(favorites, 2, videos[0])
    assert await counts(favorites, videos[0], 1) == (2, 1, 2)
    await asyncio.gather(*(act(favorites, 1, videos[0], UNLIKE) for _ in range(5)))
    assert await counts(favorites, videos[0], 1) == (1, 0, 1)
    await act(favorites, 3, videos[1], UNLIKE)
    assert await counts(favorites, videos[1], 3) == (0, 0, 1)


async def test_a_like_of_an_unknown_video_or_an_invalid_action_is_refused(favorites, videos):
    for action in (LIKE, UNLIKE):
        with pytest.raises(NotFound):
            await act(favorites, 1, 999, action)
    for arguments in ((1, videos[0], 3), (0, videos[0], 1)):
        with pytest.raises(ParamError):
            await act(favorites, *arguments)


async def test_the_list_begins_with_the_newest_like(favorites, videos):
    for video in (videos[1], videos[0], videos[2]):
        await act(favorites, 1, video)
    answer = await favorites.FavoriteListMethod(user_id=1)
    assert answer.video_id_list == [videos[2], videos[0], videos[1]]
    assert (await favorites.FavoriteListMethod(user_id=99)).video_id_list == []


async def test_every_requested_id_is_returned(favorites, videos):
    await act(favorites, 1, videos[0])
    asked = [videos[0], videos[1], 999]
    relations = await favorites.FavoriteRelationsMethod(user_id=1, video_id_list=asked)
    assert relations.is_favorite_map == {videos[0]: True, videos[1]: False, 999: False}
    assert (await favorites.FavoriteRelationMethod(user_id=1, video_id=videos[0])).is_favorite
    totals = await favorites.VideosFavoriteCountMethod(video_id_list=asked)
    assert totals.favorite_count_map == {videos[0]: 1, videos[1]: 0, 999: 0}
    users = await favorites.UsersFavoriteCountMethod(user_id_list=[1, AUTHOR, 999])
    assert users.favorite_count_map == {1: [1, 0], AUTHOR: [0, 1], 999: [0, 0]}
    summary = await favorites.FavoriteSummaryMethod(
        user_id=1, video_id_list=asked, user_id_list=[1, AUTHOR, 999]
    )
    assert summary.video_favorite_count_map == totals.favorite_count_map
    assert summary.is_favorite_map == relations.is_favorite_map
    assert summary.user_favorite_count_map == users.favorite_count_map
    nobody = await favorites.FavoriteSummaryMethod(video_id_list=asked, user_id_list=[])
    assert not any(nobody.is_favorite_map.values())


async def test_one_call_answers_for_many_viewers(favorites, videos):
    await act(favorites, 1, videos[0])
    await act(favorites, 2, videos[2])
    viewed = [
        favoritemicro.Viewed(viewer=1, video_ids=videos),
        favoritemicro.Viewed(viewer=2, video_ids=videos[1:]),
        favoritemicro.Viewed(viewer=0, video_ids=videos),
        favoritemicro.Viewed(viewer=3, video_ids=[]),
    ]
    answer = await favorites.FavoriteSummaryMethod(
        video_id_list=videos, user_id_list=[], viewed=viewed
    )
    assert answer.liked == [[videos[0]], [videos[2]], [], []]
    assert answer.video_favorite_count_map == {videos[0]: 1, videos[1]: 0, videos[2]: 1}
    columns = await favorites.FavoriteSummaryMethod(
        video_id_list=[*videos, videos[0]],
        user_id_list=[AUTHOR, 999, 1, AUTHOR],
        viewed=viewed,
        columns=True,
    )
    assert columns.liked == answer.liked
    assert columns.video_counts == [1, 0, 1]
    assert (columns.given_counts, columns.received_counts) == ([0, 0, 1], [2, 0, 0])


async def test_one_call_reads_pages_of_several_users(favorites, videos):
    for video in videos:
        await act(favorites, 1, video)
    await act(favorites, 2, videos[1])
    keys = [
        favoritemicro.PageKey(user_id=1, count=2),
        favoritemicro.PageKey(user_id=2),
        favoritemicro.PageKey(user_id=3),
    ]
    answer = await favorites.FavoritePagesMethod(pages=keys)
    assert answer.pages == [[videos[2], videos[1]], [videos[1]], []]
    assert answer.next_cursors[1:] == [0, 0]
    rest = favoritemicro.PageKey(user_id=1, cursor=answer.next_cursors[0])
    assert (await favorites.FavoritePagesMethod(pages=[rest])).pages == [[videos[0]]]
    assert (await favorites.FavoritePagesMethod(pages=[])).pages == []
    with pytest.raises(ParamError):
        await favorites.FavoritePagesMethod(pages=keys * 3)


async def test_a_cached_author_needs_no_videoservice(favorites, videos, fleet):
    await act(favorites, 1, videos[0])
    await fleet.stop("videoservice")
    await act(favorites, 2, videos[0])
    assert (await favorites.VideoFavoriteCountMethod(video_id=videos[0])).favorite_count == 2
    with pytest.raises(Unavailable):
        await act(favorites, 1, videos[1])


async def test_recount_keeps_counts_exact_during_likes(favorites, fleet, database_url):
    client = fleet.client("videoservice")
    made = [
        (
            await client.CreateVideoMethod(
                title="t", author_id=50 + n % 4, play_url="p", cover_url="c"
            )
        ).video_id
        for n in range(200)
    ]

    async def like():
        for video in made:
            await act(favorites, 1, video)

    liking = asyncio.create_task(like())
    while not liking.done():
        lines = await fleet.recount("favoriteservice")
        assert not [line for line in lines if "likes received" in line]
    await liking
    answer = await favorites.UsersFavoriteCountMethod(user_id_list=[50, 51, 52, 53])
    assert {each[1] for each in answer.favorite_count_map.values()} == {50}


async def test_recount_repairs_every_count_from_given(favorites, videos, fleet):
    await act(favorites, 1, videos[0])
    await act(favorites, 2, videos[1])
    redis = await fleet.running["favoriteservice"].context.redis()
    await redis.execute("SREM", keys.likers(videos[0]), 1)
    await redis.execute("SADD", keys.likers(videos[0]), 55)
    await redis.execute("SET", keys.received(AUTHOR), 40)
    assert await fleet.recount("favoriteservice") == [
        f"video {videos[0]}: liker 1 added",
        f"video {videos[0]}: liker 55 removed",
        f"user {AUTHOR}: likes received 40 → 2",
        "3 counts repaired",
    ]
    assert await counts(favorites, videos[0], 1) == (1, 1, 2)
    assert await fleet.recount("favoriteservice") == ["0 counts repaired"]
