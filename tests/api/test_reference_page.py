"""The page that shows the API reference: its files and what they may load."""

import re

import pytest

from api.reference.document import document
from idl import core, finding, interaction, moderation, relation

FILES = {
    "/docs/start.js": "text/javascript; charset=utf-8",
    "/docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "/docs/swagger-ui.css": "text/css; charset=utf-8",
}


async def test_the_document_is_served(site):
    async with site.ask("/openapi.json") as answer:
        assert answer.content_type == "application/json"
        assert await answer.json() == document(
            [
                core.CONTRACT,
                interaction.CONTRACT,
                relation.CONTRACT,
                finding.CONTRACT,
                moderation.CONTRACT,
            ]
        )


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
async def test_the_page_loads_only_files_of_this_server(site, path):
    async with site.ask(path) as answer:
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"]
        loaded = re.findall(r'(?:src|href)="([^"]+)"', await answer.text())
    assert {*FILES} < {*loaded} == {*FILES, "/web/icon.svg", "/openapi.json"}
    assert "script-src 'self'; style-src 'self'; connect-src 'self'; " in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", FILES)
async def test_the_files_are_served_with_their_types(site, path):
    async with site.ask(path) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == FILES[path]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/docs/index.html", "/docs/nothing.js", "/docs/../page.py", "/docs/%2e%2e%2fpage.py"]
)
async def test_nothing_else_is_served_below_the_page(site, path):
    async with site.ask(path) as answer:
        assert answer.status in (400, 404)
