"""The number of calls per page does not depend on its size."""

import time
from types import SimpleNamespace

import pytest

from api import recommended, sessions
from microkit import cache
from microkit.metrics import REGISTRY

KINDS = ("rpc", "sql", "redis")


def counted() -> dict[str, float]:
    counts = dict.fromkeys(KINDS, 0.0)
    for metric in REGISTRY.collect():
        for sample in metric.samples:
            if sample.name == "requests_total" and sample.labels["side"] == "rpc_server":
                counts["rpc"] += sample.value
            elif sample.name == "store_calls_total" and sample.labels["store"] in counts:
                counts[sample.labels["store"]] += sample.value
    return counts


@pytest.fixture(autouse=True)
def clock(monkeypatch) -> SimpleNamespace:
    """The clock of all caches; `ahead` moves it forward."""
    made = SimpleNamespace(ahead=0.0)
    made.monotonic = lambda: time.monotonic() + made.ahead
    monkeypatch.setattr(cache, "time", made)
    # Asked for twice a second in the background: a slow machine would count it in every try.
    monkeypatch.setattr(sessions, "_ASK_SECONDS", 3600)
    return made


async def cost(http, clock, path: str, **query) -> dict[str, float]:
    """The calls of a page: the least of some tries, because background work is counted too."""
    await http.get(path, **query)  # Redis has loaded every script
    tries = [await cost_once(http, clock, path, **query) for _ in range(4)]
    return {kind: min(each[kind] for each in tries) for kind in KINDS}


async def cost_once(http, clock, path: str, **query) -> dict[str, float]:
    clock.ahead += 2.1  # entries cached for two seconds have expired
    before = counted()
    answer = await http.get(path, **query)
    assert answer["status_code"] == 0
    after = counted()
    return {kind: after[kind] - before[kind] for kind in KINDS}


async def fill(http, people, videos, title="t{}") -> None:
    client = http.fleet.client("videoservice")
    for n in range(videos):
        author = people[n % len(people)]
        made = await client.CreateVideoMethod(
            title=title.format(n),
            author_id=author.id,
            play_url="videos/a.mp4",
            cover_url="covers/a.jpg",
        )
        for who in people[:2]:
            acts = {"token": who.token, "video_id": made.video_id, "action_type": 1}
            await http.post("/douyin/favorite/action/", **acts)
            await http.post("/douyin/comment/action/", **acts, comment_text="x")


@pytest.mark.parametrize("signed_in", [False, True])
async def test_a_feed_of_thirty_costs_as_many_calls_as_one_of_one(http, clock, signed_in):
    people = [await http.register(f"p{n}") for n in range(6)]
    token = people[0].token if signed_in else ""
    await fill(http, people, 1)
    one = await cost(http, clock, "/douyin/feed/", token=token)
    await fill(http, people, 29)
    thirty = await cost(http, clock, "/douyin/feed/", token=token)
    assert len((await http.get("/douyin/feed/", token=token))["video_list"]) == 30
    assert one == thirty
    assert thirty["rpc"] <= 6


@pytest.mark.parametrize("path", ["publish/list", "favorite/list", "relation/follow/list"])
async def test_lists_cost_the_same_however_long_they_are(http, clock, path):
    people = [await http.register(f"p{n}") for n in range(6)]
    first = people[0]
    follow = "/douyin/relation/action/"
    await http.post(follow, token=first.token, to_user_id=people[1].id, action_type=1)
    await fill(http, people[:1], 1)
    short = await cost(http, clock, f"/douyin/{path}/", user_id=first.id, token=first.token)
    await fill(http, people[:1], 20)
    for other in people[2:]:
        await http.post(follow, token=first.token, to_user_id=other.id, action_type=1)
    long = await cost(http, clock, f"/douyin/{path}/", user_id=first.id, token=first.token)
    assert short == long
    assert long["rpc"] <= 7


@pytest.mark.parametrize(
    ("path", "rpcs"),
    [
        ("search/video/?words=t", 6),
        ("hashtag/?hashtag=tag", 6),
        ("feed/recommended/", 6),
        ("feed/recommended/?signed_in", 7),
        ("feed/following/?signed_in", 7),
        ("search/user/?words=p", 5),
    ],
)
async def test_pages_of_what_is_found_cost_the_same_for_one_as_for_many(
    http, clock, monkeypatch, path, rpcs
):
    monkeypatch.setattr(recommended, "PERIOD_SECONDS", 10**6)  # no new ranking in between
    people = [await http.register(f"p{n}") for n in range(6)]
    path, _, query = path.partition("?")
    query = dict(each.partition("=")[::2] for each in query.split("&") if each)
    if "signed_in" in query:
        query["token"] = people[0].token
    follow = "/douyin/relation/action/"
    await http.post(follow, token=people[0].token, to_user_id=people[1].id, action_type=1)
    await fill(http, people[1:2], 1, "t {} #tag")
    one = await cost(http, clock, f"/douyin/{path}", **query)
    for other in people[2:]:
        await http.post(follow, token=people[0].token, to_user_id=other.id, action_type=1)
    await fill(http, people[1:], 20, "t {} #tag")
    many = await cost(http, clock, f"/douyin/{path}", **query)
    assert many["rpc"] == one["rpc"] <= rpcs
    assert many["redis"] == one["redis"]
    if "following" in path:  # a statement for each author on the page
        assert many["sql"] <= one["sql"] + 4
    else:
        assert many["sql"] == one["sql"]
