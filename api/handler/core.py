"""The methods of core.thrift: accounts, the feed, publishing."""

import logging
from typing import Final

from api.aggregate import Aggregate
from api.auth import Tokens
from api.call import HttpCall, whose
from api.clients import Clients
from api.envelope import Shared
from api.lists import FeedPage, Lists
from api.publishing import Publishing
from idl import core, usermicro
from microkit.batch import SingleFlight
from microkit.errors import ServiceError

_log = logging.getLogger(__name__)

PAGE: Final = 30
NS_PER_MS: Final = 1_000_000
NEWEST_NS: Final = 2**62
# An empty page sends the client here: a time to come, which means the newest again.
START_OVER_MS: Final = 9_999_999_999_999


class CoreHandler:
    """Accounts, the feed and publishing."""

    def __init__(
        self,
        clients: Clients,
        lists: Lists,
        aggregate: Aggregate,
        tokens: Tokens,
        publishing: Publishing,
    ) -> None:
        self._clients = clients
        self._lists = lists
        self._aggregate = aggregate
        self._tokens = tokens
        self._publishing = publishing
        self._anonymous: SingleFlight[tuple[FeedPage, str], Shared[core.FeedResp]] = SingleFlight(
            self._load_anonymous
        )

    async def FeedMethod(
        self, call: HttpCall[core.FeedReq]
    ) -> core.FeedResp | Shared[core.FeedResp]:
        """Return the newest videos before a time; anonymous requests share equal pages."""
        page = await self._lists.feed(_before_ns(call.request.latest_time), PAGE)
        if call.viewer:
            return await self._feed(call.viewer, page, call.base)
        return await self._anonymous.one((page, call.base))

    async def RegisterMethod(self, call: HttpCall[core.RegisterReq]) -> core.RegisterResp:
        """Create an account and log in."""
        # All of them are optional, but the original service has no defaults of its own.
        newuser = usermicro.CreateUserInfo(
            name=call.request.username,
            avatar=usermicro.DEFAULT_AVATAR,
            background_image=usermicro.DEFAULT_BACKGROUND_IMAGE,
            signature=usermicro.DEFAULT_SIGNATURE,
        )
        answer = await self._clients.users.CreateUserMethod(
            newuser=newuser, password=call.request.password or ""
        )
        user_id = _of_account(answer)
        return core.RegisterResp.ok(user_id=user_id, token=self._tokens.issue(user_id))

    async def LoginMethod(self, call: HttpCall[core.LoginReq]) -> core.LoginResp:
        """Log in."""
        answer = await self._clients.users.LoginUserMethod(
            name=call.request.username, password=call.request.password
        )
        user_id = _of_account(answer)
        return core.LoginResp.ok(user_id=user_id, token=self._tokens.issue(user_id))

    async def UserInfoMethod(self, call: HttpCall[core.UserInfoReq]) -> core.UserInfoResp:
        """Return a person."""
        user = await self._aggregate.full_user(call.viewer, whose(call), call.base)
        return core.UserInfoResp.ok(user=user)

    async def PublishActionMethod(
        self, call: HttpCall[core.PublishActionReq]
    ) -> core.PublishActionResp:
        """Publish the uploaded video."""
        await self._publishing.publish(call.viewer, call.request.title, call.upload)
        return core.PublishActionResp.ok()

    async def PublishListMethod(self, call: HttpCall[core.PublishListReq]) -> core.PublishListResp:
        """Return somebody's videos, newest first."""
        part = (whose(call), call.request.cursor, call.request.count)
        page = await self._lists.published(part)
        videos = await self._aggregate.full_videos(call.viewer, page.items, call.base)
        return core.PublishListResp.ok(video_list=videos, next_cursor=page.next_cursor)

    async def _feed(self, viewer: int, page: FeedPage, base: str) -> core.FeedResp:
        videos = await self._aggregate.full_videos(viewer, page.rows, base)
        next_time = page.next_ns // NS_PER_MS if page.rows else START_OVER_MS
        return core.FeedResp.ok(video_list=videos, next_time=next_time)

    async def _load_anonymous(self, asked: tuple[FeedPage, str]) -> Shared[core.FeedResp]:
        return Shared(await self._feed(0, *asked))


def _of_account(answer: usermicro.CreateUserResp | usermicro.LoginUserResp) -> int:
    """Return the user that userservice created or found.

    Raises:
        ServiceError: the answer names none, which the contract allows.
    """
    if answer.user_id is None:
        _log.error("userservice: %s without user_id", type(answer).__name__)
        raise ServiceError
    return answer.user_id


def _before_ns(latest_ms: int | None) -> int:
    """Return the time before which videos are wanted: no time means the newest.

    So does one to come, but that no page repeats where videos come from a clock ahead of ours.
    """
    if not latest_ms or latest_ms < 0:
        return NEWEST_NS
    return min(latest_ms * NS_PER_MS, NEWEST_NS)
