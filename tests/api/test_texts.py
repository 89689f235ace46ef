"""The texts of the web client: complete in both languages, and nowhere else."""

import re

import pytest

from api.page import FOLDER

LANGUAGES = ("zh", "en")
KEY = re.compile(r"^  (\w+): ", re.MULTILINE)
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
# What is shown without scripts is in both languages, and a language is named in itself.
SHOWN_WITHOUT_SCRIPTS = re.compile(
    r"<title>.*?</title>|<noscript>.*?</noscript>|<meta\s+name=\"description\".*?>"
    r"|<option value=\"zh\" lang=\"zh-CN\">中文</option>",
    re.DOTALL,
)


def keys(language):
    return KEY.findall((FOLDER / f"texts.{language}.js").read_text())


def test_both_languages_have_the_same_texts_in_the_same_order():
    chinese, english = map(keys, LANGUAGES)
    assert chinese == english
    assert len(set(chinese)) == len(chinese) > 50


@pytest.mark.parametrize(
    "name",
    sorted(
        file.name
        for file in FOLDER.iterdir()
        if file.suffix in {".js", ".html"} and file.name != "texts.zh.js"
    ),
)
def test_no_other_file_has_chinese_text(name):
    text = SHOWN_WITHOUT_SCRIPTS.sub("", (FOLDER / name).read_text())
    assert [line for line in text.splitlines() if CHINESE.search(line)] == []


def test_every_text_is_used_and_every_text_that_is_used_exists():
    page = (FOLDER / "index.html").read_text()
    scripts = "".join(
        file.read_text() for file in FOLDER.glob("*.js") if not file.name.startswith("texts.")
    )
    named = set(re.findall(r"data-t(?:-\w+)?=\"(\w+)\"", page))
    assert named <= set(keys("zh"))
    assert named | set(re.findall(r"\bt\.(\w+)", scripts)) == set(keys("zh"))
