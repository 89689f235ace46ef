"""Log formats, and the redaction of secrets."""

import json
import logging
import re

import pytest

from microkit.config import Settings, load
from microkit.log import Json, Lines, configure
from microkit.rpc import metadata


def record(message, error=None):
    info = (type(error), error, None) if error else None
    return logging.LogRecord("x", logging.ERROR, "f", 1, message, (), info)


def test_a_json_line_has_time_service_request_id_and_message():
    metadata.persistent.set({metadata.REQUEST_ID: "abc"})
    line = json.loads(Json("api").format(record("it broke", ValueError("why"))))
    assert (line["service"], line["request_id"], line["message"]) == ("api", "abc", "it broke")
    assert "ValueError: why" in line["exception"]
    assert line["time"].endswith("Z")
    assert "[abc]" in Lines("api", colour=False).format(record("it broke"))


@pytest.mark.parametrize(
    "text",
    [
        "GET /douyin/feed/?token=s3cret&x=1",
        "password=s3cret",
        '{"password": "s3cret"}',
        "Authorization: Bearer s3cret",
        "mysql://root:s3cret@host/db",
        "redis://:s3cret@host",
        "JWT_SECRET=s3cret",
    ],
)
def test_a_secret_in_a_message_is_redacted(text):
    for formatter in (Json("api"), Lines("api", colour=True)):
        assert "s3cret" not in formatter.format(record(text))
        assert "s3cret" not in formatter.format(record("x", ValueError(text)))


def test_a_line_has_time_level_service_and_message():
    line = Lines("api", colour=False).format(record("it broke"))
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} ERROR   api( \[\w+\])? it broke", line)


def test_only_terminals_get_colours():
    assert Lines("api", colour=True).format(record("x")).startswith("\033[31m")
    assert "\033" not in Lines("api", colour=False).format(record("x"))


def test_a_json_record_is_one_line():
    text = Json("api").format(record('two\nlines "quoted" 中文', ValueError("a\nb")))
    assert "\n" not in text
    assert json.loads(text)["message"] == 'two\nlines "quoted" 中文'


@pytest.fixture
def root():
    """The root logger; its state is restored afterwards."""
    logger = logging.getLogger()
    level, handlers = logger.level, logger.handlers[:]
    yield logger
    logger.setLevel(level)
    logger.handlers[:] = handlers


@pytest.mark.parametrize(("form", "kind"), [("json", Json), ("line", Lines)])
def test_the_settings_choose_format_and_level(root, form, kind):
    root.handlers.clear()
    configure(load(Settings, {"LOG_FORMAT": form, "LOG_LEVEL": "warning"}), "videoservice")
    assert [type(handler.formatter) for handler in root.handlers] == [kind]
    assert root.level == logging.WARNING


def test_client_input_cannot_forge_log_lines():
    forged = "/x\n12:00:00.000 ERROR   api it is all gone\r\x1b[2J\u2028\x85."
    lines = Lines("api", colour=False)
    assert lines.format(record(forged)).isprintable()
    text = lines.format(record("it broke", ValueError(forged)))
    assert all(line.startswith("    ") for line in text.split("\n")[1:])
    assert "\x1b" not in text
    assert "\n" not in Json("api").format(record(forged, ValueError(forged)))
