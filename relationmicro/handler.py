"""The methods of RelationService and of MessageService."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from microkit.batch import distinct
from microkit.context import Context
from microkit.errors import ParamError
from microkit.rpc.status import ok
from relationmicro import pack
from relationmicro.contract import contract, users
from relationmicro.dal.follow import Follows, Listed
from relationmicro.dal.message import Messages
from relationmicro.people import People
from relationmicro.settings import Settings

_FOLLOW, _UNFOLLOW = 1, 2
_MAX_CONTENT: Final = 1000


@asynccontextmanager
async def open_handlers(context: Context[Settings]) -> AsyncIterator[Mapping[str, object]]:
    """Open what the service needs and give its handlers by Thrift service."""
    redis = await context.redis()
    people = People(context.client("userservice", users))
    messages = Messages(redis)
    yield {
        "RelationService": RelationHandler(Follows(redis), messages, people),
        "MessageService": MessageHandler(messages, people),
    }


class RelationHandler:
    """Follows, their counts and the three lists."""

    def __init__(self, follows: Follows, messages: Messages, people: People) -> None:
        self._follows = follows
        self._messages = messages
        self._people = people

    async def FollowMethod(self, request: Any) -> Any:
        """Follow or unfollow; doing it twice changes nothing."""
        if request.my_uid == request.target_uid:
            raise ParamError("不能关注自己")
        if request.action_type == _FOLLOW:
            await self._people.must_exist(request.my_uid, request.target_uid)
            await self._follows.follow(request.my_uid, request.target_uid)
        elif request.action_type == _UNFOLLOW:
            await self._people.must_exist(request.my_uid, request.target_uid)
            await self._follows.unfollow(request.my_uid, request.target_uid)
        else:
            raise ParamError("action_type 应为 1（关注）或 2（取消关注）")
        return ok(contract.FollowResp)

    async def GetFollowInfoMethod(self, request: Any) -> Any:
        """Return one user's counts and whether the viewer follows them."""
        infos = await self._infos(request.my_uid, [request.target_uid])
        return ok(contract.GetFollowInfoResp, follow_info=infos[request.target_uid])

    async def GetFollowInfosMethod(self, request: Any) -> Any:
        """Return many users' counts and whether the viewer follows them."""
        infos = await self._infos(request.my_uid, distinct(request.target_uids))
        return ok(contract.GetFollowInfosResp, follow_info_map=infos)

    async def GetIsFollowsMethod(self, request: Any) -> Any:
        """Say of each user whether the viewer follows them."""
        known = await self._follows.is_following(request.myUid, distinct(request.userIds))
        return ok(contract.GetIsFollowsResp, is_follow_map=known)

    async def GetFollowListMethod(self, request: Any) -> Any:
        """Return whom a user follows, newest first."""
        listed = await self._follows.following(request.myId, request.targetId)
        return ok(contract.GetFollowListResp, userList=await self._users(request, listed))

    async def GetFollowerListMethod(self, request: Any) -> Any:
        """Return who follows a user, newest first."""
        listed = await self._follows.followers(request.myId, request.targetId)
        return ok(contract.GetFollowerListResp, user_list=await self._users(request, listed))

    async def GetFriendListMethod(self, request: Any) -> Any:
        """Return a user's mutual follows, each with the newest message."""
        owner = request.targetUid
        listed = await self._follows.friends(request.myUid, owner)
        friends, newest = await asyncio.gather(
            self._users(request, listed),
            self._messages.newest(owner, [each.id for each in listed]),
        )
        friends = pack.with_messages(friends, newest, owner)
        return ok(contract.GetFriendListResp, friend_list=friends)

    async def _infos(self, viewer: int | None, user_ids: list[int]) -> dict[int, Any]:
        counts, is_follow = await asyncio.gather(
            self._follows.counts(user_ids), self._follows.is_following(viewer, user_ids)
        )
        return pack.follow_infos(counts, is_follow)

    async def _users(self, request: Any, listed: list[Listed]) -> list[Any]:
        if request.ids_only:
            return pack.bare_users(listed)
        ids = [each.id for each in listed]
        infos, counts = await asyncio.gather(self._people.infos(ids), self._follows.counts(ids))
        return pack.users(listed, infos, counts)


class MessageHandler:
    """Chats."""

    def __init__(self, messages: Messages, people: People) -> None:
        self._messages = messages
        self._people = people

    async def SendMessageMethod(self, request: Any) -> Any:
        """Send a message to anybody but oneself, friend or not."""
        if request.user_id == request.to_user_id:
            raise ParamError("不能给自己发消息")
        if not request.content.strip() or len(request.content) > _MAX_CONTENT:
            raise ParamError(f"消息应为 1 到 {_MAX_CONTENT} 个字符，且不能全是空白")
        await self._people.must_exist(request.user_id, request.to_user_id)
        row = await self._messages.send(request.user_id, request.to_user_id, request.content)
        return ok(contract.SendMessageResp, message=pack.message(row))

    async def GetAllMessageMethod(self, request: Any) -> Any:
        """Return a chat, or only what the user received after a time."""
        user_id, other = request.user_id, request.to_user_id
        if request.pre_msg_time:
            rows = await self._messages.received(user_id, other, request.pre_msg_time)
        else:
            rows = await self._messages.between(user_id, other)
        return ok(contract.GetAllMessageResp, msg=pack.messages(rows))
