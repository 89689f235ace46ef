"""What operators do about reports: hide videos and people, or show them again."""

from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from api.clients import Clients
from idl import usermicro

COUNT: Final = 50
_KINDS: Final = {
    usermicro.ReportedKind.VIDEO: "video",
    usermicro.ReportedKind.COMMENT: "comment",
    usermicro.ReportedKind.USER: "user",
}


class ReportPage(NamedTuple):
    """Reports, newest first, and the cursor of those before them (0: none)."""

    reports: list[usermicro.Report]
    next_cursor: int


class Operators:
    """The actions of operators; `kind` is "video" or "user"."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def reports(self, cursor: int = 0) -> ReportPage:
        """Return a page of reports."""
        answer = await self._clients.users.GetReportsMethod(cursor=cursor, count=COUNT)
        return ReportPage(answer.reports or [], answer.next_cursor or 0)

    async def every_report(self) -> AsyncIterator[usermicro.Report]:
        """Yield all reports, newest first."""
        cursor = 0
        while True:
            page = await self.reports(cursor)
            for report in page.reports:
                yield report
            cursor = page.next_cursor
            if not cursor:
                return

    async def hide(self, kind: str, target_id: int, *, hidden: bool) -> None:
        """Hide a video or a person, or show it again.

        Raises:
            NotFound: it does not exist.
        """
        if kind == "video":
            await self._clients.videos.HideVideoMethod(video_id=target_id, hidden=hidden)
        else:
            await self._clients.users.HideUserMethod(id=target_id, hidden=hidden)


def kind_name(kind: int) -> str:
    """Return what a report is about."""
    return _KINDS.get(usermicro.ReportedKind(kind), "")
