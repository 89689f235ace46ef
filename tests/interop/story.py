"""What people do with the app: every endpoint, in good and in bad cases, and what each call shows.

What is shown is what a person sees: without ids, tokens, times and addresses, which differ from run
to run.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.apk import Apk, Person

ENDPOINTS = (
    "feed", "user/register", "user/login", "user", "publish/action", "publish/list",
    "favorite/action", "favorite/list", "comment/action", "comment/list", "relation/action",
    "relation/follow/list", "relation/follower/list", "relation/friend/list", "message/chat",
    "message/action",
)  # fmt: skip
UNKNOWN = 999_999


@dataclass(frozen=True)
class Step:
    """One call: where, in which case, what it answered."""

    endpoint: str
    case: str
    shown: Any

    @property
    def name(self) -> str:
        return f"{self.endpoint}: {self.case}"


class Story:
    """Ann and Bob sign up, publish, like, comment, follow and chat; Cat follows Ann."""

    def __init__(self, apk: Apk, clip: Path) -> None:
        self.steps: list[Step] = []
        self._apk = apk
        self._clip = clip

    async def play(self) -> list[Step]:
        """Make every call and return the steps."""
        await self._get("feed", "no video yet")
        ann, bob, cat = [await self._register(name) for name in ("ann", "bob", "cat")]
        await self._accounts(ann, bob)
        videos = await self._publishing(ann, bob)
        await self._likes(ann, bob, videos)
        await self._follows(ann, bob, cat)
        await self._comments(ann, bob, videos)
        await self._chat(ann, bob)
        for case, token in (("by Bob", bob.token), ("by nobody", "")):
            await self._get("feed", f"in the end, {case}", token=token)
            await self._get("user", f"in the end, {case}", user_id=ann.id, token=token)
        return self.steps

    async def _accounts(self, ann: Person, bob: Person) -> None:
        await self._post("user/register", "a taken name", username="ann", password="other-1")
        for case, name, password in (
            ("the right password", "ann", "secret"),
            ("a wrong password", "ann", "wrong-1"),
            ("an unknown name", "nobody", "secret"),
        ):
            await self._post("user/login", case, username=name, password=password)
        await self._get("user", "oneself", token=ann.token)
        await self._get("user", "by Bob", user_id=ann.id, token=bob.token)
        await self._get("user", "by nobody", user_id=ann.id)
        await self._get("user", "an unknown id", user_id=UNKNOWN, token=bob.token)

    async def _publishing(self, ann: Person, bob: Person) -> list[int]:
        for title in ("第一", "第二"):
            answer = await self._apk.publish(ann, self._clip, title)
            self._note("publish/action", title, answer)
        listed = await self._get("publish/list", "by Bob", user_id=ann.id, token=bob.token)
        await self._get("publish/list", "by nobody", user_id=ann.id)
        await self._get("publish/list", "empty", token=bob.token)
        page = await self._get("feed", "signed in", token=bob.token)
        await self._get("feed", "by nobody")
        await self._get("feed", "behind the last", latest_time=page["next_time"], token=bob.token)
        return [video["id"] for video in listed["video_list"]]

    async def _likes(self, ann: Person, bob: Person, videos: list[int]) -> None:
        for case, video, action, token in (
            ("a like", videos[1], 1, bob.token),
            ("the same like", videos[1], 1, bob.token),
            ("another", videos[0], 1, bob.token),
            ("unlike", videos[0], 2, bob.token),
            ("an unknown video", UNKNOWN, 1, bob.token),
            ("by nobody", videos[1], 1, ""),
        ):
            await self._post(
                "favorite/action", case, token=token, video_id=video, action_type=action
            )
        await self._get("favorite/list", "one's own", token=bob.token)
        await self._get("favorite/list", "by nobody", user_id=bob.id)
        await self._get("favorite/list", "empty", user_id=ann.id, token=bob.token)

    async def _comments(self, ann: Person, bob: Person, videos: list[int]) -> None:
        bobs = {"token": bob.token, "video_id": videos[1]}
        await self._get("comment/list", "empty", **bobs)
        await self._post("comment/action", "by Bob", **bobs, action_type=1, comment_text="不错")
        annes = bobs | {"token": ann.token}
        await self._post("comment/action", "by Ann", **annes, action_type=1, comment_text="谢谢")
        made = await self._post("comment/action", "again", **bobs, action_type=1, comment_text="!")
        deletion = bobs | {"action_type": 2, "comment_id": made["comment"]["id"]}
        await self._post("comment/action", "a deletion", **deletion)
        await self._post("comment/action", "the same deletion", **deletion)
        await self._post(
            "comment/action", "by nobody", **bobs | {"token": ""}, action_type=1, comment_text="x"
        )
        await self._get("comment/list", "by Bob", **bobs)
        await self._get("comment/list", "by Ann", **annes)
        await self._get("comment/list", "by nobody", video_id=videos[1])

    async def _follows(self, ann: Person, bob: Person, cat: Person) -> None:
        for case, one, other, action in (
            ("Bob follows Ann", bob, ann.id, 1),
            ("again", bob, ann.id, 1),
            ("Ann follows Bob", ann, bob.id, 1),
            ("Cat follows Ann", cat, ann.id, 1),
            ("Bob follows Cat", bob, cat.id, 1),
            ("Bob unfollows Cat", bob, cat.id, 2),
            ("oneself", bob, bob.id, 1),
            ("an unknown user", bob, UNKNOWN, 1),
        ):
            await self._post(
                "relation/action", case, token=one.token, to_user_id=other, action_type=action
            )
        for path in ("relation/follow/list", "relation/follower/list"):
            await self._get(path, "one's own", token=ann.token)
            await self._get(path, "by Bob", user_id=ann.id, token=bob.token)
            await self._get(path, "by nobody", user_id=ann.id)
        await self._get("relation/follower/list", "empty", token=cat.token)

    async def _chat(self, ann: Person, bob: Person) -> None:
        with_ann = {"token": bob.token, "to_user_id": ann.id}
        with_bob = {"token": ann.token, "to_user_id": bob.id}
        await self._get("message/chat", "empty", **with_ann)
        await self._send("Bob to Ann", with_ann, "在吗")
        await self._send("Ann to Bob", with_bob, "在")
        chat = await self._get("message/chat", "all", **with_ann)
        newest = chat["message_list"][-1]["create_time"]
        await self._poll("nothing new", with_ann, newest)
        await self._send("more to Bob", with_bob, "看了吗")
        new = await self._poll("a new one", with_ann, newest)
        newest = new["message_list"][-1]["create_time"]
        await self._poll("nothing since", with_ann, newest)
        await self._send("more to Ann", with_ann, "看了")
        await self._poll("only one's own is new", with_ann, int(time.time() * 1000))
        await self._get("message/chat", "by nobody", **with_ann | {"token": ""})
        await self._get("relation/friend/list", "one's own", token=bob.token)
        await self._get("relation/friend/list", "of somebody else", user_id=ann.id, token=bob.token)

    async def _register(self, name: str) -> Person:
        answer = await self._post("user/register", name, username=name, password="secret")
        return Person(answer["user_id"], answer["token"])

    async def _send(self, case: str, pair: dict[str, Any], content: str) -> None:
        await self._post("message/action", case, **pair, action_type=1, content=content)

    async def _poll(self, case: str, pair: dict[str, Any], after: Any) -> dict[str, Any]:
        return await self._get("message/chat", f"a poll, {case}", **pair, pre_msg_time=after)

    async def _get(self, endpoint: str, case: str, **query: Any) -> dict[str, Any]:
        return self._note(endpoint, case, await self._apk.get(endpoint, **query))

    async def _post(self, endpoint: str, case: str, **query: Any) -> dict[str, Any]:
        return self._note(endpoint, case, await self._apk.post(endpoint, **query))

    def _note(self, endpoint: str, case: str, answer: dict[str, Any]) -> dict[str, Any]:
        self.steps.append(Step(endpoint, case, shown(answer)))
        return answer


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what a person sees of an answer, and whether a failure is said in Chinese."""
    code = answer["status_code"]
    if code != 0:
        return {"code": code, "chinese": _is_chinese(answer.get("status_msg", ""))}
    seen: dict[str, Any] = {"code": 0}
    if "token" in answer:
        seen["account"] = bool(answer["token"]) and answer["user_id"] > 0
    if "user" in answer:
        seen["user"] = _user(answer["user"])
    if "video_list" in answer:
        seen["videos"] = [_video(each) for each in answer["video_list"]]
    if "next_time" in answer:
        # In the future, which means the newest page, or the time of the page's last video.
        seen["starts over"] = answer["next_time"] > time.time() * 1000
    if "comment_list" in answer:
        seen["comments"] = [_comment(each) for each in answer["comment_list"]]
    if answer.get("comment"):
        seen["comment"] = _comment(answer["comment"])
    if "user_list" in answer:
        seen["users"] = [
            _user(each) | {"message": each.get("message", "")} for each in answer["user_list"]
        ]
    if "message_list" in answer:
        seen |= _chat(answer["message_list"])
    return seen


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def _user(user: dict[str, Any]) -> dict[str, Any]:
    counts = ("follow_count", "follower_count", "work_count", "favorite_count")
    seen = {name: user[name] for name in ("name", "is_follow", "total_favourited", *counts)}
    pictures = ("avatar", "background_image", "signature")
    return seen | {name: bool(user[name]) for name in pictures}


def _video(video: dict[str, Any]) -> dict[str, Any]:
    facts = ("title", "favorite_count", "comment_count", "is_favorite")
    seen = {name: video[name] for name in facts} | {"author": _user(video["author"])}
    return seen | {name: "://" in video[name] for name in ("play_url", "cover_url")}


def _comment(comment: dict[str, Any]) -> dict[str, Any]:
    user = comment["user"]
    facts = {name: user[name] for name in ("name", "is_follow", "follow_count", "follower_count")}
    return {"content": comment["content"], "date": comment["create_date"], "user": facts}


def _chat(messages: list[dict[str, Any]]) -> dict[str, Any]:
    times = [message["create_time"] for message in messages]
    ids = {message["id"] for message in messages}
    return {
        "messages": [message["content"] for message in messages],
        "times grow": all(isinstance(each, int) and each > 0 for each in times)
        and sorted(set(times)) == times,
        "ids differ": len(ids) == len(messages) and 0 not in ids,
    }
