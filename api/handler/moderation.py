"""The methods of moderation.thrift: blocks and reports."""

from typing import Final

from api.aggregate import Aggregate
from api.call import ANONYMOUS, HttpCall
from api.clients import Clients
from api.notices import Notices
from idl import moderation
from microkit.paging import END

_COUNT: Final = 50


class ModerationHandler:
    """Blocks and reports."""

    def __init__(self, clients: Clients, aggregate: Aggregate, notices: Notices) -> None:
        self._clients = clients
        self._aggregate = aggregate
        self._notices = notices

    async def BlockActionMethod(
        self, call: HttpCall[moderation.BlockActionReq]
    ) -> moderation.BlockActionResp:
        """Block or unblock a user."""
        await self._clients.relations.BlockMethod(
            my_uid=call.viewer,
            target_uid=call.request.to_user_id,
            action_type=call.request.action_type,
        )
        self._notices.tell(call.viewer)  # the inbox of the viewer's other pages
        return moderation.BlockActionResp.ok()

    async def BlockListMethod(
        self, call: HttpCall[moderation.BlockListReq]
    ) -> moderation.BlockListResp:
        """Return the users that the viewer blocks."""
        answer = await self._clients.relations.GetBlockedMethod(
            my_uid=call.viewer, cursor=call.request.cursor, count=call.request.count or _COUNT
        )
        # As an anonymous viewer sees them: of the viewer they would be hidden.
        users = await self._aggregate.full_users(ANONYMOUS, answer.user_ids or [], call.base)
        return moderation.BlockListResp.ok(user_list=users, next_cursor=answer.next_cursor or END)

    async def ReportMethod(self, call: HttpCall[moderation.ReportReq]) -> moderation.ReportResp:
        """Report a video, a comment or a user."""
        await self._clients.users.ReportMethod(
            reporter_id=call.viewer,
            kind=call.request.kind,
            target_id=call.request.target_id,
            reason=call.request.reason,
        )
        return moderation.ReportResp.ok()
