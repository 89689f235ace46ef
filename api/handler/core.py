"""The methods of core.thrift: accounts, the feed, publishing."""

from typing import Any, Final

import msgspec

from api import envelope
from api.aggregate import Aggregate
from api.auth import Tokens
from api.call import Call
from api.clients import Clients
from api.contract import core, usermicro
from api.envelope import done
from api.lists import Lists, Page
from api.pack.user import AVATAR, BACKGROUND, SIGNATURE
from api.publishing import Publishing
from microkit.batch import Each

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
        self._anonymous: Each[tuple[Page, str], msgspec.Raw] = Each(self._load_anonymous)

    async def FeedMethod(self, call: Call) -> Any:
        """Return the newest videos before a time; who is nobody shares what the page shows."""
        page = await self._lists.feed(_before_ns(call.request.latest_time), PAGE)
        if call.viewer:
            return await self._feed(call.viewer, page, call.base)
        return await self._anonymous.one((page, call.base))

    async def RegisterMethod(self, call: Call) -> Any:
        """Create an account and log in."""
        # All of them are optional, but the original service has no defaults of its own.
        newuser = usermicro.CreateUserInfo(
            name=call.request.username,
            avatar=AVATAR,
            background_image=BACKGROUND,
            signature=SIGNATURE,
        )
        answer = await self._clients.users.CreateUserMethod(
            newuser=newuser, password=call.request.password or ""
        )
        token = self._tokens.issue(answer.user_id)
        return done(core.RegisterResp, user_id=answer.user_id, token=token)

    async def LoginMethod(self, call: Call) -> Any:
        """Log in."""
        answer = await self._clients.users.LoginUserMethod(
            name=call.request.username, password=call.request.password
        )
        token = self._tokens.issue(answer.user_id)
        return done(core.LoginResp, user_id=answer.user_id, token=token)

    async def UserInfoMethod(self, call: Call) -> Any:
        """Return a person."""
        user = await self._aggregate.full_user(call.viewer, call.whose(), call.base)
        return done(core.UserInfoResp, user=user)

    async def PublishActionMethod(self, call: Call) -> Any:
        """Publish the uploaded video."""
        await self._publishing.publish(call.viewer, call.request.title, call.upload)
        return done(core.PublishActionResp)

    async def PublishListMethod(self, call: Call) -> Any:
        """Return somebody's videos, newest first."""
        rows = await self._lists.published(call.whose())
        videos = await self._aggregate.full_videos(call.viewer, rows, call.base)
        return done(core.PublishListResp, video_list=videos)

    async def _feed(self, viewer: int, page: Page, base: str) -> Any:
        videos = await self._aggregate.full_videos(viewer, page.rows, base)
        next_time = page.next_ns // NS_PER_MS if page.rows else START_OVER_MS
        return done(core.FeedResp, video_list=videos, next_time=next_time)

    async def _load_anonymous(self, asked: tuple[Page, str]) -> msgspec.Raw:
        return msgspec.Raw(envelope.success(await self._feed(0, *asked)))


def _before_ns(latest_ms: int | None) -> int:
    """Return the time before which videos are wanted: no time means the newest.

    So does one to come, but that no page repeats where videos come from a clock ahead of ours.
    """
    if not latest_ms or latest_ms < 0:
        return NEWEST_NS
    return min(latest_ms * NS_PER_MS, NEWEST_NS)
