"""The web client: what is served, what it may do in a browser, and what it calls."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import aiohttp
import pytest
from yarl import URL

from api import SERVICE, contract
from api.page import FOLDER
from microkit.main import serve

SECRET = "a secret of at least thirty-two bytes"
INDEX = FOLDER / "index.html"
SCRIPTS = sorted(FOLDER.glob("*.js"))
STYLES = sorted(FOLDER.glob("*.css"))
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
VERBS = {"get": "api.get", "post": "api.post", "upload": "api.post"}
CALL = re.compile(r"\b(get|post|upload)\('(/douyin/[^']*)'")
IMPORT = re.compile(r"^import .*from '\./([\w.]+)';$", re.MULTILINE)
MAKES_MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|createContextualFragment"
    r"|setHTML|\beval\b|new Function|javascript:|setTimeout\(['\"`]"
)


@dataclass(frozen=True)
class Site:
    session: aiohttp.ClientSession
    base: str

    def ask(self, path: str, verb: str = "GET", **more: Any):
        """Ask for a path as it is: a client would tidy it up."""
        return self.session.request(verb, URL(self.base + path, encoded=True), **more)


class Elements(HTMLParser):
    """All start tags of a page with their attributes, and the text within scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.all.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.all and self.all[-1][0] in {"script", "style"}:
            self.inline += data.strip()

    def values(self, *names: str) -> Iterator[str]:
        for _, attributes in self.all:
            yield from (attributes[name] or "" for name in names if name in attributes)


@pytest.fixture(scope="module")
def page() -> Elements:
    return Elements(INDEX.read_text())


@pytest.fixture
async def site(settings, tmp_path) -> AsyncIterator[Site]:
    """The API alone: no service runs, and the page is there all the same."""
    own = settings(
        jwt_secret=SECRET,
        upload_dir=str(tmp_path / "uploads"),
    )
    async with serve(SERVICE, own) as running, aiohttp.ClientSession() as session:
        yield Site(session, f"http://127.0.0.1:{running.port}")


@pytest.mark.parametrize("path", ["/", *(f"/web/{file.name}" for file in FOLDER.iterdir())])
async def test_the_page_and_its_files_are_served_with_their_types_and_headers(site, path):
    file = FOLDER / path.removeprefix("/web").removeprefix("/") if path != "/" else INDEX
    async with site.ask(path) as answer:
        assert answer.status == 200
        assert await answer.read() == file.read_bytes()
        assert answer.headers["Content-Type"] == TYPES[file.suffix]
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        policy = dict(
            part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; ")
        )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("path", ["/", "/web/main.js"])
async def test_what_did_not_change_is_not_sent_again(site, path):
    async with site.ask(path) as first:
        known = {"If-None-Match": first.headers["ETag"]}
        changed = {"If-Modified-Since": first.headers["Last-Modified"]}
    for condition in (known, changed):
        async with site.ask(path, headers=condition) as again:
            assert (again.status, await again.read()) == (304, b"")
            assert again.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/web",
        "/web/",
        "/web/nothing.js",
        "/web/.",
        "/web/..",
        "/web/%2e%2e%2fpage.py",
        "/web/..%2fpage.py",
        "/web/../page.py",
        "/web/../../setup.cfg",
        "/web/%2fetc%2fpasswd",
        "/web//etc/passwd",
        "/web/main.js/",
        "/web/main.js%00",
        "/index.html",
        "/page.py",
    ],
)
async def test_nothing_outside_of_the_folder_is_served_and_no_listing(site, path):
    async with site.ask(path) as answer:
        assert answer.status in (400, 404)
        assert "main.js" not in await answer.text()


@pytest.mark.parametrize("path", ["/", "/web/main.js"])
async def test_the_page_is_only_for_reading(site, path):
    for verb in ("POST", "PUT", "DELETE"):
        async with site.ask(path, verb) as answer:
            assert answer.status == 405
    async with site.ask(path, "HEAD") as answer:
        assert (answer.status, await answer.read()) == (200, b"")


def test_every_file_that_the_page_names_is_there_and_none_is_elsewhere(page):
    named = set(page.values("src", "href"))
    assert "/web/main.js" in named
    for address in named:
        within = address.startswith("#")
        assert within or (FOLDER / address.removeprefix("/web/")).is_file(), address


def test_every_module_that_a_script_imports_is_there_and_every_one_is_used():
    imported = {name for script in SCRIPTS for name in IMPORT.findall(script.read_text())}
    assert imported | {"main.js"} == {script.name for script in SCRIPTS}


def test_the_page_has_no_script_handler_or_style_within(page):
    assert page.inline == ""
    for tag, attributes in page.all:
        assert tag != "style"
        assert not [name for name in attributes if name == "style" or name.startswith("on")], tag


def test_every_icon_and_every_part_that_labels_another_is_in_the_page(page):
    ids = set(page.values("id"))
    wanted = {
        href[1:] for tag, attributes in page.all if tag == "use" for href in [attributes["href"]]
    }
    assert wanted | set(page.values("aria-labelledby")) <= ids


def test_every_template_that_a_script_makes_is_in_the_page(page):
    made = {name for s in SCRIPTS for name in re.findall(r"\bmake\('(\w+)'\)", s.read_text())}
    templates = {attributes["id"] for tag, attributes in page.all if tag == "template"}
    assert {f"t-{name}" for name in made} == templates


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_or_code_of_text(script):
    assert MAKES_MARKUP.findall(script.read_text()) == []


@pytest.mark.parametrize("file", [*SCRIPTS, *STYLES], ids=lambda path: path.name)
def test_nothing_is_fetched_from_anywhere_else(file):
    assert not re.search(r"https?:|url\(|@import|import\(|['\"`(]//", file.read_text())


def test_every_path_that_the_scripts_call_is_a_route_with_that_verb():
    routes = {
        (annotation, path)
        for idl in (contract.core, contract.interaction, contract.relation)
        for method in idl.methods().values()
        for annotation, path in method.annotations.items()
    }
    text = "".join(script.read_text() for script in SCRIPTS)
    calls = CALL.findall(text)
    assert len(calls) == text.count("/douyin") > 0, "each path stands in a call"
    assert [(verb, path) for verb, path in calls if (VERBS[verb], path) not in routes] == []
