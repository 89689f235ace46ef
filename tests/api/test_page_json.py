"""The JSON of pages, put together from pieces, is that of their structs."""

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from api.pack.comment import CommentPage, comments
from api.pack.facts import Facts, PageFacts
from api.pack.splice import HOLE, array, encode, packed, pieces
from api.pack.url import absolute
from api.pack.user import Account, friend
from api.pack.video import VideoItem, videos
from api.portrait import key_of
from idl import commentmicro, core, interaction, relation, relationmicro, usermicro

BASE = "http://api:8888/objects"
IDS = range(1, 5)
ids = st.sampled_from(IDS)
counts = st.integers(0, 2**63 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", '"', "\\", "\0", "\x7f\u2028", "https://host/a.png"]
)
accounts = st.dictionaries(
    ids,
    st.builds(
        Account, name=texts, avatar=texts, background_image=texts, signature=texts, id=st.just(0)
    ),
).map(lambda found: {n: each._replace(id=n) for n, each in found.items()})
pages = st.builds(
    PageFacts,
    st.builds(
        Facts,
        st.just(IDS),
        accounts,
        st.lists(st.tuples(*[counts] * 5), min_size=len(IDS), max_size=len(IDS)),
        st.dictionaries(ids, counts),
        st.dictionaries(ids, counts),
    ),
    st.frozensets(ids),
    st.frozensets(ids),
)
rows = st.lists(st.builds(VideoItem, ids, texts, ids, texts, texts, texts), max_size=6)


def user(user_id: int, page: PageFacts) -> core.User:
    account = page.shared.accounts.get(user_id, Account(user_id))
    following, followers, given_likes, received, works = page.shared.counts[user_id - 1]
    return core.User(
        id=user_id,
        name=account.name,
        follow_count=following,
        follower_count=followers,
        is_follow=user_id in page.followed,
        avatar=absolute(BASE, account.avatar) or absolute(BASE, key_of(account.id)),
        background_image=absolute(BASE, account.background_image)
        or absolute(BASE, usermicro.DEFAULT_BACKGROUND_IMAGE),
        signature=account.signature or usermicro.DEFAULT_SIGNATURE,
        total_favourited=str(received),
        total_favorited=received,
        work_count=works,
        favorite_count=given_likes,
    )


@given(pages, st.lists(ids))
def test_people_are_encoded_as_their_structs(page, shown):
    expected = encode([user(each, page) for each in shown])
    assert encode(array(core.User, page.users(BASE, shown))) == expected
    for each, whole in zip(page.users(BASE, shown), shown, strict=True):
        assert encode(packed(core.User, each)) == encode(user(whole, page))


@given(pages, st.lists(st.tuples(ids, texts | st.none(), st.sampled_from([0, 1, None]))))
def test_friends_are_encoded_as_their_structs(page, shown):
    stored = [
        relationmicro.User(id=who, name="", is_follow=True, message=text, msg_type=kind)
        for who, text, kind in shown
    ]
    expected = [
        relation.FriendUser(
            **msgspec.structs.asdict(user(each.id, page)),
            message=each.message or "",
            msgType=each.msg_type or 0,
        )
        for each in stored
    ]
    users = page.users(BASE, [each.id for each in stored])
    assert encode(array(relation.FriendUser, map(friend, users, stored))) == encode(expected)


@given(pages, rows)
def test_videos_are_encoded_as_their_structs(page, shown):
    expected = [
        core.Video(
            id=row.id,
            author=user(row.author_id, page),
            play_url=absolute(BASE, row.play_url),
            cover_url=absolute(BASE, row.cover_url),
            favorite_count=page.shared.likes.get(row.id, 0),
            comment_count=page.shared.comments.get(row.id, 0),
            is_favorite=row.id in page.liked,
            title=row.title,
            hls_url=absolute(BASE, row.hls_url) or None,
        )
        for row in shown
        if row.author_id not in page.unseen
    ]
    assert encode(array(core.Video, videos(shown, page, BASE))) == encode(expected)


@given(pages, st.lists(st.tuples(counts, ids, texts)))
def test_comments_are_encoded_as_their_structs(page, shown):
    stored = [
        commentmicro.Comment(
            id=number,
            user=commentmicro.User(id=who, name="", is_follow=False),
            content=text,
            create_date="11-29",
        )
        for number, who, text in shown
    ]
    expected = [
        interaction.Comment(
            id=each.id,
            user=user(each.user.id, page),
            content=each.content,
            create_date=each.create_date,
        )
        for each in stored
        if each.user.id not in page.unseen
    ]
    assert encode(comments(CommentPage.of(*stored), page, BASE)) == encode(expected)


@given(texts, texts)
def test_a_text_is_never_taken_for_a_hole(one, other):
    login = core.LoginResp.ok(user_id=HOLE, token=one + "\0" + other)
    head, tail = pieces(login)
    assert json.loads(head + b"7" + tail)["token"] == one + "\0" + other
