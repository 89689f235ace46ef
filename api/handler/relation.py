"""The methods of relation.thrift: follows, friends and chat."""

from collections.abc import Collection
from datetime import tzinfo
from typing import Any

from api.aggregate import Aggregate
from api.call import Call
from api.clients import Clients
from api.contract import relation
from api.envelope import done
from api.lists import Lists
from api.pack.message import chat


class RelationHandler:
    """Follows, friends and chat."""

    def __init__(self, clients: Clients, lists: Lists, aggregate: Aggregate, zone: tzinfo) -> None:
        self._clients = clients
        self._lists = lists
        self._aggregate = aggregate
        self._zone = zone

    async def RelationMethod(self, call: Call) -> Any:
        """Follow or unfollow somebody."""
        await self._clients.relations.FollowMethod(
            my_uid=call.viewer,
            target_uid=call.request.to_user_id,
            action_type=call.request.action_type,
        )
        return done(relation.RelationResp)

    async def FollowListMethod(self, call: Call) -> Any:
        """Return whom somebody follows, newest first."""
        users = await self._users(call, await self._lists.following(call.whose()))
        return done(relation.FollowListResp, user_list=users)

    async def FollowerListMethod(self, call: Call) -> Any:
        """Return who follows somebody, newest first."""
        users = await self._users(call, await self._lists.followers(call.whose()))
        return done(relation.FollowerListResp, user_list=users)

    async def FriendListMethod(self, call: Call) -> Any:
        """Return mutual follows; the messages with them are for their own eyes only."""
        answer = await self._clients.relations.GetFriendListMethod(
            myUid=call.viewer, targetUid=call.whose(), ids_only=True
        )
        listed = answer.friend_list or []
        if call.whose() != call.viewer:
            for friend in listed:
                friend.message, friend.msg_type = "", 0
        friends = await self._aggregate.full_friends(call.viewer, listed, call.base)
        return done(relation.FriendListResp, user_list=friends)

    async def MessageChatMethod(self, call: Call) -> Any:
        """Return the chat with somebody, or only what is new to the caller."""
        after = call.request.pre_msg_time
        answer = await self._clients.relations.GetAllMessageMethod(
            user_id=call.viewer, to_user_id=call.request.to_user_id, pre_msg_time=after
        )
        listed = chat(answer.msg, call.viewer, after or 0, self._zone)
        return done(relation.MessageChatResp, message_list=listed)

    async def MessageActionMethod(self, call: Call) -> Any:
        """Send a message."""
        await self._clients.relations.SendMessageMethod(
            user_id=call.viewer,
            to_user_id=call.request.to_user_id,
            content=call.request.content,
        )
        return done(relation.MessageActionResp)

    async def _users(self, call: Call, user_ids: Collection[int]) -> list[Any]:
        users = await self._aggregate.full_users(call.viewer, user_ids, call.base)
        return list(users.values())
