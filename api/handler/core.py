"""The methods of core.thrift: accounts, the feed, publishing."""

import logging
from typing import Final

from api.added import AddedMethod
from api.aggregate import Aggregate
from api.auth import Tokens
from api.call import ANONYMOUS, HttpCall, target_user
from api.clients import Clients
from api.envelope import Shared
from api.lists import Lists
from api.pack.feed_time import before_ns, next_time_ms
from api.pack.url import absolute
from api.pack.video import covers, processing
from api.pages import FeedKey, FeedPage, PageKey
from api.pictures import Pictures
from api.portrait import key_of
from api.publishing import Publishing
from api.removing import Removing
from idl import core, usermicro, videomicro
from microkit.batch import SingleFlight
from microkit.errors import NotFound, ServiceError

_log = logging.getLogger(__name__)

PAGE_SIZE: Final = 30


class CoreHandler:
    """Accounts, the feed and publishing."""

    def __init__(
        self,
        clients: Clients,
        lists: Lists,
        aggregate: Aggregate,
        tokens: Tokens,
        publishing: Publishing,
        pictures: Pictures,
        removing: Removing,
    ) -> None:
        self._clients = clients
        self._lists = lists
        self._aggregate = aggregate
        self._tokens = tokens
        self._publishing = publishing
        self._pictures = pictures
        self._removing = removing
        self._pending = AddedMethod("GetPendingVideosMethod")
        self._covers = AddedMethod("GetCoversMethod")
        self._anonymous: SingleFlight[tuple[FeedPage, str], Shared[core.FeedResp]] = SingleFlight(
            self._load_anonymous
        )

    async def FeedMethod(
        self, call: HttpCall[core.FeedReq]
    ) -> core.FeedResp | Shared[core.FeedResp]:
        """Return the newest videos before a time; anonymous viewers of a page share one body."""
        page = await self._lists.feed(FeedKey(before_ns(call.request.latest_time), PAGE_SIZE))
        if call.viewer:
            return await self._feed(call.viewer, page, call.base)
        return await self._anonymous.one((page, call.base))

    async def RegisterMethod(self, call: HttpCall[core.RegisterReq]) -> core.RegisterResp:
        """Create an account and log in."""
        # These fields are optional, but the original service has no defaults for them.
        newuser = usermicro.CreateUserInfo(
            name=call.request.username,
            avatar=usermicro.DEFAULT_AVATAR,
            background_image=usermicro.DEFAULT_BACKGROUND_IMAGE,
            signature=usermicro.DEFAULT_SIGNATURE,
        )
        answer = await self._clients.users.CreateUserMethod(
            newuser=newuser, password=call.request.password or ""
        )
        user_id = _account_id(answer)
        return core.RegisterResp.ok(user_id=user_id, token=self._tokens.issue(user_id))

    async def LoginMethod(self, call: HttpCall[core.LoginReq]) -> core.LoginResp:
        """Log in."""
        answer = await self._clients.users.LoginUserMethod(
            name=call.request.username, password=call.request.password
        )
        user_id = _account_id(answer)
        token = self._tokens.issue(user_id, answer.generation or 0)
        return core.LoginResp.ok(user_id=user_id, token=token)

    async def UserInfoMethod(self, call: HttpCall[core.UserInfoReq]) -> core.UserInfoResp:
        """Return one user."""
        user = await self._aggregate.full_user(call.viewer, target_user(call), call.base)
        return core.UserInfoResp.ok(user=user)

    async def EditUserMethod(self, call: HttpCall[core.EditUserReq]) -> core.EditUserResp:
        """Change the viewer's name or signature."""
        await self._clients.users.EditUserMethod(
            id=call.viewer, name=call.request.name, signature=call.request.signature
        )
        return core.EditUserResp.ok()

    async def ChangePasswordMethod(
        self, call: HttpCall[core.ChangePasswordReq]
    ) -> core.ChangePasswordResp:
        """Change the viewer's password and end all other sessions."""
        answer = await self._clients.users.ChangePasswordMethod(
            id=call.viewer,
            old_password=call.request.old_password,
            password=call.request.new_password,
        )
        token = self._tokens.issue(call.viewer, answer.generation or 0)
        return core.ChangePasswordResp.ok(token=token)

    async def EndSessionsMethod(self, call: HttpCall[core.EndSessionsReq]) -> core.EndSessionsResp:
        """Log the viewer out everywhere."""
        await self._clients.users.EndSessionsMethod(id=call.viewer)
        return core.EndSessionsResp.ok()

    async def SetPictureMethod(self, call: HttpCall[core.SetPictureReq]) -> core.SetPictureResp:
        """Change the viewer's avatar or background to the uploaded picture."""
        key = await self._pictures.replace(call.viewer, call.request.kind, call.upload)
        return core.SetPictureResp.ok(url=absolute(call.base, key))

    async def RemovePictureMethod(
        self, call: HttpCall[core.RemovePictureReq]
    ) -> core.RemovePictureResp:
        """Remove the viewer's own avatar or background."""
        await self._pictures.reset(call.viewer, call.request.kind)
        avatar = call.request.kind == core.PictureKind.AVATAR
        shown = key_of(call.viewer) if avatar else usermicro.DEFAULT_BACKGROUND_IMAGE
        return core.RemovePictureResp.ok(url=absolute(call.base, shown))

    async def PublishActionMethod(
        self, call: HttpCall[core.PublishActionReq]
    ) -> core.PublishActionResp:
        """Publish the uploaded video."""
        if await self._publishing.publish(call.viewer, call.request.title, call.upload):
            return core.PublishActionResp.ok()
        return core.PublishActionResp.ok(processing=True)

    async def PublishListMethod(self, call: HttpCall[core.PublishListReq]) -> core.PublishListResp:
        """Return a page of a user's videos, newest first."""
        page_key = PageKey(target_user(call), call.request.cursor, call.request.count)
        page = await self._lists.published(page_key)
        videos = await self._aggregate.full_videos(call.viewer, page.items, call.base)
        return core.PublishListResp.ok(video_list=videos, next_cursor=page.next_cursor)

    async def PublishProcessingMethod(
        self, call: HttpCall[core.PublishProcessingReq]
    ) -> core.PublishProcessingResp:
        """Return the viewer's own videos that are being converted."""

        async def added() -> list[videomicro.PendingVideo]:
            answer = await self._clients.videos.GetPendingVideosMethod(author_id=call.viewer)
            return answer.videos or []

        pending = await self._pending.call(added, _nothing)
        return core.PublishProcessingResp.ok(video_list=processing(pending, call.base))

    async def PublishCoversMethod(
        self, call: HttpCall[core.PublishCoversReq]
    ) -> core.PublishCoversResp:
        """Return the covers of a video of the viewer's own."""
        video_id = call.request.video_id

        async def added() -> list[core.Cover]:
            answer = await self._clients.videos.GetCoversMethod(
                video_id=video_id, author_id=call.viewer
            )
            return covers(answer.covers or (), answer.chosen or 0, call.base)

        async def original() -> list[core.Cover]:
            own = [
                row for row in await self._lists.videos((video_id,)) if row.author_id == call.viewer
            ]
            if not own:
                raise NotFound("视频不存在")
            return covers([own[0].cover_url], 0, call.base)

        return core.PublishCoversResp.ok(cover_list=await self._covers.call(added, original))

    async def PublishCoverMethod(
        self, call: HttpCall[core.PublishCoverReq]
    ) -> core.PublishCoverResp:
        """Choose the cover of a video of the viewer's own."""
        await self._clients.videos.ChooseCoverMethod(
            video_id=call.request.video_id, author_id=call.viewer, cover=call.request.cover
        )
        return core.PublishCoverResp.ok()

    async def PublishDeleteMethod(
        self, call: HttpCall[core.PublishDeleteReq]
    ) -> core.PublishDeleteResp:
        """Delete a video of the viewer's own."""
        await self._removing.remove(call.viewer, call.request.video_id)
        return core.PublishDeleteResp.ok()

    async def _feed(self, viewer: int, page: FeedPage, base: str) -> core.FeedResp:
        videos = await self._aggregate.full_videos(viewer, page.rows, base)
        next_time = next_time_ms(page.next_ns, empty=not page.rows)
        return core.FeedResp.ok(video_list=videos, next_time=next_time)

    async def _load_anonymous(self, key: tuple[FeedPage, str]) -> Shared[core.FeedResp]:
        page, base = key
        return Shared.of(await self._feed(ANONYMOUS, page, base))


async def _nothing() -> list[videomicro.PendingVideo]:
    """What an original videoservice converts."""
    return []


def _account_id(answer: usermicro.CreateUserResp | usermicro.LoginUserResp) -> int:
    """Return the id of the created or logged-in user.

    Raises:
        ServiceError: the response has no id, which the contract allows.
    """
    if answer.user_id is None:
        _log.error("userservice: no user_id in %s", type(answer).__name__)
        raise ServiceError
    return answer.user_id
