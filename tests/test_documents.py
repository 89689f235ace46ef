"""The documents: their lines are at most 120 characters long, and their links lead somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WIDTH = 120
DOCUMENTS = [
    path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))
]
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")


def prose(document: str) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines outside blocks of code."""
    code = False
    for number, text in enumerate((ROOT / document).read_text().splitlines(), 1):
        if text.lstrip().startswith("```"):
            code = not code
        elif not code:
            yield number, text


def anchors(document: str) -> set[str]:
    """Return the names that GitHub gives to the headings."""
    titles = [text.lstrip("# ") for _, text in prose(document) if text.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", sorted(DOCUMENTS))
def test_lines_are_not_too_long(document):
    if document.endswith(".zh-CN.md"):
        return  # a line break in a Chinese paragraph is shown as a space
    long = [
        number
        for number, text in prose(document)
        if len(text) > WIDTH and not text.lstrip().startswith("|")
    ]
    assert not long, f"{document}: lines {long} are longer than {WIDTH} characters"


@pytest.mark.parametrize("document", sorted(DOCUMENTS))
def test_every_link_to_a_file_or_a_heading_leads_there(document):
    whole = " ".join(text.strip() for _, text in prose(document))  # a link may be wrapped
    for target in LINK.findall(whole):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / document).parent / path if path else ROOT / document
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.resolve().relative_to(ROOT).as_posix()), target
