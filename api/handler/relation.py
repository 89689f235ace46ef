"""The methods of relation.thrift: follows, friends and chat."""

import functools
from datetime import tzinfo

from api.aggregate import Aggregate
from api.call import HttpCall, Stream, target_user
from api.clients import Clients
from api.events import Live
from api.lists import Lists
from api.pack.message import chat
from api.pages import PageKey
from idl import relation
from microkit.paging import END


class RelationHandler:
    """Follows, friends and chat."""

    def __init__(
        self, clients: Clients, lists: Lists, aggregate: Aggregate, live: Live, zone: tzinfo
    ) -> None:
        self._clients = clients
        self._lists = lists
        self._aggregate = aggregate
        self._notices, self._events = live
        self._zone = zone

    async def RelationMethod(self, call: HttpCall[relation.RelationReq]) -> relation.RelationResp:
        """Follow or unfollow a user."""
        answer = await self._clients.relations.FollowMethod(
            my_uid=call.viewer,
            target_uid=call.request.to_user_id,
            action_type=call.request.action_type,
        )
        # Otherwise a blocked person could wake the other one's pages by unfollowing all the time.
        if answer.changed is not False:
            self._notices.tell(call.viewer, call.request.to_user_id)
        return relation.RelationResp.ok()

    async def FollowListMethod(
        self, call: HttpCall[relation.FollowListReq]
    ) -> relation.FollowListResp:
        """Return a page of the users that a user follows, newest first."""
        page_key = PageKey(target_user(call), call.request.cursor, call.request.count)
        page = await self._lists.following(page_key)
        users = await self._aggregate.full_users(
            call.viewer, page.items, call.base, followed=page_key.owner == call.viewer
        )
        return relation.FollowListResp.ok(user_list=users, next_cursor=page.next_cursor)

    async def FollowerListMethod(
        self, call: HttpCall[relation.FollowerListReq]
    ) -> relation.FollowerListResp:
        """Return a page of a user's followers, newest first."""
        page_key = PageKey(target_user(call), call.request.cursor, call.request.count)
        page = await self._lists.followers(page_key)
        users = await self._aggregate.full_users(call.viewer, page.items, call.base)
        return relation.FollowerListResp.ok(user_list=users, next_cursor=page.next_cursor)

    async def FriendListMethod(
        self, call: HttpCall[relation.FriendListReq]
    ) -> relation.FriendListResp:
        """Return a page of mutual follows; messages are shown only in the viewer's own list."""
        answer = await self._clients.relations.GetFriendListMethod(
            myUid=call.viewer,
            targetUid=target_user(call),
            ids_only=True,
            cursor=call.request.cursor,
            count=call.request.count,
        )
        stored = answer.friend_list or []
        own = target_user(call) == call.viewer
        if not own:
            for friend in stored:
                friend.message, friend.msg_type = "", 0
        friends = await self._aggregate.full_friends(call.viewer, stored, call.base, followed=own)
        return relation.FriendListResp.ok(user_list=friends, next_cursor=answer.next_cursor or END)

    async def MessageChatMethod(
        self, call: HttpCall[relation.MessageChatReq]
    ) -> relation.MessageChatResp:
        """Return a chat, or only the messages received after `pre_msg_time`."""
        after = call.request.pre_msg_time
        answer = await self._clients.relations.GetAllMessageMethod(
            user_id=call.viewer,
            to_user_id=call.request.to_user_id,
            pre_msg_time=after,
            cursor=call.request.cursor,
            count=call.request.count,
        )
        messages = chat(answer.msg, call.viewer, after or 0, self._zone)
        return relation.MessageChatResp.ok(
            message_list=messages, next_cursor=answer.next_cursor or END
        )

    async def InboxMethod(self, call: HttpCall[relation.InboxReq]) -> relation.InboxResp:
        """Return a page of the viewer's conversations, newest first."""
        answer = await self._clients.relations.GetInboxMethod(
            user_id=call.viewer, cursor=call.request.cursor, count=call.request.count
        )
        conversations = await self._aggregate.full_conversations(
            call.viewer, answer.conversations or (), call.base
        )
        return relation.InboxResp.ok(
            conversation_list=conversations, next_cursor=answer.next_cursor or END
        )

    async def ReadActionMethod(
        self, call: HttpCall[relation.ReadActionReq]
    ) -> relation.ReadActionResp:
        """Mark a conversation as read."""
        await self._clients.relations.MarkReadMethod(
            user_id=call.viewer,
            to_user_id=call.request.to_user_id,
            until_ms=call.request.read_until,
        )
        self._notices.tell(call.viewer)
        return relation.ReadActionResp.ok()

    async def EventsMethod(self, call: HttpCall[relation.EventsReq]) -> Stream:
        """Return the stream that says when something of the viewer's has changed."""
        return functools.partial(self._events.stream, call.viewer)

    async def MessageActionMethod(
        self, call: HttpCall[relation.MessageActionReq]
    ) -> relation.MessageActionResp:
        """Send a message."""
        await self._clients.relations.SendMessageMethod(
            user_id=call.viewer,
            to_user_id=call.request.to_user_id,
            content=call.request.content,
        )
        self._notices.tell(call.viewer, call.request.to_user_id)
        return relation.MessageActionResp.ok()
