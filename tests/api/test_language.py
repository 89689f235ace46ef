"""Messages in English for clients that ask for it, and in Chinese for everybody else."""

import ast
import re

import pytest

import idl
from api.english import MESSAGES
from api.language import english, speaks_english
from scripts.deployment import ROOT

CHINESE = re.compile(r"[\u4e00-\u9fff]")
PACKAGES = ("api", "microkit", *(service.package for service in idl.SERVICES))
# No messages: the title of the reference, the text of every success, the range of characters.
OTHER = {"极简抖音", "成功", "一", "鿿"}
GERMAN_THEN_ENGLISH = {"Accept-Language": "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7,zh;q=0.1"}
ENGLISH = {"Accept-Language": "en"}
APK = {"User-Agent": "okhttp/3.12.13", "Accept-Language": "en-US"}


@pytest.fixture
def world() -> str:
    return "embedded"


def texts(tree: ast.AST):
    """The texts of a module; `{}` for every part that is filled in. No docstrings."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
            for part in node.values:
                yield from texts(part)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if not isinstance(tree, ast.Expr | ast.JoinedStr):
                yield node.value
        else:
            yield from texts(node)


def of_the_code():
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if path.name != "english.py":
                yield from texts(ast.parse(path.read_text()))


def of_the_contracts():
    for path in (ROOT / "idl").glob("*.thrift"):
        yield from re.findall(r'(?:msg: |unnumbered = "\d+ )([^"]+)"', path.read_text())


def test_every_message_of_the_code_and_of_the_contracts_is_in_the_catalog():
    found = {text for text in of_the_code() if CHINESE.search(text)} - OTHER
    assert len(found) > 50
    assert {text for text in found if text not in MESSAGES} == set()
    bounds = set(of_the_contracts())
    assert len(bounds) > 20
    assert {text for text in bounds if not english(text)} == set()


def test_what_is_filled_in_appears_in_the_english_text_too():
    assert english("视频不能超过 200 MB") == "A video has at most 200 MB"
    assert english("密码错误次数过多，请 7 秒后再试") == (
        "Too many wrong passwords, please try again in 7 seconds"
    )
    assert english("存储空间不足，请稍后再试") == "Storage is full, please try again later"
    assert english("没有人写过这句话") is None
    for chinese, text in MESSAGES.items():
        assert chinese.count("{}") == text.count("{}")
        assert not CHINESE.search(text)


@pytest.mark.parametrize(
    ("accepted", "wanted"),
    [
        ("en", True),
        ("en-GB,en;q=0.9,zh;q=0.8", True),
        ("zh-CN,zh;q=0.9,en;q=0.8", False),
        ("zh;q=0.3,en;q=0.4", True),
        ("de,fr", False),
        ("*", False),
        ("en;q=0", False),
        ("en;q=x", False),
        ("", False),
        ("en," * 100, False),
    ],
)
def test_the_preferred_one_of_the_two_languages_is_spoken(accepted, wanted):
    assert speaks_english({"Accept-Language": accepted}) is wanted


async def test_failures_are_told_in_the_language_of_the_client(http):
    cases = [
        # from the API itself, from a bound, and from a service through RPC
        (
            "POST",
            "/douyin/relation/action/?to_user_id=1&action_type=1",
            "请先登录",
            "Please log in",
        ),
        (
            "POST",
            "/douyin/user/register/?username=ann&password=12",
            "密码应为 6",
            "A password has 6",
        ),
        ("POST", "/douyin/user/login/?username=no&password=secret", "用户名或", "Wrong user name"),
        ("GET", "/douyin/user/?user_id=12345", "用户不存在", "There is no such user"),
        ("GET", "/douyin/user/?user_id=x", "user_id 应为整数", "user_id must be an integer"),
    ]
    for verb, path, chinese, text in cases:
        for headers in ({}, APK, {"Accept-Language": "zh-CN,en;q=0.5"}):
            told = (await http.call(verb, path, headers=headers))["status_msg"]
            assert told.startswith(chinese)
        told = (await http.call(verb, path, headers=GERMAN_THEN_ENGLISH))["status_msg"]
        assert told.startswith(text)
    unknown = await http.call("GET", "/douyin/nothing", status=404, headers=ENGLISH)
    assert unknown["status_msg"] == "There is no such endpoint"


async def test_a_success_says_so_in_the_language_of_the_client_and_is_else_the_same(http, clip):
    ann = await http.register("ann")
    await http.publish(ann, clip, '"status_msg":"成功"')
    for path in ("/douyin/feed/", f"/douyin/feed/?token={ann.token}"):
        chinese = await http.get(path)
        assert chinese["status_msg"] == "成功"
        spoken = await http.call("GET", path, headers=ENGLISH)
        assert spoken == {**chinese, "status_msg": "OK"}
        assert spoken["video_list"][0]["title"] == '"status_msg":"成功"'


async def test_a_compressed_page_that_is_shared_has_a_body_per_language(http, clip):
    ann = await http.register("ann")
    for n in range(3):
        await http.publish(ann, clip, f"{n}" * 100)
    wanted = {"Accept-Encoding": "gzip", **ENGLISH}
    session = http.session
    chinese = {"Accept-Encoding": "gzip"}
    for headers, said in ((wanted, '"OK"'), (chinese, '"成功"'), (wanted, '"OK"')):
        async with session.get(http.base + "/douyin/feed/", headers=headers) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert f'"status_msg":{said}' in await answer.text()
