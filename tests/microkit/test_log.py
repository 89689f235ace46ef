"""Logs: readable or JSON, never with a secret."""

import json
import logging

import pytest

from microkit.log import Json, Lines
from microkit.rpc import metadata


def record(message, error=None):
    info = (type(error), error, None) if error else None
    return logging.LogRecord("x", logging.ERROR, "f", 1, message, (), info)


def test_a_json_line_says_when_who_which_request_and_what():
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
def test_a_secret_that_reaches_a_message_stops_there(text):
    for formatter in (Json("api"), Lines("api", colour=True)):
        assert "s3cret" not in formatter.format(record(text))
        assert "s3cret" not in formatter.format(record("x", ValueError(text)))
