"""Queries of reports."""

from typing import NamedTuple

from microkit.clock import now_ms
from microkit.paging import Page, cut
from microkit.storage.database import Database, Statement
from usermicro.dal.model import Report


class ReportRow(NamedTuple):
    """A report to the operators."""

    id: int
    reporter_id: int
    kind: int
    target_id: int
    reason: str
    created_ms: int


_COLUMNS = [getattr(Report, name) for name in ReportRow._fields]
_NEWEST = Statement(
    lambda before, limit: (
        Report.select(*_COLUMNS).where(Report.id < before).order_by(Report.id.desc()).limit(limit)
    )
)


class Reports:
    """The reports of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, reporter_id: int, kind: int, target_id: int, reason: str) -> None:
        """Store a report; the first one of a person about something stays."""
        row = {
            "reporter_id": reporter_id,
            "kind": kind,
            "target_id": target_id,
            "reason": reason,
            "created_ms": now_ms(),
        }
        await self._database.write(Report.insert(row).on_conflict_ignore())

    async def page(self, before: int, count: int) -> Page[ReportRow]:
        """Return up to `count` reports with ids below `before`, newest first."""
        query = _NEWEST(before=before, limit=count + 1)
        rows = [ReportRow(*row) for row in await self._database.rows(query)]
        return cut(rows, count, lambda row: row.id)
