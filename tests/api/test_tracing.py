"""A request has the same id on every hop."""

import logging

import pytest

from microkit.rpc import metadata


class Lines(logging.Handler):
    """Records the request id of each log line."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append((metadata.request_id(), record.getMessage()))


@pytest.fixture
def lines():
    handler, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


async def test_the_log_lines_of_every_hop_have_the_same_request_id(http, clip, lines):
    person = await http.register("traced")
    await http.publish(person, clip)
    video = await http.first_video(person)
    path = f"{http.base}/douyin/favorite/action/"
    query = {"token": person.token, "video_id": str(video), "action_type": "1"}
    async with http.session.post(path, params=query) as response:
        request_id = response.headers["X-Request-Id"]
    texts = [text for seen, text in lines.seen if seen == request_id]
    for hop in (
        "http api.FavoriteMethod: ok in ",
        "rpc_client favoriteservice.FavoriteMethod: ok in ",
        "rpc_server favoriteservice.FavoriteMethod: ok in ",
        "rpc_server videoservice.GetVideoAuthorIdMethod: ok in ",
        "redis redis.like: ok in ",
        "sql ",
    ):
        assert any(text.startswith(hop) for text in texts), (hop, texts)
    assert not any(person.token in text for _, text in lines.seen)
