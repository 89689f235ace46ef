"""The page of one video at ``/v/ID``: a preview for messengers, which opens the web client."""

from html import escape
from typing import Final

from aiohttp import web

from api.call import ANONYMOUS
from api.facts import FactLoader
from api.lists import Lists
from api.pack.url import absolute
from api.routes import ObjectBase, host_url

_PAGE: Final = """<!doctype html>
<html lang="zh-CN" prefix="og: https://ogp.me/ns#">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{tags}</head>
<body>
<p><a href="{link}">{text}</a></p>
</body>
</html>
"""
_TAG: Final = '<meta property="{}" content="{}">\n'
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_SITE: Final = "极简抖音"
_MAX_ID: Final = 2**63 - 1


class SharePage:
    """Serves the pages of videos."""

    def __init__(self, lists: Lists, facts: FactLoader, base: ObjectBase) -> None:
        self._lists = lists
        self._facts = facts
        self._base = base

    async def serve(self, http: web.Request) -> web.Response:
        """Answer with the video's page; a page with status 404 if nobody sees it."""
        video_id = int(http.match_info["id"])
        rows = await self._lists.videos([video_id]) if 0 < video_id <= _MAX_ID else []
        if not rows:
            return web.Response(text=_missing(), status=404, headers=_HEADERS)
        (video,) = rows
        facts = await self._facts.load(ANONYMOUS, [video.author_id])
        if video.author_id in facts.unseen:
            return web.Response(text=_missing(), status=404, headers=_HEADERS)
        account = facts.shared.accounts.get(video.author_id)
        base = self._base.of(http)
        tags = {
            "og:site_name": _SITE,
            "og:type": "video.other",
            "og:title": video.title,
            "og:description": f"@{account.name}" if account else "",
            "og:url": f"{host_url(http)}/v/{video_id}",
            "og:image": absolute(base, video.cover_url),
            "og:video": absolute(base, video.play_url),
        }
        return web.Response(text=_page(video.title, f"/#/v/{video_id}", tags), headers=_HEADERS)


def _page(title: str, link: str, tags: dict[str, str]) -> str:
    lines = [_TAG.format(name, escape(value)) for name, value in tags.items() if value]
    lines.append(f'<meta http-equiv="refresh" content="0; url={link}">\n')
    return _PAGE.format(
        title=f"{escape(title)} - {_SITE}", tags="".join(lines), link=link, text=escape(title)
    )


def _missing() -> str:
    text = "视频不存在"
    return _PAGE.format(title=f"{text} - {_SITE}", tags="", link="/#/", text=text)
