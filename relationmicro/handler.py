"""The methods of RelationService and of MessageService."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from idl import relationmicro, usermicro
from microkit.background import running
from microkit.batch import distinct
from microkit.context import Context
from microkit.errors import ParamError
from microkit.paging import END, MAX_ITEMS, NEWEST, check_number
from relationmicro import pack
from relationmicro.dal.block import Blocks
from relationmicro.dal.follow import Follows, PageKey
from relationmicro.dal.inbox import INBOX_PAGE, Inboxes
from relationmicro.dal.message import MAX_MESSAGES, Messages
from relationmicro.metrics import FOLLOWS, MESSAGES
from relationmicro.peers import Peers
from relationmicro.settings import Settings

CONTRACT = relationmicro.CONTRACT


@asynccontextmanager
async def open_handlers(context: Context[Settings]) -> AsyncIterator[relationmicro.Handlers]:
    """Open stores and clients; yield the handlers by Thrift service."""
    redis = await context.redis()
    peers = Peers(context.client(usermicro.CONTRACT))
    messages, follows, inboxes = Messages(redis), Follows(redis), Inboxes(redis)
    async with (
        running(follows.complete()),
        running(messages.complete()),
        running(inboxes.complete()),
    ):
        yield {
            "RelationService": RelationHandler(follows, messages, Blocks(redis), peers),
            "MessageService": MessageHandler(messages, inboxes, peers),
        }


class RelationHandler:
    """Follows, their counts and the three lists."""

    def __init__(self, follows: Follows, messages: Messages, blocks: Blocks, peers: Peers) -> None:
        self._follows = follows
        self._messages = messages
        self._blocks = blocks
        self._peers = peers

    async def FollowMethod(self, request: relationmicro.FollowReq) -> relationmicro.FollowResp:
        """Follow or unfollow; idempotent."""
        if request.my_uid == request.target_uid:
            raise ParamError("不能关注自己")
        await self._peers.must_exist(request.my_uid, request.target_uid)
        if request.action_type == relationmicro.FollowAction.FOLLOW:
            changed = await self._follows.follow(request.my_uid, request.target_uid)
            FOLLOWS.labels("added").inc(changed)
        else:
            changed = await self._follows.unfollow(request.my_uid, request.target_uid)
            FOLLOWS.labels("removed").inc(changed)
        return relationmicro.FollowResp.ok(changed=changed)

    async def GetFollowInfoMethod(
        self, request: relationmicro.GetFollowInfoReq
    ) -> relationmicro.GetFollowInfoResp:
        """Return one user's counts and whether the viewer follows them."""
        infos = await self._infos(request.my_uid, [request.target_uid])
        return relationmicro.GetFollowInfoResp.ok(follow_info=infos[request.target_uid])

    async def GetFollowInfosMethod(
        self, request: relationmicro.GetFollowInfosReq
    ) -> relationmicro.GetFollowInfosResp:
        """Return many users' counts and whether the viewer follows them."""
        user_ids = distinct(request.target_uids)
        viewed = [(each.viewer, distinct(each.user_ids)) for each in request.viewed or ()]
        followed = asyncio.gather(*(self._follows.followed(*each) for each in viewed))
        apart = asyncio.gather(*(self._blocks.apart(*each) for each in viewed))
        if request.columns:
            (following, followers), lists, hidden = await asyncio.gather(
                self._follows.count_columns(user_ids), followed, apart
            )
            return relationmicro.GetFollowInfosResp.ok(
                follow_counts=following, follower_counts=followers, followed=lists, apart=hidden
            )
        infos, lists, hidden = await asyncio.gather(
            self._infos(request.my_uid, user_ids), followed, apart
        )
        return relationmicro.GetFollowInfosResp.ok(
            follow_info_map=infos, followed=lists, apart=hidden
        )

    async def GetIsFollowsMethod(
        self, request: relationmicro.GetIsFollowsReq
    ) -> relationmicro.GetIsFollowsResp:
        """Return for each user whether the viewer follows them."""
        followed = await self._follows.is_following(request.myUid, distinct(request.userIds))
        return relationmicro.GetIsFollowsResp.ok(is_follow_map=followed)

    async def GetFollowListMethod(
        self, request: relationmicro.GetFollowListReq
    ) -> relationmicro.GetFollowListResp:
        """Return the users that a user follows, newest first."""
        page = await self._follows.following(
            request.targetId, request.cursor or NEWEST, request.count or MAX_ITEMS
        )
        if request.ids_only:
            return relationmicro.GetFollowListResp.ok(
                userList=[], user_ids=page.items, next_cursor=page.next_cursor
            )
        users = await self._users(request.myId, page.items)
        return relationmicro.GetFollowListResp.ok(userList=users, next_cursor=page.next_cursor)

    async def GetFollowerListMethod(
        self, request: relationmicro.GetFollowerListReq
    ) -> relationmicro.GetFollowerListResp:
        """Return the users that follow a user, newest first."""
        page = await self._follows.followers(
            request.targetId, request.cursor or NEWEST, request.count or MAX_ITEMS
        )
        if request.ids_only:
            return relationmicro.GetFollowerListResp.ok(
                user_list=[], user_ids=page.items, next_cursor=page.next_cursor
            )
        users = await self._users(request.myId, page.items)
        return relationmicro.GetFollowerListResp.ok(user_list=users, next_cursor=page.next_cursor)

    async def GetFollowPagesMethod(
        self, request: relationmicro.GetFollowPagesReq
    ) -> relationmicro.GetFollowPagesResp:
        """Return pages of several lists."""
        check_number(len(request.following) + len(request.followers))
        pages = await self._follows.pages(
            map(_page_key, request.following), map(_page_key, request.followers)
        )
        return relationmicro.GetFollowPagesResp.ok(
            pages=[page.items for page in pages], next_cursors=[page.next_cursor for page in pages]
        )

    async def BlockMethod(self, request: relationmicro.BlockReq) -> relationmicro.BlockResp:
        """Block or unblock; idempotent. A block ends the follows between the two."""
        user_id, target_id = request.my_uid, request.target_uid
        if user_id == target_id:
            raise ParamError("不能拉黑自己")
        await self._peers.must_exist(user_id, target_id)
        if request.action_type == relationmicro.BlockAction.UNBLOCK:
            await self._blocks.unblock(user_id, target_id)
            return relationmicro.BlockResp.ok()
        await self._blocks.block(user_id, target_id)
        # After the block, so that no follow comes in between.
        ended = await asyncio.gather(
            self._follows.unfollow(user_id, target_id), self._follows.unfollow(target_id, user_id)
        )
        FOLLOWS.labels("removed").inc(sum(ended))
        return relationmicro.BlockResp.ok()

    async def GetBlockedMethod(
        self, request: relationmicro.GetBlockedReq
    ) -> relationmicro.GetBlockedResp:
        """Return the users that a user blocks, newest first."""
        page = await self._blocks.blocked(
            request.my_uid, request.cursor or NEWEST, request.count or MAX_ITEMS
        )
        return relationmicro.GetBlockedResp.ok(user_ids=page.items, next_cursor=page.next_cursor)

    async def GetFriendListMethod(
        self, request: relationmicro.GetFriendListReq
    ) -> relationmicro.GetFriendListResp:
        """Return a user's mutual follows, each with the newest message."""
        owner = request.targetUid
        page = await self._follows.friends(
            owner, request.cursor or NEWEST, request.count or MAX_ITEMS
        )
        friends, newest = await asyncio.gather(
            self._friends(request, page.items),
            self._messages.newest(owner, page.items),
        )
        friends = pack.with_messages(friends, newest, owner)
        return relationmicro.GetFriendListResp.ok(friend_list=friends, next_cursor=page.next_cursor)

    async def _friends(
        self, request: relationmicro.GetFriendListReq, ids: Sequence[int]
    ) -> list[relationmicro.User]:
        if request.ids_only and request.myUid == request.targetUid:
            return pack.bare_users(dict.fromkeys(ids, True))  # friends are followed
        return await self._users(request.myUid, ids, ids_only=request.ids_only)

    async def _infos(
        self, viewer: int | None, user_ids: list[int]
    ) -> dict[int, relationmicro.FollowInfo]:
        if not viewer:
            return pack.follow_infos(await self._follows.counts(user_ids), frozenset())
        counts, followed = await asyncio.gather(
            self._follows.counts(user_ids), self._follows.followed(viewer, user_ids)
        )
        return pack.follow_infos(counts, frozenset(followed))

    async def _users(
        self, viewer: int | None, ids: Sequence[int], *, ids_only: bool | None = None
    ) -> list[relationmicro.User]:
        if ids_only:
            return pack.bare_users(await self._follows.is_following(viewer, ids))
        is_follow, infos, counts = await asyncio.gather(
            self._follows.is_following(viewer, ids),
            self._peers.infos(ids),
            self._follows.counts(ids),
        )
        return pack.users(is_follow, infos, counts)


