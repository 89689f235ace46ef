"""Blocks, reports, hidden videos and people, and forbidden words over HTTP."""

import asyncio
import re
from collections import Counter

import pytest
from fleet import eventually

from api.words import WordList
from microkit.config import ConfigError

REFUSED, FORBIDDEN, MISSING, LOGIN = 10002, 10008, 10007, 10004


@pytest.fixture
def world() -> str:
    """The stores do not matter here: the services' tests try them."""
    return "embedded"


async def publish(http, person, title):
    made = await http.fleet.client("videoservice").CreateVideoMethod(
        title=title, author_id=person.id, play_url="videos/a.mp4", cover_url="covers/a.jpg"
    )
    return made.video_id


async def comment(http, person, video_id, text="hi"):
    act = {"token": person.token, "video_id": video_id, "action_type": 1, "comment_text": text}
    return await http.post("/douyin/comment/action/", **act)


async def titles(http, path, **query):
    answer = await http.get(path, **query)
    assert answer["status_code"] == 0
    return [each["title"] for each in answer["video_list"]]


async def test_blocked_people_neither_see_nor_reach_each_other(http):
    ann, ben, cat = [await http.register(name) for name in ("ann", "ben", "cat")]
    of_ann, of_ben = [await publish(http, each, f"snow {each.id}") for each in (ann, ben)]
    of_cat = await publish(http, cat, "snow of cat")
    for who in (ann, ben):
        assert (await comment(http, who, of_cat))["status_code"] == 0
    act = {"token": ann.token, "to_user_id": ben.id, "action_type": 1}
    assert (await http.post("/douyin/block/action/", **act))["status_code"] == 0
    assert (await http.post("/douyin/block/action/", **act))["status_code"] == 0

    for one, other, video_id in ((ann, ben, of_ben), (ben, ann, of_ann)):
        assert (await comment(http, one, video_id))["status_code"] == FORBIDDEN
        for path, more in (
            ("relation/action", {"action_type": 1}),
            ("message/action", {"action_type": 1, "content": "x"}),
        ):
            refused = await http.post(
                f"/douyin/{path}/", token=one.token, to_user_id=other.id, **more
            )
            assert refused["status_code"] in (FORBIDDEN, 0)
            assert refused["status_msg"]
        for path, query in (
            ("feed", {}),
            ("feed/recommended", {}),
            ("search/video", {"words": "snow"}),
            ("publish/list", {"user_id": other.id}),
        ):
            shown = await titles(http, f"/douyin/{path}/", token=one.token, **query)
            assert f"snow {other.id}" not in shown
        assert (await http.get("/douyin/video/", token=one.token, video_id=video_id))[
            "status_code"
        ] == MISSING
        found = await http.get("/douyin/search/user/", token=one.token, words="ann ben"[0])
        assert other.id not in [each["id"] for each in found["user_list"]]
        listed = await http.get("/douyin/comment/list/", token=one.token, video_id=of_cat)
        assert [each["user"]["id"] for each in listed["comment_list"]] == [one.id]
    assert len(await titles(http, "/douyin/feed/", token=cat.token)) == 3
    assert len(await titles(http, "/douyin/feed/")) == 3

    listed = await http.get("/douyin/block/list/", token=ann.token)
    assert [each["name"] for each in listed["user_list"]] == ["ben"]
    assert listed["next_cursor"] == 0
    await http.post("/douyin/block/action/", **{**act, "action_type": 2})
    assert (await comment(http, ben, of_ann))["status_code"] == 0
    assert len(await titles(http, "/douyin/feed/", token=ben.token)) == 3


