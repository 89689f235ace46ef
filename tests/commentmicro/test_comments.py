"""The behaviour of commentservice."""

import asyncio
import re

import pytest

from commentmicro.dal.model import CommentCount
from idl import commentmicro, usermicro
from microkit.errors import Forbidden, NotFound, ParamError

PUBLISH, DELETE = 1, 2
AUTHOR = 70


@pytest.fixture
async def video(fleet):
    client = fleet.client("videoservice")
    made = await client.CreateVideoMethod(title="t", author_id=AUTHOR, play_url="p", cover_url="c")
    return made.video_id


@pytest.fixture
async def comments(fleet):
    return fleet.client("commentservice")


async def publish(comments, user, video, text="好看!"):
    answer = await comments.CommentMethod(
        user_id=user, video_id=video, action_type=PUBLISH, comment_text=text
    )
    return answer.comment


async def delete(comments, user, video, comment_id):
    await comments.CommentMethod(
        user_id=user, video_id=video, action_type=DELETE, comment_id=comment_id
    )


async def count(comments, video):
    answer = await comments.VideosCommentCountMethod(video_id_list=[video, 999])
    assert answer.comment_count_map[999] == 0
    return answer.comment_count_map[video]


async def listed(comments, video):
    answer = await comments.CommentListMethod(user_id=1, video_id=video)
    return [comment.id for comment in answer.comment_list]


async def test_a_comment_is_returned_listed_and_counted(comments, video, fleet):
    users = fleet.client("userservice")
    newuser = usermicro.CreateUserInfo(name="小红")
    user = (await users.CreateUserMethod(newuser=newuser, password="x")).user_id
    comment = await publish(comments, user, video, "'; DROP TABLE comment; -- 😀")
    assert comment.content == "'; DROP TABLE comment; -- 😀"
    assert (comment.user.id, comment.user.name) == (user, "小红")
    assert re.fullmatch(r"\d\d-\d\d", comment.create_date)
    (found,) = (await comments.CommentListMethod(user_id=1, video_id=video)).comment_list
    assert found == comment
    assert await count(comments, video) == 1


async def test_the_list_is_newest_first(comments, video):
    made = [(await publish(comments, 1, video, f"c{i}")).id for i in range(5)]
    assert await listed(comments, video) == made[::-1]


async def test_one_call_reads_pages_of_several_videos(comments, video):
    made = [await publish(comments, user, video, f"第 {user} 条") for user in (1, 2, 3)]
    keys = [
        commentmicro.CommentPageKey(video_id=video, count=2),
        commentmicro.CommentPageKey(video_id=999),
        commentmicro.CommentPageKey(video_id=video, cursor=made[1].id),
    ]
    answer = await comments.CommentPagesMethod(pages=keys)
    assert answer.sizes == [2, 0, 1]
    assert answer.next_cursors == [made[1].id, 0, 0]
    newest_first = made[::-1]
    assert answer.ids == [each.id for each in newest_first]
    assert answer.user_ids == [3, 2, 1]
    assert answer.contents == [each.content for each in newest_first]
    assert answer.create_dates == [each.create_date for each in newest_first]
    with pytest.raises(ParamError):
        await comments.CommentPagesMethod(pages=keys * 3)
    key = commentmicro.CommentPageKey(video_id=video, count=301)
    with pytest.raises(ParamError):
        await comments.CommentPagesMethod(pages=[key])


async def test_only_its_author_or_the_videos_author_deletes_a_comment(comments, video):
    first, second = [(await publish(comments, 1, video)).id for _ in range(2)]
    with pytest.raises(Forbidden):
        await delete(comments, 2, video, first)
    assert await count(comments, video) == 2
    await delete(comments, 1, video, first)
    await delete(comments, AUTHOR, video, second)
    assert await count(comments, video) == 0
    assert await listed(comments, video) == []
    with pytest.raises(NotFound):
        await delete(comments, 1, video, first)
    assert await count(comments, video) == 0


async def test_concurrent_comments_are_all_counted(comments, video):
    made = await asyncio.gather(*(publish(comments, i + 1, video) for i in range(20)))
    assert await count(comments, video) == 20
    attempts = [delete(comments, AUTHOR, video, comment.id) for comment in made[:10] * 2]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(isinstance(each, NotFound) for each in outcomes) == 10
    assert await count(comments, video) == len(await listed(comments, video)) == 10


async def test_invalid_comments_are_refused(comments, video):
    for text in (None, "", " \n", "x" * 501):
        with pytest.raises(ParamError):
            await publish(comments, 1, video, text)
    with pytest.raises(NotFound):
        await publish(comments, 1, 999)
    with pytest.raises(ParamError):
        await delete(comments, 1, video, None)
    with pytest.raises(NotFound):
        await delete(comments, 1, video, 404)
    comment = await publish(comments, 1, video)
    with pytest.raises(ParamError):
        await delete(comments, 1, video + 1, comment.id)
    with pytest.raises(ParamError):
        await comments.CommentMethod(user_id=1, video_id=video, action_type=3)


async def test_ids_only_needs_no_userservice(comments, video, fleet):
    await fleet.stop("userservice")
    answer = await comments.CommentMethod(
        user_id=1, video_id=video, action_type=PUBLISH, comment_text="x", ids_only=True
    )
    assert (answer.comment.user.id, answer.comment.user.name) == (1, "")
    answer = await comments.CommentListMethod(user_id=1, video_id=video, ids_only=True)
    assert len(answer.comment_list) == 1


async def test_recount_repairs_the_counts_from_the_comments(comments, video, fleet):
    await publish(comments, 1, video)
    database = await fleet.running["commentservice"].context.database()
    await database.write(CommentCount.update(count=9))
    await database.write(CommentCount.insert(video_id=777, count=3))
    assert await fleet.recount("commentservice") == [
        f"video {video}: comments 9 → 1",
        "video 777: comments 3 → 0",
        "2 counts repaired",
    ]
    assert await fleet.recount("commentservice") == ["0 counts repaired"]