class MessageHandler:
    """Chats and inboxes."""

    def __init__(self, messages: Messages, inboxes: Inboxes, peers: Peers) -> None:
        self._messages = messages
        self._inboxes = inboxes
        self._peers = peers

    async def SendMessageMethod(
        self, request: relationmicro.SendMessageReq
    ) -> relationmicro.SendMessageResp:
        """Send a message to any other user, friend or not."""
        if request.user_id == request.to_user_id:
            raise ParamError("不能给自己发消息")
        await self._peers.must_exist(request.user_id, request.to_user_id)
        row = await self._messages.send(request.user_id, request.to_user_id, request.content)
        MESSAGES.inc()
        return relationmicro.SendMessageResp.ok(message=pack.message(row))

    async def GetAllMessageMethod(
        self, request: relationmicro.GetAllMessageReq
    ) -> relationmicro.GetAllMessageResp:
        """Return a chat's newest messages, or what the user received after a time."""
        user_id, other = request.user_id, request.to_user_id
        count = request.count or MAX_MESSAGES
        if request.pre_msg_time:
            after = max(request.pre_msg_time, request.cursor or END)
            page = await self._messages.received(user_id, other, after, count)
        else:
            page = await self._messages.between(user_id, other, request.cursor or NEWEST, count)
        return relationmicro.GetAllMessageResp.ok(
            msg=pack.messages(page.items), next_cursor=page.next_cursor
        )

    async def GetInboxMethod(
        self, request: relationmicro.GetInboxReq
    ) -> relationmicro.GetInboxResp:
        """Return a page of a user's conversations, newest first."""
        page = await self._inboxes.page(
            request.user_id, request.cursor or NEWEST, request.count or INBOX_PAGE
        )
        return relationmicro.GetInboxResp.ok(
            conversations=pack.conversations(page.items), next_cursor=page.next_cursor
        )

    async def MarkReadMethod(
        self, request: relationmicro.MarkReadReq
    ) -> relationmicro.MarkReadResp:
        """Mark a conversation as read up to a time."""
        changed = await self._inboxes.mark_read(
            request.user_id, request.to_user_id, request.until_ms
        )
        return relationmicro.MarkReadResp.ok(changed=changed)


def _page_key(key: relationmicro.PageKey) -> PageKey:
    return key.user_id, key.cursor or NEWEST, key.count or MAX_ITEMS
