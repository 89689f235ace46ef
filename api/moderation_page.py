"""The page ``/moderation`` of the API's admin port: reports, and forms to hide what they are about.

The port is for operators only. A page of another site that an operator visits could send its forms
too, so each has a token that only this page shows, and names that resolve to this machine without
being its own (DNS rebinding) are refused.
"""

import hashlib
import hmac
import ipaddress
import secrets
from datetime import datetime, tzinfo
from html import escape
from typing import Final

from aiohttp import web

from api.language import english
from api.operators import Operators, ReportPage, kind_name
from idl import usermicro
from microkit.errors import Error

PATH: Final = "/moderation"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Reports</title></head>
<body>
<h1>Reports</h1>
<p role="status">{message}</p>
<form method="post">{token}
<select name="kind"><option>video</option><option>user</option></select>
<label>id <input name="id" inputmode="numeric" required></label>
<button name="action" value="hide">hide</button>
<button name="action" value="show">show</button>
</form>
<table>
<thead>
<tr><th>time</th><th>kind</th><th>id</th><th>reporter</th><th>reason</th><th></th></tr>
</thead>
<tbody>{rows}</tbody>
</table>
{more}</body>
</html>
"""
_BUTTONS: Final = """<form method="post">{token}<input type="hidden" name="kind" value="{kind}">
<input type="hidden" name="id" value="{id}"><button name="action" value="hide">hide</button>
<button name="action" value="show">show</button></form>"""
_HIDEABLE: Final = {usermicro.ReportedKind.VIDEO: "video", usermicro.ReportedKind.USER: "user"}
_MAX_BODY: Final = 4096
_MAX_ID: Final = 2**63


class ModerationPage:
    """Serves the page. `secret` is the same in all processes that share the port."""

    def __init__(self, operators: Operators, secret: str, zone: tzinfo) -> None:
        self._operators = operators
        self._token = hmac.new(secret.encode(), PATH.encode(), hashlib.sha256).hexdigest()
        self._zone = zone

    async def serve(self, request: web.BaseRequest) -> web.Response:
        """Answer a request for the page, or one of its forms."""
        if not _is_own(request.headers.get("Host", "")):
            return web.Response(status=403, text="use the address of the machine\n")
        message = ""
        if request.method == "POST":
            if int(request.headers.get("Content-Length") or _MAX_BODY + 1) > _MAX_BODY:
                return web.Response(status=413, text="the form is too large\n")
            form = await request.post()
            if not secrets.compare_digest(str(form.get("token", "")), self._token):
                return web.Response(status=403, text="reload the page\n")
            message = await self._change(*(str(form.get(name, "")) for name in _FIELDS))
        cursor = _number(request.query.get("cursor", ""))
        try:
            page = await self._operators.reports(cursor)
        except Error as error:
            page, message = ReportPage([], 0), _told(error)
        return web.Response(
            text=self._html(page, message), content_type="text/html", headers=_HEADERS
        )

    async def _change(self, kind: str, number: str, action: str) -> str:
        target_id = _number(number)
        if kind not in ("video", "user") or action not in ("hide", "show") or not target_id:
            return "want the id of a video or a user"
        try:
            await self._operators.hide(kind, target_id, hidden=action == "hide")
        except Error as error:
            return _told(error)
        return f"{kind} {target_id} {'hidden' if action == 'hide' else 'shown'}"

    def _html(self, page: ReportPage, message: str) -> str:
        token = f'<input type="hidden" name="token" value="{self._token}">'
        more = f'<p><a href="?cursor={page.next_cursor}">older</a></p>' if page.next_cursor else ""
        rows = "".join(self._row(report, token) for report in page.reports)
        return _PAGE.format(message=escape(message), token=token, rows=rows, more=more)

    def _row(self, report: usermicro.Report, token: str) -> str:
        at = datetime.fromtimestamp(report.created_ms / 1000, self._zone)
        kind = _HIDEABLE.get(usermicro.ReportedKind(report.kind))
        buttons = _BUTTONS.format(token=token, kind=kind, id=report.target_id) if kind else ""
        cells = (
            f"{at:%Y-%m-%d %H:%M}",
            kind_name(report.kind),
            str(report.target_id),
            str(report.reporter_id),
            report.reason,
        )
        return f"<tr>{''.join(f'<td>{escape(each)}</td>' for each in cells)}<td>{buttons}</td></tr>"


_FIELDS: Final = ("kind", "id", "action")


def _number(text: str) -> int:
    """Return a positive number that a store can hold; 0 for any other text."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return number if number < _MAX_ID else 0


def _told(error: Error) -> str:
    return english(error.message) or error.message


def _is_own(host: str) -> bool:
    """Whether a Host header is an address or localhost, not a name that somebody else chose."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    name = name.strip("[]")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost"
    return True
