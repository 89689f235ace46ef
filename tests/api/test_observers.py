"""Observers of `microkit.observe` see every call on every side, and its outcome."""

import pytest

from microkit import observe
from microkit.errors import NotFound, Unauthorized
from microkit.observe import Operation


@pytest.fixture
def calls(monkeypatch):
    """The observed calls in the order of their ends: operation, error type, has a duration."""
    ended = []

    def observer(operation):
        return lambda seconds, error: ended.append((operation, type(error), seconds >= 0))

    monkeypatch.setattr(observe, "observers", [observer])
    return ended


async def test_an_observer_sees_the_calls_of_all_sides(http, clip, calls, world):
    person = await http.register("observed")
    await http.publish(person, clip)
    video = await http.first_video(person)
    await http.post("/douyin/favorite/action/", token=person.token, video_id=video, action_type=1)
    seen = {operation for operation, error, _ in calls if error is type(None)}
    engine, store = ("sqlite", "file") if world == "embedded" else ("mysql", "minio")
    for operation in (
        Operation("http", "api", "FavoriteMethod"),
        Operation("rpc_client", "favoriteservice", "FavoriteMethod"),
        Operation("rpc_server", "favoriteservice", "FavoriteMethod"),
        Operation("redis", "redis", "like"),
        Operation("sql", engine, "INSERT"),
        Operation("objects", store, "put"),
    ):
        assert operation in seen
    assert all(clocked for _, _, clocked in calls)


async def test_an_observer_sees_how_a_call_failed(http, calls):
    await http.get("/douyin/message/chat/", token="wrong", to_user_id=1)
    assert (Operation("http", "api", "MessageChatMethod"), Unauthorized, True) in calls
    person = await http.register("observed")
    await http.post("/douyin/favorite/action/", token=person.token, video_id=404, action_type=1)
    failed = [operation for operation, error, _ in calls if error is NotFound]
    assert [(each.side, each.service) for each in failed] == [
        ("rpc_server", "videoservice"),
        ("rpc_client", "videoservice"),
        ("rpc_server", "favoriteservice"),
        ("rpc_client", "favoriteservice"),
        ("http", "api"),
    ]


async def test_a_request_without_a_method_is_observed_by_its_route(http, calls):
    for path in ("/healthz", "/nothing", "/ping"):
        async with http.session.get(http.base + path):
            pass
    seen = [operation.method for operation, _, _ in calls if operation.side == "http"]
    assert seen == ["/healthz", "unmatched"]


async def test_a_partial_page_names_the_method_that_failed_and_why(http, clip, caplog):
    person = await http.register("partial")
    await http.publish(person, clip)
    await http.fleet.stop("commentservice")
    page = await http.get("/douyin/feed/", token=person.token)
    assert page["status_code"] == 0
    assert page["video_list"][0]["comment_count"] == 0
    expected = "partial page: commentservice.VideosCommentCountMethod: Unavailable: "
    assert any(record.getMessage().startswith(expected) for record in caplog.records)
