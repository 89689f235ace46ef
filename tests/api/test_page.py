"""The web client: its files, its content security policy, and the API calls it makes."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from thriftpy2.thrift import TType

import idl
from api.page import FOLDER
from idl import core, finding, interaction, moderation, relation

INDEX = FOLDER / "index.html"
SCRIPTS = sorted(FOLDER.glob("*.js"))
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
VERBS = {"get": "api.get", "stream": "api.get", "post": "api.post", "upload": "api.post"}
CALL = re.compile(r"\b(get|stream|post|upload)\('(/douyin/[^']*)'")
TYPEDEF = re.compile(
    r"@typedef \{object\} (\w+)(.*?)\*/|@typedef \{\{(root:.*?)\}\} (\w+)", re.DOTALL
)
PROPERTY = re.compile(r"@property \{(\w+)\} (\w+)")
MEMBER = re.compile(r"(\w+): (\w+)")
ELEMENTS = {
    "a": "HTMLAnchorElement",
    "button": "HTMLButtonElement",
    "form": "HTMLFormElement",
    "img": "HTMLImageElement",
    "input": "HTMLInputElement",
    "textarea": "HTMLTextAreaElement",
    "progress": "HTMLProgressElement",
    "video": "HTMLVideoElement",
}


class Elements(HTMLParser):
    """All start tags of a page with their attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.all.append((tag, dict(attrs)))

    def parts(self, template: str) -> dict[str, str]:
        """The parts of a template, with the types that scripts give such elements."""
        found, within = {}, False
        for tag, attributes in self.all:
            if tag == "template":
                within = attributes["id"] == template
            elif within and "data-part" in attributes:
                found[attributes["data-part"]] = ELEMENTS.get(tag, "HTMLElement")
        return found

    def values(self, *names: str) -> Iterator[str]:
        for _, attributes in self.all:
            yield from (attributes[name] or "" for name in names if name in attributes)


def typedefs() -> dict[str, dict[str, str]]:
    """The types that types.js declares: their properties with the properties' types."""
    found = {}
    for name, body, members, short in TYPEDEF.findall((FOLDER / "types.js").read_text()):
        pairs = PROPERTY.findall(body) or [(kind, part) for part, kind in MEMBER.findall(members)]
        found[name or short] = {part: kind for kind, part in pairs}
    return found


def contract_types(struct: str) -> dict[str, str]:
    """The fields of a struct of the HTTP contract, with the types that their JSON has."""
    loaded = (getattr(idl.load(stem), struct, None) for stem in idl.HTTP)
    declared = next(each for each in loaded if each)
    return {spec[1]: _type(spec) for spec in declared.thrift_spec.values()}


def _type(spec: tuple[Any, ...]) -> str:
    kind = spec[0]
    if kind == TType.STRUCT:
        return spec[2].__name__
    return {TType.STRING: "string", TType.BOOL: "boolean"}.get(kind, "number")


@pytest.fixture(scope="module")
def page() -> Elements:
    return Elements(INDEX.read_text())


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
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("path", ["/", "/web/main.js"])
async def test_unchanged_files_are_answered_with_304(site, path):
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
async def test_the_page_allows_only_get_and_head(site, path):
    for verb in ("POST", "PUT", "DELETE"):
        async with site.ask(path, verb) as answer:
            assert answer.status == 405
    async with site.ask(path, "HEAD") as answer:
        assert (answer.status, await answer.read()) == (200, b"")


def test_every_icon_and_every_part_that_labels_another_is_in_the_page(page):
    ids = set(page.values("id"))
    wanted = {
        href[1:] for tag, attributes in page.all if tag == "use" for href in [attributes["href"]]
    }
    assert wanted | set(page.values("aria-labelledby")) <= ids


@pytest.mark.parametrize("struct", ["User", "Video", "Comment", "Message", "Conversation"])
def test_the_fields_of_a_type_are_those_of_the_contract(struct):
    declared, fields = contract_types(struct), typedefs()[struct]
    assert fields
    assert {name: declared.get(name) for name in fields} == fields


def test_the_parts_of_a_type_are_those_of_its_template(page):
    types = typedefs()
    templates = {attributes["id"] for tag, attributes in page.all if tag == "template"}
    assert {f"t-{name}" for name in types["Templates"]} == templates
    for name, parts in types["Templates"].items():
        declared = {part: kind for part, kind in types[parts].items() if part != "root"}
        assert declared == page.parts(f"t-{name}"), name


def test_every_path_that_the_scripts_call_is_a_route_with_that_verb():
    routes = {
        (annotation, path)
        for declared in (
            core.CONTRACT,
            interaction.CONTRACT,
            relation.CONTRACT,
            finding.CONTRACT,
            moderation.CONTRACT,
        )
        for method in declared.methods().values()
        for annotation, path in method.annotations.items()
    }
    text = "".join(script.read_text() for script in SCRIPTS)
    calls = CALL.findall(text)
    assert len(calls) == text.count("/douyin") > 0, "every path is part of a call"
    assert [(verb, path) for verb, path in calls if (VERBS[verb], path) not in routes] == []


def test_every_module_is_loaded_with_the_page_not_one_after_another(page):
    imported = set()
    queue = ["main.js"]
    while queue:
        text = (FOLDER / queue.pop()).read_text()
        found = (
            set(re.findall(r"^(?:import|\}) .*?from '\./([\w.]+\.js)';", text, re.MULTILINE))
            - imported
        )
        imported |= found
        queue += found
    preloaded = {
        attributes["href"]
        for tag, attributes in page.all
        if tag == "link" and attributes["rel"] == "modulepreload"
    }
    assert preloaded == {f"/web/{name}" for name in imported}