async def test_operators_see_reports_once_and_hide_and_show_videos_and_people(http):
    ann, ben = await http.register("ann"), await http.register("ben")
    video_id = await publish(http, ben, "bad #tag")
    await publish(http, ann, "good")
    await comment(http, ben, await publish(http, ann, "commented"))
    report = {"token": ann.token, "kind": 1, "target_id": video_id}
    for reason in ("<b>spam</b>", "again"):
        assert (await http.post("/douyin/report/", **report, reason=reason))["status_code"] == 0
    assert (await http.post("/douyin/report/", **{**report, "kind": 4}))["status_code"] == REFUSED
    assert (await http.post("/douyin/report/", **{**report, "token": ""}))["status_code"] == LOGIN

    text = await page(http)
    assert "&lt;b&gt;spam&lt;/b&gt;" in text
    assert "again" not in text
    token = re.search(r'name="token" value="(\w+)"', text)[1]
    form = {"token": token, "kind": "video", "id": str(video_id), "action": "hide"}
    assert (await change(http, {**form, "token": "x"}))[0] == 403
    assert len(await titles(http, "/douyin/feed/")) == 3
    foreign = {"Host": "evil.example"}
    async with http.session.get(f"{http.admin}/moderation", headers=foreign) as response:
        assert response.status == 403
    assert f"video {video_id} hidden" in (await change(http, form))[1]
    for path, query in (
        ("feed", {}),
        ("search/video", {"words": "bad"}),
        ("hashtag", {"hashtag": "tag"}),
        ("publish/list", {"user_id": ben.id}),
    ):
        assert "bad #tag" not in await titles(http, f"/douyin/{path}/", **query)
    assert (await http.session.get(f"{http.base}/v/{video_id}")).status == 404
    await change(http, {**form, "action": "show"})
    assert await titles(http, "/douyin/hashtag/", hashtag="tag") == ["bad #tag"]
    assert "There is no such video" in (await change(http, {**form, "id": "999"}))[1]
    assert "want the id" in (await change(http, {**form, "id": "x"}))[1]

    person = {**form, "kind": "user", "id": str(ben.id)}
    assert f"user {ben.id} hidden" in (await change(http, person))[1]
    login = {"username": "ben", "password": "secret"}
    assert (await http.post("/douyin/user/login/", **login))["status_code"] == FORBIDDEN
    assert (await http.get("/douyin/search/user/", words="ben"))["user_list"] == []

    async def unseen():
        return await titles(http, "/douyin/feed/") == ["commented", "good"]

    await eventually(unseen)  # accounts are cached for two seconds
    assert (await http.session.get(f"{http.base}/v/{video_id}")).status == 404
    commented = (await http.get("/douyin/feed/"))["video_list"][0]["id"]
    assert (await http.get("/douyin/comment/list/", video_id=commented))["comment_list"] == []
    await change(http, {**person, "action": "show"})
    await eventually(lambda: is_shared(http, video_id))
    assert (await http.post("/douyin/user/login/", **login))["status_code"] == 0


async def is_shared(http, video_id):
    async with http.session.get(f"{http.base}/v/{video_id}") as response:
        return response.status == 200


async def page(http):
    async with http.session.get(f"{http.admin}/moderation") as response:
        assert response.status == 200
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        return await response.text()


async def change(http, form):
    async with http.session.post(f"{http.admin}/moderation", data=form) as response:
        return response.status, await response.text()


async def test_the_page_for_operators_is_on_the_admin_port_only(http):
    async with http.session.get(f"{http.base}/moderation") as response:
        assert response.status == 404


async def test_texts_with_words_of_the_list_are_refused(open_http, tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("# 一行一个\n坏话\nＢａｄ\n", encoding="utf-8")
    async with open_http(words_file=str(file)) as http:
        ann, ben = await http.register("ann"), await http.register("ben")
        video_id = await publish(http, ben, "badge")
        codes = Counter()
        for text in ("坏\u200b话", "so BAD!", "bad", "说坏话"):
            codes[(await comment(http, ann, video_id, text))["status_code"]] += 1
            sent = await http.post(
                "/douyin/message/action/",
                token=ann.token, to_user_id=ben.id, action_type=1, content=text,
            )  # fmt: skip
            codes[sent["status_code"]] += 1
            named = await http.post("/douyin/user/register/", username=text, password="secret")
            codes[named["status_code"]] += 1
        edits = ({"name": "so BAD!"}, {"signature": "说坏话"}, {"name": "badge", "signature": ""})
        edited = await asyncio.gather(
            *(http.post("/douyin/user/edit/", token=ann.token, **each) for each in edits)
        )
        assert [each["status_code"] for each in edited] == [REFUSED, REFUSED, 0]
        assert codes == {REFUSED: 12}
        assert (await comment(http, ann, video_id, "badge 坏 话"))["status_code"] == 0


def test_a_word_list_that_cannot_be_used_ends_the_start(tmp_path):
    empty, large = tmp_path / "empty", tmp_path / "large"
    empty.write_text("# nothing\n\n")
    large.write_bytes(b"x\n" * (3 << 20))
    for file in (tmp_path / "none", empty, large):
        with pytest.raises(ConfigError, match="WORDS_FILE"):
            WordList.load(str(file))
    assert WordList.load("") is None
