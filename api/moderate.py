"""The command ``moderate``: lists reports, hides videos and people."""

from collections.abc import AsyncIterator
from datetime import datetime

from api.clients import Clients
from api.operators import Operators, kind_name
from api.settings import Settings
from microkit.context import Context


async def moderate(
    context: Context[Settings],
    *,
    hide_video: int = 0,
    show_video: int = 0,
    hide_user: int = 0,
    show_user: int = 0,
) -> AsyncIterator[str]:
    """Hide or show a video or a person by id; without one, yield a line for each report."""
    operators, zone = Operators(Clients.of(context)), context.settings.zone()
    changes = (
        ("video", hide_video, True),
        ("video", show_video, False),
        ("user", hide_user, True),
        ("user", show_user, False),
    )
    for kind, target_id, hidden in changes:
        if target_id:
            await operators.hide(kind, target_id, hidden=hidden)
            yield f"{kind} {target_id} {'hidden' if hidden else 'shown'}"
            return
    async for report in operators.every_report():
        at = datetime.fromtimestamp(report.created_ms / 1000, zone)
        yield (
            f"{at:%Y-%m-%d %H:%M} {kind_name(report.kind)} {report.target_id}"
            f" (user {report.reporter_id}): {report.reason!r}"
        )
